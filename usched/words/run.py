"""The nouns of a finished run (usched.5, "A run"). Ticks are ints from 0."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

#: Of how many lwps it is told what they ran on a cpu. More say little, and there may be many.
MOST_ON_A_CPU = 128

#: Segments that are read from a stretch at once.
_CHUNK = 4096


class Segment(NamedTuple):
    """One lwp on one real cpu for the ticks [start, end): a longest such run."""

    cpu: int
    start: int
    end: int
    lwp: str


class Stretch(NamedTuple):
    """Segments that come so many times, each time a period later.

    segments: for each cpu, in the order of time, flat: start, end and the index of the lwp. start:
    the tick at which the first period begins, where it comes more than once.
    """

    segments: Mapping[int, Sequence[int]]
    period: int
    times: int
    start: int = 0


class Storage(Protocol):
    """Where segments are put that are too many for memory. most: how many are not."""

    most: int

    def put(self, segments: Mapping[int, array[int]]) -> None:
        """These follow the ones that were put before, on each cpu."""

    def take(self) -> Mapping[int, Sequence[int]]:
        """All that was put since the last time, as in a stretch."""


class Cycle(NamedTuple):
    """From tick `start` on, the run is the same again every `period` ticks.

    ran: the ticks that each lwp runs in one period, by index.
    """

    start: int
    period: int
    ran: tuple[int, ...]


class Timeline(NamedTuple):
    """The segments of a run. lwps: names by index. stretches: one after the other in time."""

    lwps: tuple[str, ...]
    stretches: tuple[Stretch, ...]

    def cpus(self) -> list[int]:
        """Those that may have segments, ascending."""
        return sorted({cpu for stretch in self.stretches for cpu in stretch.segments})

    def on_cpu(self, cpu: int) -> Iterator[tuple[int, int, int]]:
        """Start, end and index of the lwp, in the order of time."""
        for stretch in self.stretches:
            flat = stretch.segments.get(cpu, ())
            for time in range(stretch.times):
                shift = time * stretch.period
                for first in range(0, len(flat), 3 * _CHUNK):
                    part = flat[first : first + 3 * _CHUNK]
                    for start, end, lwp in zip(part[::3], part[1::3], part[2::3], strict=True):
                        yield start + shift, end + shift, lwp

    def who_ran(self, cpu: int) -> dict[int, int] | None:
        """The ticks that each lwp ran on a cpu, by index; None where they are too many to tell."""
        ran: dict[int, int] = {}
        for stretch in self.stretches:
            once = Timeline(self.lwps, (stretch._replace(times=1),))
            for start, end, lwp in once.on_cpu(cpu):
                ran[lwp] = ran.get(lwp, 0) + (end - start) * stretch.times
        return ran if len(ran) <= MOST_ON_A_CPU else None

    def __iter__(self) -> Iterator[Segment]:  # type: ignore[override]
        """By cpu, then start."""
        for cpu in self.cpus():
            for start, end, lwp in self.on_cpu(cpu):
                yield Segment(cpu, start, end, self.lwps[lwp])


class CpuFigures(NamedTuple):
    """Ticks; busy, idle and offline sum to the run's length.

    ran: those of each lwp that ran on it, by its place among all; None where there were too many
    to tell, and where the timeline has segments, which tell it as well.
    """

    cpu: int
    busy: int
    idle: int
    offline: int
    ran: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class SchedulerFigures:
    """ran, waited: lwp-ticks spent in it or beneath it, migrations likewise.

    lwps: how many were ever its own. starved: at the end an lwp of its own has waited for at
    least ten quanta. own_waited: of its own lwps only.
    """

    name: str
    ran: int
    waited: int
    lwps: int
    migrations: int
    starved: bool
    own_waited: int


class Response(NamedTuple):
    """Ticks from a burst's due tick to its end, over the ended bursts; percentiles nearest-rank."""

    max: int
    mean: float
    p50: int
    p99: int


class LwpFigures(NamedTuple):
    """Counted from the fork to the exit or the end; zeros for an lwp that never forked.

    forked: the tick of its fork, None for never. cut: whether the end came in a burst of it, begun
    or waiting.
    """

    name: str
    scheduler: str
    ran: int = 0
    waited: int = 0
    slept: int = 0
    dispatches: int = 0
    preemptions: int = 0
    migrations: int = 0
    bursts: int = 0
    response: Response | None = None
    misses: int = 0
    exited: int | None = None
    forked: int | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """A domain on the way down to an lwp, and which of its cpus; vcpu: whether that is virtual."""

    domain: str
    cpu: int
    vcpu: bool


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who runs on a real cpu in one tick. chain: the schedulers passed, from the machine down."""

    cpu: int
    lwp: str
    chain: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    assignments: in its last tick, where its length was given. offline: for each cpu that ever was,
    the ticks [start, end) of each time, ascending. cycle: None where none was found.
    """

    machine: str
    hz: int
    ticks: int
    cpus: tuple[CpuFigures, ...]
    schedulers: tuple[SchedulerFigures, ...]
    lwps: tuple[LwpFigures, ...]
    timeline: Timeline
    assignments: tuple[Assignment, ...] = ()
    offline: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    cycle: Cycle | None = None
