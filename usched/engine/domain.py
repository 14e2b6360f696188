"""What the dispatcher remembers between ticks.

Words as in usched-model(7). A transparent scheduler's cpus are those of its pool in ascending
order, so everything about them (order, turns, homes, distance) can be said in the numbers of its
*base*: the nearest virtual scheduler upwards, itself included, or the machine. All cpus and masks
below are in these numbers; a mask is a set of cpus, bit i for cpu i. NOWHERE is no cpu, and no
tick.
"""

from __future__ import annotations

from collections.abc import Iterator

from usched.engine.lwp import Lwp
from usched.engine.masks import bits, to_mask
from usched.engine.run_queue import NOWHERE, Runner, RunQueue, pick_order
from usched.engine.turns import Level
from usched.meaning.resolver import Scheduler


class Vcpu(Runner):
    """A virtual cpu.

    on: the cpu of the parent that it runs on; NOWHERE while it does not. fixed: the only one that
    it may run on, in a locked scheduler; it stands in one line with the others all the same.
    began: the tick at which its slice would have begun without pauses.
    """

    __slots__ = ("began", "bit", "fixed", "number", "on")

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.bit = 1 << number
        self.on = NOWHERE
        self.fixed = NOWHERE
        self.began = 0


class Vcpus:
    """The virtual cpus of a scheduler, by number.

    running: those that run, in pick order; the others wait in the queue. In the tick at hand:
    staying: those that stay if they can, in queue order, as long as no cpus were offered, on the
    parent's cpus stay_on; line: the others that were not picked yet, in queue order; picked: those
    that were; started: the ones of these that did not simply stay.
    """

    def __init__(self, count: int) -> None:
        self.all = [Vcpu(number) for number in range(count)]
        self.queue: RunQueue[Vcpu] = RunQueue()
        self.queue.waiting.extend(self.all)
        self.running: list[Vcpu] = []
        self.staying: list[Vcpu] = []
        self.stay_on = 0
        self.line: list[Vcpu] = []
        self.picked: list[Vcpu] = []
        self.started: list[Vcpu] = []

    def has(self, vcpu: Vcpu) -> bool:
        """Whether it is one of these, and not of those that were before a redeclaration."""
        return vcpu.number < len(self.all) and self.all[vcpu.number] is vcpu

    def requeue(self, ran_on: int) -> None:
        """The line, as a tick's dispatch begins, after one in which they ran on these cpus."""
        queue = self.queue
        self.staying = self.running
        if queue.expired:
            self.staying = [vcpu for vcpu in self.running if vcpu.ends >= 0]
            for vcpu in queue.expired:
                ran_on ^= 1 << vcpu.on
            queue.requeue()
        self.stay_on = ran_on
        self.line = list(queue.waiting)
        self.picked = []
        self.started = []

    def line_up(self) -> None:
        """Those who stay are but the first of the line."""
        self.line = self.staying + self.line
        self.staying = []


