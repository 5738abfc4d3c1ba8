"""The processes that the benchmark talks to: ours, and a waiting worker for every peer."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from problem import ROOT

HERE = Path(__file__).parent
VENV = ROOT / ".build/peers"
FRESH = VENV / "fresh-caches"  # emptied at every start, so that times to compile mean something
CORES = len(os.sched_getaffinity(0))


class Peer(NamedTuple):
    title: str
    script: str
    environment: dict = {}
    plain_only: bool = False  # has no towers: height 0 alone
    towers_only: bool = False  # is of interest above height 0 alone
    needs_cuda: bool = False
    optional: bool = False  # runs only where --peers names it

    def can_take(self, height):
        return not (self.plain_only and height > 0 or self.towers_only and height == 0)


PEERS = {
    "torch_eager": Peer("PyTorch eager", "torch_eager.py"),
    "torch_paper": Peer("PyTorch eager, as the paper's library", "torch_paper.py"),
    "torch_optim": Peer("PyTorch eager, torch.optim", "torch_optim.py", plain_only=True),
    "torch_compiled": Peer("PyTorch compiled", "torch_compiled.py"),
    "torch_cuda_graph": Peer("PyTorch CUDA graph", "torch_cuda_graph.py", needs_cuda=True),
    "jax_jit": Peer("JAX jit", "jax_jit.py"),
    "tinygrad_opencl": Peer("tinygrad, OpenCL", "tinygrad_opencl.py"),
    "tinygrad_beam": Peer("tinygrad, BEAM=2", "tinygrad_opencl.py", {"BEAM": "2"}, optional=True),
}

# Of whole models.
MODEL_PEERS = {
    "torch_eager": Peer("PyTorch eager", "model_torch_eager.py", plain_only=True),
    "torch_compiled": Peer("PyTorch compiled", "model_torch_compiled.py", plain_only=True),
    "torch_paper": Peer(
        "PyTorch eager, as the paper's library", "model_torch_paper.py", towers_only=True
    ),
    "jax_jit": Peer("JAX jit", "model_jax_jit.py"),
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def clear_fresh_caches():
    shutil.rmtree(FRESH, ignore_errors=True)


def openblas_core():
    """What OpenBLAS should take the processor for: it mistakes new ones for old."""
    flags = Path("/proc/cpuinfo").read_text().split() if sys.platform == "linux" else []
    for flag, core in (("avx512f", "SKYLAKEX"), ("avx2", "HASWELL")):
        if flag in flags:
            return core
    return None


def environment(driver=None):
    """What every process gets: its driver of OpenCL, and caches within the project's folder."""
    result = {
        k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "MKL_", "OMP_"))
    }
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        result[name] = str(CORES)
    if core := openblas_core():
        result["OPENBLAS_CORETYPE"] = core
    if driver == "intel":
        result["OCL_ICD_VENDORS"] = str(intel_vendors())
    result.setdefault("XDG_CACHE_HOME", str(ROOT / ".build/cache"))
    result.setdefault("POCL_CACHE_DIR", str(ROOT / ".build/cache/pocl"))
    Path(result["POCL_CACHE_DIR"]).mkdir(parents=True, exist_ok=True)
    return result


def intel_vendors():
    """A folder that names Intel's driver and no other."""
    folder = VENV / "intel-vendors"
    folder.mkdir(exist_ok=True)
    (folder / "intel.icd").write_text(f"{VENV / 'lib/libintelocl.so'}\n")
    return folder


def with_caches(variables, folder):
    """The same environment with all caches of compiled code in a folder."""
    names = {
        "XDG_CACHE_HOME": "xdg",
        "POCL_CACHE_DIR": "pocl",
        "TORCHINDUCTOR_CACHE_DIR": "inductor",
        "TRITON_CACHE_DIR": "triton",
        "CUDA_CACHE_PATH": "cuda",
    }
    folders = {name: folder / part for name, part in names.items()}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    return variables | {name: str(path) for name, path in folders.items()}


