"""PyTorch eager as a whole process, for what a step's time does not tell.

`steps MODEL` trains a model for 40 steps with Adam, `epoch` the CNN on MNIST for an epoch, `generate
COUNT` draws so many symbols from the GPT, one after another, each from the last 64, and prints the
milliseconds that one takes: PyTorch's faster form of eager and compiled. The first process brings no
more than its own memory, the second what `hypertower train --model cnn --quiet` does.
"""

import sys
import time

import model_torch_eager
import problem
import torch
import torch_device as on
import torch_models
from models import MODELS, OPTIMIZERS, Task


def steps(name):
    run = model_torch_eager.Run(Task(name, OPTIMIZERS["adam"].levels))
    run.reset()
    print(run.losses(run.steps())[-1])


def images_and_labels(part):
    images, labels = problem.mnist(part)
    return on.tensor(images).view(-1, 1, 28, 28), on.tensor(labels, torch.int64)


def epoch():
    torch.manual_seed(0)
    images, labels = images_and_labels("train")
    model = torch_models.CNN().to(on.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    for index in torch.randperm(len(images), device=on.device).split(MODELS["cnn"].batch):
        optimizer.zero_grad()
        torch_models.loss_of(model(images[index]), labels[index]).backward()
        optimizer.step()
    images, labels = images_and_labels("t10k")
    with torch.no_grad():
        right = sum(
            (model(x).argmax(1) == y).sum()
            for x, y in zip(images.split(1000), labels.split(1000), strict=True)
        )
    print(f"test accuracy {100 * right.item() / len(images):.2f} %")


def drawn(model, count):
    """Seconds to draw symbols; the window is filled up with zeros, which a causal model does not see."""
    window = MODELS["gpt"].sample[0]
    known = [0]
    start = time.perf_counter()
    for _ in range(count):
        last = known[-window:]
        inputs = torch.tensor([last + [0] * (window - len(last))], device=on.device)
        chances = torch.softmax(model(inputs)[0, len(last) - 1], 0)
        known.append(torch.multinomial(chances, 1).item())
    return time.perf_counter() - start


@torch.inference_mode()
def generate(count):
    model = torch_models.module("gpt").eval()
    best = float("inf")
    for form in (model, torch.compile(model)):
        drawn(form, 100)
        best = min(best, drawn(form, count))
    print(1000 * best / count)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    {"steps": steps, "epoch": epoch, "generate": lambda n: generate(int(n))}[what](*rest)
