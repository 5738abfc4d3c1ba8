"""Where PyTorch's peers compute, and the data there."""

import os

import numpy as np
import problem
import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))


def tensor(values, dtype=torch.float32):
    return torch.tensor(np.asarray(values), dtype=dtype, device=device)


def batches():
    images, labels = problem.batches()
    return tensor(images).unbind(), tensor(labels, torch.int64).unbind()


def synchronize():
    if device.type == "cuda":
        torch.cuda.synchronize()


def describe(name):
    on = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return {"peer": name, "version": f"torch {torch.__version__}", "device": on}


def loss_of(weights, images, labels):
    """The mean loss of a batch: images [batch, 784], labels [batch]."""
    w1, b1, w2, b2 = weights
    hidden = torch.tanh(torch.addmm(b1, images, w1.t()))
    output = torch.tanh(torch.addmm(b2, hidden, w2.t()))
    return torch.nn.functional.cross_entropy(output, labels)
