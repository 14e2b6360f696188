"""What the dispatcher remembers between ticks.

Words as in usched-model(7). A transparent scheduler's cpus are those of its pool in ascending
order, so everything about them (order, turns, homes, distance) can be said in the numbers of its
*base*: the nearest virtual scheduler upwards, itself included, or the machine. All cpus and masks
below are in these numbers; a mask is a set of cpus, bit i for cpu i. NOWHERE is no cpu, and no
tick.
"""

from __future__ import annotations

from collections.abc import Iterator

from usched.engine import slices
from usched.engine.lwp import Lwp
from usched.engine.masks import bits, make_words, to_mask
from usched.engine.run_queue import NOWHERE, RunQueue, pick_order
from usched.engine.turns import Level
from usched.engine.vcpus import Vcpus
from usched.engine.waiting import Roused
from usched.meaning.resolver import Scheduler


class Domain:
    """The machine, or a scheduler.

    outer: its pool, in its parent's base. inner: its own cpus. own: those that its own lwps may
    use. levels: by descending lwktpri. leaf: whether it is transparent and has no children.
    own_load: runnable lwps of its own; load: one for these, if any, and one for each child with a
    load. queue: its own lwps. returned: the last tick at which one came to the queue that ran in
    the tick before. claims: the cpus where one runs and may stay; in a dispatch, where it was not
    picked yet, if it is not locked. runs_free: those of the cpus where one runs free; ran_free: how
    many run that have (see slices). heeded: the last tick at which it may have decided something
    how much of their slices they had used, or when they were picked.
    users: of a base, who ran behind each cpu in the tick before, if it is busy; busy: on which of
    them somebody did; words: for what
    is given out of them; freed: of these, the ones whose lwp is not runnable any more; idle: these,
    and where nobody did, in tick `asked`. placed_on, placed: of a base, the cpus that others may
    run on in the tick at hand, and who.

    watched: whether it is to be told in `roused` that somebody may wait for its vcpus.
    own_waits: the cpus that its own lwps wait for. could_run: those that lwps beneath it could run
    on, known since asked for.

    offered: the cpus that it was offered when it was last looked at, and taken: those that it used;
    own_offered, kept: likewise, its own lwps. While it is not dirty, it uses the same ones, if it
    is offered all of them first, and nothing else of what it was offered; answered, later: the
    offers that were answered so in tick `seen`, the first and others. What was offered is unknown,
    -1, when somebody becomes runnable where nobody was. changed: the last tick at which something
    happened to one of its own lwps.

    roams: whether its own lwps may run on all of its cpus; above: the domains above it, on all of
    whose cpus they may. spare: how many of those are runnable, in domains beneath it.

    generation: how many domains are above it. depth: of a base, how many virtual schedulers it is,
    and is in. shown: whether what is new on its cpus is to be told upwards.
    """

    # so many in an instance dict are slow to find
    __slots__ = (
        "above", "answered", "asked", "base", "begun", "busy", "changed", "children", "claims",
        "could_run", "cpus", "depth", "dirty", "exclusive", "free_homes", "freed", "generation",
        "heeded", "homes", "idle", "inner", "kept", "later", "leaf", "level", "levels", "load",
        "locked", "lwktpri", "name", "offered", "outer", "own", "own_load", "own_offered",
        "own_waits", "parent", "placed", "placed_on", "pool", "position", "quantum", "queue",
        "ran_free", "returned", "roams", "roused", "runs_free", "seen", "shown", "spare", "taken",
        "users", "vcpus", "virtual", "watched", "width", "words",
    )  # fmt: skip

    def __init__(self, name: str, parent: Domain | None, position: int) -> None:
        self.name = name
        self.parent = parent
        self.position = position
        self.generation: int = parent.generation + 1 if parent else 0
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
        self.load = self.own_load = 0
        self.queue = RunQueue()
        self.homes: dict[int, int] = {}
        self.free_homes: list[tuple[int, int]] = []
        self.returned = NOWHERE
        self.claims = self.runs_free = self.ran_free = 0
        self.heeded = NOWHERE
        # see waiting
        self.watched = False
        self.roused: Roused = parent.roused if parent else Roused()
        self.own_waits = 0
        self.could_run: int | None = None
        # as a base
        self.vcpus: Vcpus | None = None
        self.users: list[Lwp] = []
        self.busy = self.freed = self.idle = 0
        self.words = make_words(0)
        self.asked = NOWHERE
        self.placed_on, self.placed = list[int](), list[Lwp]()
        # the offers
        self.dirty = True
        self.begun = NOWHERE
        self.seen = NOWHERE
        self.answered = 0
        self.later: list[int] = []
        self.taken = self.kept = 0
        self.offered = self.own_offered = -1
        self.changed = NOWHERE
        self.leaf = False
        self.roams = False
        self.above: list[Domain] = []
        self.spare = 0
        self.depth = 0
        self.shown = False

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
                self.words = make_words(self.inner)
                if len(self.users) != self.width:
                    self.users = []
                self.depth = parent.base.depth + 1
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
        self.vcpus = Vcpus(self, self.width) if self.virtual else None
        if self.virtual:
            self.busy = 0
            self.freed = 0

    def relate(self) -> None:
        """Once all are arranged: of which domains its own lwps may use all cpus."""
        self.leaf = not self.children and not self.virtual
        self.roams = not self.locked and self.own == self.inner
        self.above = []
        self.spare = 0
        domain = self
        while self.roams and domain.base is not domain:
            assert domain.parent is not None
            domain = domain.parent
            if domain.inner != self.own or domain.parent is None:
                return
            self.above.append(domain)
            domain.spare += self.own_load

    def idle_at(self, now: int) -> int:
        """Of a base: on which cpus nobody ran in the tick before who is runnable in this one."""
        if self.asked != now:
            self.asked = now
            self.idle = self.inner & ~self.busy | self.freed
        return self.idle

    def add_load(self) -> None:
        """One lwp of its own became runnable."""
        self.own_load += 1
        if self.own_load == 1 or self.above:
            self.pass_load_on()

    def pass_load_on(self) -> None:
        """What one more in `own_load` is above it, and the first."""
        for domain in self.above:
            domain.spare += 1
        if self.own_load == 1:
            self.own_offered = -1
            self.forget_could_run()
            self._gain_load()

    def take_load(self) -> None:
        """One lwp of its own is not runnable any more."""
        self.own_load -= 1
        if not self.own_load or self.above:
            self.pass_loss_on()

    def pass_loss_on(self) -> None:
        """What one less in `own_load` is above it, and the last."""
        for domain in self.above:
            domain.spare -= 1
        if not self.own_load:
            self.forget_could_run()
            self._lose_load()

    def _gain_load(self) -> None:
        """Of its own lwps the first became runnable."""
        domain = self
        while True:
            domain.load += 1
            if domain.load > 1 or domain.level is None:
                return
            domain.offered = -1
            domain.level.load += 1
            assert domain.parent is not None
            domain = domain.parent

    def _lose_load(self) -> None:
        """Of its own lwps none is runnable any more."""
        domain = self
        while True:
            domain.load -= 1
            if domain.load or domain.level is None:
                return
            domain.level.load -= 1
            assert domain.parent is not None
            domain = domain.parent

    def forget_could_run(self) -> None:
        """Its own lwps could run elsewhere than before."""
        domain = self.parent
        while domain is not None:
            domain.could_run = None
            domain = domain.parent

    def forget_waits(self) -> None:
        """Lwps in it wait for others of its cpus than before, or of its parent's."""
        domain = self
        while domain.level is not None and domain.parent is not None:
            level = domain.level
            level.waited = -1
            if level.watched:
                level.watched = False
                self.roused.levels.append(level)
            if domain.watched:
                domain.watched = False
                self.roused.schedulers.append(domain)
            domain = domain.parent

    # -- whether what happened in it changes anything above it ----------------

    def stays_within(self) -> bool:
        """Whether its own lwps will use what they used, if they are offered the same again."""
        kept = self.kept
        if self.locked:
            return self.own_offered & (self.claims | self.queue.seats) == kept
        if self.own_offered != kept:
            return False
        return (kept ^ self.claims).bit_count() <= self.queue.count()

    def uses_all(self) -> bool:
        """Whether it will use all that it used, if it is offered the same again, whatever happens
        in it: it was offered no more, and enough lwps in it may run on any of its cpus."""
        if self.offered != self.taken or (self.locked and self.virtual):
            return False
        roaming = self.spare + self.own_load if self.roams else self.spare
        return roaming >= self.taken.bit_count()

    def add_wait(self, lwp: Lwp) -> None:
        """An lwp of its own waits."""
        if not self.locked:
            self.own_waits = self.own
        elif lwp.home >= 0:
            self.own_waits |= 1 << lwp.seat

    def seats(self) -> int:
        """Of a locked scheduler: the homes of its own lwps that are runnable."""
        return self.claims | self.queue.seats

    def runners(self, cpus: int, now: int) -> list[Lwp]:
        """Who runs on these cpus of `claims`, in pick order."""
        users = self.base.users
        found = [users[cpu] for cpu in bits(cpus)]
        if len(found) > 1:
            self.line_up(found, now)
        return found

    def line_up(self, lwps: list[Lwp], now: int) -> None:
        """In pick order, some of its own that run."""
        if self.ran_free:
            slices.line_up(lwps, self.quantum, now)
        else:
            lwps.sort(key=pick_order)

    def base_cpu(self, number: int) -> int:
        """One of its own cpus, in the numbers of its base."""
        return self.cpus[number] if self.cpus else number

    def number_of(self, cpu: int) -> int:
        """A cpu of its base, in its own numbers."""
        return (self.inner & ((1 << cpu) - 1)).bit_count() if self.cpus else cpu
