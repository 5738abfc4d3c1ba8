"""PyTorch, eager: a whole model with `torch.optim` (fused), each step in the usual order.

Timed: 40 times forward, backward and an adjustment.
"""

import copy

import problem
import torch
import torch_device as on
import torch_models
from models import task
from worker import serve


def optimizer(level, parameters):
    """PyTorch's own, fused; Adam's v starts at epsilon, as in a tower."""
    if level.rule == "sgd":
        return torch.optim.SGD(parameters, lr=level.alpha, fused=True)
    result = torch.optim.Adam(
        parameters, lr=level.alpha, betas=problem.BETAS, eps=problem.EPSILON, fused=True
    )
    for p in parameters:
        result.state[p] = {
            "step": on.tensor(0),
            "exp_avg": torch.zeros_like(p),
            "exp_avg_sq": torch.full_like(p, problem.EPSILON),
        }
    return result


class Run:
    def __init__(self, task):
        if len(task.levels) > 1:
            raise NotImplementedError("PyTorch's own optimizers have no towers")
        self.level = task.levels[0]
        self.batches = torch_models.batches(task.model)
        self.module = torch_models.module(task.model)
        self.initial = copy.deepcopy(self.module.state_dict())

    def reset(self):
        self.module.load_state_dict(self.initial)
        self.optimizer = optimizer(self.level, list(self.module.parameters()))
        on.synchronize()

    def loss_of(self, inputs, classes):
        return torch_models.loss_of(self.module(inputs), classes)

    def steps(self):
        losses = []
        for inputs, classes in zip(*self.batches):
            self.optimizer.zero_grad()
            loss = self.loss_of(inputs, classes)
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        on.synchronize()
        return losses

    def losses(self, losses):
        return torch.stack(losses).tolist()


if __name__ == "__main__":
    serve(lambda: on.describe("torch_eager"), Run, task)
