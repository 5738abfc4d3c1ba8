#!/bin/bash
# Finding: Adam in MLX 0.32.0 leaves out the bias correction unless it is asked for (bias_correction=True), and so does
# AdamW. Its first step is (1 − β1) / √(1 − β2) = 3.16 step sizes, whatever the gradient; in the paper (Kingma and Ba,
# arXiv 1412.6980) and in Optax 0.2.8 it is one. A step size that was found with one library is too large or too small
# for the other.
#
# Seen with mlx 0.32.0 (CPU), optax 0.2.8 and jax 0.10.2.
#
# Hypertower's Adam corrects the bias; its mean of squares starts at ε, as in the paper on towers. The page on towers says
# so, and reference trajectories check it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "mlx[cpu]==0.32.0" optax==0.2.8 jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'END'
import math
import jax.numpy as jnp
import mlx.core as mx
import mlx.optimizers
import optax

rate = 0.1


def of_mlx(optimizer, gradient):
    after = optimizer.apply_gradients({"p": mx.array([gradient])}, {"p": mx.array([0.0])})
    return -after["p"].item() / rate


def of_optax(optimizer, gradient):
    p = jnp.array([0.0])
    update, _ = optimizer.update(jnp.array([gradient]), optimizer.init(p), p)
    return -float(update[0]) / rate


for gradient in (0.5, 20.0):
    steps = {
        "MLX, Adam": (of_mlx(mlx.optimizers.Adam(rate), gradient), 0.1 / math.sqrt(0.001)),
        "MLX, AdamW": (of_mlx(mlx.optimizers.AdamW(rate), gradient), 0.1 / math.sqrt(0.001)),
        "MLX, Adam with bias_correction": (
            of_mlx(mlx.optimizers.Adam(rate, bias_correction=True), gradient), 1),
        "Optax, adam": (of_optax(optax.adam(rate), gradient), 1),
    }
    print(f"first step for a gradient of {gradient}, in step sizes:")
    for name, (found, expected) in steps.items():
        print(f"  {name}: {found:.4f}")
        assert math.isclose(found, expected, rel_tol=1e-4), f"{name} has changed: was {expected:.4f}"
END
