"""What `peers.json` tells, as Markdown and as columns for the plot.

`python report.py peers.json` prints the Markdown again.
"""

import json
import statistics
import sys

NAMES = {"sgd": "SGD", "adam": "Adam"}
OURS = {"ours": "**ours**", "ours_dense": "ours, data without zeros"}


class Report:
    def __init__(self, data):
        self.data = data
        self.heights = data["heights"]
        self.titles = OURS | {n: p["title"] for n, p in data["peers"].items()}

    def times(self, who, rule, height):
        return self.data["milliseconds"].get(who, {}).get(rule, {}).get(str(height), [])

    def median(self, who, rule, height):
        times = self.times(who, rule, height)
        return statistics.median(times) if times else None

    def ratio(self, above, below):
        """How many times the time of the other the one (who, rule, height) takes, if known."""
        a, b = self.median(*above), self.median(*below)
        return a / b if a and b else None

    # The tables

    def step_times(self, rule):
        def cell(who, height):
            times = self.times(who, rule, height)
            if not times:
                return "–"
            middle = statistics.median(times)
            return f"{number(middle)} ({number(min(times))}–{number(max(times))})"

        rows = [[t, *(cell(who, h) for h in self.heights)] for who, t in self.titles.items()]
        return table([f"{NAMES[rule]}, ms", *map(str, self.heights)], rows)

    def ratios(self, rule):
        def cell(who, height):
            ratio = self.ratio((who, rule, height), ("ours", rule, height))
            return f"{ratio:.2f}" if ratio else "–"

        rows = [
            [t, *(cell(w, h) for h in self.heights)] for w, t in self.titles.items() if w not in OURS
        ]
        return table([f"{NAMES[rule]}, peer / ours", *map(str, self.heights)], rows)

    def preparation(self):
        def cell(who, rule, height):
            seconds = self.data["preparation_seconds"].get(who, {}).get(rule, {}).get(str(height))
            return "–" if seconds is None else f"{seconds:.1f}"

        rows = [
            [f"{title}, {NAMES[rule]}", *(cell(who, rule, h) for h in self.heights)]
            for who, title in self.titles.items()
            if who not in OURS
            for rule in NAMES
        ]
        return table(["seconds", *map(str, self.heights)], rows)

    def left_out(self):
        lines = []
        for who, rules in self.data["left_out"].items():
            for rule, heights in rules.items():
                for height, reason in heights.items():
                    lines.append(
                        f"- {self.titles[who]}, {NAMES[rule]} at height {height}: {reason}."
                    )
        return "\n".join(lines)

    def targets(self):
        """The targets that this run can tell of, each with its values, and whether it is met."""
        rows = []

        def row(title, values, target, unit, is_met):
            if values["ours"]:
                digits = 2 if unit else 3
                cells = (f"{v:.{digits}f}{unit}" if v else "–" for v in values.values())
                sign = "≥" if unit else "≤"
                verdict = "met" if is_met else "**missed**"
                rows.append([title, f"{sign} {target:g}{unit}", *cells, verdict])

        def at_least(title, values, target):
            row(title, values, target, "×", values["ours"] and values["ours"] >= target)

        def at_most(title, values, target, judged="ours"):
            row(title, values, target, "", values[judged] and values[judged] <= target)

        def peer(who, rule, height, target):
            title = f"{self.titles.get(who)} / ours, {NAMES[rule]} height {height}"
            above = (who, rule, height)
            at_least(title, {o: self.ratio(above, (o, rule, height)) for o in OURS}, target)

        def own(rule, above, below, target):
            title = f"ours, {NAMES[rule]} height {above} / height {below}"
            values = {o: self.ratio((o, rule, above), (o, rule, below)) for o in OURS}
            at_most(title, values, target)

        def step_over(floor):
            """The ratio of a step to the median of what a floor takes."""
            steps = {o: self.median(o, "sgd", 0) for o in OURS}
            floors = {o: statistics.median(map(floor, self.data["floors"][o])) for o in OURS}
            return {o: steps[o] / floors[o] if steps[o] else None for o in OURS}

        for who in ("torch_eager", "torch_paper"):
            peer(who, "sgd", 0, 2.0)
            peer(who, "adam", 0, 4.5)
            peer(who, "adam", 50, 60)
        peer("jax_jit", "sgd", 0, 2.7)
        peer("jax_jit", "sgd", 50, 2.7)
        peer("jax_jit", "adam", 50, 4.5)
        peer("tinygrad_opencl", "sgd", 0, 9)
        peer("tinygrad_opencl", "adam", 0, 9)
        own("sgd", 50, 0, 1.04)
        own("adam", 1, 0, 1.15)
        own("adam", 50, 1, 1.06)
        if floors := self.data["floors"]:
            peak = statistics.median(f["fma_peak_gflops"] for of in floors.values() for f in of)
            work = floors["ours"][0]["step_gflop"]
            products = step_over(lambda floor: floor["products_ms"])
            at_most("ours, SGD height 0 / products alone", products, 1.35)
            title = f"ours, SGD height 0 / {1000 * work:.1f} MFLOP at {peak:.0f} GFLOP/s"
            # Zeros that are left out are arithmetic that is not done.
            at_most(title, step_over(lambda _: 1000 * work / peak), 1.6, judged="ours_dense")
        header = ["", "target", "measured", "without zeros", ""]
        return table(header, rows) if rows else ""

    def epochs(self):
        seconds = self.data["epochs"]["seconds"]
        lines = self.data["epochs"]["last_line"]
        rows = [
            [title, f"{statistics.median(s):.2f} ({min(s):.2f}–{max(s):.2f})", lines[title]]
            for title, s in seconds.items()
        ]
        return table(["an epoch, the whole process", "s", "it ends with"], rows)


