"""What `models.json` tells, as Markdown.

`python model_report.py models.json` prints it again.
"""

import json
import statistics
import sys

from arithmetic import step_gflop
from model_agreement import agreement
from model_processes import rows as process_rows
from models import MODELS, OPTIMIZERS
from report import number, table


class Report:
    def __init__(self, data):
        self.data = data
        self.titles = {n: p["title"] for n, p in data["peers"].items()}
        self.rows = [(model, optimizer) for model in data["models"] for optimizer in OPTIMIZERS]

    def times(self, who, model, optimizer):
        return self.data["milliseconds"].get(who, {}).get(model, {}).get(optimizer, [])

    def median(self, who, model, optimizer):
        times = self.times(who, model, optimizer)
        return statistics.median(times) if times else None

    @staticmethod
    def label(model, optimizer):
        return f"{model}, {OPTIMIZERS[optimizer].title}"

    def step_times(self):
        def cell(who, *row):
            times = self.times(who, *row)
            if not times:
                return "–"
            middle = statistics.median(times)
            return f"{number(middle)} ({number(min(times))}–{number(max(times))})"

        titles = {"ours": "**ours**"} | self.titles
        rows = [[self.label(*row), *(cell(who, *row) for who in titles)] for row in self.rows]
        return table(["ms", *titles.values()], rows)

    def ratios(self):
        """The best peer by ours, the arithmetic, its rate, and that rate's share of the peak."""
        peak = statistics.median(self.data["fma_peak_gflops"])
        rows = []
        for model, optimizer in self.rows:
            ours = self.median("ours", model, optimizer)
            medians = {who: self.median(who, model, optimizer) for who in self.titles}
            medians = {who: value for who, value in medians.items() if value}
            cells = [self.label(model, optimizer), "–", "–"]
            if medians:
                best = min(medians, key=medians.get)
                cells[1:] = [self.titles[best], f"{medians[best] / ours:.2f}"]
            work = step_gflop(model)
            rate = 1000 * work / ours
            rows.append([*cells, f"{work:.2f}", f"{rate:.0f}", f"{100 * rate / peak:.0f} %"])
        header = ["", "best peer", "best peer / ours", "GFLOP", "ours, GFLOP/s"]
        return table([*header, f"share of {peak:.0f} GFLOP/s"], rows)

    def preparation(self):
        def cell(who, model, optimizer):
            seconds = self.data["preparation_seconds"].get(who, {}).get(model, {}).get(optimizer)
            return "–" if seconds is None else f"{seconds:.1f}"

        rows = [[self.label(*row), *(cell(who, *row) for who in self.titles)] for row in self.rows]
        return table(["seconds", *self.titles.values()], rows)

    def agreement(self):
        known = {(row.who, row.model, row.optimizer): row for row in agreement(self.data["losses"])}
        titles = {"ours": "ours, the last loss"} | self.titles

        def cell(*key):
            if key not in known:
                return "–"
            difference = f"{known[key].difference:.0e}"
            return difference if known[key].is_fine else f"**{difference}**"

        rows = [[self.label(*row), *(cell(who, *row) for who in titles)] for row in self.rows]
        return table(["relative", *titles.values()], rows)

    def processes(self):
        rows = [
            [what, number(ours), number(torch), f"{ratio:.2f}"]
            for what, ours, torch, ratio in process_rows(self.data["processes"])
        ]
        return table(["", "ours", "PyTorch", "ours / PyTorch"], rows)

    def left_out(self):
        return "\n".join(
            f"- {self.titles[who]}, {self.label(model, optimizer)}: {reason}."
            for who, models in self.data["left_out"].items()
            for model, optimizers in models.items()
            for optimizer, reason in optimizers.items()
        )


def markdown(data):
    report = Report(data)
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    peers = []
    for peer in data["peers"].values():
        mode = f", mode {peer['mode']}" if "mode" in peer else ""
        device = peer.get("device", "nothing, it did not start")
        peers.append(f"- {peer['title']}: on {device}{mode}")
    notations = ", ".join(f"{o.title}: `{o.notation}`" for o in OPTIMIZERS.values())
    disturbed = ""
    if count := data["disturbed_turns"]:
        disturbed = f"**Something else computed when {count} of {data['turns']} turns began.**"
    parts = [
        "# Whole models, ours and the peers",
        f"{data['date']}; {data['processor']}, {data['cores']} cores; {data['system']}; ours on "
        f"{data['device']}, OpenCL driver: {data['driver']}; {versions}.",
        "\n".join(peers),
        "\n".join(f"- {name}: {MODELS[name].title}" for name in data["models"]),
        "Milliseconds a step: the median (least–greatest) of "
        f"{data['rounds']} interleaved rounds of 40 steps each, float32. {notations}.",
        disturbed,
        report.step_times(),
        "The arithmetic is that of a step's products, "
        "the peak what `hypertower bench --floor` finds for multiply-adds:",
        report.ratios(),
    ]
    if data["peers"]:
        parts += [
            "## To prepare",
            "Making data, compiling, and the first 40 steps; caches of compiled code were empty:",
            report.preparation(),
            "## Agreement",
            "The greatest difference of a loss from PyTorch's (eager, or as the paper's library) in "
            "40 steps, from the same weights on the same data; bold if it is too great:",
            report.agreement(),
        ]
    if "processes" in data:
        parts += [
            "## Whole processes",
            "The most resident memory of 40 steps of Adam, an epoch with kernels cached, and text "
            "from the last 64 symbols each; medians, PyTorch eager, for text the faster of eager and "
            "compiled:",
            report.processes(),
        ]
    if left_out := report.left_out():
        parts += ["Left out:", left_out]
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(markdown(json.load(file)))
