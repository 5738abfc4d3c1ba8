"""Writes models.json: the losses of PyTorch's first steps with ResNet-20 and the CNN, in float64.

python3 -m pip install torch && python3 models.py

Weights, images and labels follow formulas that the tests repeat; all are numbers that float32 holds. Steps are those
of SGD, each on the next samples. Last written by PyTorch 2.15.0.
"""
import json
import math
import pathlib
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def fill(tensor, number):
    """Whole numbers in ±1001 times a power of 2, about as large as 1 / √fan-in."""
    fan_in = tensor[0].numel()
    places = torch.arange(tensor.numel())
    exponent = 10 + math.ceil(math.log2(fan_in) / 2)
    values = ((places * 7919 + number * 104729) % 2003 - 1001).double() * 2.0**-exponent
    with torch.no_grad():
        tensor.copy_(values.reshape(tensor.shape))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride = stride

    def forward(self, x):
        change = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, change.shape[1] - x.shape[1]))
        return F.relu(shortcut + change)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.ModuleList(
            Block(width // 2 if halves else width, width, 2 if halves else 1)
            for width in (16, 32, 64)
            for halves in [width > 16, False, False]
        )
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return self.fc(F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1))


def run(model, image, batch, steps, alpha):
    named = sorted((name, own) for name, own in model.named_parameters() if own.dim() > 1)
    for number, (_, tensor) in enumerate(named):
        fill(tensor, number)
    for name, own in model.named_parameters():
        if own.dim() == 1 and "norm" not in name:
            nn.init.zeros_(own)
    size = math.prod(image)
    places = torch.arange(steps * batch * size)
    images = ((places * 31 + places // size * 17) % 257 - 128).double() / 128
    images = images.reshape(steps, batch, *image)
    labels = (torch.arange(steps * batch) * 7 % 10).reshape(steps, batch)
    optimizer = torch.optim.SGD(model.parameters(), lr=alpha)
    losses = []
    for x, y in zip(images, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        evaluation = F.cross_entropy(model(images[0]), labels[0]).item()
    return {"losses": losses, "evaluation_loss": evaluation}


result = {
    # With larger steps, rounding in float32 parts runs within a few of them, PyTorch's as well.
    "resnet20": run(ResNet(), (3, 32, 32), 4, 20, 2**-12),
    "cnn": run(CNN(), (1, 28, 28), 4, 10, 2**-5),
}
path = pathlib.Path(__file__).with_name("models.json")
path.write_text(json.dumps(result, indent=1) + "\n")
