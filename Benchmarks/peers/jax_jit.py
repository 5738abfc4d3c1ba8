"""JAX with the whole step, adjustment to hypergradients, in one jit that reuses the state's memory.

The state is `(t, P, G, S)`: how many adjustments there were, and for every level what it tunes,
the gradient of that, and the rule's own state, all before the adjustment that the next step starts
with.

Timed: 40 calls, the first without the adjustment, and a wait for all results.
"""

from functools import partial

import jax
import jax.numpy as jnp
import problem
from worker import serve

jax.config.update("jax_default_matmul_precision", "highest")  # float32 on a GPU, too


def loss_of(weights, images, labels):
    w1, b1, w2, b2 = weights
    hidden = jnp.tanh(images @ w1.T + b1)
    output = jax.nn.log_softmax(jnp.tanh(hidden @ w2.T + b2))
    return -jnp.take_along_axis(output, labels[:, None], axis=1).mean()


def sgd(t, p, g, s, h):
    """p - a·g on a tree of arrays; returns the new parameters and state."""
    return jax.tree.map(lambda p, g: p - h[0] * g, p, g), s


def adam(t, p, g, s, h):
    alpha, beta1, beta2, epsilon = h
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, s[0], g)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, s[1], g)
    root = jnp.sqrt(1 - beta2**t)
    scale = alpha * root / (1 - beta1**t)
    moved = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + epsilon * root), p, m, v)
    return moved, (m, v)


RULES = {"sgd": sgd, "adam": adam, "adam_alpha": adam}


def hyperparameters(level, raw):
    """From the tuned values as they are stored to the rule's own."""
    if level.rule == "adam":
        beta1, beta2 = (jnp.tanh(raw[1:3]) + 1) / 2
        return raw[0], beta1, beta2, 10.0 ** raw[3]
    return raw[0], *problem.BETAS, problem.EPSILON


def initial_state(levels, weights):
    """The state before the first step, with gradients of 0; `weights` is a tree of arrays."""
    P = [jax.tree.map(jnp.array, weights)]
    P += [jnp.array(level.raw, jnp.float32) for level in levels[:-1]]
    zeros = partial(jax.tree.map, jnp.zeros_like)
    epsilons = partial(jax.tree.map, partial(jnp.full_like, fill_value=problem.EPSILON))
    S = [() if level.rule == "sgd" else (zeros(p), epsilons(p)) for level, p in zip(levels, P)]
    return jnp.zeros(()), P, zeros(P), S


def first_step(gradient_of, state):
    """Forward and backward; `gradient_of(weights)` returns a loss and the gradient."""
    t, P, G, S = state
    loss, gradient = gradient_of(P[0])
    return loss, (t, P, [gradient, *G[1:]], S)


def step(levels, gradient_of, state):
    """Adjustment from the top down, forward, backward, and hypergradients upwards."""
    t, P, G, S = state
    t = t + 1
    top = len(levels) - 1
    P_next, S_next, pullbacks = [None] * len(P), [None] * len(P), [None] * len(P)
    for k in range(top, -1, -1):
        rule = RULES[levels[k].rule]
        if k == top:
            constants = (levels[k].alpha, *problem.BETAS, problem.EPSILON)
            P_next[k], S_next[k] = rule(t, P[k], G[k], S[k], constants)
        else:

            def apply(raw, k=k, rule=rule):
                return rule(t, P[k], G[k], S[k], hyperparameters(levels[k], raw))

            P_next[k], pullbacks[k], S_next[k] = jax.vjp(apply, P_next[k + 1], has_aux=True)
    loss, gradient = gradient_of(P_next[0])
    G_next = [gradient]
    for pullback in pullbacks[:-1]:
        G_next.append(pullback(G_next[-1])[0])
    return loss, (t, P_next, G_next, S_next)


class Run:
    data = None

    def __init__(self, levels):
        if Run.data is None:
            Run.data = [[jax.device_put(b) for b in values] for values in problem.batches()]
        self.batches = Run.data
        self.initial = initial_state(levels, problem.initial_weights())

        def compiled(step):
            def whole(state, images, labels):
                return step(lambda w: jax.value_and_grad(loss_of)(w, images, labels), state)

            return jax.jit(whole, donate_argnums=0)

        self.first, self.step = compiled(first_step), compiled(partial(step, levels))

    def reset(self):
        self.state = jax.block_until_ready(jax.tree.map(jnp.copy, self.initial))

    def steps(self):
        losses, step = [], self.first
        for inputs, classes in zip(*self.batches):
            loss, self.state = step(self.state, inputs, classes)
            losses.append(loss)
            step = self.step
        jax.block_until_ready((losses, self.state))
        return losses

    def losses(self, losses):
        return [float(loss) for loss in losses]


def describe():
    device = jax.devices()[0]
    return {"peer": "jax_jit", "version": f"jax {jax.__version__}", "device": device.device_kind}


if __name__ == "__main__":
    serve(describe, Run)
