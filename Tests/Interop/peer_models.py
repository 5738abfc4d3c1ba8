"""The models of the command in NumPy and float64, from a file of weights: what exported networks are compared with."""

import json
import math
import struct

import numpy as np


def read_weights(path):
    """The tensors of a safetensors file by name, in float64, and what it says of the network."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[start:end], dtype="<f4").astype(np.float64)
        tensors[name] = values.reshape(entry["shape"])
    return tensors, json.loads(metadata["hypertower_model"])


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def linear(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def convolution(x, weight, bias=None, stride=1, padding=0):
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    side = weight.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    result = np.einsum("bcyxij,ocij->boyx", windows, weight)
    return result if bias is None else result + bias[:, None, None]


def pool(x):
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :height, :width]
    return x.reshape(*x.shape[:2], height // 2, 2, width // 2, 2).max((3, 5))


def batch_norm(w, name, x):
    def spread(value):
        return value[:, None, None]

    deviation = np.sqrt(w[f"{name}.running_var"] + 1e-5)
    centred = x - spread(w[f"{name}.running_mean"])
    return centred / spread(deviation) * spread(w[f"{name}.weight"]) + spread(w[f"{name}.bias"])


def layer_norm(w, name, x):
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred / deviation * w[f"{name}.weight"] + w[f"{name}.bias"]


def dense(w, model, x):
    number = 1
    while f"w{number}" in w:
        x = np.tanh(x @ w[f"w{number}"].T + w[f"b{number}"])
        number += 1
    return x


def cnn(w, model, x):
    for name in ["conv1", "conv2"]:
        x = pool(np.maximum(convolution(x, w[f"{name}.weight"], w[f"{name}.bias"]), 0))
    return linear(w, "fc", x.reshape(len(x), -1))


def resnet20(w, model, x):
    x = np.maximum(batch_norm(w, "norm", convolution(x, w["conv.weight"], padding=1)), 0)
    for number in range(9):
        name, stride = f"blocks.{number}", 2 if number in (3, 6) else 1
        y = convolution(x, w[f"{name}.conv1.weight"], stride=stride, padding=1)
        y = np.maximum(batch_norm(w, f"{name}.norm1", y), 0)
        y = batch_norm(w, f"{name}.norm2", convolution(y, w[f"{name}.conv2.weight"], padding=1))
        x = x[:, :, ::stride, ::stride]
        new = y.shape[1] - x.shape[1]
        x = np.maximum(np.pad(x, [(0, 0), (0, new), (0, 0), (0, 0)]) + y, 0)
    return linear(w, "fc", x.mean((2, 3)))


def recurrent(w, model, tokens):
    x = w["embedding.weight"][tokens]
    for layer in range(model["layers"][0]):
        ih, hh = w[f"rnn.weight_ih_l{layer}"], w[f"rnn.weight_hh_l{layer}"]
        b_ih, b_hh = w[f"rnn.bias_ih_l{layer}"], w[f"rnn.bias_hh_l{layer}"]
        h = c = np.zeros((len(x), hh.shape[1]))
        outputs = []
        for step in range(x.shape[1]):
            own, other = x[:, step] @ ih.T + b_ih, h @ hh.T + b_hh
            if model["model"] == "lstm":
                i, f, g, o = np.split(own + other, 4, axis=1)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                (r, z, n), (hr, hz, hn) = np.split(own, 3, axis=1), np.split(other, 3, axis=1)
                r, z = sigmoid(r + hr), sigmoid(z + hz)
                h = (1 - z) * np.tanh(n + r * hn) + z * h
            outputs.append(h)
        x = np.stack(outputs, 1)
    return linear(w, "output", x)


def gpt(w, model, tokens):
    batch, time = tokens.shape
    width, heads = model["width"][0], model["heads"][0]
    x = w["token.weight"][tokens] + w["position.weight"][:time]
    later = np.triu(np.ones((time, time), dtype=bool), 1)
    erf = np.vectorize(math.erf)
    for number in range(model["layers"][0]):
        name = f"blocks.{number}"
        parts = linear(w, f"{name}.attention", layer_norm(w, f"{name}.norm1", x))
        q, k, v = parts.reshape(batch, time, 3, heads, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(2, 3) / math.sqrt(width // heads)
        shares = np.exp(log_softmax(np.where(later, -np.inf, scores)))
        mixed = (shares @ v).transpose(0, 2, 1, 3).reshape(batch, time, width)
        x = x + linear(w, f"{name}.projection", mixed)
        up = linear(w, f"{name}.up", layer_norm(w, f"{name}.norm2", x))
        x = x + linear(w, f"{name}.down", 0.5 * up * (1 + erf(up / math.sqrt(2))))
    return layer_norm(w, "norm", x) @ w["token.weight"].T


MODELS = {
    "dense": dense, "cnn": cnn, "resnet20": resnet20, "lstm": recurrent, "gru": recurrent,
    "gpt": gpt}


def log_probabilities(weights, inputs):
    """The log-probabilities of a network for inputs as it sees them."""
    w, model = weights
    return log_softmax(MODELS[model["model"]](w, model, inputs))
