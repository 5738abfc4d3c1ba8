"""A step of a tower in PyTorch as one pure function, for compilers and CUDA graphs.

The state is `(t, P, G, S)`: how many adjustments there were, and for every level what it tunes,
the gradient of that, and the rule's own state, all before the adjustment that the next step starts
with. For a level each is a list: of four at the bottom (the weights), of one above.
"""

import problem
import torch
import torch_device as on


def sgd(t, ps, gs, ss, h):
    """p - a·g, for each tensor in a list; returns the new parameters and states."""
    return [p - h[0] * g for p, g in zip(ps, gs)], ss


def adam(t, ps, gs, ss, h):
    """Adam; h is what `hyperparameters` makes."""
    alpha, beta1, beta2, epsilon = h
    root = (1 - beta2**t) ** 0.5
    scale = alpha * root / (1 - beta1**t)
    moved, states = [], []
    for p, g, (m, v) in zip(ps, gs, ss):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        moved.append(p - scale * m / (v.sqrt() + epsilon * root))
        states.append((m, v))
    return moved, states


def hyperparameters(level, raw):
    """From the tuned values as they are stored to the rule's own."""
    if level.rule == "adam":
        beta1, beta2 = ((torch.tanh(raw[1:3]) + 1) / 2).unbind()
        return raw[0], beta1, beta2, 10 ** raw[3]
    return raw[0], *problem.BETAS, problem.EPSILON


RULES = {"sgd": sgd, "adam": adam, "adam_alpha": adam}


def initial_state(levels):
    """The state before the first step, with gradients of 0."""
    P = [[on.tensor(w) for w in problem.initial_weights()]]
    P += [[on.tensor(level.raw)] for level in levels[:-1]]
    G = [[torch.zeros_like(p) for p in ps] for ps in P]

    def state(level, p):
        if level.rule == "sgd":
            return ()
        return torch.zeros_like(p), torch.full_like(p, problem.EPSILON)

    S = [[state(level, p) for p in ps] for level, ps in zip(levels, P)]
    return on.tensor(0), P, G, S


def first_step(levels, state, images, labels):
    """Forward and backward without an adjustment."""
    t, P, G, S = state
    gradient, loss = torch.func.grad_and_value(on.loss_of)(P[0], images, labels)
    return loss, (t, P, [gradient, *G[1:]], S)


def step(levels, state, images, labels):
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

            P_next[k], pullbacks[k], S_next[k] = torch.func.vjp(
                apply, P_next[k + 1][0], has_aux=True
            )
    gradient, loss = torch.func.grad_and_value(on.loss_of)(P_next[0], images, labels)
    G_next = [gradient]
    for pullback in pullbacks[:-1]:
        G_next.append([pullback(G_next[-1])[0]])
    return loss, (t, P_next, G_next, S_next)
