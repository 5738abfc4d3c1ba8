"""Writes rivals.json: trajectories of optimizers that other people's packages implement, in float64.

python3 -m pip install torch "jax[cpu]" optax prodigyopt==1.1.2 dadaptation==3.2 schedulefree==1.4.1 && python3 rivals.py

Adam's relatives are those of PyTorch 2.15 and optax 0.2.8. So is Adafactor: optax's steps, with PyTorch's decoupled
decay and relative steps. Muon is PyTorch's, which is kept from rounding to bfloat16.

A network 6–5–3 with tanh after both layers and a log-softmax, 24 random samples in batches of 8, in order. For
each optimizer: the loss of every step, before the step, and at the end the loss over all samples that evaluation
gives. DoG and Mechanic are written from their papers.
"""
import json
import pathlib
import dadaptation
import jax
import optax
import prodigyopt
import schedulefree
import torch

jax.config.update("jax_enable_x64", True)
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


class Mechanic(torch.optim.Optimizer):
    """Cutkosky, Defazio and Mehta, arXiv 2306.00144, algorithm 1, with |h| for h in the maximum, as in its authors'
    implementations: with h the scale stays 0 as long as delta leads downhill. `base` makes steps of gradients."""

    def __init__(self, parameters, base, decay=0.01, s_init=1e-8):
        super().__init__(parameters, {})
        parameters = self.param_groups[0]["params"]
        self.base, self.decay, self.s_init = base, decay, s_init
        self.reference = [p.detach().clone() for p in parameters]
        self.delta = [torch.zeros_like(p) for p in parameters]
        self.betas = 1 - 0.1 ** torch.arange(1, 7)
        self.m, self.v, self.r, self.s = (torch.zeros(6) for _ in range(4))

    @torch.no_grad()
    def step(self):
        parameters = self.param_groups[0]["params"]
        gradients = [p.grad for p in parameters]
        norm = lambda xs: sum((x * x).sum() for x in xs).sqrt()
        pull = self.decay * self.s.sum() * norm(gradients) / norm(parameters)
        h = sum((d * (g + pull * p)).sum() for d, g, p in zip(self.delta, gradients, parameters))
        self.m = torch.maximum(self.betas * self.m, h.abs())
        self.v = self.betas ** 2 * self.v + h ** 2
        self.r = torch.clamp(self.betas * self.r - self.s * h, min=0)
        self.s = (self.s_init / 6 * self.m + self.r) / (self.v.sqrt() + 1e-8)
        self.delta = [d + u for d, u in zip(self.delta, self.base(gradients))]
        for p, start, d in zip(parameters, self.reference, self.delta):
            p.copy_(start + self.s.sum() * d)


class Optax(torch.optim.Optimizer):
    """One of optax's transformations of gradients."""

    def __init__(self, parameters, transformation):
        super().__init__(parameters, {})
        self.transformation = transformation
        self.moments = transformation.init(self.arrays(lambda p: p.detach()))

    def arrays(self, of):
        return [jax.numpy.array(of(p).numpy()) for p in self.param_groups[0]["params"]]

    @torch.no_grad()
    def step(self):
        changes, self.moments = self.transformation.update(
            self.arrays(lambda p: p.grad), self.moments, self.arrays(lambda p: p))
        for p, change in zip(self.param_groups[0]["params"], changes):
            p += torch.tensor(change.tolist())


class Lookahead(Optax):
    """optax's lookahead, which keeps fast and slow weights."""

    def __init__(self, parameters, fast, count, rate):
        torch.optim.Optimizer.__init__(self, parameters, {})
        self.transformation = optax.lookahead(fast, count, rate)
        start = self.arrays(lambda p: p.detach())
        self.both = optax.LookaheadParams(fast=start, slow=start)
        self.moments = self.transformation.init(self.both)

    @torch.no_grad()
    def step(self):
        changes, self.moments = self.transformation.update(
            self.arrays(lambda p: p.grad), self.moments, self.both)
        self.both = optax.apply_updates(self.both, changes)
        for p, fast in zip(self.param_groups[0]["params"], self.both.fast):
            p.copy_(torch.tensor(fast.tolist()))


