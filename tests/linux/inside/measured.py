"""What top and metrics say of hogs, beside what the kernel counts of each of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.linux.inside.cases import Said, find_wrong_of_top
from tests.linux.inside.commands import OURS, declare, done, groups, read
from tests.linux.inside.load import hogs, read_stat
from tests.linux.inside.waiting import await_that, run_until

#: Two hogs on a cpu, four in a pool half as wide as it is, and one each on two cpus.
SCRIPT = """
ONE on cpu0 lwktpri 6
NARROW on cpu1-4 lwktpri 6 vcpus 2
WIDE on cpu5-6 lwktpri 6
WIDE/IN on cpu0-1 lwktpri 6
"""

_HOGS = {"ONE": 2, "NARROW": 4, "WIDE/IN": 2}


class _Reading(NamedTuple):
    """Seconds of the clock, and seconds of cpu time."""

    at: float
    used: float


def _read_hogs(pids: list[int]) -> _Reading:
    began = time.monotonic()
    ran = sum(int(read(Path(f"/proc/{pid}/schedstat")).split()[0]) for pid in pids)
    return _Reading((began + time.monotonic()) / 2, ran / 1e9)


def _read_run_queues() -> _Reading:
    """Of all cpus: what ran there until it was last switched away."""
    at = time.monotonic()
    lines = [line.split() for line in read(Path("/proc/schedstat")).splitlines()]
    return _Reading(at, sum(int(line[7]) for line in lines if line[0].startswith("cpu")) / 1e9)


def _rate(before: _Reading, after: _Reading) -> float:
    return (after.used - before.used) / (after.at - before.at)


def top_beside_the_kernel() -> object:
    """Cpus used by each, as top says and by its hogs' own counters; and by all of the machine."""
    declare(SCRIPT)
    done("apply", "-q")
    places = [name for name, many in _HOGS.items() for _ in range(many)]
    with hogs(*[OURS / name for name in places]) as pids:
        own = {
            name: [pid for pid, its in zip(pids, places, strict=True) if its == name]
            for name in _HOGS
        }
        time.sleep(0.5)
        return run_until(lambda saw: not find_wrong_of_top(*saw), lambda: _look(own))


def _look(own: Mapping[str, list[int]]) -> tuple[Said, dict[str, float], float]:
    before = {name: _read_hogs(each) for name, each in own.items()}
    queues = _read_run_queues()
    said = json.loads(done("top", "--once", "--json", "--every", "4s"))
    after = {name: _read_hogs(each) for name, each in own.items()}
    machine = _rate(queues, _read_run_queues())
    return said, {name: _rate(before[name], after[name]) for name in own}, machine


def metrics_beside_the_kernel() -> object:
    """cpu time and quotas, between two readings of the kernel's own."""
    with hogs(OURS / "NARROW", OURS / "NARROW", OURS / "NARROW"):
        await_that(lambda: read_stat(OURS / "NARROW")["nr_throttled"] > 3)
        names = [name for name in groups() if name]
        before = {name: read_stat(OURS / name) for name in names}
        text = done("metrics")
        after = {name: read_stat(OURS / name) for name in names}
    return [text, before, after]


def nothing_is_applied() -> object:
    done("release", "-q")
    return done("metrics")


CHECKS = (top_beside_the_kernel, metrics_beside_the_kernel, nothing_is_applied)
