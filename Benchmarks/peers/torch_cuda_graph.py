"""PyTorch with CUDA graphs: the whole step, batch choice included, captured once and replayed.

Timed: 40 replays, the first of a graph without the adjustment, and a wait for the device.
"""

import problem
import torch
import torch_device as on
import torch_step
from worker import serve


def flat(tree):
    """The tensors in nested lists and tuples."""
    return [tree] if isinstance(tree, torch.Tensor) else [x for part in tree for x in flat(part)]


class Run:
    data = None

    def __init__(self, levels):
        Run.data = Run.data or [torch.stack(values) for values in on.batches()]
        self.levels = levels
        self.initial = flat(torch_step.initial_state(levels))
        self.state = torch_step.initial_state(levels)
        self.record = torch.zeros(problem.STEPS, device=on.device)
        self.first = self.captured(torch_step.first_step, adjustments=0)
        self.step = self.captured(torch_step.step, adjustments=1)

    @torch.no_grad()
    def captured(self, function, adjustments):
        def call():
            index = (self.state[0] + adjustments).long().reshape(1)
            images, labels = [values.index_select(0, index)[0] for values in Run.data]
            loss, after = function(self.levels, self.state, images, labels)
            self.record.index_copy_(0, index, loss.reshape(1))
            torch._foreach_copy_(flat(self.state), flat(after))

        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries set themselves up outside of the capture
            for _ in range(3):
                call()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            call()
        return graph.replay

    @torch.no_grad()
    def reset(self):
        torch._foreach_copy_(flat(self.state), self.initial)
        on.synchronize()

    def steps(self):
        self.first()
        for _ in range(problem.STEPS - 1):
            self.step()
        on.synchronize()
        return self.record

    def losses(self, record):
        return record.tolist()


if __name__ == "__main__":
    serve(lambda: on.describe("torch_cuda_graph"), Run)
