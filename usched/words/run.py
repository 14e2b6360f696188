"""The nouns of a finished run (usched.5, "A run"). Ticks are ints from 0."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """One lwp on one real cpu for the ticks [start, end): a longest such run."""

    cpu: int
    start: int
    end: int
    lwp: str


@dataclass(frozen=True, slots=True)
class CpuFigures:
    """Ticks; the three sum to the run's length."""

    cpu: int
    busy: int
    idle: int
    offline: int


@dataclass(frozen=True, slots=True)
class SchedulerFigures:
    """ran, waited: lwp-ticks spent in it or beneath it, migrations likewise.

    lwps: how many were ever its own. starved: at the end an lwp of its own has waited for at
    least ten quanta.
    """

    name: str
    ran: int
    waited: int
    lwps: int
    migrations: int
    starved: bool


@dataclass(frozen=True, slots=True)
class Response:
    """Ticks from a burst's due tick to its end, over the ended bursts; percentiles nearest-rank."""

    max: int
    mean: float
    p50: int
    p99: int


@dataclass(frozen=True, slots=True)
class LwpFigures:
    """Counted from the fork to the exit or the end; zeros for an lwp that never forked."""

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
class Waiting:
    """How many own lwps of a scheduler wait: `lengths[i]` from tick `ticks[i]` on."""

    scheduler: str
    ticks: tuple[int, ...]
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. segments: by cpu, then start. assignments: at the tick asked for."""

    machine: str
    hz: int
    ticks: int
    cpus: tuple[CpuFigures, ...]
    schedulers: tuple[SchedulerFigures, ...]
    lwps: tuple[LwpFigures, ...]
    segments: tuple[Segment, ...]
    waiting: tuple[Waiting, ...]
    assignments: tuple[Assignment, ...] = ()
