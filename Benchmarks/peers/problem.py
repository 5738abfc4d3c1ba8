"""What every peer computes: the paper's network on MNIST, and its towers.

The network is 784-128-10 with tanh after both layers, log-softmax and the mean negative
log-likelihood, at batch 300 in file order, from the weights that the golden trajectories start
with.
"""

import gzip
import json
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/HypertowerTests/Golden"
INITIAL_WEIGHTS = ROOT / "Sources/InitialWeights/init-128-0x42.safetensors"
BATCH = 300
STEPS = 40  # of one timing; taller towers of Adam turn non-finite at step 46, in PyTorch too


def mnist(part="train"):
    """Images as float32 in 0...1, [count, 784], and labels as int32, [count]."""

    def read(name, header):
        file = ROOT / f"Sources/MNISTFiles/{part}-{name}-ubyte.gz"
        return np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=header)

    images = read("images-idx3", 16).reshape(-1, 784).astype(np.float32) / 255
    return images, read("labels-idx1", 8).astype(np.int32)


def batches(count=STEPS):
    """The first batches in file order: [count, 300, 784] and [count, 300]."""
    images, labels = mnist()
    used = count * BATCH
    return images[:used].reshape(count, BATCH, 784), labels[:used].reshape(count, BATCH)


def initial_weights():
    """w1 [128, 784], b1 [128], w2 [10, 128], b2 [10]."""
    contents = INITIAL_WEIGHTS.read_bytes()
    start = 8 + int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8:start])

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        values = np.frombuffer(contents[start + begin : start + end], np.float32)
        return values.reshape(header[name]["shape"]).copy()

    return [tensor(name) for name in ("w1", "b1", "w2", "b2")]


class Level(NamedTuple):
    """A level of a tower: its rule's name and its step size; the rest has the usual values."""

    rule: str  # sgd, adam, or adam_alpha
    alpha: float

    @property
    def raw(self):
        """The tuned hyperparameters as they are stored: betas through tanh, epsilon as 10^x."""
        if self.rule == "adam":
            return [self.alpha, *RAW_BETAS, RAW_EPSILON]
        return [self.alpha]


BETAS, EPSILON = (0.9, 0.999), 1e-8
RAW_BETAS, RAW_EPSILON = [math.atanh(2 * beta - 1) for beta in BETAS], -8.0


def benchmark_tower(rule, height):
    """`height` levels upon the bottom one: SGD at 0.01, Adam at 1e-7."""
    return [Level(rule, 0.01 if rule == "sgd" else 1e-7)] * (height + 1)


def parsed_tower(notation):
    """The tower that a notation such as `sgd(0.01) / adam()` names, bottom first."""
    levels = re.findall(r"(\w+)\(([^)]*)\)", notation)
    return [Level(r, float(a or (0.01 if r == "sgd" else 0.001))) for r, a in levels]


def golden(name):
    """A reference trajectory: its tower and the losses of its first steps, in float64."""
    record = json.loads((GOLDEN / f"{name}.json").read_text())
    return parsed_tower(record["notation"]), record["float64"]["losses"][:STEPS]
