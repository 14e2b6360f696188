"""What is remembered from tick to tick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from tests.reference.registry import Spec, beneath
from tests.reference.workload import Program


@dataclass(eq=False)
class Lwp:
    """One schedulable thread, from before its fork to after its exit."""

    name: str
    program: Program
    fork: int
    target: str
    state: str = "unforked"  # then runnable, sleeping, exited
    scheduler: Scheduler | None = None
    wake: int = -1
    burst: int = 0
    left: int = 0
    due: int = 0
    slice: int = 0
    home: int | None = None
    last: int | None = None
    last_tick: int = -2
    stays: bool = False
    passed_over: bool = False  # in tick t-1 it was runnable and did not run
    # figures
    ran: int = 0
    waited: int = 0
    slept: int = 0
    responses: list[int] = field(default_factory=list)
    late: int = 0
    ended: int = 0
    preemptions: int = 0
    left_with_slice: int = -2
    killed: int | None = None
    exited: int | None = None
    streak: int = 0

    @property
    def live(self) -> bool:
        """Live from its fork to its exit."""
        return self.state in ("runnable", "sleeping")


@dataclass(eq=False)
class Vcpu:
    """One virtual cpu of a scheduler."""

    number: int
    slice: int = 0
    last: int | None = None
    last_tick: int = -2
    placed: int | None = None
    lwp: Lwp | None = None  # that ran on it in the tick before


One = TypeVar("One", Lwp, Vcpu)


@dataclass(eq=False)
class Turn:
    """A holder and the ticks used of its turn."""

    holder: Scheduler
    used: int


@dataclass(eq=False)
class Domain:
    """The machine, or (below) a scheduler."""

    children: list[Scheduler] = field(default_factory=list)
    turns: dict[tuple[int, int], Turn] = field(default_factory=dict)
    ran: dict[int, Scheduler] = field(default_factory=dict)  # which child ran on a cpu in t-1
    waits: dict[int, list[Lwp]] = field(default_factory=dict)  # who waits for a cpu
    could: dict[int, list[Lwp]] = field(default_factory=dict)  # runnable, and could run there


@dataclass(eq=False)
class Scheduler(Domain):
    """A scheduler and what the run keeps of it."""

    spec: Spec = field(kw_only=True)
    parent: Domain = field(kw_only=True)
    queue: list[Lwp] = field(default_factory=list)
    picked: list[Lwp] = field(default_factory=list)
    vqueue: list[Vcpu] = field(default_factory=list)
    vpicked: list[Vcpu] = field(default_factory=list)
    no_claims: bool = False

    def __post_init__(self) -> None:
        self.fresh_vcpus()

    def fresh_vcpus(self) -> None:
        """Its queue holds all its vcpus, at first in the order of their numbers."""
        self.vqueue = [Vcpu(number) for number in range(self.spec.vcpus or 0)]
        self.vpicked = []

    def vcpu(self, number: int) -> Vcpu:
        """The vcpu of that number, queued or picked."""
        return next(v for v in self.vqueue + self.vpicked if v.number == number)


def _is_in(lwp: Lwp, scheduler: Scheduler) -> bool:
    """Whether an lwp is in a scheduler or beneath it."""
    assert lwp.scheduler is not None
    return beneath(lwp.scheduler.spec.name, scheduler.spec.name)


def _from(first: Scheduler, members: list[Scheduler]) -> list[Scheduler]:
    """One child, then the others in declaration order, cyclically."""
    index = members.index(first)
    return members[index:] + members[:index]
