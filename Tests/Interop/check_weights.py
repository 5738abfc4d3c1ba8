"""Lets PyTorch and MLX read the weights that Hypertower writes for them, and Hypertower those that they write.

There is a model of every module, with random weights. Each side computes outputs for the same inputs, which may differ
by 1e-5. Files are read strictly: no tensor may be missing or left over. Hypertower's part is the tests' suite
`InteropTests`.
"""

import os
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

import weight_models_mlx
import weight_models_torch
from command import run_tests

TOLERANCE = 1e-5
SAMPLES = {
    "linear": (3, 5), "linear_without_bias": (5,), "conv1d": (4, 9), "conv2d": (2, 7, 6),
    "conv2d_square": (3, 7, 6), "conv_transpose2d": (3, 4, 5), "batch_norm": (3, 4, 5),
    "layer_norm": (4, 6), "group_norm": (4, 3, 3), "rms_norm": (4, 6), "embedding": (5,),
    "lstm": (6, 3), "lstm_two_layers": (6, 3), "lstm_both_directions": (6, 3), "gru": (6, 3),
    "gru_two_layers": (6, 3), "gru_both_directions": (6, 3), "attention": (5, 6),
    "attention_without_bias": (5, 6), "transformer_block": (5, 6), "sequential": (2, 6, 6),
    "dense": (5,), "cnn": (1, 14, 12), "resnet": (3, 8, 8), "recurrent_model": (6,), "gpt": (6,)}
OF_TOKENS = {"embedding", "recurrent_model", "gpt"}


class PyTorch:
    models = weight_models_torch

    def write(self, model, path):
        from safetensors.torch import save_file

        save_file(model.state_dict(), path)

    def read(self, model, path):
        from safetensors.torch import load_file

        model.load_state_dict(load_file(path), strict=True)


class MLX:
    models = weight_models_mlx

    def write(self, model, path):
        model.save_weights(path)

    def read(self, model, path):
        model.load_weights(path, strict=True)


def numbers(name, values):
    return values.astype(np.int64) if name in OF_TOKENS else values


def write(folder, library):
    """Writes a library's weights, with inputs and its outputs."""
    random = np.random.default_rng(1)
    os.mkdir(folder)
    for name, sample in SAMPLES.items():
        model = library.models.randomized(name)
        shape = (2, *sample)
        x = random.integers(0, 7, shape) if name in OF_TOKENS else random.uniform(-1, 1, shape)
        library.write(model, f"{folder}/{name}.safetensors")
        x = np.ascontiguousarray(x, np.float32)
        y = library.models.output(name, model, numbers(name, x))
        save_file(
            {"input": x, "output": np.ascontiguousarray(y, np.float32).reshape(-1)},
            f"{folder}/{name}.values.safetensors")


def read(folder, library):
    """Reads Hypertower's weights, and compares a library's outputs with its."""
    worst = 0
    for name in SAMPLES:
        model = library.models.randomized(name)
        library.read(model, f"{folder}/{name}.ours.safetensors")
        values = load_file(f"{folder}/{name}.ours.values.safetensors")
        y = library.models.output(name, model, numbers(name, values["input"])).reshape(-1)
        assert y.shape == values["output"].shape, f"{folder}/{name}: {y.shape}"
        difference = np.abs(y - values["output"]).max()
        assert difference <= TOLERANCE, f"{folder}/{name}: differs by {difference}"
        worst = max(worst, difference)
    return worst


def main():
    libraries = {"pytorch": PyTorch(), "mlx": MLX()}
    with tempfile.TemporaryDirectory() as folder:
        for name, library in libraries.items():
            write(f"{folder}/{name}", library)
        run_tests("InteropTests", HYPERTOWER_INTEROP=folder)
        for name, library in libraries.items():
            worst = read(f"{folder}/{name}", library)
            print(f"{name}: {len(SAMPLES)} models agree both ways, to {worst:.1e}")


main()