class Domain:
    """The machine, or a scheduler.

    outer: its pool, in its parent's base. inner: its own cpus. own: those that its own lwps may
    use. levels: by descending lwktpri. own_load: runnable lwps of its own; load: one for these, if
    any, and one for each child with a load. queue: its own lwps. returned: the last tick at which
    one came to the queue that ran in the tick before. claims: the cpus where one runs and may stay.
    users: of a base, who ran behind each cpu in the tick before; busy: on which of them somebody
    did; freed: of these, the ones whose lwp is not runnable any more. placed_on, placed: of a base,
    the cpus that others may run on in the tick at hand, and who.

    own_waits: the cpus that its own lwps wait for; waits, could_run: known since asked for.

    offers, results: the offers of the last tick in which it was looked at and what was used of
    each; while it is not dirty, the same offers have the same results.
    """

    # so many in an instance dict are slow to find
    __slots__ = (
        "base", "begun", "busy", "children", "claims", "could_run", "cpus", "dirty", "exclusive",
        "finished", "free_homes", "freed", "groups", "homes", "inner", "kept", "level", "levels",
        "load", "locked", "lwktpri", "matched", "name", "offers", "outer", "own", "own_groups",
        "own_load", "own_waits", "parent", "placed", "placed_on", "pool", "position", "quantum",
        "queue", "results", "returned", "seen", "taken", "users", "vcpus", "virtual", "waits",
        "width",
    )  # fmt: skip

    def __init__(self, name: str, parent: Domain | None, position: int) -> None:
        self.name = name
        self.parent = parent
        self.position = position
        # as declared
        self.pool: tuple[int, ...] = ()
        self.width = 0
        self.lwktpri = 0
        self.quantum = 0
        self.virtual = False
        self.locked = False
        self.exclusive = False
        self.children: list[Domain] = []
        # derived
        self.base: Domain = self
        self.cpus: tuple[int, ...] = ()
        self.outer = 0
        self.inner = 0
        self.own = 0
        self.levels: list[Level] = []
        self.level: Level | None = None
        # lwps
        self.load = 0
        self.own_load = 0
        self.queue: RunQueue[Lwp] = RunQueue()
        self.homes: dict[int, int] = {}
        self.free_homes: list[tuple[int, int]] = []
        self.returned = NOWHERE
        self.claims = 0
        self.groups: list[int] = []
        # see waiting
        self.own_waits = 0
        self.waits: tuple[int, ...] | None = None
        self.could_run: int | None = None
        # as a base
        self.vcpus: Vcpus | None = None
        self.users: dict[int, Lwp] = {}
        self.busy = 0
        self.freed = 0
        self.placed_on: list[int] = []
        self.placed: list[Lwp] = []
        # the offers
        self.dirty = True
        self.begun = NOWHERE
        self.finished = NOWHERE
        self.seen = NOWHERE
        self.matched = 0
        self.offers: list[int] = []
        self.results: list[int] = []
        self.taken = 0
        self.kept = 0
        self.own_groups: list[int] = []

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
        parent = self.parent
        if parent is not None:
            places = [parent.cpus[cpu] for cpu in self.pool] if parent.cpus else list(self.pool)
            self.outer = to_mask(places)
            if self.virtual:
                self.base, self.cpus, self.inner = self, (), (1 << self.width) - 1
                if self.vcpus is not None and self.locked:
                    for vcpu in self.vcpus.all:
                        vcpu.fixed = places[vcpu.number % len(places)]
            else:
                self.base, self.cpus, self.inner = parent.base, tuple(places), self.outer
        self.children.sort(key=lambda child: child.position)
        held = {cpu for child in self.children if child.exclusive for cpu in child.pool}
        self.own = self.inner & ~to_mask([self.cpus[cpu] for cpu in held] if self.cpus else held)

    def forget_vcpus(self) -> None:
        """vcpus afresh: in the order of their numbers, as if nothing had run on them."""
        self.vcpus = Vcpus(self.width) if self.virtual else None
        if self.virtual:
            self.busy = 0
            self.freed = 0

    def add_load(self) -> None:
        """One lwp of its own became runnable."""
        self.own_load += 1
        if self.own_load == 1:
            self.gain_load()

    def take_load(self) -> None:
        """One lwp of its own is not runnable any more."""
        self.own_load -= 1
        if not self.own_load:
            self.lose_load()

    def gain_load(self) -> None:
        """Of its own lwps the first became runnable."""
        domain = self
        while True:
            domain.load += 1
            if domain.load > 1 or domain.level is None:
                return
            domain.level.load += 1
            assert domain.parent is not None
            domain = domain.parent

    def lose_load(self) -> None:
        """Of its own lwps none is runnable any more."""
        domain = self
        while True:
            domain.load -= 1
            if domain.load or domain.level is None:
                return
            domain.level.load -= 1
            assert domain.parent is not None
            domain = domain.parent

    def touch(self) -> None:
        """Something in it is not as it was: neither it nor who is above may repeat itself.

        Whoever is above a dirty one is dirty: a dispatch begins at the top, and leaves none.
        """
        domain = self
        while not domain.dirty:
            domain.dirty = True
            domain.could_run = None
            if domain.parent is None:
                return
            domain = domain.parent

    def note_waits(self) -> None:
        """All was dispatched: who of its own lwps is in the queue waits in the next tick."""
        if self.locked:
            self.own_waits = self.queue.seats
        else:
            self.own_waits = self.own if self.queue.waiting else 0
        self.waits = None

    def add_wait(self, lwp: Lwp) -> None:
        """An lwp of its own waits."""
        if not self.locked:
            self.own_waits = self.own
        elif lwp.home >= 0:
            self.own_waits |= 1 << lwp.seat

    def seats(self) -> int:
        """Of a locked scheduler: the homes of its own lwps that are runnable."""
        picked = self.kept if self.begun > self.finished else 0
        return self.claims | picked | self.queue.seats

    def runners(self, cpus: int) -> list[Lwp]:
        """Who runs on these cpus of `claims`, in pick order."""
        users = self.base.users
        found = [users[cpu] for cpu in bits(cpus)]
        if len(found) > 1:
            found.sort(key=pick_order)
        return found

    def base_cpu(self, number: int) -> int:
        """One of its own cpus, in the numbers of its base."""
        return self.cpus[number] if self.cpus else number

    def number_of(self, cpu: int) -> int:
        """A cpu of its base, in its own numbers."""
        return (self.inner & ((1 << cpu) - 1)).bit_count() if self.cpus else cpu
