"""What the dispatcher is measured against: job A, and nothing else, done by others.

Each yardstick takes a number of decisions to make, and answers with how many it made and the
cpu seconds that they took. One that cannot be had here raises Missing and says why.
"""

from __future__ import annotations

import ctypes
import heapq
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

CPUS = 8
LWPS = 64
QUANTUM = 10


class Missing(Exception):
    """What a yardstick needs is not installed."""


class Yardstick(NamedTuple):
    name: str
    what: str
    decisions: int
    measure: Callable[[int], tuple[int, float]]


def _loop_in_python(decisions: int) -> tuple[int, float]:
    events = [(QUANTUM, cpu) for cpu in range(CPUS)]
    running = list(range(CPUS))
    queue = deque(range(CPUS, LWPS))
    began = process_time()
    # CPython 3.11 does not specialise a `while decisions:` until it was called some times
    for _ in range(decisions):
        tick, cpu = events[0]
        queue.append(running[cpu])
        running[cpu] = queue.popleft()
        heapq.heapreplace(events, (tick + QUANTUM, cpu))
    return decisions, process_time() - began


def _simpy(decisions: int) -> tuple[int, float]:
    simpy = _import("simpy", "Environment", "Store")
    env = simpy.Environment()
    store = simpy.Store(env)
    store.items.extend(range(LWPS))
    made = 0

    def run_cpu() -> Any:
        nonlocal made
        while True:
            lwp = yield store.get()
            made += 1
            yield env.timeout(QUANTUM)
            yield store.put(lwp)

    for _ in range(CPUS):
        env.process(run_cpu())
    began = process_time()
    env.run(until=decisions // CPUS * QUANTUM)
    return made, process_time() - began


@cache
def _compiled() -> Any:
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("no C compiler (cc)")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "loop.so")
        source = Path(__file__).with_name("loop.c")
        command = [compiler, "-O3", "-shared", "-fPIC", "-o", str(library), str(source)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise Missing(f"cc does not compile {source.name}: {made.stderr.strip()[:200]}")
        function = ctypes.CDLL(str(library)).loop
    function.restype = ctypes.c_int64
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
    return function


def _loop_in_c(decisions: int) -> tuple[int, float]:
    loop = _compiled()
    began = process_time()
    loop(CPUS, LWPS, QUANTUM, decisions)
    return decisions, process_time() - began


def _simso(decisions: int) -> tuple[int, float]:
    core = _import("simso.core", "Model", "Scheduler", "Timer")
    configuration = import_module("simso.configuration").Configuration()
    made = 0

    class RoundRobin(core.Scheduler):  # type: ignore[misc, name-defined]
        def init(self) -> None:
            self.queue: deque[Any] = deque()
            for cpu in self.processors:
                core.Timer(self.sim, cpu.resched, (), QUANTUM, one_shot=False, cpu=cpu).start()

        def on_activate(self, job: Any) -> None:
            self.queue.append(job)
            job.cpu.resched()

        def on_terminated(self, job: Any) -> None:
            job.cpu.resched()

        def schedule(self, cpu: Any) -> Any:
            nonlocal made
            if not self.queue:
                return None
            if cpu.running is not None:
                self.queue.append(cpu.running)
            made += 1
            return self.queue.popleft(), cpu

    configuration.duration = decisions // CPUS * QUANTUM * configuration.cycles_per_ms
    for lwp in range(LWPS):
        long = 1_000_000_000  # ms
        configuration.add_task(f"lwp {lwp}", lwp, period=long, wcet=long, deadline=long)
    for cpu in range(CPUS):
        configuration.add_processor(f"cpu{cpu}", cpu)
    configuration.scheduler_info.clas = RoundRobin
    model = core.Model(configuration)
    began = process_time()
    model.run_model()
    return made, process_time() - began


def _import(name: str, *wanted: str) -> Any:
    try:
        module = import_module(name)
    except ImportError as error:
        raise Missing(f"not installed: {error}") from None
    if missing := [each for each in wanted if not hasattr(module, each)]:
        raise Missing(f"{name} of another version: it has no {', '.join(missing)}")
    return module


YARDSTICKS = (
    Yardstick("y1", "a heapq and a deque, Python", 400_000, _loop_in_python),
    Yardstick("y2", "a Store in SimPy", 40_000, _simpy),
    Yardstick("y3", "the same loop in C, -O3", 20_000_000, _loop_in_c),
    Yardstick("y4", "a round robin in SimSo", 4_000, _simso),
)
