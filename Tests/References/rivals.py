"""Writes rivals.json: trajectories of optimizers that other people's packages implement, in float64.

python3 -m pip install torch prodigyopt==1.1.2 dadaptation==3.2 schedulefree==1.4.1 && python3 rivals.py

A network 6–5–3 with tanh after both layers and a log-softmax, 24 random samples in batches of 8, in order. For
each optimizer: the loss of every step, before the step, and at the end the loss over all samples that evaluation
gives. DoG is written from its paper.
"""
import json
import pathlib
import dadaptation
import prodigyopt
import schedulefree
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
STEPS, BATCH = 60, 8
x = torch.rand(24, 6) * 2 - 1
# What Hypertower reads is float32.
x = x.float().double()
labels = torch.randint(0, 3, (24,))
initial = [torch.rand(5, 6) - 0.5, torch.rand(5) - 0.5, torch.rand(3, 5) - 0.5, torch.rand(3) - 0.5]
initial = [w.float().double() for w in initial]


class DoG(torch.optim.Optimizer):
    """Ivgi, Hinder and Carmon, arXiv 2302.12022, algorithm 1, with r_ε = 1e-6 (1 + ‖x0‖)."""

    def __init__(self, parameters):
        super().__init__(parameters, {})
        self.first = [p.detach().clone() for p in self.param_groups[0]["params"]]
        self.distance = 1e-6 * (1 + sum((p * p).sum() for p in self.first).sqrt())
        self.squares = 0.0

    @torch.no_grad()
    def step(self):
        parameters = self.param_groups[0]["params"]
        moved = sum(((p - q) ** 2).sum() for p, q in zip(parameters, self.first)).sqrt()
        self.distance = max(self.distance, moved)
        self.squares = self.squares + sum((p.grad ** 2).sum() for p in parameters)
        for p in parameters:
            p -= self.distance / (self.squares + 1e-8) ** 0.5 * p.grad


def loss_of(weights, rows):
    hidden = torch.tanh(x[rows] @ weights[0].T + weights[1])
    output = torch.tanh(hidden @ weights[2].T + weights[3]).log_softmax(1)
    return -output.gather(1, labels[rows, None]).mean()


def run(make):
    weights = [torch.nn.Parameter(w.clone()) for w in initial]
    optimizer = make(weights)
    if hasattr(optimizer, "train"):
        optimizer.train()
    losses = []
    for step in range(STEPS):
        start = step * BATCH % len(x)
        loss = loss_of(weights, slice(start, start + BATCH))
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    return {"losses": losses, "final_loss": loss_of(weights, slice(None)).item()}


runs = {
    "prodigy()": prodigyopt.Prodigy,
    "prodigy(0.5, d0=1e-4, beta1=0.8)": lambda w: prodigyopt.Prodigy(
        w, lr=0.5, d0=1e-4, betas=(0.8, 0.999)),
    "dadapt_adam()": lambda w: dadaptation.DAdaptAdam(w),
    "dadapt_adam(0.5, d0=1e-3, beta2=0.99)": lambda w: dadaptation.DAdaptAdam(
        w, lr=0.5, d0=1e-3, betas=(0.9, 0.99)),
    "schedule_free_adam()": lambda w: schedulefree.AdamWScheduleFree(w),
    "schedule_free_adam(0.05, beta1=0.95)": lambda w: schedulefree.AdamWScheduleFree(
        w, lr=0.05, betas=(0.95, 0.999)),
    "dog()": DoG,
}
result = {
    "features": x.flatten().tolist(),
    "labels": labels.tolist(),
    "weights": dict(zip(["w1", "b1", "w2", "b2"], [w.flatten().tolist() for w in initial])),
    "batch": BATCH,
    "runs": {name: run(make) for name, make in runs.items()},
}
pathlib.Path(__file__).with_name("rivals.json").write_text(json.dumps(result))
for name, found in result["runs"].items():
    print(name, found["losses"][0], found["losses"][-1], found["final_loss"])
