"""An epoch of MNIST with `adam_alpha() / adam()` in PyTorch eager, as a whole process.

Does what `hypertower train --quiet` does: reads the files, shuffles, trains on 200 batches of 300,
and prints the accuracy on the test set. What is timed is the process, its imports included.
"""

import problem
import torch
import torch_device as on
from torch_eager import Tower


def initial_weights():
    """Uniform in ±1/√in; biases 0."""
    weights = []
    for inputs, outputs in ((784, 128), (128, 10)):
        bound = inputs**-0.5
        weight = torch.empty(outputs, inputs, device=on.device)
        weights += [weight.uniform_(-bound, bound), torch.zeros(outputs, device=on.device)]
    return weights


def accuracy(weights, images, labels):
    w1, b1, w2, b2 = weights
    output = torch.tanh(torch.addmm(b1, images, w1.t())) @ w2.t() + b2
    return (output.argmax(1) == labels).float().mean().item()


def main():
    torch.manual_seed(0)
    images, labels = [torch.from_numpy(values).to(on.device) for values in problem.mnist()]
    labels = labels.long()
    tower = Tower(problem.parsed_tower("adam_alpha() / adam()"), initial_weights())
    for index in torch.randperm(len(images), device=on.device).split(problem.BATCH):
        tower.step(images[index], labels[index])
    tower.adjust()
    images, labels = [torch.from_numpy(values).to(on.device) for values in problem.mnist("t10k")]
    with torch.no_grad():
        print(f"test accuracy {100 * accuracy(tower.weights, images, labels):.2f} %")


main()
