"""What whole processes take, ours and PyTorch's: memory, an epoch of the CNN, text of the GPT.

Interleaved; the first turn prepares, and does not count.
"""

import statistics
import sys

from models import OPTIMIZERS, VOCABULARY
from processes import FRESH, HERE, timed_process

DRAWN = 2000  # symbols
SHORT = 100  # symbols that ours draws for nothing but its start


class Processes:
    """Runs processes; each result is {"ours": …, "torch": …}."""

    def __init__(self, ours, variables, quiet):
        self.ours, self.variables, self.quiet = ours, variables, quiet

    def run(self, *arguments):
        self.quiet.wait()
        return timed_process([self.ours.command, *arguments, *self.ours.device], self.variables)

    def run_torch(self, *arguments):
        self.quiet.wait()
        script = HERE / "model_torch_process.py"
        return timed_process([sys.executable, script, *map(str, arguments)], self.variables)

    def megabytes(self, model):
        """The most resident memory that 40 steps of Adam take."""
        steps = "bench", "--json", "--rounds", "1", "--model", model
        steps += "--optimizer", OPTIMIZERS["adam"].notation
        self.run(*steps)  # compiles
        return {
            "ours": self.run(*steps).megabytes,
            "torch": self.run_torch("steps", model).megabytes,
        }

    def epoch(self):
        """Seconds of an epoch on MNIST."""
        train = "train", "--quiet", "--model", "cnn", "--optimizer", OPTIMIZERS["adam"].notation
        return {"ours": self.run(*train).seconds, "torch": self.run_torch("epoch").seconds}

    def symbol(self):
        """Milliseconds to draw a symbol."""
        weights = self.weights()
        command = "generate", "--weights", weights, "--length"
        short, long = (
            self.run(*command, str(count)).seconds for count in (SHORT, SHORT + DRAWN)
        )
        return {
            "ours": 1000 * (long - short) / DRAWN,
            "torch": float(self.run_torch("generate", DRAWN).last_line),
        }

    def weights(self):
        """A GPT of as many symbols as the peers', trained for a step."""
        weights = FRESH / "gpt.safetensors"
        if not weights.exists():
            FRESH.mkdir(parents=True, exist_ok=True)
            text = FRESH / "symbols.txt"
            text.write_text("".join(chr(0x100 + n) for n in range(VOCABULARY)) * 20)
            train = "train", "--quiet", "--model", "gpt", "--text", text, "--steps", "1"
            self.run(*train, "--save", weights)
        return weights


def measured(models, rounds, ours, variables, quiet):
    """{what: {"ours": [numbers], "torch": [numbers]}}, as `models.json` has it."""
    processes = Processes(ours, variables, quiet)
    results = {}
    for turn in range(rounds + 1):
        turns = {f"MB, {name}": lambda name=name: processes.megabytes(name) for name in models}
        if "cnn" in models:
            turns["s, an epoch of the CNN on MNIST"] = processes.epoch
        if "gpt" in models:
            turns["ms, a symbol of the GPT"] = processes.symbol
        for what, measure in turns.items():
            numbers = measure()
            if turn > 0:
                for who, number in numbers.items():
                    results.setdefault(what, {}).setdefault(who, []).append(number)
    return results


def rows(results):
    """A table's rows: what, ours, PyTorch's, ours by PyTorch's."""
    for what, numbers in results.items():
        ours, torch = (statistics.median(numbers[who]) for who in ("ours", "torch"))
        yield what, ours, torch, ours / torch
