"""What a run tells while it goes on: segments, and the figures of lwps, schedulers and cpus."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import bits
from usched.engine.run_queue import NOWHERE
from usched.words.cpuset import CpuSet
from usched.words.machine import Topology
from usched.words.run import CpuFigures, LwpFigures, Response, SchedulerFigures, Storage, Stretch

#: An lwp starves when it has waited for as many quanta.
STARVED_QUANTA = 10

#: Of how many lwps a cpu remembers what they ran on it. More say little, and there may be many.
_MOST_LWPS = 128


class SchedulerCounts:
    """What is counted under one name, for as many schedulers as had it: its own lwps' ticks."""

    def __init__(self) -> None:
        self.ran = self.waited = self.migrations = 0
        self.lwps: set[int] = set()


class CpuCounts:
    """One real cpu. log: what is not counted yet, flat: a tick, and who runs from then on, an lwp's
    index or NOWHERE; the last goes on. ran: ticks of each lwp, by index; None once there are too
    many.
    """

    def __init__(self) -> None:
        self.log = [0, NOWHERE]
        self.busy = 0
        self.offline_since = NOWHERE
        #: Each time that it was offline: [start, end).
        self.offline: list[tuple[int, int]] = []
        self.ran: dict[int, int] | None = {}

    def since(self) -> int:
        """The tick since which it is as it is."""
        return self.log[-2]

    def lwp(self) -> int:
        """Who runs there, by index; NOWHERE for nobody."""
        return self.log[-1]

    def count(self) -> list[int]:
        """Count what is over; its segments, flat: start, end and lwp."""
        log = self.log
        segments: list[int] = []
        if len(log) == 2:
            return segments
        ran = self.ran
        busy = 0
        for since, lwp, until in zip(log[:-2:2], log[1:-2:2], log[2::2], strict=True):
            if lwp < 0:
                continue
            segments += (since, until, lwp)
            ticks = until - since
            busy += ticks
            if ran is not None:
                ran[lwp] = ran.get(lwp, 0) + ticks
        self.busy += busy
        if ran is not None and len(ran) > _MOST_LWPS:
            self.ran = None
        del log[:-2]
        return segments

    def come_online(self, now: int) -> None:
        if now > self.offline_since:
            self.offline.append((self.offline_since, now))
        self.offline_since = NOWHERE


