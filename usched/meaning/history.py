"""The history of a registry: revisions, what they change, and who makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from usched.meaning.reach import Moved
from usched.meaning.registry import Damaged, Placed
from usched.words.cpuset import count_cpus
from usched.words.machine import Topology

if TYPE_CHECKING:
    from usched.meaning.grants import Granted


class Author(NamedTuple):
    """Who makes a change: the real uid, and the name that the log shows."""

    uid: int
    user: str


class Revision(NamedTuple):
    """One numbered change. time: UTC, ISO 8601, to the second; moment: as exact as it is known.
    text: the canonical statement, or what was done.

    moved: the schedulers whose real cpus it changed, by name. store: what is granted, of whose
    holder's store it is; "" for the registry itself. former: whether he holds it no longer.
    """

    number: int
    time: str
    uid: int
    user: str
    text: str
    moved: tuple[Moved, ...] = ()
    store: str = ""
    former: bool = False
    moment: str = ""


class Edit(NamedTuple):
    """What a revision does to one scheduler; None where it is absent."""

    name: str
    before: Placed | Damaged | None
    after: Placed | None


class GrantEdit(NamedTuple):
    """What a revision does to one grant; None where it is absent."""

    name: str
    before: Granted | None
    after: Granted | None


class NewTopology(NamedTuple):
    """What a revision makes the declared topology; None: none is declared any more."""

    topology: Topology | None


class Draft(NamedTuple):
    """A revision to be written. topology: None where it leaves that alone.

    moved: the schedulers whose real cpus it changes. grants: how it changes what is granted.
    """

    number: int
    text: str
    edits: tuple[Edit, ...] = ()
    topology: NewTopology | None = None
    moved: tuple[Moved, ...] = ()
    grants: tuple[GrantEdit, ...] = ()


def describe_topology(topology: Topology) -> str:
    """As the log has it: `topology twin (16 cpus)`."""
    return f"topology {topology.machine} ({count_cpus(topology.all, topology.offline)})"
