"""The nouns of an rt-app file: tasks as what they run and sleep. Times are microseconds."""

from __future__ import annotations

from dataclasses import dataclass

from usched.words.cpuset import CpuSet

POLICIES = ("SCHED_OTHER", "SCHED_IDLE", "SCHED_BATCH", "SCHED_RR", "SCHED_FIFO", "SCHED_DEADLINE")


@dataclass(frozen=True, slots=True)
class Task:
    """bursts: (run, sleep) pairs, gone through `repeat` times (None: for ever). period, deadline:
    of a task that runs one burst at each turn of a timer. cpus: its affinity, empty for any."""

    name: str
    instances: int
    at: int
    bursts: tuple[tuple[int, int], ...]
    repeat: int | None
    period: int | None
    deadline: int | None
    policy: str
    cpus: CpuSet


@dataclass(frozen=True, slots=True)
class RtApp:
    """duration: when all tasks are killed, None where they are not. dropped: what has no
    equivalent, each with how often; told: sentences on what was taken for something near."""

    tasks: tuple[Task, ...]
    duration: int | None
    dropped: dict[str, int]
    told: tuple[str, ...]
