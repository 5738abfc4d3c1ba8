"""Reads event files with TensorBoard: by its EventAccumulator, by the data server behind its page, and on the page.

A run is cut off after its last checkpoint and resumed, while a server looks on. The readers must show every step
once, with the values of the log and of a run that was not cut off; the page, in a headless Chromium, every tag with
its last point.
"""

import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from browser import Browser
from command import hypertower

OPTIMIZER = "adam(0.01) / sgd_per_parameter(0.001) / sgd(0.0001)"
SETTINGS = ["--optimizer", OPTIMIZER, "--hidden", "7", "--batch-size", "600", "--quiet"]
EVERY = 3
NORMS = 10 * EVERY
WATCH = ["--tensorboard-every", str(EVERY), "--tensorboard-histograms", "--evaluate-every", "20"]
STEPS = 131
PARAMETERS = ["w1", "b1", "w2", "b2"]


def single(value):
    """The value as float32 has it."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def expected(log):
    """The points of each tag by their steps, as the log has them; None where it has no value."""
    lines = [json.loads(line) for line in open(log)]
    steps, result = lines[:-1], lines[-1]
    assert [line["step"] for line in steps] == list(range(STEPS)), "the log lacks steps"
    tags = {"loss": {}}
    for line in steps[::EVERY]:
        tags["loss"][line["step"]] = single(line["loss"])
        for level, values in enumerate(line["hyperparameters"]):
            for name, value in values.items():
                tags.setdefault(f"level_{level}/{name}", {})[line["step"]] = single(value)
    evaluations = {step - 1: None for step in [*range(20, STEPS, 20), STEPS]}
    tags["test_loss"] = evaluations
    tags["test_accuracy_percent"] = {
        **evaluations, STEPS - 1: single(result["test_accuracy_percent"])}
    norms = {step - 1: None for step in [*range(NORMS, STEPS, NORMS), STEPS]}
    for kind in ["weight", "gradient"]:
        for name in PARAMETERS:
            tags[f"{kind}_norm/{name}"] = norms
    return tags


def accumulated(folder):
    """The points of each tag in their order, as EventAccumulator reads them, and the histograms."""
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    scalars = {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in tags["scalars"]}
    return scalars, {tag: accumulator.Histograms(tag) for tag in tags["histograms"]}


class Server:
    """TensorBoard's page over a folder."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen(
            [os.path.join(os.path.dirname(sys.executable), "tensorboard"), "--logdir", folder,
             "--port", "0", "--reload_interval", "1", "--samples_per_plugin",
             "scalars=10000,histograms=10000", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = None
        for line in self.process.stdout:
            if "http://" in line:
                self.address = "http://" + line.split("http://")[1].split()[0]
                break
        assert self.address, "tensorboard does not start"

    def get(self, route, **query):
        url = f"{self.address}data/plugin/{route}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)

    def scalars(self):
        tags = self.get("scalars/tags").get(".", {})
        return {
            tag: [(step, value) for _, step, value in self.get("scalars/scalars", run=".", tag=tag)]
            for tag in tags}

    def histogram_steps(self):
        tags = self.get("histograms/tags").get(".", {})
        return {
            tag: [point[1] for point in self.get("histograms/histograms", run=".", tag=tag)]
            for tag in tags}

    def wait(self, tag, step):
        """Waits until the last point of a tag is that of a step."""
        for _ in range(120):
            points = self.scalars().get(tag)
            if points and points[-1][0] == step:
                return
            time.sleep(0.5)
        raise SystemExit(f"the page does not show {tag} of step {step}: {points}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def check(found, wanted, whole, reader):
    """Compares the points that a reader shows with those of the log and those of the whole run."""
    assert set(found) == set(wanted), f"{reader}: tags {sorted(set(found) ^ set(wanted))}"
    for tag, points in wanted.items():
        steps = [step for step, _ in found[tag]]
        assert steps == sorted(points), f"{reader}: {tag}: steps {steps}"
        for step, value in found[tag]:
            assert points[step] is None or points[step] == value, f"{reader}: {tag}: step {step}"
        if whole is not None:
            assert found[tag] == whole[tag], f"{reader}: {tag} differs from the whole run's"


def check_histograms(histograms, scalars):
    """Histograms must have all elements, and the sums of squares that the norms have."""
    counts = {"w1": 784 * 7, "b1": 7, "w2": 70, "b2": 10}
    for kind in ["weight", "gradient"]:
        for name, count in counts.items():
            events = histograms[f"{kind}s/{name}"]
            norms = scalars[f"{kind}_norm/{name}"]
            assert [event.step for event in events] == [step for step, _ in norms]
            for event, (_, norm) in zip(events, norms):
                value = event.histogram_value
                assert value.num == count == sum(value.bucket), f"{kind}s/{name}: {value}"
                assert abs(value.sum_squares**0.5 - norm) <= 1e-5 * norm
                assert value.bucket_limit[-1] == value.max > value.min


# The tag of each card on the page, with the row of its table: color, run, smoothed value, value, step, time.
CARDS = """[...document.querySelectorAll("card-view")].map(card => [
  card.querySelector("tb-truncated-path")?.title,
  [...card.querySelectorAll("tb-data-table-content-cell")].map(cell => cell.innerText.trim())])"""
CARDS_A_PAGE = 12
NEXT = "[...document.querySelectorAll('button')].find(button => button.innerText.trim() == 'Next').click()"


def cards_shown(browser, count):
    """The rows of a page's cards by their tags, once so many are drawn."""
    for _ in range(120):
        cards = {tag: row for tag, row in browser.value(CARDS) if tag}
        drawn = [tag for tag, row in cards.items() if row or tag.startswith(("weights/", "gradients/"))]
        if len(drawn) == len(cards) == count:
            break
        time.sleep(0.5)
    return cards


def check_page(address, wanted, whole):
    """The page must have a card for every tag, with the last point of the whole run."""
    tags = set(wanted) | {f"{kind}s/{name}" for kind in ["weight", "gradient"] for name in PARAMETERS}
    cards = {}
    with Browser() as browser:
        browser.open(f"{address}?darkMode=false&tagFilter=.%2A#timeseries")
        for first in range(0, len(tags), CARDS_A_PAGE):
            if first > 0:
                browser.value(NEXT)
            cards.update(cards_shown(browser, min(CARDS_A_PAGE, len(tags) - first)))
    assert set(cards) == tags, f"cards of the page: {sorted(tags ^ set(cards))}"
    for tag in wanted:
        step, value = whole[tag][-1]
        _, _, _, shown, last, *_ = cards[tag]
        assert last == f"{step:,}", f"the page's last step of {tag} is {last}, in place of {step}"
        shown = float(shown.replace("\u2212", "-"))
        assert abs(shown - value) <= 1e-3 * abs(value) + 5e-5, f"{tag} is {value}; the page: {shown}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        log, events, run = (os.path.join(folder, name) for name in ["log", "events", "run"])
        whole_log, whole_events = log + "-whole", events + "-whole"
        hypertower(
            "train", *SETTINGS, *WATCH, "--steps", str(STEPS), "--log", whole_log, "--tensorboard",
            whole_events)
        wanted = expected(whole_log)
        whole, histograms = accumulated(whole_events)
        check(whole, wanted, None, "EventAccumulator, whole run")
        check_histograms(histograms, whole)

        hypertower(
            "train", *SETTINGS, *WATCH, "--steps", "100", "--log", log, "--tensorboard", events,
            "--checkpoint", run, "--checkpoint-every", "37")
        # As if the machine had stopped after step 74: files are ahead, and the last record is cut off.
        os.remove(max(glob.glob(run + "/step-*")))
        cut = max(glob.glob(events + "/events.*"))
        os.truncate(cut, os.path.getsize(cut) - 5)
        with Server(events, "--load_fast=true") as fast, Server(events, "--load_fast=false") as slow:
            for server in [fast, slow]:
                server.wait("loss", 99)
            hypertower(
                "train", "--resume", run, "--steps", str(STEPS), *WATCH, "--quiet", "--log", log,
                "--tensorboard", events)
            for server, name in [(fast, "page that was open"), (slow, "slow page that was open")]:
                server.wait("gradient_norm/b2", STEPS - 1)
                check(server.scalars(), expected(log), whole, name)
        check(accumulated(events)[0], expected(log), whole, "EventAccumulator after the resume")
        scalars, histograms = accumulated(events)
        check_histograms(histograms, scalars)
        for arguments in [["--load_fast=true"], ["--load_fast=false"]]:
            with Server(events, *arguments) as server:
                server.wait("gradient_norm/b2", STEPS - 1)
                check(server.scalars(), expected(log), whole, f"page {arguments}")
                norms = sorted(wanted["weight_norm/w1"])
                assert server.histogram_steps() == {
                    f"{kind}s/{name}": norms for kind in ["weight", "gradient"]
                    for name in PARAMETERS}
        with Server(events) as server:
            server.wait("gradient_norm/b2", STEPS - 1)
            check_page(server.address, wanted, whole)
    print(f"TensorBoard: {len(wanted)} tags are right before and after a resume, in files and on the page")


main()
