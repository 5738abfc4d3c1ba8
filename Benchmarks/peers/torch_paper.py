"""PyTorch, eager, as the paper's published library is written.

Every hyperparameter is a tensor of its own, a level is a dictionary of them, each update is the
textbook formula, and `loss.backward()` goes through the last application of every level. The
constants of the topmost level are tensors, too, but have no gradients. `torch_eager.py` does the
same with fewer operations.

Timed: 40 steps, each an adjustment (but for the first), forward and backward.
"""

import problem
import torch
import torch_device as on
from worker import serve


class Level:
    """A rule, its hyperparameters by name, and the level that tunes them, if any."""

    def __init__(self, names, values, above):
        self.parameters = {name: on.tensor(value) for name, value in zip(names, values)}
        self.above = above

    def adjust_own(self):
        """Lets the level above move the hyperparameters, before they are used."""
        if self.above:
            self.above.adjust(self.parameters)
            watch(self.parameters)


class SGD(Level):
    def __init__(self, level, above):
        super().__init__(["alpha"], level.raw, above)

    def adjust(self, parameters):
        self.adjust_own()
        for name, p in parameters.items():
            parameters[name] = p.detach() - self.parameters["alpha"] * gradient(p)


class Adam(Level):
    def __init__(self, level, above):
        super().__init__(["alpha", "beta1", "beta2", "log_eps"], level.raw, above)
        self.t, self.state = 0, {}

    def adjust(self, parameters):
        self.t += 1
        self.adjust_own()
        beta1 = (torch.tanh(self.parameters["beta1"]) + 1) / 2
        beta2 = (torch.tanh(self.parameters["beta2"]) + 1) / 2
        epsilon = 10 ** self.parameters["log_eps"]
        for name, p in parameters.items():
            g = gradient(p)
            if name not in self.state:
                self.state[name] = (torch.zeros_like(g), torch.zeros_like(g) + epsilon.detach())
            m, v = self.state[name]
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g * g
            self.state[name] = (m.detach(), v.detach())
            m_hat, v_hat = m / (1 - beta1**self.t), v / (1 - beta2**self.t)
            step = m_hat / (v_hat**0.5 + epsilon)
            parameters[name] = p.detach() - self.parameters["alpha"] * step


RULES = {"sgd": SGD, "adam": Adam}


def watch(parameters):
    """Asks for the gradients of what a level above has to tune."""
    for p in parameters.values():
        p.requires_grad_().retain_grad()


def gradient(p):
    return torch.zeros_like(p) if p.grad is None else p.grad.detach()


class Run:
    data = None

    def __init__(self, levels):
        Run.data = Run.data or on.batches()
        self.levels, self.batches = levels, Run.data

    def initial_weights(self):
        """By name, for each run anew."""
        names = ("w1", "b1", "w2", "b2")
        return {n: on.tensor(w) for n, w in zip(names, problem.initial_weights())}

    def loss_of(self, inputs, classes):
        return on.loss_of(self.weights.values(), inputs, classes)

    def reset(self):
        self.weights = self.initial_weights()
        self.tower = None
        for level in reversed(self.levels):
            self.tower = RULES[level.rule](level, self.tower)
        on.synchronize()

    def steps(self):
        losses = []
        for inputs, classes in zip(*self.batches):
            if losses:
                self.tower.adjust(self.weights)
            watch(self.weights)
            loss = self.loss_of(inputs, classes)
            loss.backward()
            losses.append(loss.detach())
        on.synchronize()
        return losses

    def losses(self, losses):
        return torch.stack(losses).tolist()


if __name__ == "__main__":
    serve(lambda: on.describe("torch_paper"), Run)
