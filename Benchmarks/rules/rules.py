"""Rules that move Adam's step size: each is a class whose `move` gives the factor by which it is multiplied.

g is the gradient of now, u the direction of the last step (w ← w − α·u), w the weights of now.
"""

import math

import torch


def cosine(x, y):
    """Of the angle between x and y; 0 where one of them is 0."""
    length = (x.norm() * y.norm()).item()
    return torch.dot(x, y).item() / length if length > 0 else 0.0


class Constant:
    """The step size stays."""

    def move(self, g, u, w):
        return 1.0


class OneStep:
    """`kesten()`: the cosine with the last step, a gain that falls where its mean changes the sign."""

    def __init__(self, gain="sign changes"):
        self.mean, self.sign_changes, self.moves, self.gain = None, 0, 0, gain

    def step(self, c):
        self.moves += 1
        last, self.mean = self.mean, c if self.mean is None else self.mean + 0.1 * (c - self.mean)
        if last is not None and last * self.mean < 0:
            self.sign_changes += 1
        return math.exp(c * self.factor())

    def factor(self):
        n, changes = self.moves, self.sign_changes
        return {
            "sign changes": 1 / (1 + changes), "3": 3 / (1 + changes), "10": 10 / (1 + changes),
            "root of sign changes": 1 / math.sqrt(1 + changes), "1": 1,
            "30/n": min(1, 30 / n), "10/n": min(1, 10 / n),
            "root 20/n": min(1, math.sqrt(20 / n)), "root 5/n": min(1, math.sqrt(5 / n)),
            "root 20/(20+n)": math.sqrt(20 / (20 + n)),
        }[self.gain]

    def move(self, g, u, w):
        return self.step(cosine(g, u))


class Displacement(OneStep):
    """The cosine with the distance of the weights from their mean over the run; `power` 1: over its last half, about."""

    def __init__(self, gain="sign changes", power=0):
        super().__init__(gain)
        self.reference, self.power = None, power

    def begin(self, w):
        self.reference = w.clone()

    def move(self, g, u, w):
        n = self.moves + 1
        self.reference += (self.power + 1) / (n + self.power + 1) * (w - self.reference)
        return self.step(-cosine(g, w - self.reference))


class Run(OneStep):
    """The derivatives by a step size that all steps have in common, less their mean: `drift()` with all its parts.

    `trust`: how far the cosine may lie from that of the last step, `smoothed`: from a mean of that over ten steps.
    `restart`: the cosine below −`restart` begins the sum anew. `rests`: whether α grows only while ‖E‖ ≤ 2·n·‖J‖.
    """

    def __init__(self, trust=0.2, smoothed=False, restart=None, rests=True):
        super().__init__("root 20/n")
        self.sum, self.count, self.last = None, 0, None
        self.trust, self.smoothed, self.restart, self.rests = trust, smoothed, restart, rests

    def move(self, g, u, w):
        self.count += 1
        self.sum = -u if self.sum is None else (1 - 1 / self.count) * self.sum - u
        c, s = -cosine(g, self.sum), cosine(g, u)
        if self.smoothed:
            self.last = s = s if self.last is None else self.last + 0.1 * (s - self.last)
        if self.trust is not None:
            c = min(max(c, s - self.trust), s + self.trust)
        if self.rests and self.sum.norm() > 2 * (self.moves + 1) * u.norm():
            c = min(c, 0)
        if self.restart is not None and c < -self.restart:
            self.sum, self.count = None, 0
        return self.step(c)


ALL = {
    "constant": Constant,
    "one step": OneStep,
    "run": Displacement,
    "last half": lambda: Displacement(power=1),
    "run, gain 3/(1+N)": lambda: Displacement("3"),
    "run, gain 10/(1+N)": lambda: Displacement("10"),
    "run, gain 1/√(1+N)": lambda: Displacement("root of sign changes"),
    "run, gain 1": lambda: Displacement("1"),
    "run, gain min(1, 30/n)": lambda: Displacement("30/n"),
    "run, gain min(1, 10/n)": lambda: Displacement("10/n"),
    "run, gain min(1, √(20/n))": lambda: Displacement("root 20/n"),
    "run, gain min(1, √(5/n))": lambda: Displacement("root 5/n"),
    "run, gain √(20/(20+n))": lambda: Displacement("root 20/(20+n)"),
    "derivatives": lambda: Run(trust=None, rests=False),
    "derivatives, begun anew": lambda: Run(trust=None, restart=0.2, rests=False),
    "derivatives, bound 0.1 of a mean": lambda: Run(0.1, smoothed=True, rests=False),
    "derivatives, bound 0.2": lambda: Run(rests=False),
    "drift": Run,
}
