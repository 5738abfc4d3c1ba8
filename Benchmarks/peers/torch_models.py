"""The whole models as PyTorch's own modules, in float32."""

from functools import cache

import models
import torch
import torch_device as on
from models import CLASSES, HEADS, LAYERS, STAGES, VOCABULARY, WIDTH
from torch import nn
from torch.nn import functional as F


class CNN(nn.Module):
    """[batch, 1, 28, 28] → [batch, 10]"""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.fc = nn.Linear(512, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


class Recurrent(nn.Module):
    """[batch, time] → [batch, time, 65]"""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.rnn = nn.LSTM(WIDTH, WIDTH, num_layers=2, batch_first=True)
        self.output = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, x):
        return self.output(self.rnn(self.embedding(x))[0])


class Block(nn.Module):
    """[batch, time, 128] → the same"""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = nn.Linear(WIDTH, 3 * WIDTH)
        self.projection = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, time, _ = x.shape
        thirds = self.attention(self.norm1(x)).split(WIDTH, dim=2)
        q, k, v = (t.view(batch, time, HEADS, WIDTH // HEADS).transpose(1, 2) for t in thirds)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    """[batch, time] → [batch, time, 65]; the output's weights are the tokens' embeddings."""

    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(models.MODELS["gpt"].sample[0], WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x):
        x = self.token(x) + self.position.weight
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.token.weight)


class ResidualBlock(nn.Module):
    """[batch, inputs, height, width] → [batch, outputs, height / stride, width / stride]"""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride, self.new_channels = stride, outputs - inputs

    def forward(self, x):
        change = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.new_channels:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))
        return F.relu(x + change)


class ResNet(nn.Module):
    """[batch, 3, 32, 32] → [batch, 10]"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, STAGES[0], 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(STAGES[0])
        self.blocks = nn.Sequential(*(ResidualBlock(*b[1:]) for b in models.residual_blocks()))
        self.fc = nn.Linear(STAGES[-1], CLASSES)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.norm(self.conv(x)))).mean((2, 3)))


MODULES = {"cnn": CNN, "lstm": Recurrent, "gpt": GPT, "resnet20": ResNet}


def module(name):
    """A model in training mode with its first weights."""
    result = MODULES[name]()
    weights = models.initial_weights(name)
    parameters = dict(result.named_parameters())
    assert list(parameters) == list(weights), f"{name}: {list(parameters)} / {list(weights)}"
    for key, value in weights.items():
        parameters[key].data = torch.from_numpy(value)
    return result.to(on.device).train()


def loss_of(outputs, classes):
    """The mean loss of a batch, for tokens over all places, too."""
    return F.cross_entropy(outputs.flatten(0, -2), classes.flatten())


@cache
def batches(name):
    """The data of 40 steps: lists of inputs and of classes."""
    inputs, classes = models.batches(name)
    kind = torch.int64 if models.MODELS[name].is_of_text else torch.float32
    return on.tensor(inputs, kind).unbind(), on.tensor(classes, torch.int64).unbind()
