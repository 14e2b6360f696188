"""Which virtual cpus lwps ran through, for whoever draws a run.

A run is dispatched once more for it, tick by tick, and watched; one that nobody draws pays nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from usched.engine.dispatcher import simulate
from usched.meaning.timetable import Timetable
from usched.words.run import Assignment


class Passage(NamedTuple):
    """A virtual cpu used for [start, end) by an lwp, on a real cpu."""

    scheduler: str
    vcpu: int
    start: int
    end: int
    lwp: str
    cpu: int


def trace_vcpus(timetable: Timetable, ticks: int) -> list[Passage]:
    """Of every virtual scheduler, by name, vcpu and start."""
    if not ticks or not (timetable.actions or any(each.virtual for each in timetable.schedulers)):
        return []
    tracer = _Tracer()
    simulate(timetable, ticks, segments=False, watch=tracer.watch)
    tracer.watch(ticks, ())
    return sorted(tracer.passages)


class _Tracer:
    """since: by vcpu, the tick from which on the same lwp runs through it on the same cpu."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.since: dict[tuple[str, int, str, int], int] = {}

    def watch(self, now: int, assignments: tuple[Assignment, ...]) -> None:
        before = self.since
        self.since = {}
        for each in assignments:
            for hop in each.chain:
                if hop.vcpu:
                    used = (hop.domain, hop.cpu, each.lwp, each.cpu)
                    self.since[used] = before.pop(used, now)
        for (scheduler, vcpu, lwp, cpu), start in before.items():
            self.passages.append(Passage(scheduler, vcpu, start, now, lwp, cpu))
