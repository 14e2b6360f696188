"""A run that repeats, told shortly: what comes a million times comes twice, and the second time
stands for all that are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from usched.words.run import Run

#: How often what repeats is told: the first time, and the one that stands for the others.
_TOLD = 2


class Lap(NamedTuple):
    """Ticks [start, end) of an abridged run that stand for `times` such laps."""

    start: int
    end: int
    times: int

    @property
    def left_out(self) -> int:
        """Ticks that come behind it and are not told."""
        return (self.end - self.start) * (self.times - 1)


class Ran(NamedTuple):
    """A segment of an lwp."""

    start: int
    end: int
    cpu: int


@dataclass(frozen=True, slots=True)
class Abridged:
    """runs: for each lwp, by index, its segments in the order of time. All ticks are those of the
    abridged run."""

    ticks: int
    runs: list[list[Ran]]
    laps: tuple[Lap, ...]

    def shorten(self, tick: int) -> int:
        """A tick of the whole run that is told, or was before all laps."""
        for lap in self.laps:
            if tick >= lap.start + lap.left_out:
                tick -= lap.left_out
        return tick

    def weigh(self, tick: int) -> int:
        """How many ticks of the whole run [0, tick) stands for."""
        weight = tick
        for lap in self.laps:
            inside = min(tick, lap.end) - lap.start
            if inside > 0:
                weight += inside * (lap.times - 1)
        return weight

    def span(self, start: int, end: int) -> int:
        """How many ticks of the whole run [start, end) stands for."""
        return self.weigh(end) - self.weigh(start) if self.laps else end - start

    def times_at(self, tick: int) -> int:
        """For how many such events one at a tick stands."""
        for lap in self.laps:
            if lap.start <= tick < lap.end:
                return lap.times
        return 1


def abridge(run: Run) -> Abridged:
    """The segments of a run, each lwp's together."""
    runs: list[list[Ran]] = [[] for _ in run.timeline.lwps]
    laps: list[Lap] = []
    told = Abridged(run.ticks, runs, ())
    for stretch in run.timeline.stretches:
        times = min(stretch.times, _TOLD)
        shift = sum(lap.left_out for lap in laps) if stretch.period else 0
        for cpu, segments in stretch.segments.items():
            flat = iter(segments)
            for start, end, lwp in zip(flat, flat, flat, strict=True):
                if not stretch.period:
                    runs[lwp].append(Ran(told.shorten(start), told.shorten(end), cpu))
                    continue
                for time in range(times):
                    moved = time * stretch.period - shift
                    runs[lwp].append(Ran(start + moved, end + moved, cpu))
        if stretch.times > _TOLD:
            begins = stretch.start - shift + stretch.period
            laps.append(Lap(begins, begins + stretch.period, stretch.times - 1))
            told = Abridged(run.ticks, runs, tuple(laps))
    for each in runs:
        each.sort()
    return Abridged(told.shorten(run.ticks), runs, tuple(laps))


def spell_out(run: Run) -> Abridged:
    """The same with nothing left out: as many segments as there are."""
    runs: list[list[Ran]] = [[] for _ in run.timeline.lwps]
    for cpu in run.timeline.cpus():
        for start, end, lwp in run.timeline.on_cpu(cpu):
            runs[lwp].append(Ran(start, end, cpu))
    for each in runs:
        each.sort()
    return Abridged(run.ticks, runs, ())


def count_segments(run: Run) -> int:
    return sum(
        stretch.times * (len(segments) // 3)
        for stretch in run.timeline.stretches
        for segments in stretch.segments.values()
    )


def count_moves(runs: Sequence[Ran]) -> list[tuple[int, int, int]]:
    """The migrations of an lwp: the tick, and the cpus from and to."""
    return [(b.start, a.cpu, b.cpu) for a, b in pairwise(runs) if a.cpu != b.cpu]