class Recorder:
    """Counts, and writes down. The dispatcher tells it what happens, in the order of time.

    segments: closed ones by cpu, flat: start, end and index of the lwp; None where not wanted.
    storage: where they are put when there are too many. put_away: how often they were, since the
    last stretch began.
    """

    def __init__(self, topology: Topology, segments: bool, storage: Storage | None) -> None:
        self.cpus = {cpu: CpuCounts() for cpu in topology.all}
        for cpu in topology.offline:
            self.cpus[cpu].offline_since = 0
        self.schedulers: dict[str, SchedulerCounts] = {}
        #: By number; a machine's may have gaps.
        self._logs: list[list[int]] = [[] for _ in range(max(self.cpus, default=0) + 1)]
        for cpu, counts in self.cpus.items():
            self._logs[cpu] = counts.log
        self.segments: dict[int, array[int]] | None = None
        self.storage = storage
        self.put_away = 0
        self._closed = 0
        self.stretches: list[Stretch] = []
        if segments:
            self.segments = {cpu: array("q") for cpu in self.cpus}

    # -- schedulers -----------------------------------------------------------

    def name_scheduler(self, name: str) -> None:
        """A scheduler exists; a name that was there before is the same entry."""
        self.schedulers.setdefault(name, SchedulerCounts())

    def enter(self, lwp: Lwp, scheduler: Domain) -> None:
        """An lwp forks or moves into a scheduler."""
        self.schedulers[scheduler.name].lwps.add(lwp.index)

    def leave(self, lwp: Lwp, scheduler: Domain, now: int) -> None:
        """An lwp exits or moves out of a scheduler, all its ticks counted."""
        counts = self.schedulers[scheduler.name]
        ran, runnable, migrations = lwp.elsewhere
        lwp.elsewhere = (lwp.ran(now), lwp.runnable_until(now), lwp.migrations)
        ran_here = lwp.elsewhere[0] - ran
        counts.ran += ran_here
        counts.waited += lwp.elsewhere[1] - runnable - ran_here
        counts.migrations += lwp.migrations - migrations

    # -- cpus -----------------------------------------------------------------

    def run(self, root: Domain, now: int) -> None:
        """From this tick on others run on some cpus of the machine, and nobody on some."""
        logs = self._logs
        for cpu in bits(root.busy & ~root.taken):
            logs[cpu] += (now, NOWHERE)
        root.busy = root.taken
        users = root.users
        for cpu, lwp in zip(root.placed_on, root.placed, strict=True):
            users[cpu] = lwp
            log = logs[cpu]
            index = lwp.index
            if log[-1] == index:
                continue
            log += (now, index)
            lwp.dispatches += 1
            if lwp.real != cpu:
                if lwp.real >= 0:
                    lwp.migrations += 1
                lwp.real = cpu
        root.placed_on.clear()
        root.placed.clear()

    def count(self) -> None:
        """Count all that is over, and write its segments down."""
        for cpu, counts in self.cpus.items():
            segments = counts.count()
            if segments and self.segments is not None:
                self.segments[cpu].extend(segments)
                self._closed += len(segments) // 3

    def look_how_many(self) -> None:
        """Now and then: count, and put closed segments away when there are many."""
        self.count()
        if self.storage is not None and self._closed >= self.storage.most:
            self._put_away(self.storage)

    def _put_away(self, storage: Storage) -> None:
        assert self.segments is not None
        storage.put(self.segments)
        for flat in self.segments.values():
            del flat[:]
        self._closed = 0
        self.put_away += 1

    def end_stretch(self) -> None:
        """The segments closed so far are one stretch, and what follows is another."""
        self.count()
        if self.segments is None:
            return
        if self.storage is not None and self.put_away:
            self._put_away(self.storage)
            self.stretches.append(Stretch(self.storage.take(), 0, 1))
        else:
            self.stretches.append(Stretch(self.segments, 0, 1))
            self.segments = {cpu: array("q") for cpu in self.segments}
        self._closed = self.put_away = 0

    def switch(self, cpus: CpuSet, online: bool, now: int) -> None:
        """cpus of the machine go offline, or online again."""
        for cpu in cpus:
            counts = self.cpus[cpu]
            if online and counts.offline_since >= 0:
                counts.come_online(now)
            elif not online and counts.offline_since < 0:
                counts.offline_since = now

    def finish(self, ticks: int) -> None:
        for counts in self.cpus.values():
            if counts.lwp() >= 0:
                counts.log += (ticks, NOWHERE)
            if counts.offline_since >= 0:
                counts.come_online(ticks)
        self.end_stretch()

    # -- the figures ----------------------------------------------------------

    def cpu_figures(self, ticks: int, names: Sequence[str]) -> tuple[CpuFigures, ...]:
        """names: of the lwps, by index."""
        figures = []
        for cpu, each in self.cpus.items():
            ran = None
            if each.ran is not None:
                ran = {names[lwp]: part for lwp, part in each.ran.items()}
            offline = sum(end - start for start, end in each.offline)
            idle = ticks - each.busy - offline
            figures.append(CpuFigures(cpu, each.busy, idle, offline, ran))
        return tuple(figures)

    def offline_spans(self) -> dict[int, tuple[tuple[int, int], ...]]:
        return {cpu: tuple(each.offline) for cpu, each in self.cpus.items() if each.offline}

    def lwp_figures(self, lwp: Lwp, ticks: int) -> LwpFigures:
        scheduler = lwp.scheduler.name if lwp.scheduler else lwp.target
        if lwp.forked < 0:
            return LwpFigures(lwp.name, scheduler)
        ran, runnable, _ = lwp.elsewhere  # it has left its last scheduler as well
        end = ticks if lwp.exited < 0 else lwp.exited
        return LwpFigures(
            name=lwp.name,
            scheduler=scheduler,
            ran=ran,
            waited=runnable - ran,
            slept=end - lwp.forked - runnable,
            dispatches=lwp.dispatches,
            preemptions=lwp.preemptions,
            migrations=lwp.migrations,
            bursts=lwp.burst,
            response=summarise(lwp.responses),
            misses=lwp.misses + _missed(lwp, ticks),
            exited=None if lwp.exited < 0 else lwp.exited,
            forked=lwp.forked,
            cut=lwp.runnable and lwp.exited < 0,
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
                counts.waited,
            )
            for name, counts in self.schedulers.items()
        )


def summarise(responses: dict[int, int]) -> Response | None:
    """Response times and how often each to their figures; None where there are none."""
    count = sum(responses.values())
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
    if program.period is None or program.deadline is None or lwp.forked < 0:
        return 0
    end = ticks if lwp.exited < 0 else lwp.exited
    due_by = (end - program.deadline - lwp.forked) // program.period + 1
    if lwp.total is not None:
        due_by = min(due_by, lwp.total)
    return max(0, due_by - lwp.burst)
