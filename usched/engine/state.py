"""What the dispatcher remembers between ticks.

Words as in usched-model(7). A domain's cpus are numbered from 0, the machine's as the operating
system does; "behind" a cpu stands the base, the nearest virtual scheduler upwards or the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from usched.meaning.resolving import Scheduler
from usched.words.machine import Topology
from usched.words.workload import Program


class Lwp:
    """One schedulable thread. cpu numbers are those of its scheduler.

    ran_on: its cpu in the tick before, None if it did not run then. claim: that cpu, where it
    stays. last: the cpu it last ran on. used: ticks of its slice. due: of the burst at hand.
    """

    __slots__ = (
        "burst", "claim", "due", "exited", "forked", "home", "index", "last", "left", "name",
        "program", "ran", "ran_on", "runnable", "scheduler", "target", "used", "waiting_since",
    )  # fmt: skip

    def __init__(self, index: int, program: Program, number: int) -> None:
        self.index = index
        self.program = program
        self.name = f"{program.name}.{number}"
        self.target = program.scheduler
        self.scheduler: Domain | None = None
        self.forked: int | None = None
        self.exited: int | None = None
        self.runnable = False
        self.burst = 0
        self.left = 0
        self.due = 0
        self.used = 0
        self.ran = 0
        self.home: int | None = None
        self.claim: int | None = None
        self.ran_on: int | None = None
        self.last: int | None = None
        self.waiting_since = 0

    @property
    def live(self) -> bool:
        return self.scheduler is not None

    def total_bursts(self) -> int | None:
        """How many bursts it has in its life; None without end."""
        repeat = self.program.repeat
        return None if repeat is None else repeat * len(self.program.bursts)


@dataclass(slots=True)
class Turn:
    """Whose turn it is among equals on one cpu, and how many ticks of it are used."""

    holder: Domain
    used: int


class Domain:
    """The machine, or a scheduler.

    pool: cpus of the parent, ascending; of the machine, its own cpus. levels: children of one
    lwktpri, by descending lwktpri, each in declaration order. held: own cpus that are for
    exclusive children. base, behind: what is behind each own cpu. picked: who was picked, in
    order. load: runnable lwps in it and beneath it. users: behind the machine's cpus and the
    vcpus of a virtual scheduler, the lwp of the tick before.
    """

    __slots__ = (
        "base", "behind", "children", "exclusive", "held", "homes", "index_of", "levels", "load",
        "locked", "lwktpri", "name", "parent", "picked", "place", "pool", "quantum", "queue",
        "turns", "users", "vcpu_last", "vcpu_picked", "vcpu_queue", "vcpu_ran_on", "vcpu_used",
        "virtual", "width",
    )  # fmt: skip

    def __init__(self, name: str, parent: Domain | None, place: int) -> None:
        self.name = name
        self.parent = parent
        self.place = place
        self.pool: tuple[int, ...] = ()
        self.width = 0
        self.lwktpri = 0
        self.quantum = 0
        self.virtual = self.locked = self.exclusive = False
        self.children: list[Domain] = []
        self.levels: list[list[Domain]] = []
        self.held: frozenset[int] = frozenset()
        self.index_of: dict[int, int] = {}
        self.base: Domain = self
        self.behind: tuple[int, ...] | None = None  # None: each cpu is its own
        self.queue: list[Lwp] = []
        self.picked: list[Lwp] = []
        self.load = 0
        self.homes: dict[int, int] = {}
        self.turns: dict[tuple[int, int], Turn] = {}
        self.users: dict[int, Lwp] = {}
        self.forget_vcpus()

    def forget_vcpus(self) -> None:
        """vcpus afresh: in the order of their numbers, as if nothing had run on them."""
        count = self.width if self.virtual else 0
        self.vcpu_queue = list(range(count))
        self.vcpu_used = [0] * count
        self.vcpu_last: list[int | None] = [None] * count
        self.vcpu_ran_on: dict[int, int] = {}
        self.vcpu_picked: list[int] = []
        if self.virtual:
            self.users = {}

    def vcpu_history(self, vcpu: int) -> tuple[int | None, int | None]:
        """Its cpu of the parent in the tick before, and the one it last ran on."""
        return self.vcpu_ran_on.get(vcpu), self.vcpu_last[vcpu]

    def facts(self) -> tuple[object, ...]:
        """What a redeclaration must change for the scheduler to start afresh."""
        width = self.width if self.virtual else None
        return (self.pool, self.lwktpri, width, self.quantum, self.exclusive, self.locked)

    def settle(self, scheduler: Scheduler, hz: int) -> bool:
        """Take the facts of a declaration; whether any of them is new."""
        before = self.facts()
        declare = scheduler.declare
        self.pool = tuple(scheduler.pool)
        self.width = scheduler.width
        self.virtual = scheduler.virtual
        self.lwktpri = declare.lwktpri
        self.quantum = declare.quantum_ticks(hz)
        self.locked = declare.locked
        self.exclusive = declare.exclusive
        return self.facts() != before

    def subtree(self) -> Iterator[Domain]:
        """It and its descendants, parents first."""
        yield self
        for child in self.children:
            yield from child.subtree()

    def arrange(self) -> None:
        """Derive what follows from the facts of it, its parent and its children."""
        self.children.sort(key=lambda child: child.place)
        priorities = sorted({child.lwktpri for child in self.children}, reverse=True)
        self.levels = [
            [child for child in self.children if child.lwktpri == priority]
            for priority in priorities
        ]
        self.held = frozenset(
            cpu for child in self.children if child.exclusive for cpu in child.pool
        )
        self.index_of = {cpu: own for own, cpu in enumerate(self.pool)}
        if self.parent is None or self.virtual:
            self.base, self.behind = self, None
        else:
            above = self.parent.behind
            self.base = self.parent.base
            self.behind = self.pool if above is None else tuple(above[cpu] for cpu in self.pool)

    def is_busy(self, cpu: int) -> bool:
        """Whether an lwp that is runnable now ran behind this cpu in the tick before."""
        user = self.base.users.get(cpu if self.behind is None else self.behind[cpu])
        return user is not None and user.runnable

    def distance(self, before: int | None, cpu: int, topology: Topology) -> int:
        """How far one of its cpus is from the one last run on; 0 from none."""
        if before is None or before == cpu:
            return 0
        if self.base.parent is not None:
            return 1
        if self.behind is not None:
            before, cpu = self.behind[before], self.behind[cpu]
        return topology.distance(before, cpu)

    def requeue(self) -> bool:
        """Who ran in the tick before goes to the head and stays, or with its slice used up to
        the tail with a fresh one; vcpus likewise. Whether nobody's slice was used up.
        """
        head = [lwp for lwp in self.picked if lwp.used < self.quantum]
        tail = [lwp for lwp in self.picked if lwp.used >= self.quantum]
        for lwp in head:
            lwp.claim = lwp.ran_on
        for lwp in tail:
            lwp.used = 0
        self.queue = head + self.queue + tail
        self.picked = []
        used = self.vcpu_used
        vcpu_head = [vcpu for vcpu in self.vcpu_picked if used[vcpu] < self.quantum]
        vcpu_tail = [vcpu for vcpu in self.vcpu_picked if used[vcpu] >= self.quantum]
        for vcpu in vcpu_tail:
            used[vcpu] = 0
        self.vcpu_queue = vcpu_head + self.vcpu_queue + vcpu_tail
        self.vcpu_picked = []
        return not tail and not vcpu_tail

    def add_load(self, change: int) -> None:
        """One lwp of its own became runnable, or is not any more."""
        domain: Domain | None = self
        while domain is not None:
            domain.load += change
            domain = domain.parent


def forget_turns(domain: Domain) -> None:
    """Forget the turns that a scheduler holds among its siblings."""
    assert domain.parent is not None
    turns = domain.parent.turns
    for key in [key for key, turn in turns.items() if turn.holder is domain]:
        del turns[key]


def forget_history(domain: Domain, lwps: Iterable[Lwp]) -> None:
    """Start a scheduler and all beneath it afresh; lwps: all there are."""
    forget_turns(domain)
    fresh = set()
    for each in domain.subtree():
        fresh.add(each)
        each.turns = {}
        each.forget_vcpus()
    for lwp in lwps:
        if lwp.scheduler in fresh:
            lwp.claim = lwp.ran_on = lwp.last = None
