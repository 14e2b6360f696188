"""Threads to programs: each in a scheduler by rules, its times as whole ticks.

Rounding is carried from one burst to the next, never lost: what a thread ran in all is right to
half a tick, however short its bursts. One that comes to no tick at all cannot be in a workload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import gcd

from usched.words.rt_app import POLICIES, RtApp, Task
from usched.words.trace import Rule, TracedThread
from usched.words.workload import Program

_MAX_NAME = 31


@dataclass(frozen=True, slots=True)
class Assigned:
    """programs: of the threads that are in the workload. short: threads that came to no tick.
    homeless: those that no rule fits. unused: rules that fit none."""

    programs: tuple[Program, ...]
    threads: tuple[TracedThread, ...]
    short: tuple[TracedThread, ...]
    homeless: tuple[TracedThread, ...]
    unused: tuple[Rule, ...]


def assign(
    threads: Iterable[TracedThread], rules: Sequence[Rule], default: str | None, tick: int
) -> Assigned:
    """tick: ns. The first rule that fits counts, then the default."""
    programs: list[Program] = []
    taken: list[TracedThread] = []
    short: list[TracedThread] = []
    homeless: list[TracedThread] = []
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


@dataclass(frozen=True, slots=True)
class AssignedTasks:
    """As `Assigned`, of an rt-app file. rounded: times that are no whole ticks, by at most
    `error_us`. loose: tasks with an affinity, or a policy of their own, that no rule goes by."""

    programs: tuple[Program, ...]
    short: tuple[Task, ...]
    homeless: tuple[Task, ...]
    unused: tuple[Rule, ...]
    rounded: int
    error_us: float
    loose: dict[str, int]


def exact_tick(app: RtApp, largest: int) -> int:
    """The largest tick, a divisor of `largest`, of which all times are multiples. Microseconds."""
    times = [app.duration or 0]
    for task in app.tasks:
        times += (task.at, task.period or 0, task.deadline or 0)
        times += (us for burst in task.bursts for us in burst)
    return gcd(largest, *times)


def assign_tasks(
    app: RtApp, rules: Sequence[Rule], default: str | None, tick: int
) -> AssignedTasks:
    """tick: microseconds."""
    programs: list[Program] = []
    short: list[Task] = []
    homeless: list[Task] = []
    used: set[Rule] = set()
    names: set[str] = set()
    rounding = _Rounding(tick)
    loose = {"cpus": 0, "policy": 0}
    for task in app.tasks:
        rule = next((each for each in rules if fits_task(each, task)), None)
        if rule is not None:
            used.add(rule)
        kind = "" if rule is None else rule.kind
        loose["cpus"] += bool(task.cpus) and kind != "cpu"
        loose["policy"] += task.policy != POLICIES[0] and kind != "policy"
        scheduler = default if rule is None else rule.scheduler
        if scheduler is None:
            homeless.append(task)
            continue
        program = _to_program(task, _name_task(task.name, names), scheduler, rounding)
        if program is None:
            short.append(task)
        else:
            names.add(program.name)
            programs.append(program)
    unused = tuple(rule for rule in rules if rule not in used)
    return AssignedTasks(
        tuple(programs),
        tuple(short),
        tuple(homeless),
        unused,
        rounding.many,
        rounding.error_us,
        loose,
    )


class _Rounding:
    """Microseconds to ticks; remembers by how much."""

    def __init__(self, tick: int) -> None:
        self.tick = tick
        self.many = 0
        self.error_us = 0.0

    def ticks(self, us: int, low: int = 0) -> int:
        ticks = max(low, _nearest(us, self.tick))
        self.note(us, ticks)
        return ticks

    def note(self, us: int, ticks: int) -> None:
        error = abs(us - ticks * self.tick)
        self.many += error > 0
        self.error_us = max(self.error_us, error)


def _to_program(task: Task, name: str, scheduler: str, rounding: _Rounding) -> Program | None:
    at = rounding.ticks(task.at)
    if task.period is not None:
        run = rounding.ticks(task.bursts[0][0], 1)
        period = rounding.ticks(task.period, 1)
        deadline = period if task.deadline is None else rounding.ticks(task.deadline, 1)
        shape = ((run, 0),), task.instances, at, 0, task.repeat, period, deadline
        return Program(name, scheduler, *shape)
    shift, bursts = round_bursts(0, task.bursts, rounding.tick)
    if not bursts:
        return None
    rounding.note(sum(run for run, _ in task.bursts), sum(run for run, _ in bursts))
    rounding.note(sum(sleep for _, sleep in task.bursts), shift + sum(each for _, each in bursts))
    return Program(name, scheduler, bursts, task.instances, at + shift, 0, task.repeat)


def _name_task(written: str, taken: set[str]) -> str:
    """As a program may be called, and another name than those before."""
    base = _clean(written)[:_MAX_NAME]
    name, number = base, 1
    while name in taken:
        number += 1
        end = f"_{number}"
        name = base[: _MAX_NAME - len(end)] + end
    return name


def fits_task(rule: Rule, task: Task) -> bool:
    match rule.kind:
        case "comm":
            return any(fnmatchcase(task.name, each) for each in rule.patterns)
        case "cpu":
            return bool(task.cpus) and task.cpus <= rule.cpus
        case "policy":
            return any(task.policy in (each, f"SCHED_{each}") for each in rule.patterns)
        case _:
            return False


def fits(rule: Rule, thread: TracedThread) -> bool:
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


def name_program(thread: TracedThread) -> str:
    """`redis-server-26341`; `-26341_2` where the pid is used for the second time."""
    again = f"_{thread.generation + 1}" if thread.generation else ""
    end = f"-{thread.pid}{again}"
    return _clean(thread.comm)[: _MAX_NAME - len(end)] + end


def _clean(name: str) -> str:
    """With the letters of a program's name."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "_"
    return cleaned if re.match(r"[A-Za-z_]", cleaned) else f"_{cleaned}"


def round_bursts(
    arrived: int, bursts: Iterable[tuple[int, int]], tick: int
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The tick of arrival, and (run, sleep) in ticks, of ns.

    A burst that comes to no tick is carried into the next one, and its sleep is slept all the same.
    """
    at, ran, slept = _nearest(arrived, tick), 0, 0
    rounded: list[tuple[int, int]] = []
    same: dict[tuple[int, int], tuple[int, int]] = {}  # most are alike, and there may be millions
    for run, sleep in bursts:
        ran += run
        slept += sleep
        run_ticks, sleep_ticks = _nearest(ran, tick), _nearest(slept, tick)
        ran -= run_ticks * tick
        slept -= sleep_ticks * tick
        if run_ticks > 0:
            pair = (run_ticks, sleep_ticks)
            rounded.append(same.setdefault(pair, pair))
        elif rounded:
            before, after = rounded[-1]
            rounded[-1] = (before, after + sleep_ticks)
        else:
            at += sleep_ticks
    return at, tuple(rounded)


def _nearest(ns: int, tick: int) -> int:
    """Whole ticks, a half rounded up; what is below zero is carried on. Both in one unit."""
    return max(0, (2 * ns + tick) // (2 * tick))
