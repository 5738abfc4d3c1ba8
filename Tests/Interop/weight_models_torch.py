"""A model of every module in PyTorch, under the names of `Tests/HypertowerTests/Support/InteropCase.swift`."""

import torch
from torch import nn
from torch.nn import functional as F


class Recurrent(nn.Module):
    """An embedding, two layers of LSTM and a dense layer, as `RecurrentModel` names them."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.rnn = nn.LSTM(3, 4, 2, batch_first=True)
        self.output = nn.Linear(4, 7)

    def forward(self, x):
        return self.output(self.rnn(self.embedding(x))[0])


class Layers(nn.Module):
    """Recurrent layers under a name."""

    def __init__(self, rnn):
        super().__init__()
        self.rnn = rnn

    def forward(self, x):
        return self.rnn(x)[0]


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4 * 2 * 1, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return self.fc(F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        change = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        x = x[:, :, ::self.stride, ::self.stride]
        x = F.pad(x, (0, 0, 0, 0, 0, change.shape[1] - x.shape[1]))
        return F.relu(x + change)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        self.blocks = nn.ModuleList(
            [ResidualBlock(4, 4), ResidualBlock(4, 8), ResidualBlock(8, 16)])
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x):
        parts = [
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in self.attention(self.norm1(x)).chunk(3, dim=2)]
        mixed = F.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.projection(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.position = nn.Embedding(7, 8), nn.Embedding(6, 8)
        self.blocks = nn.ModuleList([Block(8, 2), Block(8, 2)])
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        x = self.token(x) + self.position.weight[:x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.token.weight.T


def attended(model, x, is_causal=False):
    mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1]) if is_causal else None
    return model(x, x, x, attn_mask=mask, need_weights=False)[0]


def recurrent(model, x):
    return model(x)[0]


# A model, and how it is called where that is not `model(x)`.
MODELS = {
    "linear": (lambda: nn.Linear(5, 4), None),
    "linear_without_bias": (lambda: nn.Linear(5, 4, bias=False), None),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, 2, 1, groups=2), None),
    "conv2d": (lambda: nn.Conv2d(2, 5, 3, padding=1, dilation=2), None),
    "conv2d_square": (lambda: nn.Conv2d(3, 4, 3, 2, bias=False), None),
    "conv_transpose2d": (lambda: nn.ConvTranspose2d(3, 2, 3, 2, 1), None),
    "batch_norm": (lambda: nn.BatchNorm2d(3), None),
    "layer_norm": (lambda: nn.LayerNorm(6), None),
    "group_norm": (lambda: nn.GroupNorm(2, 4), None),
    "rms_norm": (lambda: nn.RMSNorm(6, eps=1e-5), None),
    "embedding": (lambda: nn.Embedding(7, 4), None),
    "lstm": (lambda: nn.LSTM(3, 4, batch_first=True), recurrent),
    "lstm_two_layers": (lambda: Layers(nn.LSTM(3, 4, 2, batch_first=True)), None),
    "lstm_both_directions": (
        lambda: Layers(nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)), None),
    "gru": (lambda: nn.GRU(3, 4, batch_first=True), recurrent),
    "gru_two_layers": (lambda: Layers(nn.GRU(3, 4, 2, batch_first=True)), None),
    "gru_both_directions": (
        lambda: Layers(nn.GRU(3, 4, batch_first=True, bidirectional=True)), None),
    "attention": (lambda: nn.MultiheadAttention(6, 2, batch_first=True), attended),
    "attention_without_bias": (
        lambda: nn.MultiheadAttention(6, 3, bias=False, batch_first=True),
        lambda model, x: attended(model, x, is_causal=True)),
    "transformer_block": (
        lambda: nn.TransformerEncoderLayer(
            6, 2, 9, activation="gelu", batch_first=True, norm_first=True), None),
    "sequential": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(4, 3)), None),
    "dense": (
        lambda: nn.Sequential(
            nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.LogSoftmax(1)), None),
    "cnn": (CNN, None),
    "resnet": (ResNet, None),
    "recurrent_model": (Recurrent, None),
    "gpt": (GPT, None),
}


def randomized(name):
    """A model in evaluation, whose numbers are unlike those that modules begin with."""
    model = MODELS[name][0]().eval()
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                value.uniform_(-0.5, 0.5).add_(1 if key.endswith("running_var") else 0)
            else:
                value.fill_(12)
    return model


def output(name, model, x):
    """What a model makes of an array."""
    call = MODELS[name][1] or (lambda model, x: model(x))
    with torch.no_grad():
        return call(model, torch.from_numpy(x)).numpy()
