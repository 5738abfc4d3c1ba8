"""The whole models in JAX: functions of weights that have PyTorch's names and layouts.

Each is `(weights, statistics, inputs) → (logits, statistics)`, where the statistics are those of
batch norms. Images have their channels last, as XLA's convolutions on CPUs want them.
"""

import jax
import jax.numpy as jnp
import models
from models import HEADS, LAYERS, WIDTH


def convolution(x, w, name, stride=1, padding="VALID"):
    """[batch, height, width, inputs] → [batch, rows, columns, outputs]"""
    weight, bias = w[f"{name}.weight"], w.get(f"{name}.bias")
    products = jax.lax.conv_general_dilated(
        x, weight, (stride, stride), padding, dimension_numbers=("NHWC", "OIHW", "NHWC")
    )
    return products if bias is None else products + bias


def linear(x, w, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def max_pool(x):
    """[batch, height, width, channels] → the same with half the height and width"""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))


def cnn(w, statistics, x):
    x = max_pool(jax.nn.relu(convolution(x, w, "conv1")))
    x = max_pool(jax.nn.relu(convolution(x, w, "conv2")))
    features = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return linear(features, w, "fc"), statistics


def lstm(w, statistics, x):
    sequence = w["embedding.weight"][x.T]  # [time, batch, width]
    for layer in range(2):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w_ih, w_hh, b_ih, b_hh = (w[f"rnn.{name}_l{layer}"] for name in names)

        def step(state, inputs, w_hh=w_hh):
            h, c = state
            i, f, g, o = jnp.split(inputs + h @ w_hh.T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((len(x), WIDTH))
        _, sequence = jax.lax.scan(step, (zeros, zeros), sequence @ w_ih.T + (b_ih + b_hh))
    return linear(sequence.transpose(1, 0, 2), w, "output"), statistics


def layer_norm(x, w, name):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    scaled = (x - mean) * jax.lax.rsqrt(variance + 1e-5)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def attention(x, w, name):
    """Causal, [batch, time, width] → the same"""
    batch, time, _ = x.shape
    parts = linear(x, w, name).reshape(batch, time, 3, HEADS, WIDTH // HEADS)
    q, k, v = parts.transpose(2, 0, 3, 1, 4)  # each [batch, head, time, depth]
    scores = q @ k.swapaxes(2, 3) / (WIDTH / HEADS) ** 0.5
    scores = jnp.where(jnp.tri(time, dtype=bool), scores, -jnp.inf)
    mixed = jax.nn.softmax(scores) @ v
    return mixed.transpose(0, 2, 1, 3).reshape(batch, time, WIDTH)


def gpt(w, statistics, x):
    x = w["token.weight"][x] + w["position.weight"]
    for number in range(LAYERS):
        block = f"blocks.{number}"
        mixed = attention(layer_norm(x, w, f"{block}.norm1"), w, f"{block}.attention")
        x = x + linear(mixed, w, f"{block}.projection")
        hidden = linear(layer_norm(x, w, f"{block}.norm2"), w, f"{block}.up")
        x = x + linear(jax.nn.gelu(hidden, approximate=False), w, f"{block}.down")
    return layer_norm(x, w, "norm") @ w["token.weight"].T, statistics


def batch_norm(x, w, statistics, name):
    """The normalized batch, and the running mean and variance that follow it."""
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    count = x.size / x.shape[-1]
    running_mean, running_variance = statistics[name]
    statistics[name] = (
        0.9 * running_mean + 0.1 * mean,
        0.9 * running_variance + 0.1 * variance * (count / (count - 1)),
    )
    scale = w[f"{name}.weight"] * jax.lax.rsqrt(variance + 1e-5)
    return (x - mean) * scale + w[f"{name}.bias"]


def resnet20(w, statistics, x):
    statistics = dict(statistics)

    def normalized(x, conv, norm, stride=1):
        products = convolution(x, w, conv, stride, [(1, 1), (1, 1)])
        return batch_norm(products, w, statistics, norm)

    x = jax.nn.relu(normalized(x, "conv", "norm"))
    for name, inputs, outputs, stride in models.residual_blocks():
        change = jax.nn.relu(normalized(x, f"{name}.conv1", f"{name}.norm1", stride))
        change = normalized(change, f"{name}.conv2", f"{name}.norm2")
        shortcut = x[:, ::stride, ::stride]
        x = jax.nn.relu(change + jnp.pad(shortcut, [(0, 0)] * 3 + [(0, outputs - inputs)]))
    return linear(x.mean((1, 2)), w, "fc"), statistics


FORWARD = {"cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet20": resnet20}


def loss_of(name, weights, statistics, inputs, classes):
    """The mean loss of a batch, for tokens over all places, too; and the statistics after it."""
    logits, statistics = FORWARD[name](weights, statistics, inputs)
    output = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(output, classes[..., None], axis=-1).mean(), statistics


def initial_statistics(name):
    """{batch norm: (running mean, running variance)}"""
    if name != "resnet20":
        return {}
    widths = {"norm": models.STAGES[0]}
    for block, _, outputs, _ in models.residual_blocks():
        widths |= {f"{block}.norm1": outputs, f"{block}.norm2": outputs}
    return {norm: (jnp.zeros(width), jnp.ones(width)) for norm, width in widths.items()}


def batches(name):
    """The data of 40 steps: lists of inputs and of classes."""
    inputs, classes = models.batches(name)
    if not models.MODELS[name].is_of_text:
        inputs = inputs.transpose(0, 1, 3, 4, 2).copy()
    return [[jax.device_put(b) for b in values] for values in (inputs, classes)]
