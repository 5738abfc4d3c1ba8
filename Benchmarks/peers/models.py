"""The whole models that peers and ours compute: their sizes, first weights and data.

`hypertower bench --model` draws the same weights and makes up the same data. Weights have PyTorch's
names and layouts.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import philox
from problem import STEPS, parsed_tower

CLASSES = 10
VOCABULARY = 65
WIDTH = 128  # of the embeddings and hidden layers of the LSTM and the GPT
LAYERS, HEADS = 4, 4  # of the GPT
STAGES, BLOCKS = (16, 32, 64), 3  # of ResNet-20: channels, and blocks in each stage


class Parameter(NamedTuple):
    """A tensor of weights: `draw(shape, stream=n)` makes the first values, n being its place."""

    name: str
    shape: tuple
    draw: Callable


def constant(shape, value, stream):
    return np.full(shape, value, np.float32)


ZEROS, ONES = partial(constant, value=0), partial(constant, value=1)


def fan_in(count):
    """Uniform in ±1/√count."""
    return partial(philox.uniform, bound=np.float32(1) / np.sqrt(np.float32(count)))


def convolution(name, inputs, outputs, size, bias=True):
    draw = fan_in(inputs * size * size)
    weight = Parameter(f"{name}.weight", (outputs, inputs, size, size), draw)
    return [weight, Parameter(f"{name}.bias", (outputs,), draw)] if bias else [weight]


def linear(name, inputs, outputs, draw=None):
    weight = Parameter(f"{name}.weight", (outputs, inputs), draw or fan_in(inputs))
    return [weight, Parameter(f"{name}.bias", (outputs,), ZEROS)]


def norm(name, width):
    return [Parameter(f"{name}.weight", (width,), ONES), Parameter(f"{name}.bias", (width,), ZEROS)]


def cnn():
    features = 32 * 4 * 4
    return [
        *convolution("conv1", 1, 16, 5),
        *convolution("conv2", 16, 32, 5),
        *linear("fc", features, CLASSES),
    ]


def lstm():
    parameters = [
        Parameter("embedding.weight", (VOCABULARY, WIDTH), partial(philox.normal, deviation=1))
    ]
    gates = 4 * WIDTH
    for layer in range(2):
        for name, shape in (
            ("weight_ih", (gates, WIDTH)),
            ("weight_hh", (gates, WIDTH)),
            ("bias_ih", (gates,)),
            ("bias_hh", (gates,)),
        ):
            parameters.append(Parameter(f"rnn.{name}_l{layer}", shape, fan_in(WIDTH)))
    return parameters + linear("output", WIDTH, VOCABULARY)


def gpt():
    draw = partial(philox.normal, deviation=0.02)
    residual = partial(philox.normal, deviation=np.float32(0.02) / np.sqrt(np.float32(2 * LAYERS)))
    parameters = [
        Parameter("token.weight", (VOCABULARY, WIDTH), draw),
        Parameter("position.weight", (MODELS["gpt"].sample[0], WIDTH), draw),
    ]
    for number in range(LAYERS):
        block = f"blocks.{number}"
        parameters += [
            *norm(f"{block}.norm1", WIDTH),
            *linear(f"{block}.attention", WIDTH, 3 * WIDTH, draw),
            *linear(f"{block}.projection", WIDTH, WIDTH, residual),
            *norm(f"{block}.norm2", WIDTH),
            *linear(f"{block}.up", WIDTH, 4 * WIDTH, draw),
            *linear(f"{block}.down", 4 * WIDTH, WIDTH, residual),
        ]
    return parameters + norm("norm", WIDTH)


def residual_blocks():
    """The blocks of ResNet-20: (name, inputs, outputs, stride)."""
    blocks, inputs = [], STAGES[0]
    for stage, outputs in enumerate(STAGES):
        for number in range(BLOCKS):
            stride = 2 if stage > 0 and number == 0 else 1
            blocks.append((f"blocks.{stage * BLOCKS + number}", inputs, outputs, stride))
            inputs = outputs
    return blocks


def resnet20():
    parameters = [*convolution("conv", 3, STAGES[0], 3, bias=False), *norm("norm", STAGES[0])]
    for name, inputs, outputs, _ in residual_blocks():
        parameters += [
            *convolution(f"{name}.conv1", inputs, outputs, 3, bias=False),
            *norm(f"{name}.norm1", outputs),
            *convolution(f"{name}.conv2", outputs, outputs, 3, bias=False),
            *norm(f"{name}.norm2", outputs),
        ]
    return parameters + linear("fc", STAGES[-1], CLASSES)


class Model(NamedTuple):
    title: str
    parameters: Callable
    batch: int
    sample: tuple  # the shape of an image, or the number of a window's tokens

    @property
    def is_of_text(self):
        return len(self.sample) == 1


MODELS = {
    "cnn": Model("CNN, 1 × 28 × 28, batch 300", cnn, 300, (1, 28, 28)),
    "lstm": Model("LSTM, 2 × 128, 50 steps, batch 50", lstm, 50, (50,)),
    "gpt": Model("GPT, 4 layers, width 128, context 64, batch 12", gpt, 12, (64,)),
    "resnet20": Model("ResNet-20, 3 × 32 × 32, batch 128", resnet20, 128, (3, 32, 32)),
}


def initial_weights(name):
    """{name: float32 array}, in the order of the modules."""
    parameters = MODELS[name].parameters()
    return {p.name: p.draw(p.shape, stream=n) for n, p in enumerate(parameters)}


def batches(name):
    """The data of 40 steps: inputs and classes, each [40, batch, …].

    Images are float32 from 1/255 to 1, tokens int32, and a token's class is the token after it.
    """
    model = MODELS[name]
    shape = (STEPS, model.batch, *model.sample)
    count = int(np.prod(shape))
    if model.is_of_text:
        tokens = philox.whole_numbers(count + 1, VOCABULARY, stream=0)
        return tokens[:-1].reshape(shape), tokens[1:].reshape(shape)
    pixels = philox.whole_numbers(count, 255, stream=0) + 1
    classes = philox.whole_numbers(STEPS * model.batch, CLASSES, stream=1)
    return (pixels.astype(np.float32) / np.float32(255)).reshape(shape), classes.reshape(shape[:2])


class Optimizer(NamedTuple):
    title: str
    notation: str  # as `hypertower bench --optimizer` takes it

    @property
    def levels(self):
        """Bottom first."""
        return parsed_tower(self.notation)


OPTIMIZERS = {
    "sgd": Optimizer("SGD", "sgd(0.01)"),
    "adam": Optimizer("Adam", "adam(0.001)"),
    "adam-sgd": Optimizer("Adam under SGD", "adam(0.001) / sgd(1e-5)"),
}


class Task(NamedTuple):
    """What a command asks a worker for."""

    model: str
    levels: list


def task(command):
    return Task(command["model"], OPTIMIZERS[command["optimizer"]].levels)
