"""Runs the command whose files are checked."""

import os
import subprocess

COMMAND = os.path.abspath(os.environ.get("HYPERTOWER", ".build/release/hypertower"))


def hypertower(*arguments):
    """What the command prints to standard output; a command that fails ends the check with its messages."""
    run = subprocess.run([COMMAND, *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"hypertower {' '.join(arguments)}: status {run.returncode}\n{run.stderr}")
    return run.stdout
