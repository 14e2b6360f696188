"""Counting while the run goes on: segments, and the figures of lwps, schedulers and cpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from usched.engine.state import Domain, Lwp
from usched.words.run import (
    CpuFigures,
    LwpFigures,
    Response,
    SchedulerFigures,
    Segment,
    Waiting,
)

#: An lwp starves when it has waited for as many quanta.
STARVED_QUANTA = 10


class LwpTally:
    """One lwp's counters; runnable and asleep are ticks up to `since`, the last change of state."""

    __slots__ = (
        "asleep", "bursts", "dispatches", "last_cpu", "migrations", "misses", "preemptions",
        "responses", "runnable", "since",
    )  # fmt: skip

    def __init__(self) -> None:
        self.runnable = self.asleep = self.since = 0
        self.dispatches = self.preemptions = self.migrations = 0
        self.bursts = self.misses = 0
        self.last_cpu: int | None = None
        self.responses: Counter[int] = Counter()


class SchedulerTally:
    """What is counted under one name, for as many schedulers as had it."""

    __slots__ = ("lengths", "lwps", "migrations", "ran", "ticks", "waited")

    def __init__(self) -> None:
        self.ran = self.waited = self.migrations = 0
        self.lwps: set[int] = set()
        self.ticks: list[int] = [0]
        self.lengths: list[int] = [0]

    def wait(self, length: int, tick: int, ticks: int) -> None:
        """So many own lwps wait for the ticks [tick, tick + ticks)."""
        self.waited += length * ticks
        if self.lengths[-1] != length:
            self.ticks.append(tick)
            self.lengths.append(length)


