"""tinygrad on an OpenCL device, with the whole step, adjustment to hypergradients, in one TinyJit.

The state is `(t, P, G, S)`, as in torch_step.py: all before the adjustment that the next step
starts with. A step assigns all of it in place. `BEAM=N` in the environment makes tinygrad search
for faster kernels.

Timed: 40 calls, the first without the adjustment, and a wait for the device.
"""

import os

os.environ.setdefault("DEV", "CL")

import problem  # noqa: E402
from tinygrad import Device, Tensor, TinyJit  # noqa: E402
from tinygrad.helpers import getenv  # noqa: E402
from worker import serve  # noqa: E402


def loss_of(weights, images, labels):
    w1, b1, w2, b2 = weights
    hidden = images.linear(w1.T, b1).tanh()
    return hidden.linear(w2.T, b2).tanh().sparse_categorical_crossentropy(labels)


def sgd(t, ps, gs, ss, h):
    """p - a·g, for each tensor in a list; returns the new parameters and states."""
    return [p - h[0] * g for p, g in zip(ps, gs)], ss


def adam(t, ps, gs, ss, h):
    alpha, beta1, beta2, epsilon = h
    root = (1 - beta2**t).sqrt()
    scale = alpha * root / (1 - beta1**t)
    moved, states = [], []
    for p, g, (m, v) in zip(ps, gs, ss):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        moved.append(p - scale * m / (v.sqrt() + epsilon * root))
        states.append((m, v))
    return moved, states


RULES = {"sgd": sgd, "adam": adam, "adam_alpha": adam}


def hyperparameters(level, raw):
    """From the tuned values as they are stored to the rule's own."""
    if level.rule == "adam":
        beta1, beta2 = (raw[1].tanh() + 1) / 2, (raw[2].tanh() + 1) / 2
        return raw[0], beta1, beta2, 10 ** raw[3]
    return raw[0], *problem.BETAS, problem.EPSILON


def initial_state(levels):
    P = [[Tensor(w) for w in problem.initial_weights()]]
    P += [[Tensor(level.raw)] for level in levels[:-1]]
    G = [[Tensor.zeros(*p.shape) for p in ps] for ps in P]

    def state(level, p):
        if level.rule == "sgd":
            return ()
        return Tensor.zeros(*p.shape), Tensor.full(p.shape, problem.EPSILON)

    return Tensor([0.0]), P, G, [[state(level, p) for p in ps] for level, ps in zip(levels, P)]


def first_step(levels, state, images, labels):
    """Forward and backward without an adjustment."""
    t, P, G, S = state
    loss = loss_of(P[0], images, labels)
    return loss, (t, P, [loss.gradient(*P[0]), *G[1:]], S)


def step(levels, state, images, labels):
    """Adjustment from the top down, forward, backward, and hypergradients upwards."""
    t, P, G, S = state
    t = t + 1
    top = len(levels) - 1
    P_next, S_next = [None] * len(P), [None] * len(P)
    for k in range(top, -1, -1):
        if k == top:
            h = (levels[k].alpha, *problem.BETAS, problem.EPSILON)
        else:
            h = hyperparameters(levels[k], P_next[k + 1][0])
        P_next[k], S_next[k] = RULES[levels[k].rule](t, P[k], G[k], S[k], h)
    loss = loss_of(P_next[0], images, labels)
    gradients = iter(loss.gradient(*flat(P_next)))
    G_next = [[next(gradients) for _ in ps] for ps in P_next]
    return loss, (t, P_next, G_next, S_next)


def flat(tree):
    """The tensors in nested lists and tuples."""
    return [tree] if isinstance(tree, Tensor) else [x for part in tree for x in flat(part)]


class Run:
    data = None

    def __init__(self, levels):
        if Run.data is None:
            Run.data = [[Tensor(b).realize() for b in values] for values in problem.batches()]
        self.initial = [x.contiguous().realize() for x in flat(initial_state(levels))]
        self.state = initial_state(levels)
        for x in flat(self.state):
            x.replace(x.clone().realize())
        self.record = Tensor.zeros(problem.STEPS).contiguous().realize()

        def compiled(function):
            def call(images, labels):
                loss, after = function(levels, self.state, images, labels)
                here = Tensor.arange(problem.STEPS) == after[0]
                self.record.assign(here.where(loss, self.record))
                for x, value in zip(flat(self.state), flat(after)):
                    if value is not x:
                        x.assign(value)
                self.record.realize(*flat(self.state))

            return TinyJit(call)

        self.first, self.step = compiled(first_step), compiled(step)
        for _ in range(3):  # TinyJit runs twice before it replays
            self.reset()
            self.first(Run.data[0][0], Run.data[1][0])

    def reset(self):
        for x, initial in zip(flat(self.state), self.initial):
            x.assign(initial).realize()
        Device[Device.DEFAULT].synchronize()

    def steps(self):
        step = self.first
        for images, labels in zip(*Run.data):
            step(images, labels)
            step = self.step
        Device[Device.DEFAULT].synchronize()
        return self.record

    def losses(self, record):
        return record.tolist()


def describe():
    from importlib.metadata import version

    device = Device[Device.DEFAULT]
    return {
        "peer": "tinygrad_opencl",
        "version": f"tinygrad {version('tinygrad')}",
        "device": getattr(device, "device_name", Device.DEFAULT),
        "beam": getenv("BEAM"),
    }


if __name__ == "__main__":
    serve(describe, Run)
