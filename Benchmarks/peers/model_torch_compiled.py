"""PyTorch with forward and backward under torch.compile, and `torch.optim` (fused) after them.

torch.compile leaves an LSTM as it is and compiles what is around it. `TORCH_COMPILE_MODE` names
the mode: default, reduce-overhead, or max-autotune.

Timed: 40 times forward, backward and an adjustment.
"""

import model_torch_eager
import torch
import torch_device as on
from models import task
from torch_compiled import MODE
from worker import serve


class Run(model_torch_eager.Run):
    def __init__(self, task):
        super().__init__(task)
        options = {"mode": MODE, "dynamic": False, "isolate_recompiles": True}
        self.loss_of = torch.compile(self.loss_of, **options)


if __name__ == "__main__":
    serve(lambda: {**on.describe("torch_compiled"), "mode": MODE}, Run, task)
