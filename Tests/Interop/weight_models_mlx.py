"""A model of every module in MLX, under the names of `Tests/HypertowerTests/Support/InteropCase.swift`.

MLX has the channels last; inputs and outputs here have them first.
"""

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten, tree_map_with_path


def run(layer, x):
    """A layer's outputs, which LSTM returns with its cells."""
    outputs = layer(x)
    return outputs[0] if isinstance(outputs, tuple) else outputs


class Layers(nn.Module):
    """Recurrent layers one upon the other, in one direction or both, as `LSTM` and `GRU` name their tensors."""

    def __init__(self, kind, inputs, hidden, count=1, both=False):
        super().__init__()
        parts = []
        for number in range(count):
            width = inputs if number == 0 else hidden * (2 if both else 1)
            if both:
                parts.append({"forward": kind(width, hidden), "backward": kind(width, hidden)})
            else:
                parts.append(kind(width, hidden))
        # A single layer's tensors are not numbered.
        self.rnn = parts if count > 1 else parts[0]

    def __call__(self, x):
        for part in self.rnn if isinstance(self.rnn, list) else [self.rnn]:
            if isinstance(part, nn.Module):
                x = run(part, x)
            else:
                back = run(part["backward"], x[:, ::-1])[:, ::-1]
                x = mx.concatenate([run(part["forward"], x), back], axis=-1)
        return x


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.rnn = [nn.LSTM(3, 4), nn.LSTM(4, 4)]
        self.output = nn.Linear(4, 7)

    def __call__(self, x):
        x = self.embedding(x)
        for layer in self.rnn:
            x = run(layer, x)
        return self.output(x)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(2 * 1 * 4, 3)

    def __call__(self, x):
        pool = nn.MaxPool2d(2, 2)
        x = pool(nn.relu(self.conv2(pool(nn.relu(self.conv1(x))))))
        return self.fc(x.flatten(1))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, 1, bias=False)
        self.norm1 = nn.BatchNorm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm(outputs)

    def __call__(self, x):
        change = self.norm2(self.conv2(nn.relu(self.norm1(self.conv1(x)))))
        x = x[:, ::self.stride, ::self.stride]
        x = mx.pad(x, [(0, 0)] * 3 + [(0, change.shape[3] - x.shape[3])])
        return nn.relu(x + change)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm(4)
        self.blocks = [ResidualBlock(4, 4), ResidualBlock(4, 8), ResidualBlock(8, 16)]
        self.fc = nn.Linear(16, 3)

    def __call__(self, x):
        x = nn.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((1, 2)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def __call__(self, x):
        q, k, v = [
            part.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2)
            for part in mx.split(self.attention(self.norm1(x)), 3, axis=2)]
        mixed = mx.fast.scaled_dot_product_attention(
            q, k, v, scale=q.shape[3] ** -0.5,
            mask=nn.MultiHeadAttention.create_additive_causal_mask(x.shape[1]))
        x = x + self.projection(mixed.swapaxes(1, 2).reshape(x.shape))
        return x + self.down(nn.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.position = nn.Embedding(7, 8), nn.Embedding(6, 8)
        self.blocks = [Block(8, 2), Block(8, 2)]
        self.norm = nn.LayerNorm(8)

    def __call__(self, x):
        x = self.token(x) + self.position.weight[:x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.token.weight.T


class Mean(nn.Module):
    """The mean over all places."""

    def __call__(self, x):
        return x.mean((1, 2))


def transformer_block():
    block = nn.TransformerEncoderLayer(6, 2, 9, activation=nn.gelu, norm_first=True)
    block.attention = nn.MultiHeadAttention(6, 2, bias=True)
    return block


def attended(model, x, is_causal=False):
    mask = model.create_additive_causal_mask(x.shape[1]) if is_causal else None
    return model(x, x, x, mask)


def channels_last(model, x):
    return mx.moveaxis(model(mx.moveaxis(x, 1, -1)), -1, 1)


def from_channels_last(model, x):
    return model(mx.moveaxis(x, 1, -1))


# A model, and how it is called where that is not `model(x)`.
MODELS = {
    "linear": (lambda: nn.Linear(5, 4), None),
    "linear_without_bias": (lambda: nn.Linear(5, 4, bias=False), None),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, 2, 1, groups=2), channels_last),
    "conv2d": (lambda: nn.Conv2d(2, 5, 3, padding=1, dilation=2), channels_last),
    "conv2d_square": (lambda: nn.Conv2d(3, 4, 3, 2, bias=False), channels_last),
    "conv_transpose2d": (lambda: nn.ConvTranspose2d(3, 2, 3, 2, 1), channels_last),
    "batch_norm": (lambda: nn.BatchNorm(3), channels_last),
    "layer_norm": (lambda: nn.LayerNorm(6), None),
    "group_norm": (lambda: nn.GroupNorm(2, 4, pytorch_compatible=True), channels_last),
    "rms_norm": (lambda: nn.RMSNorm(6), None),
    "embedding": (lambda: nn.Embedding(7, 4), None),
    "lstm": (lambda: nn.LSTM(3, 4), run),
    "lstm_two_layers": (lambda: Layers(nn.LSTM, 3, 4, 2), None),
    "lstm_both_directions": (lambda: Layers(nn.LSTM, 3, 4, 2, both=True), None),
    "gru": (lambda: nn.GRU(3, 4), run),
    "gru_two_layers": (lambda: Layers(nn.GRU, 3, 4, 2), None),
    "gru_both_directions": (lambda: Layers(nn.GRU, 3, 4, both=True), None),
    "attention": (lambda: nn.MultiHeadAttention(6, 2, bias=True), attended),
    "attention_without_bias": (
        lambda: nn.MultiHeadAttention(6, 3), lambda model, x: attended(model, x, True)),
    "transformer_block": (transformer_block, lambda model, x: model(x, None)),
    "sequential": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm(4), nn.ReLU(), Mean(), nn.Linear(4, 3)),
        from_channels_last),
    "dense": (
        lambda: nn.Sequential(
            nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.LogSoftmax()), None),
    "cnn": (CNN, from_channels_last),
    "resnet": (ResNet, from_channels_last),
    "recurrent_model": (Recurrent, None),
    "gpt": (GPT, None),
}


def randomized(name):
    """A model in evaluation, whose numbers are unlike those that modules begin with."""
    model = MODELS[name][0]()
    model.eval()
    random = np.random.default_rng(3)

    def draw(path, value):
        least = 0.5 if path.endswith("running_var") else -0.5
        return mx.array(random.uniform(least, least + 1, value.shape).astype(np.float32))

    model.update(tree_map_with_path(draw, model.parameters()))
    return model


def weights(model):
    return dict(tree_flatten(model.parameters()))


def output(name, model, x):
    """What a model makes of an array."""
    call = MODELS[name][1] or (lambda model, x: model(x))
    return np.array(call(model, mx.array(x)))
