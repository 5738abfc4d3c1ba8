#!/bin/bash
# optax 0.2.6: adagrad starts the sum of squared gradients at 0.1, not at 0 as in the paper (Duchi, Hazan and
# Singer, 2011), and puts ε = 1e-7 under the root. With a gradient of 0.1 the first step is
# -lr·0.1/√(0.1 + 0.01 + 1e-7) ≈ -0.30 lr, where a sum that starts at 0 gives -lr. AdaGrad of two libraries at
# the same learning rate need not be the same optimizer.
#
# What Hypertower does: its AdaGrad starts at 0.1, too, with 1e-10 under the root. The formula stands in
# Docs/Towers.md, and the reference trajectories hold it to that.
#
# Exits with 0 while that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check optax==0.2.6 jax==0.7.2 jaxlib==0.7.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import sys
import jax.numpy as jnp
import optax

rule = optax.adagrad(learning_rate=1.0)
weight = jnp.array(0.0)
update, state = rule.update(jnp.array(0.1), rule.init(weight), weight)
step = float(update)
expected = -0.1 / (0.1 + 0.01 + 1e-7) ** 0.5
print("optax", optax.__version__, "first step with gradient 0.1 and learning rate 1:", step)
if abs(step - expected) > 1e-5:
    sys.exit("changed: the sum no longer starts at 0.1")
print("as described: the sum of squares starts at 0.1")
PYTHON
