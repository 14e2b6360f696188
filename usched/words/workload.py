"""The nouns of a workload: programs, their bursts, and the events of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from usched.words.problems import Span
from usched.words.statement import Statement, Term

#: Of a workload's own name, in characters.
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Program:
    """A program and the lwps that it rforks: `name.0`, `name.1`, ... Times are ticks.

    bursts: (run, sleep) pairs, gone through `repeat` times (None: for ever); the very last sleep
    is not slept. period: burst k is due at the lwp's fork + k * period, and sleeps are 0.
    deadline: ticks from the due tick; given exactly when period is.
    """

    name: str
    scheduler: str
    bursts: tuple[tuple[int, int], ...]
    rforks: int = 1
    at: int = 0
    every: int = 0
    repeat: int | None = 1
    period: int | None = None
    deadline: int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StatementEvent:
    """A statement that takes effect during the run."""

    at: int
    statement: Statement
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Move:
    """target: a program, or one lwp (`web.2`). to: a scheduler."""

    at: int
    target: str
    to: str
    span: Span | None = field(default=None, compare=False)
    to_span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Kill:
    """target: a program, or one lwp."""

    at: int
    target: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Hotplug:
    """cpus of the machine go offline, or online again."""

    at: int
    online: bool
    terms: tuple[Term, ...]
    span: Span | None = field(default=None, compare=False)


Event = StatementEvent | Move | Kill | Hotplug


class Rounded(NamedTuple):
    """Times with a unit that are no whole ticks. times: how many; error_ms: of the worst, `what`,
    which is written as `time` and taken as `ticks`."""

    times: int
    error_ms: float
    what: str
    time: str
    ticks: int


@dataclass(frozen=True, slots=True)
class Workload:
    """events: by tick, those of one tick in the order written. hz: None for the topology's.
    rounded: what the rate did to times with a unit, None where they are exact."""

    name: str
    programs: tuple[Program, ...]
    events: tuple[Event, ...] = ()
    hz: int | None = None
    rounded: Rounded | None = field(default=None, compare=False)
