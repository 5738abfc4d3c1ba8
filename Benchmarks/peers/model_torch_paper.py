"""PyTorch, eager: a whole model under a tower as the paper's published library computes it.

The levels are those of `torch_paper.py`. As in that library, a module's parameters are tensors that
the level above has computed, put in their places before each forward pass.

Timed: 40 steps, each an adjustment (except the first), forward and backward.
"""

import torch
import torch_device as on
import torch_models
import torch_paper
from models import task
from worker import serve


class Run(torch_paper.Run):
    def __init__(self, task):
        self.levels = task.levels
        self.batches = torch_models.batches(task.model)
        self.module = torch_models.module(task.model)
        self.parameters = {n: p.detach() for n, p in self.module.named_parameters()}
        self.states = {n: s.clone() for n, s in self.module.named_buffers()}

    def initial_weights(self):
        for name, state in self.module.named_buffers():
            state.copy_(self.states[name])
        return {name: p.clone() for name, p in self.parameters.items()}

    def loss_of(self, inputs, classes):
        outputs = torch.func.functional_call(self.module, self.weights, inputs)
        return torch_models.loss_of(outputs, classes)


if __name__ == "__main__":
    serve(lambda: on.describe("torch_paper"), Run, task)