def number(value):
    """Three digits that count."""
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(data):
    report = Report(data)
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    peers = []
    for name, peer in data["peers"].items():
        device = peer.get("device", "nothing, it did not start")
        mode = f", mode {peer['mode']}" if "mode" in peer else ""
        # tinygrad takes a GPU, else the first device, of the first driver.
        elsewhere = name.startswith("tinygrad") and device not in data["device"]
        warning = "; **not the device that ours used**" if elsewhere else ""
        peers.append(f"- {peer['title']}: on {device}{mode}{warning}")
    disturbed = ""
    if count := data["disturbed_turns"]:
        disturbed = f"**Something else computed when {count} of {data['turns']} turns began.**"
    parts = [
        "# Ours and the peers",
        f"{data['date']}; {data['processor']}, {data['cores']} cores; {data['system']}; ours on "
        f"{data['device']}, OpenCL driver: {data['driver']}; {versions}.",
        "\n".join(peers),
        "Milliseconds a step by the height of the tower: the median (least–greatest) of "
        f"{data['rounds']} interleaved rounds, each the median of three times 40 steps. "
        "784–128–10, tanh, batch 300, float32; SGD levels at 0.01, Adam levels at 1e-7. Ours leaves "
        "out zeros of the data, of which MNIST has many; without zeros, 0 is 1/255.",
        disturbed,
        *(report.step_times(rule) for rule in NAMES),
        *(report.ratios(rule) for rule in NAMES if peers),
    ]
    if targets := report.targets():
        parts += ["## Targets", targets]
    if data["peers"]:
        parts += [
            "## To prepare a tower",
            "Building, compiling, and the first 40 steps; caches of compiled code were empty:",
            report.preparation(),
        ]
    if left_out := report.left_out():
        parts += ["Left out:", left_out]
    if "epochs" in data:
        parts += ["## A whole epoch of MNIST", "`adam_alpha() / adam()`, start-up included:"]
        parts.append(report.epochs())
    return "\n\n".join(part for part in parts if part) + "\n"


def plot_data(data):
    """Medians in columns: height, then for SGD and for Adam ours, twice, and the peers; ? is unknown."""
    report = Report(data)
    columns = [(rule, who) for rule in NAMES for who in report.titles]
    clean = {who: title.strip("*") for who, title in report.titles.items()}
    lines = ["\t".join(["height", *(clean[who] for _, who in columns)])]
    for height in report.heights:
        medians = (report.median(who, rule, height) for rule, who in columns)
        lines.append("\t".join([str(height), *("?" if m is None else f"{m:.5f}" for m in medians)]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(markdown(json.load(file)))
