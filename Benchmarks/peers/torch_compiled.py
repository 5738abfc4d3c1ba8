"""PyTorch with the whole step, adjustment to hypergradients, as one graph under torch.compile.

`TORCH_COMPILE_MODE` names the mode: default, reduce-overhead, or max-autotune.

Timed: 40 calls, the first without the adjustment.
"""

import os
from functools import partial

import torch
import torch_device as on
import torch_step
from worker import serve

MODE = os.environ.get("TORCH_COMPILE_MODE", "max-autotune")


class Run:
    data = None

    def __init__(self, levels):
        Run.data = Run.data or on.batches()
        self.initial = torch_step.initial_state(levels)

        def compiled(function):
            options = {
                "mode": MODE,
                "fullgraph": True,
                "dynamic": False,
                "isolate_recompiles": True,
            }
            return torch.compile(partial(function, levels), **options)

        self.first, self.step = compiled(torch_step.first_step), compiled(torch_step.step)

    def reset(self):
        self.state = self.initial
        on.synchronize()

    @torch.no_grad()
    def steps(self):
        losses, step = [], self.first
        for images, labels in zip(*Run.data):
            if on.device.type == "cuda":  # CUDA graphs reuse the memory of what they return
                torch.compiler.cudagraph_mark_step_begin()
            loss, self.state = step(self.state, images, labels)
            losses.append(loss)
            step = self.step
        on.synchronize()
        return losses

    def losses(self, losses):
        return torch.stack(losses).tolist()


if __name__ == "__main__":
    serve(lambda: {**on.describe("torch_compiled"), "mode": MODE}, Run)
