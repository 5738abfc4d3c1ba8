"""Tries rules for Adam's step size on small problems; a table of what the average of the weights scores.

    python3 -m pip install torch
    python3 Benchmarks/rules/run.py                        # all rules on the problems of Docs/Tuning.md
    python3 Benchmarks/rules/run.py --rules drift "one step" --problems relu --starts 1e-8 1e-3
    python3 Benchmarks/rules/run.py --cosines              # cosines at constant step sizes

One thread, so that numbers repeat.
"""

import argparse
import math

import problems
import rules
import torch

MNIST = ["mnist-128", "mnist-32", "small-batch", "relu", "raw-pixels"]


def train(problem, rule, start, seed=0, limit=1e-3, watch=None):
    """The score of the polynomial average of the weights after a run, and the last step size."""
    parts = problem.parameters(seed)
    shapes = [part.shape for part in parts]

    def split(w):
        return [x.reshape(s) for x, s in zip(w.split([s.numel() for s in shapes]), shapes)]

    w = torch.cat([part.flatten() for part in parts])
    m, v, average, u, alpha = torch.zeros_like(w), torch.zeros_like(w), w.clone(), None, start
    if hasattr(rule, "begin"):
        rule.begin(w)
    for step in range(problem.steps):
        leaves = [x.clone().requires_grad_() for x in split(w)]
        loss = problem.loss(leaves, step)
        if not math.isfinite(loss.item()):
            return math.nan, alpha
        g = torch.cat([x.flatten() for x in torch.autograd.grad(loss, leaves)])
        if watch and u is not None:
            watch(g, u, w)
        if u is not None:
            alpha *= rule.move(g, u, w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        n = step + 1
        u = m / (1 - 0.9**n) / ((v / (1 - 0.999**n)).sqrt() + 1e-8)
        if step == 0 and limit:
            promise = torch.dot(g, u).item()
            alpha = min(alpha, limit * abs(loss.item()) / promise) if promise > 0 else alpha
        w = w - alpha * u
        average = w.clone() if step == 0 else average + 9 / (n + 8) * (w - average)
    with torch.no_grad():
        return problem.score(split(average)), alpha


def table(header, rows):
    print("| " + " | ".join(header) + " |\n|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def cosines(names):
    """The means over a run's second half at constant step sizes: with the last step, and over the run."""

    def rows():
        for name in names:
            for alpha in [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]:
                problem, run, found = problems.ALL[name](), rules.Displacement(), []
                begun = []

                def watch(g, u, w):
                    if not begun:
                        begun.append(run.begin(start))
                    run.move(g, u, w)
                    found.append((rules.cosine(g, u), -rules.cosine(g, w - run.reference)))

                start = torch.cat([x.flatten() for x in problem.parameters(0)])
                score, _ = train(problem, rules.Constant(), alpha, limit=None, watch=watch)
                half = torch.tensor(found[len(found) // 2 :]).mean(0)
                yield [name, f"{alpha:g}", f"{score:.4g}", f"{half[0]:.3f}", f"{half[1]:.3f}"]

    table(["problem", "α", "score", "last step", "run"], rows())


def best_constant(name):
    """The best of half decades of step sizes, each the mean of two seeds."""
    scores = {}
    for alpha in [10 ** (k / 2) for k in range(-8, 1)]:
        runs = [train(problems.ALL[name](), rules.Constant(), alpha, seed, None)[0] for seed in (0, 1)]
        scores[alpha] = sum(runs) / 2
    choose = max if problems.ALL[name]().higher_is_better else min
    alpha = choose((a for a in scores if not math.isnan(scores[a])), key=scores.get)
    return f"{scores[alpha]:.4g} at {alpha:.2g}"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--problems", nargs="+", choices=problems.ALL, default=MNIST)
    options.add_argument("--rules", nargs="+", choices=rules.ALL)
    options.add_argument("--starts", nargs="+", type=float, default=[1e-3])
    options.add_argument("--cosines", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(1)
    if given.cosines:
        return cosines(given.problems)

    def rows():
        if given.rules is None:
            yield ["best constant", ""] + [best_constant(name) for name in given.problems]
        for rule in given.rules or [name for name in rules.ALL if name != "constant"]:
            for start in given.starts:
                scores = [train(problems.ALL[name](), rules.ALL[rule](), start) for name in given.problems]
                yield [rule, f"{start:g}"] + [f"{score:.4g} (α {alpha:.2g})" for score, alpha in scores]

    table(["rule", "start"] + given.problems, rows())


if __name__ == "__main__":
    main()
