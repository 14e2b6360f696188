"""The history of a registry: revisions, what they change, and who makes them."""

from __future__ import annotations

from typing import NamedTuple

from usched.meaning.reach import Moved
from usched.meaning.registry import Damaged, Placed
from usched.words.cpuset import count_cpus
from usched.words.machine import Topology


class Author(NamedTuple):
    """Who makes a change: the real uid, and the name that the log shows."""

    uid: int
    user: str


class Revision(NamedTuple):
    """One numbered change. time: UTC, ISO 8601. text: the canonical statement, or what was done.

    moved: the schedulers whose real cpus it changed, by name.
    """

    number: int
    time: str
    uid: int
    user: str
    text: str
    moved: tuple[Moved, ...] = ()


class Edit(NamedTuple):
    """What a revision does to one scheduler; None where it is absent."""

    name: str
    before: Placed | Damaged | None
    after: Placed | None


class NewTopology(NamedTuple):
    """What a revision makes the declared topology; None: none is declared any more."""

    topology: Topology | None


class Draft(NamedTuple):
    """A revision to be written. topology: None where it leaves that alone.

    moved: the schedulers whose real cpus it changes.
    """

    number: int
    text: str
    edits: tuple[Edit, ...] = ()
    topology: NewTopology | None = None
    moved: tuple[Moved, ...] = ()


def describe_topology(topology: Topology) -> str:
    """As the log has it: `topology twin (16 cpus)`."""
    return f"topology {topology.machine} ({count_cpus(topology.all, topology.offline)})"
