"""PyTorch, eager, with the optimizers it comes with, fused: plain SGD and Adam, without a tower.

Timed: 40 steps, each an adjustment (but for the first), forward and backward.
"""

import problem
import torch
import torch_device as on
from worker import serve


class Run:
    data = None

    def __init__(self, levels):
        if len(levels) > 1:
            raise NotImplementedError("PyTorch's own optimizers have no towers")
        Run.data = Run.data or on.batches()
        self.level = levels[0]

    def reset(self):
        self.weights = [on.tensor(w).requires_grad_() for w in problem.initial_weights()]
        rule = torch.optim.SGD if self.level.rule == "sgd" else torch.optim.Adam
        self.optimizer = rule(self.weights, lr=self.level.alpha, fused=True)
        on.synchronize()

    def steps(self):
        losses = []
        for images, labels in zip(*Run.data):
            if losses:
                self.optimizer.step()
                self.optimizer.zero_grad()
            loss = on.loss_of(self.weights, images, labels)
            loss.backward()
            losses.append(loss.detach())
        on.synchronize()
        return losses

    def losses(self, losses):
        return torch.stack(losses).tolist()


if __name__ == "__main__":
    serve(lambda: on.describe("torch_optim"), Run)
