"""Times a training step of ours and of every peer by the height of the tower, interleaved.

    make bench-peers ARGS="--rounds 5 --heights 0,1,50"

In each round ours and the peers take their turns one after another, so that whatever else the
machine does slows all of them alike, and only one process computes at a time. A round before the
first prepares: it compiles, and only its times to prepare count. Results go to `peers.json`,
`peers.md`, and `peers.tsv`, which plot.gnuplot draws as `step-time.svg`.

With `--models`, whole models take the place of the dense network: see model_runs.py.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import machine
import model_runs
import problem
import report
from models import MODELS
from processes import (
    FRESH,
    HERE,
    MODEL_PEERS,
    PEERS,
    ROOT,
    VENV,
    Ours,
    Quiet,
    Unanswered,
    Worker,
    clear_fresh_caches,
    environment,
    say,
    timed_process,
    with_caches,
)

PACKAGES = ("torch", "jax", "jaxlib", "tinygrad", "numpy")
RULES = ("sgd", "adam")
GOLDEN = ("sgd", "sgd-sgd", "sgd-height-4", "sgd-adam", "adam", "adam-adam")
TOLERANCE = 1e-4  # of a golden loss, relative; float32 and float64 differ by up to 1e-6 there


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = lambda text: text.split(",") if text else []  # noqa: E731
    numbers = lambda text: [int(part) for part in text.split(",")]  # noqa: E731
    add = parser.add_argument
    add("--rounds", type=int, default=7, help="how often everything is timed (default: 7)")
    add("--heights", type=numbers, help="default: 0,1,2,5,10,20,50")
    peers = f"some of {','.join(PEERS)}, with --models of {','.join(MODEL_PEERS)}"
    add("--peers", type=names, help=f"{peers}; an empty text: ours alone")
    add(
        "--models",
        type=names,
        help=f"time whole models in place of the dense network: some of {','.join(MODELS)}",
    )
    add(
        "--processes",
        action="store_true",
        help="with --models, measure whole processes, too: memory, an epoch of the CNN, text of the GPT",
    )
    add("--device", help="where ours computes, as `hypertower devices` names it")
    add(
        "--driver",
        choices=["intel"],
        help="run ours and tinygrad on Intel's OpenCL driver for CPUs",
    )
    add("--tune", action="store_true", help="tune ours for its device first")
    add("--limit", type=float, default=180, help="seconds that a peer may take to prepare a tower")
    add("--epochs", type=int, help="how often a whole epoch is timed (default: 5)")
    add(
        "--check",
        action="store_true",
        help="compare the peers' losses with the golden ones, with --models with ours, only",
    )
    add("--command", default=ROOT / ".build/release/hypertower", help="ours")
    add("--out", type=Path, default=ROOT / ".build/bench-peers", help="a folder for the results")
    arguments = parser.parse_args()
    if arguments.models is None:
        if arguments.processes:
            parser.error("--processes is for whole models: add --models")
        arguments.heights = sorted(set(arguments.heights or [0, 1, 2, 5, 10, 20, 50]))
        arguments.epochs = 5 if arguments.epochs is None else arguments.epochs
        return arguments
    for name in ("heights", "epochs", "tune"):
        if getattr(arguments, name) not in (None, False):
            parser.error(f"--{name} is for the dense network: leave it out with --models")
    if unknown := [name for name in arguments.models if name not in MODELS]:
        parser.error(f"--models {','.join(unknown)}: known are {', '.join(MODELS)}")
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds} is out of range: it must be at least 1")
    if not arguments.models:
        parser.error(f"--models is empty: give some of {','.join(MODELS)}")
    return arguments


def chosen_peers(asked, peers):
    """The peers to run: those asked for, or all that can run here."""
    if asked is None:
        cuda = Path("/dev/nvidia0").exists()
        asked = [n for n, p in peers.items() if not p.optional and (cuda or not p.needs_cuda)]
    if unknown := set(asked) - set(peers):
        sys.exit(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(peers)}")
    return {name: peers[name] for name in asked}


def check(workers):
    """Compares the losses of the first 40 steps with the golden trajectories; True if all agree."""
    good = True
    for name, worker in workers.items():
        for golden in GOLDEN:
            levels, expected = problem.golden(golden)
            if not worker.peer.can_take(len(levels) - 1):
                continue
            try:
                losses = worker.ask({"golden": golden})["losses"]
                worst = max(abs(a - b) / b for a, b in zip(losses, expected, strict=True))
                # torch.optim's Adam lets v start at 0 rather than at epsilon
                fine = worst < (0.05 if name == "torch_optim" else TOLERANCE)
                verdict = f"{'agrees' if fine else 'DIFFERS'}, by {worst:.1e} at most"
            except Unanswered as reason:
                fine, verdict = False, f"FAILED: {reason}"
            good &= fine
            print(f"{name:16} {golden:14} {verdict}", flush=True)
        worker.end()
    return good


class Measurements:
    """All numbers of a run: `times[who][rule][height]` is a list, one time a round."""

    def __init__(self):
        self.times, self.preparation, self.left_out, self.floors = {}, {}, {}, {}
        self.final_loss = {}

    def note(self, table, who, rule, height, value):
        getattr(self, table).setdefault(who, {}).setdefault(rule, {})[str(height)] = value

    def add_time(self, who, rule, height, milliseconds):
        of_rule = self.times.setdefault(who, {}).setdefault(rule, {})
        of_rule.setdefault(str(height), []).append(milliseconds)

    def reason(self, who, rule, height):
        return self.left_out.get(who, {}).get(rule, {}).get(str(height))


def round_of_ours(ours, heights, results, counts, quiet):
    """On MNIST, four fifths of whose pixels are zeros that products leave out, and without zeros."""
    for who, data in (("ours", []), ("ours_dense", ["--no-zeros"])):
        quiet.wait()
        for row in ours.bench(heights, *data):
            if counts:
                results.add_time(who, row["tower"], row["height"], row["median_ms"])
                results.note("final_loss", who, row["tower"], row["height"], row["final_loss"])
            results.device = f"{row['device']}, schedules {row['schedules']}"
        floor = ours.floor(*data)
        if counts:
            results.floors.setdefault(who, []).append(floor)


def round_of_peer(name, worker, heights, results, counts):
    for rule in RULES:
        for index, height in enumerate(heights):
            if results.reason(name, rule, height) or not worker.peer.can_take(height):
                continue
            try:
                answer = worker.ask({"tower": rule, "height": height})
            except Unanswered as reason:
                say(f"{name}, {rule} at height {height}: {reason}")
                results.note("left_out", name, rule, height, str(reason))
                for taller in heights[index + 1 :]:
                    results.note("left_out", name, rule, taller, "not tried: a lower one failed")
                continue
            if counts:
                results.add_time(name, rule, height, answer["milliseconds"])
            else:
                results.note("preparation", name, rule, height, answer["preparation_s"])
            results.note("final_loss", name, rule, height, answer["final_loss"])


def whole_epochs(count, chosen, command, variables, quiet):
    """Seconds of whole processes that train for an epoch, interleaved: {title: [seconds]}."""
    device = ["--device", chosen] if chosen else []
    ours = [command, "train", "--quiet", "--optimizer", "adam_alpha() / adam()", *device]
    torch = [sys.executable, HERE / "torch_epoch.py"]
    times, last_lines = {}, {}
    for turn in range(count + 1):
        cold = FRESH / "cold"
        shutil.rmtree(cold, ignore_errors=True)
        empty = with_caches(variables, cold)
        for title, arguments, where in (
            ("ours, kernel caches empty", ours, empty),
            ("ours, kernels cached", ours, empty),  # by the run before
            ("PyTorch eager", torch, variables),
        ):
            quiet.wait()
            done = timed_process(arguments, where)
            last_lines[title] = done.last_line
            if turn > 0:  # the first turn brings the files into memory
                times.setdefault(title, []).append(done.seconds)
    return {"seconds": times, "last_line": last_lines}


def measured(arguments, ours, workers, quiet):
    """Runs all rounds and returns what they tell, as `peers.json` has it."""
    results = Measurements()
    for turn in range(arguments.rounds + 1):
        say(f"round {turn} of {arguments.rounds}" if turn else "preparing")
        round_of_ours(ours, arguments.heights, results, turn > 0, quiet)
        for name, worker in workers.items():
            quiet.wait()
            round_of_peer(name, worker, arguments.heights, results, counts=turn > 0)
    for worker in workers.values():
        worker.end()
    return machine.facts(PACKAGES) | {
        "device": results.device,
        "driver": arguments.driver or "the system's",
        "rounds": arguments.rounds,
        "heights": arguments.heights,
        "peers": {n: {"title": w.peer.title} | (w.description or {}) for n, w in workers.items()},
        "milliseconds": results.times,
        "preparation_seconds": results.preparation,
        "left_out": results.left_out,
        "final_loss": results.final_loss,
        "floors": results.floors,
    }


def draw(folder, lines):
    """The plot, where gnuplot is installed."""
    if shutil.which("gnuplot") is None:
        say("gnuplot is not installed: no plot")
        return
    settings = f"data='{folder / 'peers.tsv'}'; lines={lines}; image='{folder / 'step-time.svg'}'"
    subprocess.run(["gnuplot", "-e", settings, HERE / "plot.gnuplot"], check=True)


def main():
    arguments = options()
    if arguments.driver == "intel" and not (VENV / "lib/libintelocl.so").exists():
        sys.exit("Intel's driver is not installed: Scripts/install-peers intel")
    clear_fresh_caches()
    variables = environment(arguments.driver)
    peers = chosen_peers(arguments.peers, MODEL_PEERS if arguments.models else PEERS)
    workers = {n: Worker(n, p, variables, arguments.limit) for n, p in peers.items()}
    try:
        if arguments.models:
            return model_runs.main(arguments, workers, variables)
        if arguments.check:
            sys.exit(0 if check(workers) else 1)
        ours = Ours(arguments.command, arguments.device, variables)
        if arguments.tune:
            say("tuning ours")
            say(ours.tune())
        quiet = Quiet()
        data = measured(arguments, ours, workers, quiet)
        if arguments.epochs:
            say("whole epochs")
            data["epochs"] = whole_epochs(
                arguments.epochs, arguments.device, arguments.command, variables, quiet
            )
        data |= {"turns": quiet.turns, "disturbed_turns": quiet.disturbed}
    except Unanswered as reason:
        sys.exit(f"ours failed: {reason}")
    finally:
        for worker in workers.values():
            worker.end()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "peers.json").write_text(json.dumps(data, indent=1) + "\n")
    (arguments.out / "peers.md").write_text(report.markdown(data))
    (arguments.out / "peers.tsv").write_text(report.plot_data(data))
    print(report.markdown(data))
    draw(arguments.out, lines=len(workers) + len(report.OURS))
    say(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
