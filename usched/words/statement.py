"""The nouns of the usched language: statements, cpu terms, quanta, names.

A name is its path, `POOL/WEB`; the machine is the empty path. Spans say where a word stood; they
do not count when statements are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from usched.words.problems import Span

#: The name of the machine as a domain.
MACHINE = ""

#: A segment: a letter or underscore, then up to 30 letters, digits, `_`, `.` or `-`.
SEGMENT = r"[A-Za-z_][A-Za-z0-9_.-]{0,30}"

VERBS = ("destroy", "grant", "revoke")

#: The statements as usage lines; the first begins with no verb.
GRAMMAR = {
    "": "NAME on CPUS lwktpri N [vcpus N] [quantum TIME] [exclusive] [locked]",
    "destroy": "destroy NAME [into NAME] [recursive]",
    "grant": "grant NAME to USER [lwktpri MAX] [depth MAX] [until TIME]",
    "revoke": "revoke NAME",
}

#: Each subcommand with its line in `usched --help`; a test holds them to the commands there are.
SUBCOMMANDS = {
    "adopt": "Declare what this machine is partitioned into already",
    "apply": "Make Linux as the registry says, all of it or nothing",
    "batch": "Carry out a file of statements, all or nothing",
    "check": "Check the registry, or scripts and files, and change nothing",
    "compare": "Run a workload under several scripts or topologies, side by side",
    "completion": "Print a completion script for bash, zsh or fish",
    "confirm": "Keep what apply --confirm made",
    "conform": "Run a workload on Linux and in the simulator, side by side",
    "destroy": "Destroy a scheduler (a statement, and a subcommand)",
    "diff": "What changed between two revisions",
    "exec": "Run a program in a scheduler",
    "explain": "Who may run on a cpu, or where a scheduler may run, and why",
    "export": "Print the registry as a .usched script, or as units for systemd",
    "generate": "Make a workload of periodic lwps drawn from a seed",
    "grants": "Who holds what is granted, and what each may do",
    "import": "Make a workload of a trace (perf, ftrace, trace-cmd, rt-app)",
    "list": "List the schedulers",
    "log": "Every change: revision, time, user, statement",
    "map": "A grid: which scheduler has which cpu",
    "metrics": "What Linux has counted of each scheduler, for Prometheus",
    "move": "Move processes, with all that they forked, into a scheduler",
    "plan": "What Linux would be told, in order, and what it cannot express",
    "ps": "Who runs in which scheduler, on which cpu",
    "record": "Record this machine with perf, for import",
    "release": "Take away what apply made",
    "rollback": "Go back to the registry as it was at a revision",
    "shield": "Keep cpus for nobody but who is put there",
    "show": "Show one scheduler, resolved on the topology",
    "simulate": "Dispatch a workload and report who ran where",
    "top": "What each scheduler gets of the machine, live",
    "topology": "Detect, load, show or forget the machine",
    "tree": "The tree of schedulers",
    "verify": "Whether Linux is as the registry says",
    "watch": "Keep Linux as it was applied, and pin the threads of locked schedulers",
}

#: Words that no declaration may begin with as a scheduler's first segment: what is a command today,
#: and what may become one, so that no later version takes a name away from anybody (usched.5).
RESERVED = tuple(
    sorted(
        {
            *SUBCOMMANDS,
            *VERBS,
            *("usched", "rename", "attach", "backup", "bench", "detach", "doctor", "edit"),
            *("fleet", "guarantee", "help", "init", "load", "restart", "restore", "resume"),
            *("run", "serve", "split", "status", "stop", "suspend", "sweep", "sync"),
            *("undo", "update", "version", "whatif"),
        }
    )
)

#: Largest count of ticks (and of microseconds, ...) that an input may name: exact in JSON.
MAX_TICKS = 10**15

DEFAULT_QUANTUM_MS = 100

_UNITS = {"us": 1_000_000, "ms": 1_000, "s": 1}


class _Noun:
    """The nouns that carry spans, which do not count when two are compared; not to be changed.

    Written out, since every command makes them: as dataclasses they cost a fifth of a start.
    """

    __slots__ = ()

    def _said(self) -> tuple[object, ...]:
        slots: tuple[str, ...] = self.__slots__
        names = [name for name in slots if name not in ("span", "spans", "canonical")]
        return (type(self).__name__, *(getattr(self, name) for name in names))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Noun):
            return NotImplemented
        return self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())

    def __repr__(self) -> str:
        name, *values = self._said()
        return f"{name}({', '.join(map(repr, values))})"


#: Of a statement that was read from no text.
_NO_SPANS: Mapping[str, Span] = {}


class Term(_Noun):
    """One cpu term as written. kind: `cpu*`, `cpu`, or one of SELECTORS.

    first, last: the numbers, both included; equal but for a range; 0 for `cpu*`.
    """

    __slots__ = ("first", "kind", "last", "span")

    def __init__(self, kind: str, first: int = 0, last: int = 0, span: Span | None = None) -> None:
        self.kind: Final = kind
        self.first: Final = first
        self.last: Final = last
        self.span: Final = span


class Cpus(NamedTuple):
    """The terms after `on`, and those after `except`, in the order written."""

    terms: tuple[Term, ...]
    excepted: tuple[Term, ...] = ()


class Quantum(NamedTuple):
    """A time as written: so many ticks (unit "") or so much time (`us`, `ms`, `s`)."""

    amount: int
    unit: str = ""

    def ticks(self, hz: int, low: int = 1) -> int:
        """Whole ticks at hz: the nearest, a half rounded up, and at least `low`."""
        if not self.unit:
            return self.amount
        per_second = _UNITS[self.unit]
        return max(low, (2 * self.amount * hz + per_second) // (2 * per_second))

    def error_ms(self, hz: int, ticks: int) -> float:
        """By how many milliseconds it is another time than so many ticks; exactly 0 for none."""
        if not self.unit:
            return 0.0
        unit = _UNITS[self.unit]
        return 1000 * abs(ticks * unit - self.amount * hz) / (hz * unit)


DEFAULT_QUANTUM = Quantum(DEFAULT_QUANTUM_MS, "ms")


class Declare(_Noun):
    """`NAME on CPUS lwktpri P ...`. quantum: as written, None for the default.

    canonical: kept here by who makes it, since a batch asks for it again and again.
    """

    __slots__ = (
        *("name", "cpus", "lwktpri", "vcpus", "quantum", "exclusive", "locked", "spans"),
        "canonical",
    )

    def __init__(
        self,
        name: str,
        cpus: Cpus,
        lwktpri: int,
        vcpus: int | None = None,
        quantum: Quantum | None = None,
        exclusive: bool = False,
        locked: bool = False,
        spans: Mapping[str, Span] = _NO_SPANS,
    ) -> None:
        self.name: Final = name
        self.cpus: Final = cpus
        self.lwktpri: Final = lwktpri
        self.vcpus: Final = vcpus
        self.quantum: Final = quantum
        self.exclusive: Final = exclusive
        self.locked: Final = locked
        self.spans: Final = spans
        self.canonical: str | None = None

    def quantum_ticks(self, hz: int) -> int:
        return (self.quantum or DEFAULT_QUANTUM).ticks(hz)


class Destroy(_Noun):
    """`destroy NAME [into OTHER] [recursive]`."""

    __slots__ = ("into", "name", "recursive", "spans")
    __match_args__ = ("name", "into", "recursive")

    def __init__(
        self,
        name: str,
        into: str | None = None,
        recursive: bool = False,
        spans: Mapping[str, Span] = _NO_SPANS,
    ) -> None:
        self.name: Final = name
        self.into: Final = into
        self.recursive: Final = recursive
        self.spans: Final = spans


class Grant(_Noun):
    """`grant NAME to USER [lwktpri MAX] [depth MAX] [until TIME]`. user: a name, or `@group`."""

    __slots__ = ("depth", "lwktpri", "name", "spans", "until", "user")
    __match_args__ = ("name", "user", "lwktpri", "depth", "until")

    def __init__(
        self,
        name: str,
        user: str,
        lwktpri: int | None = None,
        depth: int | None = None,
        until: Quantum | None = None,
        spans: Mapping[str, Span] = _NO_SPANS,
    ) -> None:
        self.name: Final = name
        self.user: Final = user
        self.lwktpri: Final = lwktpri
        self.depth: Final = depth
        self.until: Final = until
        self.spans: Final = spans


class Revoke(_Noun):
    """`revoke NAME`."""

    __slots__ = ("name", "spans")
    __match_args__ = ("name",)

    def __init__(self, name: str, spans: Mapping[str, Span] = _NO_SPANS) -> None:
        self.name: Final = name
        self.spans: Final = spans


Statement = Declare | Destroy | Grant | Revoke


@lru_cache(maxsize=1024)  # asked some twenty times of each name that a statement touches
def parent_of(name: str) -> str:
    """The name of the domain that a scheduler stands in; the machine is ""."""
    return name.rpartition("/")[0]


def lineage(name: str) -> Iterator[str]:
    """A scheduler's name and those of all that it stands in, the nearest first."""
    while name:
        yield name
        name = parent_of(name)


def is_beneath(name: str, other: str) -> bool:
    """Whether name is other or in its subtree."""
    return name == other or name.startswith(other + "/")
