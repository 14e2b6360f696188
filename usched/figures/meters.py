"""What Linux has counted of a scheduler's group, and how much that is a second."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from usched.words.cpuset import CpuSet
from usched.words.kernel_count import parse_count


class Meter(NamedTuple):
    """Counters of a group and all beneath it; None where this kernel does not count that.

    used: cpu time, in microseconds. waited: microseconds in which some thread waited for a cpu
    (PSI). periods, throttled: of cpu.max, how many there were, and in how many the group was held
    up. held_up: microseconds for which it was, summed over cpus. at: when that was read, in seconds
    of any clock.
    """

    threads: int
    cpus: CpuSet
    used: int | None
    waited: int | None
    periods: int | None
    throttled: int | None
    held_up: int | None
    at: float


class Rate(NamedTuple):
    """busy: how many cpus it used, on average. share: of the cpus that it has. waiting: in what
    part of the time some thread waited. throttled: in what part of the periods it was held up."""

    threads: int
    cpus: CpuSet
    busy: float | None
    share: float | None
    waiting: float | None
    throttled: float | None


def measure(before: Meter, after: Meter) -> Rate:
    """Between two looks."""
    seconds = max(after.at - before.at, 1e-6)
    used = _difference(before.used, after.used)
    waited = _difference(before.waited, after.waited)
    periods = _difference(before.periods, after.periods)
    throttled = _difference(before.throttled, after.throttled)
    busy = None if used is None else used / 1e6 / seconds
    held = None
    if throttled is not None and periods is not None:
        held = min(1.0, throttled / periods) if periods else 0.0
    return Rate(
        after.threads,
        after.cpus,
        busy,
        None if busy is None or not after.cpus else busy / len(after.cpus),
        None if waited is None else min(1.0, waited / 1e6 / seconds),
        held,
    )


def sum_up(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """By how much counters have grown together; who is new counts from 0, and who is gone not."""
    differences = (_difference(before.get(name), value) for name, value in after.items())
    return sum(each for each in differences if each is not None)


def _difference(before: int | None, after: int | None) -> int | None:
    """A group that was made anew counts from 0."""
    if after is None:
        return None
    return after if before is None or after < before else after - before


def parse_cpu_stat(text: str) -> Mapping[str, int]:
    """The lines of cpu.stat (cgroup-v2.rst); one that says no number is left out."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        with suppress(ValueError):
            found[name] = parse_count(value)
    return found


def parse_some(text: str) -> int | None:
    """Microseconds in the line `some` of a pressure file (accounting/psi.rst)."""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "some":
            with suppress(ValueError):
                return parse_count(rest.rpartition("total=")[2])
    return None
