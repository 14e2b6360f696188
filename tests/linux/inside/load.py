"""Processes that want a cpu all the time, and what they got."""

from __future__ import annotations

import os
import re
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.linux.inside.commands import enter, fork, read


@contextmanager
def hogs(*groups: Path) -> Iterator[list[int]]:
    """The pids of processes that run for ever, one in each of these groups."""
    pids = [fork(lambda group=group: _burn(group)) for group in groups]  # type: ignore[misc]
    try:
        for pid, group in zip(pids, groups, strict=True):
            while str(pid) not in read(group / "cgroup.procs").split():
                time.sleep(0.01)
        yield pids
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def _burn(group: Path) -> int:
    enter(group)
    while True:
        pass


def used(group: Path) -> int:
    """Microseconds of cpu."""
    return int(read_stat(group)["usage_usec"])


def read_stat(group: Path) -> dict[str, int]:
    lines = (line.split() for line in read(group / "cpu.stat").splitlines())
    return {name: int(value) for name, value in lines}


def shares(seconds: float, *groups: Path) -> list[float]:
    """Of what all of them used meanwhile, in percent."""
    before = [used(group) for group in groups]
    time.sleep(seconds)
    got = [used(group) - was for group, was in zip(groups, before, strict=True)]
    return [100 * each / sum(got) for each in got]


def percent_of_periods(group: Path, periods: int) -> float:
    """The cpu that a group with a quota used, in percent of the kernel's own periods.

    No other clock is as good: the quota is renewed by this one. What runs is counted at each cpu's
    tick, and the cpus of this machine have theirs up to 100 ms late, in turns: so it is the slope
    through the readings of all periods.
    """
    readings = []
    for _ in range(periods):
        now = read_stat(group)["nr_periods"]
        while (then := read_stat(group))["nr_periods"] == now:
            time.sleep(0.001)
        readings.append((then["nr_periods"], then["usage_usec"]))
    slope = statistics.linear_regression(*zip(*readings, strict=True)).slope
    return 100 * slope / int(read(group / "cpu.max").split()[1])


def trace_cpus(seconds: float) -> dict[int, set[int]]:
    """By pid: every cpu that it was put on, from the kernel's own trace."""
    tracing = Path("/sys/kernel/tracing/instances/ours")
    tracing.mkdir()
    (tracing / "buffer_size_kb").write_text("4096")
    enable = tracing / "events/sched/sched_switch/enable"
    enable.write_text("1")
    time.sleep(seconds)
    enable.write_text("0")
    lost = [read(each) for each in tracing.glob("per_cpu/cpu*/stats")]
    assert all("\noverrun: 0\n" in each for each in lost), lost
    ran: dict[int, set[int]] = {}
    for line in (tracing / "trace").read_text().splitlines():
        switch = re.search(r" \[([0-9]+)\] .* next_pid=([0-9]+) ", line)
        if switch:
            ran.setdefault(int(switch[2]), set()).add(int(switch[1]))
    tracing.rmdir()
    return ran


def trace_until(holds: Callable[[dict[int, set[int]]], bool]) -> dict[int, set[int]]:
    """As `trace_cpus`, for as many seconds as it takes: a cpu of so slow a machine may have no turn
    in one of them, and who is alone on a cpu is not put there again."""
    deadline = time.monotonic() + 90
    ran = trace_cpus(1)
    while not holds(ran) and time.monotonic() < deadline:
        for pid, cpus in trace_cpus(1).items():
            ran.setdefault(pid, set()).update(cpus)
    return ran
