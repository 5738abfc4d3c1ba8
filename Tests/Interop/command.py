"""Runs the command whose files are checked."""

import os
import shlex
import subprocess
import sys

COMMAND = os.path.abspath(os.environ.get("HYPERTOWER", ".build/release/hypertower"))


def hypertower(*arguments):
    """What the command prints to standard output; a command that fails ends the check with its messages."""
    run = subprocess.run([COMMAND, *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"hypertower {' '.join(arguments)}: status {run.returncode}\n{run.stderr}")
    return run.stdout


def run_tests(suite, **environment):
    """Runs a suite of the tests that writes or reads files; SWIFT_TEST is the command, default: that of `make test`."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    default = "swift test -c release --cache-path .build/cache/swiftpm"
    test = shlex.split(os.environ.get("SWIFT_TEST", default))
    subprocess.run(
        [*test, "--filter", suite], cwd=root, check=True, stdout=sys.stderr,
        env={**os.environ, **environment})
