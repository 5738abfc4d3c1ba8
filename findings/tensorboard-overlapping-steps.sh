#!/bin/bash
# Finding: TensorBoard 2.21.0 shows two stories of one folder. A run writes steps 0 to 9, is resumed, and writes steps 5 to
# 14 into a second event file, as a training that goes on from a checkpoint does. The web page (its data server) drops
# the old steps 5 to 9. EventAccumulator, with which scripts read the same files, keeps both versions of each: 20
# points, whose steps go back in the middle. Only a SessionLog with status START at the beginning of the second file
# makes EventAccumulator drop them, too; neither says that it has done so.
#
# Seen with tensorboard 2.21.0, tensorboard-data-server 0.7.2 and Python 3.11.
#
# Hypertower cuts what lies after the checkpoint off the older files before it goes on, and begins the new file with
# START, so that both readers show each step once (EventFolder.swift; Tests/Interop checks it).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorboard==2.21.0 tensorboard-data-server==0.7.2 setuptools==80.9.0
FOLDER=$folder "$folder/venv/bin/python" - 2>"$folder/errors" <<'END' || { cat "$folder/errors" >&2; exit 1; }
import json
import os
import subprocess
import sys
import time
import urllib.request

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def write(folder, steps, value, begins=False):
    writer = EventFileWriter(folder, filename_suffix=f".{value}")
    if begins:
        start = SessionLog(status=SessionLog.START)
        writer.add_event(Event(wall_time=1e9, step=steps[0], session_log=start))
    for step in steps:
        loss = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
        writer.add_event(Event(wall_time=1e9 + step, step=step, summary=loss))
    writer.close()
    time.sleep(1.1)  # file names count seconds


def accumulated(folder):
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0})
    accumulator.Reload()
    return [(event.step, event.value) for event in accumulator.Scalars("loss")]


def shown(folder):
    """What the page asks its data server for."""
    command = os.path.join(os.path.dirname(sys.executable), "tensorboard")
    server = subprocess.Popen(
        [command, "--logdir", folder, "--port", "0", "--load_fast=true"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = next(part for line in server.stdout for part in line.split() if "http://" in part)
        for _ in range(60):
            time.sleep(0.5)
            query = "data/plugin/scalars/scalars?run=.&tag=loss"
            try:
                points = json.load(urllib.request.urlopen(address + query))
            except urllib.error.HTTPError:
                continue  # nothing has been read yet
            if points and points[-1][1] == 14:
                return [(step, value) for _, step, value in points]
        raise SystemExit("the page shows no step 14")
    finally:
        server.terminate()
        server.wait()


once = [(step, 1.0) for step in range(5)] + [(step, 2.0) for step in range(5, 15)]
both = [(step, 1.0) for step in range(10)] + [(step, 2.0) for step in range(5, 15)]
for begins, expected in ((False, both), (True, once)):
    folder = os.path.join(os.environ["FOLDER"], f"run-{begins}")
    write(folder, range(10), 1)
    write(folder, range(5, 15), 2, begins=begins)
    page, reader = shown(folder), accumulated(folder)
    print(f"{'with' if begins else 'without'} START: the page has {len(page)} points, EventAccumulator {len(reader)}")
    assert page == once, f"the page has changed: {page}"
    assert reader == expected, f"EventAccumulator has changed: {reader}"
END
