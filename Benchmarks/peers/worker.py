"""A peer as a process that waits for commands, one JSON object a line, and answers each with one.

`{"tower": "adam", "height": 50}` times that tower and answers `milliseconds`, those of a step;
`{"golden": "adam-adam"}` answers the `losses` of a reference trajectory's first steps. A worker for
whole models takes `{"model": "cnn", "optimizer": "adam"}`. With `"repeats": 1` there is one timing
in place of three, with `"timed": false` none. The first mention of a tower prepares it: the answer
tells the `losses` of its first 40 steps, and in `preparation_s` how long it took.
"""

import gc
import json
import math
import os
import statistics
import sys
import time
import traceback

import problem

REPEATS = 3  # timings an answer takes the median of, as `hypertower bench --rounds 3` does


def tower(command):
    """What a command of the dense network asks for."""
    if "golden" in command:
        return problem.golden(command["golden"])[0]
    return problem.benchmark_tower(command["tower"], command["height"])


def serve(describe, prepare, task=tower):
    """Answers commands until the input ends.

    `prepare(task(command))` returns a run: `reset()` puts the initial state back, and `steps()`
    takes 40 steps, waits for the device once, and returns what `losses()` turns into numbers.
    """
    answers = os.fdopen(os.dup(1), "w")  # what libraries print must not mix with answers
    os.dup2(2, 1)
    runs = {}

    def answer(fields):
        print(json.dumps(fields), file=answers, flush=True)

    answer(describe())
    for line in sys.stdin:
        command = json.loads(line)
        try:
            timed = command.pop("timed", "golden" not in command)
            repeats = command.pop("repeats", REPEATS)
            key, fields = json.dumps(command), {}
            if key not in runs:
                start = time.perf_counter()
                run = prepare(task(command))
                fields["losses"] = finite_losses(run)
                fields["preparation_s"] = time.perf_counter() - start
                runs[key] = run
            if timed:
                fields |= timing(runs[key], repeats)
            answer(fields)
        except Exception as error:  # the driver notes it and goes on
            traceback.print_exc()
            answer({"error": f"{type(error).__name__}: {error}"[:300]})


def timing(run, repeats):
    times = []
    for _ in range(repeats):
        run.reset()
        gc.collect()
        start = time.perf_counter()
        losses = run.steps()
        times.append((time.perf_counter() - start) * 1000 / problem.STEPS)
    return {"milliseconds": statistics.median(times), "final_loss": run.losses(losses)[-1]}


def finite_losses(run):
    """The losses of 40 steps from the initial state."""
    run.reset()
    losses = run.losses(run.steps())
    if not all(math.isfinite(loss) for loss in losses):
        raise ArithmeticError("a loss is not finite")
    return losses
