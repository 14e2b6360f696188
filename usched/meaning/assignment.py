"""Threads to programs: each in a scheduler by rules, its times as whole ticks.

Rounding is carried from one burst to the next, never lost: what a thread ran in all is right to
half a tick, however short its bursts. One that comes to no tick at all cannot be in a workload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from usched.words.trace import Rule, Thread
from usched.words.workload import Program

_MAX_NAME = 31


@dataclass(frozen=True, slots=True)
class Assigned:
    """programs: of the threads that are in the workload. short: threads that came to no tick.
    homeless: those that no rule fits. unused: rules that fit none."""

    programs: tuple[Program, ...]
    threads: tuple[Thread, ...]
    short: tuple[Thread, ...]
    homeless: tuple[Thread, ...]
    unused: tuple[Rule, ...]


def assign(
    threads: Iterable[Thread], rules: Sequence[Rule], default: str | None, tick: int
) -> Assigned:
    """tick: ns. The first rule that fits counts, then the default."""
    programs: list[Program] = []
    taken: list[Thread] = []
    short: list[Thread] = []
    homeless: list[Thread] = []
    used: set[Rule] = set()
    for thread in threads:
        rule = next((each for each in rules if fits(each, thread)), None)
        if rule is not None:
            used.add(rule)
        scheduler = default if rule is None else rule.scheduler
        at, bursts = round_bursts(thread.arrived, thread.bursts, tick)
        if not bursts:
            short.append(thread)
        elif scheduler is None:
            homeless.append(thread)
        else:
            programs.append(Program(name_program(thread), scheduler, bursts, at=at))
            taken.append(thread)
    unused = tuple(rule for rule in rules if rule not in used)
    return Assigned(tuple(programs), tuple(taken), tuple(short), tuple(homeless), unused)


def fits(rule: Rule, thread: Thread) -> bool:
    match rule.kind:
        case "comm":
            return any(fnmatchcase(thread.comm, each) for each in rule.patterns)
        case "pid":
            return any(int(each) == thread.pid for each in rule.patterns)
        case "cgroup":
            return any(fnmatchcase(thread.cgroup, each) for each in rule.patterns)
        case "cpu":
            return thread.cpu in rule.cpus
        case _:
            return False


def name_program(thread: Thread) -> str:
    """`redis-server-26341`; `-26341_2` where the pid is used for the second time."""
    again = f"_{thread.generation + 1}" if thread.generation else ""
    end = f"-{thread.pid}{again}"
    comm = re.sub(r"[^A-Za-z0-9_-]", "_", thread.comm) or "_"
    if not re.match(r"[A-Za-z_]", comm):
        comm = f"_{comm}"
    return comm[: _MAX_NAME - len(end)] + end


def round_bursts(
    arrived: int, bursts: Iterable[tuple[int, int]], tick: int
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The tick of arrival, and (run, sleep) in ticks, of ns.

    A burst that comes to no tick is carried into the next one, and its sleep is slept all the same.
    """
    at, ran, slept = _nearest(arrived, tick), 0, 0
    rounded: list[tuple[int, int]] = []
    for run, sleep in bursts:
        ran += run
        slept += sleep
        run_ticks, sleep_ticks = _nearest(ran, tick), _nearest(slept, tick)
        ran -= run_ticks * tick
        slept -= sleep_ticks * tick
        if run_ticks > 0:
            rounded.append((run_ticks, sleep_ticks))
        elif rounded:
            before, after = rounded[-1]
            rounded[-1] = (before, after + sleep_ticks)
        else:
            at += sleep_ticks
    return at, tuple(rounded)


def _nearest(ns: int, tick: int) -> int:
    """Whole ticks, a half rounded up; what is below zero is carried on."""
    return max(0, (2 * ns + tick) // (2 * tick))
