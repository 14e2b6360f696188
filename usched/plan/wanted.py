"""What a machine should be like for a tree of schedulers, and the interface of a way down to it.

A lowering takes a valid tree and says which control groups there should be, what their files
should say, what the threads in them run as, and what of the tree it cannot express. Paths are
those beneath the top group, whose own is "".
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from usched.meaning.resolver import Resolver
from usched.plan.kernel import Kernel
from usched.words.cpuset import CpuSet

#: The group that all others are beneath.
TOP = "usched"

#: The path of the group above the top one, of which nothing is wanted but that it lets the top one
#: have its controllers. It is not ours.
OUTSIDE = ".."

#: Policies of threads that no group has a say in.
REAL_TIME = ("fifo", "rr", "deadline")

#: The name of the group of a subdivided scheduler's own lwps. No scheduler's name has a colon.
OWN = ":own"


class Note(NamedTuple):
    """What Linux does otherwise than the tree says. word: of the language, that it is about.
    for_root: whether that is so only until root applies. into: what of Linux the word becomes, as
    the table of the lowering has it."""

    scheduler: str
    word: str
    what: str
    for_root: bool = False
    into: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group. scheduler: whose threads it is for; "" for the top one, which has none.

    files: what each says when it is read back.
    """

    path: str
    scheduler: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Threads:
    """What the threads of a scheduler run as.

    group: where they are. priority: of SCHED_RR, None for SCHED_OTHER. nice: where there is no
    group to say it, None for SCHED_IDLE. cpus: the real ones that they can be on. homes: of each
    cpu of the scheduler that may be the home of a thread, the real cpus that it can be on, in the
    order of their numbers; empty where threads have no homes.
    """

    group: str
    priority: int | None
    nice: int | None
    cpus: CpuSet
    homes: tuple[CpuSet, ...]

    @property
    def pinned(self) -> bool:
        return bool(self.homes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """groups: the one outside, then the top one, then parents first. threads: by scheduler; who has
    no cpu of its own has none."""

    groups: tuple[Group, ...]
    threads: Mapping[str, Threads]
    notes: tuple[Note, ...]


class Lowering(Protocol):
    """A way down to the kernel."""

    def __call__(self, tree: Resolver, kernel: Kernel, granted: Container[str] = ()) -> Wanted:
        """granted: the names of the schedulers that are; what is wanted of others is the same
        whatever stands beneath these. Raises Refused where the tree must not be put on this
        machine."""


def group_of(name: str) -> str:
    """The path of a scheduler's group.

    The kernel's own files have names with a dot, such as `cpu.max`, which a scheduler may have.
    """
    return name.replace(".", ":")


def scheduler_of(path: str) -> str:
    """Whose group a path is, or whose would be; "" for the top one and the one outside."""
    if path == OUTSIDE:
        return ""
    return path.removesuffix(f"/{OWN}").replace(":", ".")


def full_path(path: str) -> str:
    """From the mount point; "" for the mount point itself."""
    if path == OUTSIDE:
        return ""
    return f"{TOP}/{path}" if path else TOP


def shown_path(path: str) -> str:
    """As a message says it: what is no letter, which the name of a group may have in it, is written
    as an escape."""
    full = full_path(path)
    if full.isprintable():
        return full
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in full)