class Quiet:
    """Waits between processes until nothing computes.

    A thread that shares its core with something else holds up all that wait for it: PyTorch then
    takes up to a hundred times as long.
    """

    PAUSE = 0.3  # seconds in which threads that spin before they sleep come to rest
    PATIENCE = 20  # seconds to wait for others before going on in spite of them
    BUSY = 0.2  # of a core

    def __init__(self):
        self.turns, self.disturbed = 0, 0

    def wait(self):
        self.turns += 1
        give_up = time.monotonic() + self.PATIENCE
        time.sleep(self.PAUSE)
        while self.busy_cores() > self.BUSY:
            if time.monotonic() > give_up:
                self.disturbed += 1
                say("something else computes on this machine")
                return

    def busy_cores(self):
        """How many cores compute, over the length of a pause."""
        before = self.idle_seconds()
        start = time.monotonic()
        time.sleep(self.PAUSE)
        idle = self.idle_seconds() - before
        return os.cpu_count() - idle / (time.monotonic() - start)

    @staticmethod
    def idle_seconds():
        return float(Path("/proc/uptime").read_text().split()[1])


class Unanswered(Exception):
    """Why a peer has no time to show."""


class Worker:
    """A peer's process; it starts when first asked, and again after it had to be ended."""

    def __init__(self, name, peer, variables, limit):
        self.peer, self.limit = peer, limit
        self.variables = with_caches(variables, FRESH / name) | self.peer.environment
        self.variables |= {"PYTHONDONTWRITEBYTECODE": "1", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        self.log = FRESH / f"{name}.log"
        self.process, self.description = None, None

    def ask(self, command):
        """The answer to a command.

        Raises Unanswered if the worker fails or takes longer than the limit.
        """
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer that does not come tells
        answer = self.answer()
        if "error" in answer:
            raise Unanswered(answer["error"])
        return answer

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / self.peer.script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("ab"),
            env=self.variables,
            start_new_session=True,  # with all that it starts, it can be ended
        )
        self.description = self.answer()

    def answer(self):
        """One line; a worker writes one at a time and whole."""
        ready, _, _ = select.select([self.process.stdout], [], [], self.limit)
        if not ready:
            self.end()
            raise Unanswered(f"took longer than {self.limit:.0f} s to prepare")
        line = self.process.stdout.readline()
        if not line:
            self.end()
            raise Unanswered(f"ended without an answer; see {self.log}")
        return json.loads(line)

    def end(self):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None


class Ours:
    """The `hypertower` command; every call is a process of its own."""

    def __init__(self, command, device, variables):
        self.command, self.variables = command, variables
        self.device = ["--device", device] if device else []

    def bench(self, heights, *data):
        """What `bench --json` tells of each tower."""
        return self.json(
            "bench", "--json", "--rounds", "3", "--heights", ",".join(map(str, heights)), *data
        )

    def bench_model(self, model, notations):
        """What `bench --json` tells of a whole model under towers, in their order."""
        towers = [part for notation in notations for part in ("--optimizer", notation)]
        return self.json("bench", "--json", "--rounds", "1", "--model", model, *towers)

    def floor(self, *data):
        """What `bench --floor --json` tells."""
        return self.json("bench", "--floor", "--json", *data)

    def tune(self):
        """What `tune` found; later runs with the same caches use it."""
        return self.output("tune")

    def json(self, *arguments):
        return json.loads(self.output(*arguments))

    def output(self, *arguments):
        done = subprocess.run(
            [self.command, *arguments, *self.device],
            env=self.variables,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Unanswered(done.stderr.strip() or f"{self.command} ended with {done.returncode}")
        return done.stdout


class Finished(NamedTuple):
    """What a process that ended well took."""

    seconds: float
    megabytes: float  # the most resident memory
    last_line: str


def timed_process(arguments, variables):
    """Runs a process to its end; raises Unanswered if it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(arguments, env=variables, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        for file in (output, errors):
            file.seek(0)
        if process.returncode != 0:
            raise Unanswered(errors.read().decode().strip()[-500:])
        lines = output.read().decode().strip().splitlines()
    return Finished(seconds, usage.ru_maxrss / 1024, lines[-1] if lines else "")
