"""Small problems in PyTorch on which rules for step sizes are tried: dense networks on MNIST, and least squares."""

import gzip
import math
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]


def mnist(part):
    """Pixels as bytes, [count, 784], and labels, [count]."""

    def read(name, header):
        file = ROOT / f"Sources/MNISTFiles/{part}-{name}-ubyte.gz"
        return torch.frombuffer(bytearray(gzip.decompress(file.read_bytes()))[header:], dtype=torch.uint8)

    return read("images-idx3", 16).reshape(-1, 784), read("labels-idx1", 8).long()


class Dense:
    """A dense network on MNIST; with tanh after every layer, the last one included, as in the paper, or with ReLU
    between layers."""

    higher_is_better = True

    def __init__(self, widths, activation="tanh", batch=300, scale=255, steps=None):
        (images, self.labels), (test, self.test_labels) = mnist("train"), mnist("t10k")
        self.images, self.test = images.float() / scale, test.float() / scale
        self.widths, self.activation, self.batch = widths, activation, batch
        self.batches = len(images) // batch
        self.steps = steps or self.batches

    def parameters(self, seed):
        draw = torch.Generator().manual_seed(seed)
        self.order = torch.Generator().manual_seed(seed + 1)
        shapes = [s for i, o in zip(self.widths, self.widths[1:]) for s in ((o, i), (o,))]
        bounds = [1 / math.sqrt(i) for i in self.widths[:-1] for _ in range(2)]
        return [(torch.rand(s, generator=draw) * 2 - 1) * b for s, b in zip(shapes, bounds)]

    def outputs(self, parameters, x):
        layers = list(zip(parameters[::2], parameters[1::2]))
        for number, (weight, bias) in enumerate(layers):
            x = torch.nn.functional.linear(x, weight, bias)
            if self.activation == "tanh":
                x = x.tanh()
            elif number + 1 < len(layers):
                x = x.relu()
        return x

    def loss(self, parameters, step):
        if step % self.batches == 0:
            self.samples = torch.randperm(len(self.labels), generator=self.order)
        start = step % self.batches * self.batch
        chosen = self.samples[start : start + self.batch]
        outputs = self.outputs(parameters, self.images[chosen])
        return torch.nn.functional.cross_entropy(outputs, self.labels[chosen])

    def score(self, parameters):
        """The test accuracy in percent."""
        classes = self.outputs(parameters, self.test).argmax(1)
        return 100 * (classes == self.test_labels).float().mean().item()


class ChangedLabels(Dense):
    """Labels that are permuted after some steps, and 300 steps more."""

    higher_is_better = False

    def __init__(self, after):
        super().__init__([784, 128, 10], activation="relu", steps=after + 300)
        self.after, self.unchanged, self.losses = after, self.labels, []
        order = torch.randperm(10, generator=torch.Generator().manual_seed(5))
        self.changed = order[self.labels]

    def loss(self, parameters, step):
        self.labels = self.changed if step >= self.after else self.unchanged
        loss = super().loss(parameters, step)
        self.losses.append(loss.item())
        return loss

    def score(self, parameters):
        """The mean loss of the last 20 steps."""
        return sum(self.losses[-20:]) / 20


class Prototypes(Dense):
    """600 noisy samples of three prototypes, which are learned entirely."""

    def __init__(self, steps=3000):
        draw = torch.Generator().manual_seed(3)
        prototypes = torch.rand(3, 784, generator=draw)
        self.labels = self.test_labels = torch.arange(600) % 3
        noise = 0.2 * torch.randn(600, 784, generator=draw)
        self.images = self.test = prototypes[self.labels] + noise
        self.widths, self.activation, self.batch = [784, 128, 3], "relu", 20
        self.batches, self.steps = 30, steps


class LeastSquares:
    """A linear model of 20 features, whose sizes spread over some decades; without noise."""

    higher_is_better = False
    steps = 2000

    def __init__(self, decades):
        self.sizes = 10 ** torch.linspace(-decades, 0, 20)

    def parameters(self, seed):
        self.draw = torch.Generator().manual_seed(seed)
        self.truth = torch.randn(20, generator=self.draw) / self.sizes.sqrt()
        return [torch.zeros(20)]

    def loss(self, parameters, step):
        x = torch.randn(100, 20, generator=self.draw) * self.sizes
        return ((x @ (parameters[0] - self.truth)) ** 2).mean()

    def score(self, parameters):
        """The decimal logarithm of the loss, of that at the start."""
        left = ((parameters[0] - self.truth) * self.sizes).norm() / (self.truth * self.sizes).norm()
        return 2 * math.log10(max(left.item(), 1e-6))


ALL = {
    "mnist-32": lambda: Dense([784, 32, 10]),
    "mnist-128": lambda: Dense([784, 128, 10]),
    "small-batch": lambda: Dense([784, 128, 10], batch=30),
    "relu": lambda: Dense([784, 128, 128, 128, 10], activation="relu"),
    "raw-pixels": lambda: Dense([784, 128, 10], scale=1),
    "prototypes": Prototypes,
    "labels-fresh": lambda: ChangedLabels(0),
    "labels-after-300": lambda: ChangedLabels(300),
    "labels-after-1000": lambda: ChangedLabels(1000),
    "linear-3": lambda: LeastSquares(3),
    "linear-6": lambda: LeastSquares(6),
}