def adafactor(lr, decay_rate=0.8, clip=1.0, eps1=1e-30):
    """optax's, which factors all matrices."""
    return optax.adafactor(
        lr, min_dim_size_to_factor=0, decay_rate=decay_rate, clipping_threshold=clip, eps=eps1)


class Muon(torch.optim.Optimizer):
    """PyTorch's for the weights, in float64, and its AdamW for the biases."""

    def __init__(self, parameters, lr, **options):
        super().__init__(parameters, {})
        own = self.param_groups[0]["params"]
        self.parts = [
            torch.optim.Muon([p for p in own if p.dim() == 2], lr=lr, **options),
            torch.optim.AdamW([p for p in own if p.dim() < 2], lr=0.01)]

    def step(self):
        rounding = torch.bfloat16
        torch.bfloat16 = torch.float64
        for part in self.parts:
            part.step()
        torch.bfloat16 = rounding


def clip_each(bound):
    """Clips each of the four tensors by its own norm."""
    return optax.chain(*[
        optax.masked(optax.clip_by_global_norm(bound), [j == i for j in range(4)])
        for i in range(4)])


class AdamStep:
    """Steps of Adam, whose mean of squares starts at ε, as Hypertower's does."""

    def __init__(self, lr=1.0, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = None, None, 0

    def __call__(self, gradients):
        self.m = self.m or [torch.zeros_like(g) for g in gradients]
        self.v = self.v or [torch.full_like(g, self.eps) for g in gradients]
        self.t += 1
        self.m = [self.beta1 * m + (1 - self.beta1) * g for m, g in zip(self.m, gradients)]
        self.v = [self.beta2 * v + (1 - self.beta2) * g * g for v, g in zip(self.v, gradients)]
        first, second = 1 - self.beta1 ** self.t, 1 - self.beta2 ** self.t
        return [-self.lr * (m / first) / ((v / second).sqrt() + self.eps)
                for m, v in zip(self.m, self.v)]


class SGDStep:
    """Steps of SGD with momentum."""

    def __init__(self, lr=1.0, momentum=0.0):
        self.lr, self.momentum, self.b = lr, momentum, None

    def __call__(self, gradients):
        self.b = self.b or [torch.zeros_like(g) for g in gradients]
        self.b = [self.momentum * b + g for b, g in zip(self.b, gradients)]
        return [-self.lr * b for b in self.b]


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
    "mechanic()": lambda w: Mechanic(w, AdamStep()),
    "mechanic(0.5, beta1=0.8, lambda=0.1, s_init=1e-5)": lambda w: Mechanic(
        w, AdamStep(0.5, beta1=0.8), decay=0.1, s_init=1e-5),
    "mechanic_sgd()": lambda w: Mechanic(w, SGDStep()),
    "mechanic_sgd(2, momentum=0.9, s_init=1e-3)": lambda w: Mechanic(
        w, SGDStep(2, momentum=0.9), s_init=1e-3),
    "adamw(0.01)": lambda w: torch.optim.AdamW(w, lr=0.01),
    "adamw(0.05, beta1=0.8, beta2=0.99, eps=1e-4, weight_decay=0.1)": lambda w: torch.optim.AdamW(
        w, lr=0.05, betas=(0.8, 0.99), eps=1e-4, weight_decay=0.1),
    "nadam(0.01)": lambda w: torch.optim.NAdam(w, lr=0.01),
    "nadam(0.05, beta1=0.8, beta2=0.99, eps=1e-4, momentum_decay=0.1)": lambda w:
        torch.optim.NAdam(w, lr=0.05, betas=(0.8, 0.99), eps=1e-4, momentum_decay=0.1),
    "radam(0.05)": lambda w: torch.optim.RAdam(w, lr=0.05),
    "radam(0.05, beta1=0.8, beta2=0.9, eps=1e-4)": lambda w: torch.optim.RAdam(
        w, lr=0.05, betas=(0.8, 0.9), eps=1e-4),
    "radam(0.05, beta2=0.5)": lambda w: torch.optim.RAdam(w, lr=0.05, betas=(0.9, 0.5)),
    "amsgrad(0.01)": lambda w: torch.optim.Adam(w, lr=0.01, amsgrad=True),
    "amsgrad(0.05, beta1=0.8, beta2=0.9, eps=1e-4)": lambda w: torch.optim.Adam(
        w, lr=0.05, betas=(0.8, 0.9), eps=1e-4, amsgrad=True),
    "adabelief(0.01)": lambda w: Optax(w, optax.adabelief(0.01)),
    "adabelief(0.02, beta1=0.8, beta2=0.99, eps=1e-6)": lambda w: Optax(
        w, optax.adabelief(0.02, b1=0.8, b2=0.99, eps=1e-6, eps_root=1e-6)),
    "lamb(0.01)": lambda w: Optax(w, optax.lamb(0.01)),
    "lamb(0.05, beta1=0.8, beta2=0.99, eps=1e-4, weight_decay=0.1)": lambda w: Optax(
        w, optax.lamb(0.05, b1=0.8, b2=0.99, eps=1e-4, weight_decay=0.1)),
    "adafactor(0.05)": lambda w: Optax(w, adafactor(0.05)),
    "adafactor(0.2, decay_rate=0.5, clip=0.5, eps1=0.001)": lambda w: Optax(
        w, adafactor(0.2, decay_rate=0.5, clip=0.5, eps1=1e-3)),
    "adafactor(0.3, weight_decay=0.1, clip=2, eps2=0.4, relative_step=true)": lambda w:
        torch.optim.Adafactor(w, lr=0.3, weight_decay=0.1, d=2, eps=(1e-30, 0.4)),
    "clip_global_norm(0.2) | adafactor(0.05) | lookahead(5)": lambda w: Lookahead(
        w, optax.chain(optax.clip_by_global_norm(0.2), adafactor(0.05)), 5, 0.5),
    "weights: muon(0.05); else: adamw(0.01)": lambda w: Muon(w, lr=0.05),
    "weights: muon(0.1, momentum=0.8, weight_decay=0.3, nesterov=false); else: adamw(0.01)":
        lambda w: Muon(w, lr=0.1, momentum=0.8, weight_decay=0.3, nesterov=False),
    "l2(0.1) | sgd(0.1, momentum=0.9)": lambda w: torch.optim.SGD(
        w, lr=0.1, momentum=0.9, weight_decay=0.1),
    "sgd(0.1, momentum=0.9) | weight_decay(0.1)": lambda w: Optax(w, optax.chain(
        optax.trace(0.9), optax.add_decayed_weights(0.1), optax.scale(-0.1))),
    "amsgrad(0.01) | weight_decay(0.1)": lambda w: torch.optim.AdamW(
        w, lr=0.01, weight_decay=0.1, amsgrad=True),
    "clip_value(0.02) | sgd(0.2, momentum=0.9)": lambda w: Optax(w, optax.chain(
        optax.clip(0.02), optax.sgd(0.2, momentum=0.9))),
    "clip_norm(0.1) | sgd(0.2, momentum=0.9)": lambda w: Optax(w, optax.chain(
        clip_each(0.1), optax.sgd(0.2, momentum=0.9))),
    "clip_global_norm(0.2) | adamw(0.05)": lambda w: Optax(w, optax.chain(
        optax.clip_by_global_norm(0.2), optax.adamw(0.05, weight_decay=0.01))),
    "accumulate(3) | clip_global_norm(0.2) | adamw(0.05)": lambda w: Optax(w, optax.MultiSteps(
        optax.chain(optax.clip_by_global_norm(0.2), optax.adamw(0.05, weight_decay=0.01)), 3)),
    "adamw(0.05) | lookahead(5)": lambda w: Lookahead(
        w, optax.adamw(0.05, weight_decay=0.01), 5, 0.5),
    "sgd(0.3) | weight_decay(0.1) | lookahead(4, slow_rate=0.3)": lambda w: Lookahead(
        w, optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.3)), 4, 0.3),
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
