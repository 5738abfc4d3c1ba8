#!/bin/bash
# Finding: libraries disagree about derivatives where a function has a kink, and one library gives two answers for the
# same function: at 0, relu(x) has the derivative 0 in JAX 0.10.2 and tinygrad 0.14.0, but max(x, 0) has 0.5 there,
# while MLX 0.32.0 gives 0 for both. For |x| at 0, JAX gives 1, the others 0. All three share the derivative of a maximum
# equally among equal elements. Such places are common: a pixel that is always black gives many exact zeros.
#
# Seen with jax 0.10.2, mlx 0.32.0 (CPU) and tinygrad 0.14.0 (its Python device).
#
# Hypertower defines relu's derivative at 0 as 0 and shares that of a maximum among equal elements; that of √ at 0 is
# defined as 0, too, where these libraries give ∞. GradientTests checks these places.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 "mlx[cpu]==0.32.0" tinygrad==0.14.0
JAX_PLATFORMS=cpu DEV=PYTHON CACHEDB=$folder/tinygrad.db "$folder/venv/bin/python" - <<'END'
import jax
import jax.numpy as jnp
import mlx.core as mx
import mlx.nn
from tinygrad import Tensor


def of_jax(function, at):
    return jax.grad(lambda x: function(x).sum())(jnp.array(at)).tolist()


def of_mlx(function, at):
    return mx.grad(lambda x: function(x).sum())(mx.array(at)).tolist()


def of_tinygrad(function, at):
    x = Tensor(at)
    function(x).sum().backward()
    return x.grad.tolist()


infinity = float("inf")
cases = [
    # name, the function in each library, place, derivatives in JAX, MLX and tinygrad
    ("relu", (jax.nn.relu, mlx.nn.relu, Tensor.relu), [0.0], ([0], [0], [0])),
    ("max(x, 0)", (lambda x: jnp.maximum(x, 0.0), lambda x: mx.maximum(x, 0.0),
                   lambda x: x.maximum(0.0)), [0.0], ([0.5], [0], [0.5])),
    ("|x|", (jnp.abs, mx.abs, Tensor.abs), [0.0], ([1], [0], [0])),
    ("√x", (jnp.sqrt, mx.sqrt, Tensor.sqrt), [0.0], ([infinity], [infinity], [infinity])),
    ("max of [1, 1, 0]", (jnp.max, mx.max, Tensor.max), [1.0, 1.0, 0.0],
     ([0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, 0.5, 0])),
]
for name, functions, at, expected in cases:
    found = tuple(
        derivative(function, at)
        for derivative, function in zip((of_jax, of_mlx, of_tinygrad), functions))
    print(f"{name}: JAX {found[0]}, MLX {found[1]}, tinygrad {found[2]}")
    assert found == expected, f"{name}: was {expected}"
END
