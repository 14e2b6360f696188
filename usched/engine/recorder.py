"""What a run tells while it goes on: segments, and the figures of lwps, schedulers and cpus."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import accumulate, compress
from operator import mul
from typing import Any

from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import bits
from usched.engine.run_queue import NOWHERE
from usched.words.cpuset import CpuSet
from usched.words.machine import Topology
from usched.words.run import (
    MOST_ON_A_CPU,
    CpuFigures,
    LwpFigures,
    Response,
    SchedulerFigures,
    Storage,
    Stretch,
)

#: An lwp starves when it has waited for as many quanta.
STARVED_QUANTA = 10

#: As many entries in the log of a cpu are counted at once, on average over all cpus.
_UNCOUNTED = 64


class SchedulerCounts:
    """What is counted under one name, for as many schedulers as had it: its own lwps' ticks."""

    def __init__(self) -> None:
        self.ran = self.waited = self.migrations = 0
        self.lwps: set[int] = set()


class CpuCounts:
    """One real cpu. log: what is not counted yet, flat: a tick, and the lwp that runs from then on
    or None; the last goes on. ran: ticks of each lwp, by index; None once there are too many, and
    where segments are kept, which tell it whoever asks.
    """

    def __init__(self, segments: bool) -> None:
        self.log: list[Any] = [0, None]
        self.busy = 0
        self.offline_since = NOWHERE
        #: Each time that it was offline: [start, end).
        self.offline: list[tuple[int, int]] = []
        self.ran: dict[int, int] | None = None if segments else {}

    def since(self) -> int:
        """The tick since which it is as it is."""
        since: int = self.log[-2]
        return since

    def lwp(self) -> int:
        """Who runs there, by index; NOWHERE for nobody."""
        lwp: Lwp | None = self.log[-1]
        return NOWHERE if lwp is None else lwp.index

    def count(self, segments: list[int] | None) -> None:
        """Count what is over, and append its segments, flat: start, end and lwp."""
        log = self.log
        if len(log) == 2:
            return
        starts: list[int] = log[:-2:2]
        ends: list[int] = log[2::2]
        lwps: list[Lwp] = log[1:-2:2]
        del log[:-2]
        busy = ends[-1] - starts[0]
        if not all(lwps):  # `in` would compare each
            starts, ends = list(compress(starts, lwps)), list(compress(ends, lwps))
            lwps = list(filter(None, lwps))
            busy = sum(ends) - sum(starts)
        self.busy += busy
        if self.ran is not None:
            self.count_lwps(starts, ends, lwps, self.ran)
        if segments is not None:
            flat = [0] * (3 * len(lwps))
            flat[::3], flat[1::3], flat[2::3] = starts, ends, [lwp.indexed for lwp in lwps]
            segments += flat

    def count_lwps(
        self, starts: list[int], ends: list[int], lwps: list[Lwp], ran: dict[int, int]
    ) -> None:
        met = []
        for start, end, lwp in zip(starts, ends, lwps):  # noqa: B905 - compiled, it makes no tuple
            if not lwp.here:
                met.append(lwp)
            lwp.here += end - start
        for lwp in met:
            ran[lwp.index] = ran.get(lwp.index, 0) + lwp.here
            lwp.here = 0
        if len(ran) > MOST_ON_A_CPU:
            self.ran = None

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
        self.cpus = {cpu: CpuCounts(segments) for cpu in topology.all}
        for cpu in topology.offline:
            self.cpus[cpu].offline_since = 0
        self.schedulers: dict[str, SchedulerCounts] = {}
        #: By number; a machine's may have gaps.
        self._logs: list[list[Any]] = [[] for _ in range(max(self.cpus, default=0) + 1)]
        for cpu, counts in self.cpus.items():
            self._logs[cpu] = counts.log
        self.segments: dict[int, list[int]] | None = None
        self.storage = storage
        self.put_away = 0
        self._closed = self._logged = 0
        self.stretches: list[Stretch] = []
        if segments:
            self.segments = {cpu: [] for cpu in self.cpus}

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
        tick: Any = now  # compiled, one object for all entries
        for cpu in bits(root.busy & ~root.taken):
            log = logs[cpu]
            log.append(tick)
            log.append(None)
        root.busy = root.taken
        users = root.users
        for cpu, lwp in zip(root.placed_on, root.placed):  # noqa: B905 - as above
            users[cpu] = lwp
            log = logs[cpu]
            if log[-1] is lwp:
                continue
            log.append(tick)
            log.append(lwp)
            lwp.dispatches += 1
            if lwp.real != cpu:
                if lwp.real >= 0:
                    lwp.migrations += 1
                lwp.real = cpu
        self._logged += len(root.placed)
        root.placed_on.clear()
        root.placed.clear()

    def count(self) -> None:
        """Count all that is over, and write its segments down."""
        segments = self.segments
        for cpu, counts in self.cpus.items():
            counts.count(None if segments is None else segments[cpu])
        if segments is not None:
            self._closed = sum(map(len, segments.values())) // 3
        self._logged = 0

    def look_how_many(self) -> None:
        """Now and then: count, and put closed segments away when there are many."""
        if self._logged < _UNCOUNTED * len(self.cpus):
            return
        self.count()
        if self.storage is not None and self._closed >= self.storage.most:
            self._put_away(self.storage)

    def _put_away(self, storage: Storage) -> None:
        assert self.segments is not None
        storage.put({cpu: array("q", flat) for cpu, flat in self.segments.items()})
        for flat in self.segments.values():
            flat.clear()
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
            self.segments = {cpu: [] for cpu in self.segments}
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
                counts.log += (ticks, None)
            if counts.offline_since >= 0:
                counts.come_online(ticks)
        self.end_stretch()

    # -- the figures ----------------------------------------------------------

    def cpu_figures(self, ticks: int) -> tuple[CpuFigures, ...]:
        figures = []
        for cpu, each in self.cpus.items():
            offline = sum(end - start for start, end in each.offline)
            idle = ticks - each.busy - offline
            figures.append(CpuFigures(cpu, each.busy, idle, offline, each.ran))
        return tuple(figures)

    def offline_spans(self) -> dict[int, tuple[tuple[int, int], ...]]:
        return {cpu: tuple(each.offline) for cpu, each in self.cpus.items() if each.offline}

    def lwp_figures(self, lwp: Lwp, ticks: int) -> LwpFigures:
        scheduler = lwp.scheduler.name if lwp.scheduler else lwp.target
        if lwp.forked < 0:
            return LwpFigures(lwp.name, scheduler)
        ran, runnable, _ = lwp.elsewhere  # it has left its last scheduler as well
        end = ticks if lwp.exited < 0 else lwp.exited
        return LwpFigures(  # by place: by name it takes more than twice as long
            lwp.name,
            scheduler,
            ran,
            runnable - ran,  # waited
            end - lwp.forked - runnable,  # slept
            lwp.dispatches,
            lwp.preemptions,
            lwp.migrations,
            lwp.burst,
            summarise(lwp.responses),
            lwp.misses + _missed(lwp, ticks),
            None if lwp.exited < 0 else lwp.exited,
            lwp.forked,
            lwp.runnable and lwp.exited < 0,  # cut
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
    if not responses:
        return None
    ordered = sorted(responses)
    times = list(map(responses.__getitem__, ordered))
    total = sum(map(mul, ordered, times))
    not_above = list(accumulate(times))
    count = not_above[-1]
    # nearest rank: the first that half of them, or 99 of 100, are not above
    p50 = ordered[bisect_left(not_above, (count + 1) // 2)]
    p99 = ordered[bisect_left(not_above, (99 * count + 99) // 100)]
    mean, rest = divmod(total, count)
    rounded = float(mean) if not rest else round(total / count, 3)  # which takes its time
    return Response(ordered[-1], rounded, p50, p99)


def _missed(lwp: Lwp, ticks: int) -> int:
    """Periodic bursts that have not ended, though their deadline passed in the lwp's life."""
    program = lwp.program
    if not lwp.period or program.deadline is None or lwp.forked < 0:
        return 0
    end = ticks if lwp.exited < 0 else lwp.exited
    due_by = (end - program.deadline - lwp.forked) // lwp.period + 1
    if lwp.total >= 0:
        due_by = min(due_by, lwp.total)
    return max(0, due_by - lwp.burst)
