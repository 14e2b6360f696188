"""What the dispatcher remembers between ticks.

Words as in usched-model(7). A transparent scheduler's cpus are those of its pool in ascending
order, so everything about them (order, turns, homes, distance) can be said in the numbers of its
*base*: the nearest virtual scheduler upwards, itself included, or the machine. All cpus and masks
below are in these numbers; a mask is a set of cpus, bit i for cpu i. NOWHERE is no cpu, and no
tick.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from usched.engine.masks import bits, to_mask
from usched.engine.turns import Level
from usched.meaning.resolver import Scheduler
from usched.words.workload import Program

NOWHERE: Final = -1


class Lwp:
    """One schedulable thread.

    home: a cpu in its scheduler's own numbers, and seat: the same in those of the base.
    on: the cpu that it ran on in the tick before, or runs on. last: the cpu it last ran on. left,
    used, ran: ticks of its burst and slice, and of its life, as of tick `settled`, and counting
    while it runs. ends: the tick at which its burst or slice will be over. due: of the burst at
    hand. group, stamp: its place in pick order: the offer it was picked in, and a serial number.
    route: who was behind which cpus when its burst ended, as (base, cpu).
    """

    def __init__(self, index: int, program: Program, number: int) -> None:
        self.index = index
        self.program = program
        self.bursts = program.bursts
        self.name = f"{program.name}.{number}"
        self.target = program.scheduler
        self.scheduler: Domain | None = None
        self.forked = NOWHERE
        self.exited = NOWHERE
        self.runnable = False
        self.running = False
        self.burst = 0
        self.left = 0
        self.due = 0
        self.used = 0
        self.ran = 0
        self.settled = 0
        self.ends = NOWHERE
        self.home = NOWHERE
        self.seat = NOWHERE
        self.on = NOWHERE
        self.last = NOWHERE
        self.group = 0
        self.stamp = 0
        self.route: list[tuple[Domain, int]] = []
        # figures: since is the tick of the last change between asleep and runnable
        self.since = 0
        self.waiting_since = 0
        self.runnable_ticks = 0
        self.asleep = 0
        self.dispatches = 0
        self.preemptions = 0
        self.migrations = 0
        self.misses = 0
        self.real = NOWHERE
        self.responses: dict[int, int] = {}
        # what of ran, of runnable_ticks and of migrations fell into schedulers left since
        self.elsewhere = (0, 0, 0)

    def total_bursts(self) -> int | None:
        """How many bursts it has in its life; None without end."""
        repeat = self.program.repeat
        return None if repeat is None else repeat * len(self.bursts)

    def change_state(self, now: int) -> None:
        """It stops being runnable, or asleep, as `runnable` still says."""
        if self.runnable:
            self.runnable_ticks += now - self.since
        else:
            self.asleep += now - self.since
        self.since = now

    def settle(self, now: int) -> None:
        """Count what it ran up to this tick."""
        ticks = now - self.settled
        self.left -= ticks
        self.used += ticks
        self.ran += ticks
        self.settled = now


class Vcpus:
    """The virtual cpus of a scheduler, by number.

    order: those that run, in pick order. waiting: the others, in queue order. on, last, began,
    ends, used: as of an lwp, where `began` is the tick at which a slice without pauses would have
    begun. fixed: the cpu of the parent that each is fixed to, in a locked scheduler.
    """

    def __init__(self, count: int, fixed: list[int]) -> None:
        self.count = count
        self.fixed = fixed
        self.order: list[int] = []
        self.waiting: list[int] = list(range(count))
        self.on = [NOWHERE] * count
        self.last = [NOWHERE] * count
        self.began = [0] * count
        self.used = [0] * count
        self.ends = [NOWHERE] * count
        self.expired: list[int] = []
        # of the tick at hand
        self.queue: list[int] = []
        self.picked: list[int] = []
        self.places: list[int] = []
        self.found: list[int] = []


class Domain:
    """The machine, or a scheduler.

    outer: its pool, in its parent's base. inner: its own cpus. own: those that its own lwps may
    use. levels: by descending lwktpri. load: runnable lwps in it and beneath it; own_load: of its
    own. queue: own lwps that wait; in a locked scheduler those without a home, while those with
    one wait in `at_home[seat]`, each with a stamp in the order of the queue. waiting_homes: the
    mask of cpus where somebody does. claims: the cpus where somebody runs and may stay, who is in
    `runner`. users: of a base, who runs behind each cpu; busy: on which of them somebody ran in
    the tick before; freed: of these, the ones whose lwp is not runnable any more.

    own_waits: the cpus that its own lwps wait for; waits, could_run: known since asked for.

    offers, results: the offers of the last tick in which it was looked at and what was used of
    each; while it is not dirty, the same offers have the same results.
    """

    def __init__(self, name: str, parent: Domain | None, place: int) -> None:
        self.name = name
        self.parent = parent
        self.place = place
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
        self.queue: deque[Lwp] = deque()
        self.at_home: dict[int, deque[Lwp]] = {}
        self.waiting_homes = 0
        self.homes: dict[int, int] = {}
        self.free_homes: list[tuple[int, int]] = []
        self.claims = 0
        self.runner: dict[int, Lwp] = {}
        self.groups: list[int] = []
        self.expired: list[Lwp] = []
        # see waiting
        self.own_waits = 0
        self.waits: tuple[int, ...] | None = None
        self.could_run: int | None = None
        # as a base
        self.vcpus: Vcpus | None = None
        self.users: dict[int, Lwp] = {}
        self.busy = 0
        self.freed = 0
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
                    self.vcpus.fixed = [places[v % len(places)] for v in range(self.width)]
            else:
                self.base, self.cpus, self.inner = parent.base, tuple(places), self.outer
        self.children.sort(key=lambda child: child.place)
        held = {cpu for child in self.children if child.exclusive for cpu in child.pool}
        self.own = self.inner & ~to_mask([self.cpus[cpu] for cpu in held] if self.cpus else held)

    def forget_vcpus(self) -> None:
        """vcpus afresh: in the order of their numbers, as if nothing had run on them."""
        self.vcpus = Vcpus(self.width, []) if self.virtual else None
        if self.virtual:
            self.users = {}
            self.busy = 0
            self.freed = 0

    def add_load(self, change: int) -> None:
        """One lwp of its own became runnable, or is not any more."""
        self.own_load += change
        domain: Domain | None = self
        while domain is not None:
            domain.load += change
            if domain.level is not None:
                domain.level.load += change
            domain = domain.parent

    def touch(self) -> None:
        """Something in it is not as it was: neither it nor who is above may repeat itself."""
        domain: Domain | None = self
        while domain is not None:
            domain.dirty = True
            domain.could_run = None
            domain = domain.parent

    def note_waits(self) -> None:
        """All was dispatched: who of its own lwps is in the queue waits in the next tick."""
        if self.locked:
            self.own_waits = self.waiting_homes
        else:
            self.own_waits = self.own if self.queue else 0
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
        return self.claims | picked | self.waiting_homes

    def runners(self, cpus: int) -> list[Lwp]:
        """Who runs on these cpus of `claims`, in pick order."""
        found = [self.runner[cpu] for cpu in bits(cpus)]
        if len(found) > 1:
            found.sort(key=pick_order)
        return found

    def base_cpu(self, number: int) -> int:
        """One of its own cpus, in the numbers of its base."""
        return self.cpus[number] if self.cpus else number

    def number_of(self, cpu: int) -> int:
        """A cpu of its base, in its own numbers."""
        return (self.inner & ((1 << cpu) - 1)).bit_count() if self.cpus else cpu


def pick_order(lwp: Lwp) -> tuple[int, int]:
    return lwp.group, lwp.stamp
