"""Times a training step of whole models by ours and by every peer, interleaved.

    make bench-peers ARGS="--models cnn,lstm,gpt,resnet20 --rounds 5"

In each round ours and the peers take their turns at each model, one process at a time, with 40
steps each. A round before the first prepares: only its times to prepare count, and the losses of its
40 steps, which are compared. Results go to `models.json` and `models.md`.
"""

import json
import sys

import machine
import model_processes
import model_report
from model_agreement import agreement
from models import OPTIMIZERS
from processes import Ours, Quiet, Unanswered, say

PACKAGES = ("torch", "jax", "jaxlib", "numpy")


class Measurements:
    """All numbers of a run, each table by who, model and optimizer.

    `times` has a list of milliseconds, one a round; `losses` a list of those of the first 40 steps,
    of which ours tells the last alone.
    """

    def __init__(self):
        self.times, self.preparation, self.losses, self.left_out = {}, {}, {}, {}
        self.peaks = []  # GFLOP/s of multiply-adds, one a round
        self.device = None

    def note(self, table, who, model, optimizer, value):
        getattr(self, table).setdefault(who, {}).setdefault(model, {})[optimizer] = value

    def add_time(self, who, model, optimizer, milliseconds):
        of_model = self.times.setdefault(who, {}).setdefault(model, {})
        of_model.setdefault(optimizer, []).append(milliseconds)

    def is_left_out(self, who, model, optimizer):
        return optimizer in self.left_out.get(who, {}).get(model, {})


def turn_of_ours(ours, model, results, counts):
    notations = [o.notation for o in OPTIMIZERS.values()]
    for optimizer, row in zip(OPTIMIZERS, ours.bench_model(model, notations), strict=True):
        if counts:
            results.add_time("ours", model, optimizer, row["median_ms"])
        results.note("losses", "ours", model, optimizer, [row["final_loss"]])
        results.device = f"{row['device']}, schedules {row['schedules']}"


def turn_of_peer(name, worker, model, results, counts):
    for optimizer, chosen in OPTIMIZERS.items():
        if not worker.peer.can_take(len(chosen.levels) - 1):
            continue
        if results.is_left_out(name, model, optimizer):
            continue
        command = {"model": model, "optimizer": optimizer}
        try:
            answer = worker.ask(command | {"timed": counts, "repeats": 1})
        except Unanswered as reason:
            say(f"{name}, {model}, {optimizer}: {reason}")
            results.note("left_out", name, model, optimizer, str(reason))
            continue
        if counts:
            results.add_time(name, model, optimizer, answer["milliseconds"])
        if "losses" in answer:
            results.note("losses", name, model, optimizer, answer["losses"])
            results.note("preparation", name, model, optimizer, answer["preparation_s"])


def check(models, ours, workers):
    """Compares the losses of the first 40 steps; True if all agree."""
    good = True
    for model in models:
        results = Measurements()
        turn_of_ours(ours, model, results, counts=False)
        for name, worker in workers.items():
            turn_of_peer(name, worker, model, results, counts=False)
        good &= not results.left_out
        for row in agreement(results.losses):
            good &= row.is_fine
            print(row, flush=True)
    return good


def measured(arguments, ours, workers):
    """Runs all rounds and returns what they tell, as `models.json` has it."""
    results, quiet = Measurements(), Quiet()
    for turn in range(arguments.rounds + 1):
        say(f"round {turn} of {arguments.rounds}" if turn else "preparing")
        for model in arguments.models:
            quiet.wait()
            turn_of_ours(ours, model, results, counts=turn > 0)
            for name, worker in workers.items():
                quiet.wait()
                turn_of_peer(name, worker, model, results, counts=turn > 0)
        if turn > 0:
            quiet.wait()
            results.peaks.append(ours.floor()["fma_peak_gflops"])
    return machine.facts(PACKAGES) | {
        "device": results.device,
        "driver": arguments.driver or "the system's",
        "rounds": arguments.rounds,
        "models": arguments.models,
        "peers": {n: {"title": w.peer.title} | (w.description or {}) for n, w in workers.items()},
        "milliseconds": results.times,
        "preparation_seconds": results.preparation,
        "losses": results.losses,
        "left_out": results.left_out,
        "fma_peak_gflops": results.peaks,
        "turns": quiet.turns,
        "disturbed_turns": quiet.disturbed,
    }


def main(arguments, workers, variables):
    """Does what the options ask for; raises Unanswered if ours fails."""
    ours = Ours(arguments.command, arguments.device, variables)
    if arguments.check:
        sys.exit(0 if check(arguments.models, ours, workers) else 1)
    data = measured(arguments, ours, workers)
    if arguments.processes:
        for worker in workers.values():
            worker.end()
        say("whole processes")
        data["processes"] = model_processes.measured(
            arguments.models, arguments.rounds, ours, variables, Quiet()
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "models.json").write_text(json.dumps(data, indent=1) + "\n")
    text = model_report.markdown(data)
    (arguments.out / "models.md").write_text(text)
    print(text)
    say(f"written to {arguments.out}")