class Tally:
    """The counters of a run. The dispatcher tells it what happens, in the order of time."""

    def __init__(self, cpus: Sequence[int], lwps: int) -> None:
        self.lwps = [LwpTally() for _ in range(lwps)]
        self.schedulers: dict[str, SchedulerTally] = {}
        self.segments: dict[int, list[Segment]] = {cpu: [] for cpu in cpus}
        self._running: dict[int, tuple[Lwp, int]] = {}
        self._offline = dict.fromkeys(cpus, 0)

    def enter(self, lwp: Lwp, scheduler: Domain) -> None:
        """An lwp forks or moves into a scheduler."""
        self.schedulers[scheduler.name].lwps.add(lwp.index)

    def name_scheduler(self, name: str) -> None:
        """A scheduler exists; a name that was there before is the same entry."""
        self.schedulers.setdefault(name, SchedulerTally())

    def change_state(self, lwp: Lwp, tick: int) -> None:
        """The lwp's state ends at this tick; call it while `lwp.runnable` is the old state."""
        counts = self.lwps[lwp.index]
        if lwp.runnable:
            counts.runnable += tick - counts.since
        else:
            counts.asleep += tick - counts.since
        counts.since = tick

    def end_burst(self, lwp: Lwp, tick: int) -> None:
        """A burst has ended: tick is the first one after it."""
        counts = self.lwps[lwp.index]
        counts.bursts += 1
        counts.responses[tick - lwp.due] += 1
        deadline = lwp.program.deadline
        if deadline is not None and tick > lwp.due + deadline:
            counts.misses += 1

    def run(self, running: dict[int, Lwp], offline: Iterable[int], tick: int, ticks: int) -> None:
        """Who runs on which real cpu for the ticks [tick, tick + ticks)."""
        for cpu in [cpu for cpu, (lwp, _) in self._running.items() if running.get(cpu) is not lwp]:
            self._close(cpu, tick)
        for cpu, lwp in running.items():
            assert lwp.scheduler is not None
            scheduler = self.schedulers[lwp.scheduler.name]
            scheduler.ran += ticks
            if cpu in self._running:
                continue
            self._running[cpu] = (lwp, tick)
            counts = self.lwps[lwp.index]
            counts.dispatches += 1
            if counts.last_cpu not in (None, cpu):
                counts.migrations += 1
                scheduler.migrations += 1
            counts.last_cpu = cpu
        for cpu in offline:
            self._offline[cpu] += ticks

    def _close(self, cpu: int, tick: int) -> None:
        lwp, start = self._running.pop(cpu)
        self.segments[cpu].append(Segment(cpu, start, tick, lwp.name))

    def wait(self, queues: Mapping[str, int], tick: int, ticks: int) -> None:
        """How many lwps wait in which scheduler for the ticks [tick, tick + ticks)."""
        for name, counts in self.schedulers.items():
            counts.wait(queues.get(name, 0), tick, ticks)

    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(
            Waiting(name, tuple(counts.ticks), tuple(counts.lengths))
            for name, counts in self.schedulers.items()
        )

    def finish(self, ticks: int) -> None:
        for cpu in list(self._running):
            self._close(cpu, ticks)

    # -- the figures ----------------------------------------------------------

    def cpu_figures(self, ticks: int) -> tuple[CpuFigures, ...]:
        figures = []
        for cpu, segments in self.segments.items():
            busy = sum(segment.end - segment.start for segment in segments)
            offline = self._offline[cpu]
            figures.append(CpuFigures(cpu, busy, ticks - busy - offline, offline))
        return tuple(figures)

    def lwp_figures(self, lwp: Lwp, ticks: int) -> LwpFigures:
        scheduler = lwp.scheduler.name if lwp.scheduler else lwp.target
        if lwp.forked is None:
            return LwpFigures(lwp.name, scheduler)
        counts = self.lwps[lwp.index]
        return LwpFigures(
            name=lwp.name,
            scheduler=scheduler,
            ran=lwp.ran,
            waited=counts.runnable - lwp.ran,
            slept=counts.asleep,
            dispatches=counts.dispatches,
            preemptions=counts.preemptions,
            migrations=counts.migrations,
            bursts=counts.bursts,
            response=summarise(counts.responses),
            misses=counts.misses + _missed(lwp, ticks),
            exited=lwp.exited,
        )

    def scheduler_figures(self, starved: set[str]) -> tuple[SchedulerFigures, ...]:
        """In the order in which the names were first declared, a parent before its children."""
        ran = dict.fromkeys(self.schedulers, 0)
        waited = dict.fromkeys(self.schedulers, 0)
        migrations = dict.fromkeys(self.schedulers, 0)
        for name, counts in self.schedulers.items():
            above = name
            while above:
                ran[above] += counts.ran
                waited[above] += counts.waited
                migrations[above] += counts.migrations
                above = above.rpartition("/")[0]
        return tuple(
            SchedulerFigures(
                name,
                ran[name],
                waited[name],
                len(counts.lwps),
                migrations[name],
                name in starved,
            )
            for name, counts in self.schedulers.items()
        )


def summarise(responses: Counter[int]) -> Response | None:
    """Response times to their figures; None where there are none."""
    count = responses.total()
    if not count:
        return None
    total = sum(ticks * times for ticks, times in responses.items())
    ordered = sorted(responses.items())
    return Response(
        max=ordered[-1][0],
        mean=round(total / count, 3),
        p50=_rank(ordered, -(-count * 50 // 100)),
        p99=_rank(ordered, -(-count * 99 // 100)),
    )


def _rank(ordered: Sequence[tuple[int, int]], rank: int) -> int:
    """The rank-th smallest, counting from 1."""
    seen = 0
    for ticks, times in ordered:
        seen += times
        if seen >= rank:
            return ticks
    raise AssertionError("a rank beyond the count")


def _missed(lwp: Lwp, ticks: int) -> int:
    """Periodic bursts that have not ended, though their deadline passed in the lwp's life."""
    program = lwp.program
    if program.period is None or program.deadline is None or lwp.forked is None:
        return 0
    end = ticks if lwp.exited is None else lwp.exited
    due_by = (end - program.deadline - lwp.forked) // program.period + 1
    total = lwp.total_bursts()
    if total is not None:
        due_by = min(due_by, total)
    return max(0, due_by - lwp.burst)
