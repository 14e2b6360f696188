"""What each lwp did all the time: ran, waited, woke and ended its bursts.

Told from the segments alone: an lwp that has run for as long as its burst takes has ended it, and
the workload says when it comes again. So a run costs nothing more for it, and whoever wants none
of it pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from usched.figures.abridged import Abridged, Lap, Ran
from usched.meaning.epochs import Stay, list_stays
from usched.meaning.timetable import Timetable
from usched.words.run import LwpFigures, Run
from usched.words.workload import Program


class Wait(NamedTuple):
    """Runnable in [start, end), and not running."""

    start: int
    end: int
    scheduler: str


class Moment(NamedTuple):
    """A wake-up that led to running at `tick`, or a burst that ended there; so long after the
    lwp arrived, or the burst was due."""

    tick: int
    took: int
    scheduler: str


@dataclass(slots=True)
class Life:
    """Of one lwp, in ticks of the abridged run, all in the order of time. forked, exited: None for
    never."""

    stays: Sequence[Stay]
    runs: Sequence[Ran]
    forked: int | None
    exited: int | None
    waits: list[Wait] = field(default_factory=list)
    arrivals: list[int] = field(default_factory=list)
    wakes: list[Moment] = field(default_factory=list)
    ends: list[Moment] = field(default_factory=list)

    def scheduler_at(self, tick: int) -> str:
        if len(self.stays) == 1:
            return self.stays[0].scheduler
        for stay in reversed(self.stays):
            if stay.since <= tick:
                return stay.scheduler
        return self.stays[0].scheduler

    def list_runs(self) -> list[tuple[int, int, str]]:
        """All that it ran, by where it was."""
        if len(self.stays) == 1:
            scheduler = self.stays[0].scheduler
            return [(start, end, scheduler) for start, end, _ in self.runs]
        return [part for run in self.runs for part in self.split(run.start, run.end)]

    def split(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """[start, end) by where it was."""
        if len(self.stays) == 1 and start < end:
            yield start, end, self.stays[0].scheduler
            return
        while start < end:
            later = [stay.since for stay in self.stays if start < stay.since < end]
            until = min(later, default=end)
            yield start, until, self.scheduler_at(start)
            start = until


def follow_all(timetable: Timetable, run: Run, told: Abridged) -> list[Life]:
    """The lives of all lwps, by index."""
    programs = [program for program in timetable.programs for _ in range(program.rforks)]
    return [
        follow(lwp, program, stays, told, runs)
        for lwp, program, stays, runs in zip(
            run.lwps, programs, list_stays(timetable), told.runs, strict=True
        )
    ]


def follow(
    lwp: LwpFigures, program: Program, stays: Sequence[Stay], told: Abridged, runs: Sequence[Ran]
) -> Life:
    """The life of an lwp; empty for one that never forked."""
    exited = None if lwp.exited is None else told.shorten(lwp.exited)
    life = Life(stays, runs, lwp.forked, exited)
    if lwp.forked is not None:
        walk = _Walk(life, program, lwp.forked, told.laps)
        for run in runs:
            walk.take(run)
        walk.finish(told.ticks if exited is None else exited)
    return life


class _Walk:
    """An lwp on its way. ready: since when it is runnable, or will be; fresh: it has not run since;
    missing: ticks of that which were left out.

    since: up to where its time is told. burst, left: of its bursts, and of the one at hand. due:
    that of this one.
    """

    def __init__(self, life: Life, program: Program, forked: int, laps: Sequence[Lap]) -> None:
        self.life = life
        self.program = program
        self.forked = forked
        self.total = None if program.repeat is None else program.repeat * len(program.bursts)
        self.burst = 0
        self.left = program.bursts[0][0]
        self.ready = self.due = self.since = forked
        self.fresh = True
        self.missing = 0
        self.over = False
        self.left_out = 0
        self.kept = (0, 0)
        self.cuts = [(tick, lap) for lap in reversed(laps) for tick in (lap.end, lap.start)]

    def take(self, run: Ran) -> None:
        start, end, _ = run
        if self.cuts:
            self.pass_cuts(start)
        self.wait(start)
        while self.cuts and self.cuts[-1][0] < end:
            cut = self.cuts[-1][0]
            self.run(start, cut)
            self.pass_cuts(cut)
            start = cut
        self.run(start, end)
        self.since = end

    def run(self, start: int, end: int) -> None:
        while start < end:
            if self.fresh:
                scheduler = self.life.scheduler_at(start)
                took = start - self.ready + self.missing
                self.life.arrivals.append(self.ready)
                self.life.wakes.append(Moment(start, took, scheduler))
                self.fresh = False
            ticks = min(end - start, self.left)
            self.left -= ticks
            start += ticks
            if not self.left:
                self.end_burst(start)

    def end_burst(self, now: int) -> None:
        scheduler = self.life.scheduler_at(now - 1)
        self.life.ends.append(Moment(now, now - self.due, scheduler))
        bursts = self.program.bursts
        self.burst += 1
        self.over = self.burst == self.total
        if self.program.period is None:
            self.due = now + bursts[(self.burst - 1) % len(bursts)][1]
        else:
            self.due = self.forked + self.burst * self.program.period - self.left_out
        self.ready = max(self.due, now)
        self.left = bursts[self.burst % len(bursts)][0]
        self.fresh = True
        self.missing = 0

    def finish(self, end: int) -> None:
        self.pass_cuts(end)
        if not self.over:
            if self.fresh and self.ready < end:
                self.life.arrivals.append(self.ready)
            self.wait(end)

    def wait(self, until: int) -> None:
        start = max(self.ready, self.since)
        if start < until:
            self.life.waits += [Wait(*part) for part in self.life.split(start, until)]

    def pass_cuts(self, now: int) -> None:
        """Where a lap begins, keep the state; where it ends, what is left out has happened."""
        while self.cuts and self.cuts[-1][0] <= now:
            tick, lap = self.cuts.pop()
            if tick == lap.start:
                self.kept = (self.burst, self.left)
            else:
                self.leave_out(lap)

    def leave_out(self, lap: Lap) -> None:
        burst, left = self.kept
        self.left_out += lap.left_out
        if self.burst != burst:
            self.burst += (lap.times - 1) * (self.burst - burst)
            return
        # one burst from before the lap to behind it: it is at it for longer than it looks
        self.left -= (lap.times - 1) * (left - self.left)
        self.due -= lap.left_out
        self.missing += lap.left_out
