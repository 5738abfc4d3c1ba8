"""PyTorch, eager: a tower as the paper does it, through autograd.

Every level's update is differentiable in the hyperparameters, which are the parameters of the level
above; one backward pass from the loss yields all gradients. What an update starts from is detached,
so that the graph holds the last application alone. All weights lie in one tensor, which spares an
operation for each layer; the top level, whose hyperparameters are constants, works in place.

Timed: 40 steps, each an adjustment (but for the first), forward and backward.
"""

import problem
import torch
import torch_device as on
from worker import serve


class SGD:
    """p - a·g."""

    def __init__(self, level):
        self.alpha = level.alpha

    def constant(self, p, g):
        return p.sub(g, alpha=self.alpha)

    def tunable(self, p, g, h):
        return torch.addcmul(p, h, g, value=-1)


class Adam:
    """Adam whose v starts at epsilon; tunes all four hyperparameters, or alpha alone."""

    def __init__(self, level):
        self.alpha = level.alpha
        self.t, self.m, self.v = 0, None, None

    def begin(self, p):
        self.t += 1
        if self.t == 1:
            self.m, self.v = torch.zeros_like(p), torch.full_like(p, problem.EPSILON)

    def constant(self, p, g):
        self.begin(p)
        beta1, beta2 = problem.BETAS
        root = (1 - beta2**self.t) ** 0.5
        self.m.lerp_(g, 1 - beta1)
        self.v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        denominator = self.v.sqrt().add_(problem.EPSILON * root)
        return p.addcdiv(self.m, denominator, value=-self.alpha * root / (1 - beta1**self.t))

    def tunable(self, p, g, h):
        self.begin(p)
        if len(h) == 1:
            beta1, beta2 = problem.BETAS
            epsilon, root = problem.EPSILON, (1 - beta2**self.t) ** 0.5
            m, v = self.m.lerp(g, 1 - beta1), self.v.lerp(g * g, 1 - beta2)
            scale = h * (root / (1 - beta1**self.t))
        else:
            betas = (torch.tanh(h[1:3]) + 1) * 0.5
            beta1, beta2 = betas.unbind()
            correction1, correction2 = (1 - betas**self.t).unbind()
            epsilon, root = 10 ** h[3], correction2.sqrt()
            m, v = torch.lerp(g, self.m, beta1), torch.lerp(g * g, self.v, beta2)
            scale = h[0] * root / correction1
        self.m, self.v = m.detach(), v.detach()
        return torch.addcmul(p, scale, m / (v.sqrt() + epsilon * root), value=-1)


RULES = {"sgd": SGD, "adam": Adam, "adam_alpha": Adam}


class Tower:
    """The levels and what they tune: `parameters[k]` moves by `levels[k]`."""

    def __init__(self, levels, weights):
        self.shapes = [w.shape for w in weights]
        self.sizes = [w.numel() for w in weights]
        self.levels = [RULES[level.rule](level) for level in levels]
        flat = torch.cat([w.flatten() for w in weights])
        tuned = [on.tensor(level.raw) for level in levels[:-1]]
        self.parameters = [p.requires_grad_() for p in [flat, *tuned]]
        self.gradients = None

    @property
    def weights(self):
        parts = self.parameters[0].split(self.sizes)
        return [part.view(shape) for part, shape in zip(parts, self.shapes)]

    def step(self, images, labels):
        """Adjusts by the gradients of the step before, and returns the loss of this one."""
        if self.gradients is not None:
            self.adjust()
        loss = on.loss_of(self.weights, images, labels)
        first = self.gradients is None
        used = self.parameters[:1] if first else self.parameters
        self.gradients = torch.autograd.grad(loss, used)
        if first:
            self.gradients += tuple(torch.zeros_like(p) for p in self.parameters[1:])
        return loss.detach()

    def adjust(self):
        """Applies every rule, from the top down."""
        top = len(self.levels) - 1
        moved = None
        for k in range(top, -1, -1):
            p, g = self.parameters[k].detach(), self.gradients[k]
            if k == top:
                moved = self.levels[k].constant(p, g).requires_grad_()
            else:
                moved = self.levels[k].tunable(p, g, moved)
            self.parameters[k] = moved


class Run:
    data = None

    def __init__(self, levels):
        Run.data = Run.data or on.batches()
        self.levels = levels
        self.initial = [on.tensor(w) for w in problem.initial_weights()]

    def reset(self):
        self.tower = Tower(self.levels, self.initial)
        on.synchronize()

    def steps(self):
        losses = [self.tower.step(x, y) for x, y in zip(*Run.data)]
        on.synchronize()
        return losses

    def losses(self, losses):
        return torch.stack(losses).tolist()


if __name__ == "__main__":
    serve(lambda: on.describe("torch_eager"), Run)
