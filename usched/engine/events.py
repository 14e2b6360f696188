"""What happens on the fly: declarations, moves, kills, destruction, hotplug, and homes.

usched-model(7), "On the fly". The timetable has validated everything but what only the run can
know: whether a scheduler that is destroyed without a successor has live lwps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import assert_never

from usched.engine.calendar import Calendar
from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import make_words, to_mask
from usched.engine.recorder import Recorder
from usched.engine.run_queue import NOWHERE, pick_order
from usched.engine.slices import settle
from usched.engine.turns import Level
from usched.meaning.timetable import (
    Action,
    Destruction,
    Ending,
    Redeclaration,
    Switch,
    Timetable,
    Transfer,
)
from usched.meaning.working_copy import Change
from usched.words.problems import Problem, Refused
from usched.words.statement import MACHINE, parent_of

#: A level's place, and the turns that stand there: whose on which cpu, and how much of it is used.
_Turns = dict[tuple[Domain, int], dict[int, tuple[Domain, int]]]


class Machine:
    """The tree of domains and the lwps, and every change to them from outside.

    online: the mask of the cpus that the machine offers. left: lwps that have not exited.
    preempted: who ran in the tick before with burst and slice left and was put elsewhere since;
    not running in this tick either makes it a preemption. freed: the bases with freed cpus.
    """

    def __init__(self, timetable: Timetable, recorder: Recorder, calendar: Calendar) -> None:
        self.hz = timetable.hz
        self.recorder = recorder
        self.calendar = calendar
        self.root = Domain(MACHINE, None, 0)
        self.root.inner = timetable.topology.all.mask
        self.root.words = make_words(self.root.inner)
        self.domains: dict[str, Domain] = {MACHINE: self.root}
        self.online = timetable.topology.online.mask
        self.lwps = [
            Lwp(first + number, program, number)
            for program, first in zip(timetable.programs, timetable.first, strict=True)
            for number in range(program.rforks)
        ]
        self.left = len(self.lwps)
        self.preempted: list[Lwp] = []
        self.freed: list[Domain] = [self.root]
        # where the tree stays as it is, only cpus that several share need turns
        self.tracks_all = any(
            isinstance(action, (Redeclaration, Destruction)) for action in timetable.actions
        )
        self._usable: dict[Domain, int] = {}
        #: Who ran in the tick before, in schedulers that an event of this tick made start afresh.
        self._ran: set[Lwp] = set()
        #: Who was moved by an event of this tick.
        self._moved: set[Lwp] = set()
        self.redeclare([Change(each.name, None, each) for each in timetable.schedulers], 0)
        # names in the order of first declaration, which is not that of the tree; positions are each
        # store's own, and what stands in another store is behind what it is beneath
        latest: dict[str, int] = {}
        for each in timetable.schedulers:
            latest[each.name] = max(each.position, latest.get(parent_of(each.name), 0))
        for name in sorted(latest, key=latest.__getitem__):
            recorder.name_scheduler(name)

    def carry_out(self, actions: Sequence[Action], now: int) -> None:
        """The events of one tick, in order; then homes are looked at once."""
        self._ran.clear()
        self._moved.clear()
        waiting = [lwp for lwp in self.lwps if lwp.runnable and not lwp.ran_before(now)]
        for lwp in self.lwps:
            lwp.route = route(lwp) if lwp.scheduler and lwp.ran_before(now) else ()
        for domain in self.domains.values():
            if domain.locked:
                self._gather(domain, now)
        for action in actions:
            self._carry_out(action, now)
        self.review_homes()
        for domain in self.domains.values():
            if domain.locked:
                domain.queue.seat_all()
            domain.dirty = True
            domain.returned = now
            domain.own_waits = 0
            domain.could_run = None
            for level in domain.levels:
                level.waited = -1
        for lwp in waiting:
            if lwp.runnable and lwp not in self._moved:
                assert lwp.scheduler is not None
                lwp.scheduler.add_wait(lwp)

    def _carry_out(self, action: Action, now: int) -> None:
        match action:
            case Redeclaration(changes=changes):
                for change in changes:
                    self.recorder.name_scheduler(change.name)
                self.redeclare(changes, now)
            case Destruction():
                self.destroy(action, now)
            case Transfer(lwps=indexes, to=to):
                self.transfer([self.lwps[index] for index in indexes], to, now)
            case Ending(lwps=indexes):
                self.kill([self.lwps[index] for index in indexes], now)
            case Switch(cpus=cpus, online=online):
                self.recorder.switch(cpus, online, now)
                self.online = self.online | cpus.mask if online else self.online & ~cpus.mask
            case _:
                assert_never(action)

    # -- declarations ---------------------------------------------------------

    def redeclare(self, changes: Iterable[Change], now: int) -> None:
        """Schedulers new or with other facts; those and all beneath them start afresh."""
        turns = self._standing_turns(now)
        fresh = []
        for change in changes:
            assert change.after is not None
            domain = self.domains.get(change.name)
            if domain is None:
                parent = self.domains[parent_of(change.name)]
                domain = Domain(change.name, parent, change.after.position)
                self.domains[change.name] = domain
                parent.children.append(domain)
                domain.settle(change.after, self.hz)
                domain.forget_vcpus()
            elif domain.settle(change.after, self.hz):
                fresh.append(domain)
        for domain in fresh:
            for each in domain.subtree():
                self._forget_history(each, now)
        self._arrange(turns, set(fresh), now)

    def _standing_turns(self, now: int) -> _Turns:
        return {
            (domain, level.lwktpri): {
                cpu: (level.members[index], used)
                for cpu, (index, used) in level.standing(now).items()
            }
            for domain in self.domains.values()
            for level in domain.levels
        }

    def _arrange(self, turns: _Turns, fresh: set[Domain], now: int) -> None:
        """Derive what follows from declarations; turns stay where nothing about them is fresh."""
        inside = {each for domain in fresh for each in domain.subtree()}
        for domain in self.root.subtree():
            domain.arrange()
        for domain in self.root.subtree():
            domain.relate()
        for domain in self.root.subtree():
            by_lwktpri: dict[int, list[Domain]] = {}
            for child in domain.children:
                by_lwktpri.setdefault(child.lwktpri, []).append(child)
            domain.levels = []
            for lwktpri in sorted(by_lwktpri, reverse=True):
                level = Level(by_lwktpri[lwktpri], self.tracks_all)
                domain.levels.append(level)
                for child in level.members:
                    child.level = level
                if domain in inside:
                    continue
                standing = {
                    cpu: (holder, used)
                    for cpu, (holder, used) in turns.get((domain, lwktpri), {}).items()
                    if holder not in fresh
                }
                for turn in level.restore(standing, now):
                    self.calendar.end_turn(turn)

    def _forget_history(self, domain: Domain, now: int) -> None:
        """As if nothing had run in it; slices that lwps have used count, against its quantum."""
        self._put_back(domain, now)
        queue = domain.queue
        line = queue.take_all()
        ran = [lwp for lwp in line if lwp.ran_before(now) or lwp in self._ran]
        ran += queue.expired
        ran.sort(key=pick_order)
        self._ran.update(ran)
        head = [lwp for lwp in ran if lwp.used < domain.quantum]
        queue.expired = [lwp for lwp in ran if lwp.used >= domain.quantum]
        queue.put_first(head + [lwp for lwp in line if lwp not in self._ran])
        for lwp in self.lwps:
            if lwp.scheduler is domain:
                lwp.forget_cpu()
        domain.forget_vcpus()
        domain.taken = 0

    def destroy(self, action: Destruction, now: int) -> None:
        for name in action.gone:
            domain = self.domains[name]
            inside = [lwp for lwp in self.lwps if lwp.scheduler is domain]
            if action.into is not None:
                later = [lwp for lwp in self.lwps if lwp.forked == NOWHERE and lwp.target == name]
                self.transfer(inside + later, action.into, now)
            elif inside:
                raise Refused(_explain_live(action, name, inside))
            turns = self._standing_turns(now)
            self.domains[parent_of(name)].children.remove(domain)
            del self.domains[name]
            self._arrange(turns, {domain}, now)
            domain.vcpus = None  # whose slices would go on
        self.redeclare(action.changes, now)

    # -- lwps -----------------------------------------------------------------

    def transfer(self, lwps: Iterable[Lwp], to: str, now: int) -> None:
        """Move lwps: the runnable ones to the tail, the others where they wake or fork."""
        moving = list(lwps)
        self._unqueue(moving, now)
        for lwp in moving:
            if lwp.forked == NOWHERE:
                lwp.target = to if lwp.exited == NOWHERE else lwp.target
            if lwp.scheduler is None:
                continue
            self.leave(lwp, now)
            self.enter(lwp, self.domains[to])
            self._moved.add(lwp)
            lwp.used = 0
            if lwp.runnable:
                self.domains[to].queue.waiting.append(lwp)

    def enter(self, lwp: Lwp, domain: Domain) -> None:
        lwp.scheduler = domain
        lwp.target = domain.name
        if lwp.runnable:
            domain.add_load()
        self.recorder.enter(lwp, domain)

    def leave(self, lwp: Lwp, now: int) -> None:
        """Out of its scheduler, with no claim, last cpu or home; its queue it has left before."""
        domain = lwp.scheduler
        assert domain is not None
        if lwp.runnable:
            domain.take_load()
        self.recorder.leave(lwp, domain, now)
        self.give_up_home(lwp)
        self._ran.discard(lwp)
        lwp.forget_cpu()
        lwp.scheduler = None

    def kill(self, lwps: Sequence[Lwp], now: int) -> None:
        self._unqueue(lwps, now)
        for lwp in lwps:
            if lwp.scheduler is not None:
                for base, cpu in lwp.route:
                    base.freed |= 1 << cpu
                    self.freed.append(base)
                self.exit(lwp, now)
            elif lwp.forked == NOWHERE and lwp.exited == NOWHERE:
                lwp.exited = now  # it never forks; its figures stay zero
                self.left -= 1

    def free(self, lwp: Lwp) -> None:
        """It ran in the tick before and is not runnable any more: who was there is not busy."""
        assert lwp.scheduler is not None
        base, cpu = lwp.scheduler.base, lwp.at
        while True:
            base.freed |= cpu.mask
            self.freed.append(base)
            if base.vcpus is None:
                return
            assert base.parent is not None
            cpu = base.vcpus.all[cpu.number].at
            base = base.parent.base

    def exit(self, lwp: Lwp, now: int) -> None:
        """It ends at this tick; whether it was runnable or asleep has been counted."""
        self.leave(lwp, now)
        lwp.runnable = False
        lwp.exited = now
        self.left -= 1

    def _unqueue(self, lwps: Sequence[Lwp], now: int) -> None:
        """Take lwps off their cpus and out of the queues, all at once: there may be many."""
        gone = {lwp for lwp in lwps if lwp.runnable}
        for lwp in lwps:
            if lwp.ends >= 0:
                self._interrupt(lwp, now)
        domains = dict.fromkeys(lwp.scheduler for lwp in lwps if lwp.runnable)
        for domain in domains:
            assert domain is not None
            domain.queue.remove(gone)

    def _interrupt(self, lwp: Lwp, now: int) -> None:
        """It ran in the tick before, and whether it goes on is open."""
        assert lwp.scheduler is not None
        settle(lwp.scheduler, lwp, now)
        lwp.ends = NOWHERE
        lwp.scheduler.claims ^= lwp.at.mask
        self.preempted.append(lwp)

    def _put_back(self, domain: Domain, now: int) -> None:
        """Who ran in the tick before goes to the head of the queue, and has no claim."""
        stay = domain.runners(domain.claims, now)
        for lwp in stay:
            self._interrupt(lwp, now)
        domain.queue.put_first(stay)

    # -- homes ----------------------------------------------------------------

    def _gather(self, domain: Domain, now: int) -> None:
        """A locked scheduler's queue in one piece, with those at its head who run.

        Only homes say who runs where; and homes may change.
        """
        domain.queue.gather()
        self._put_back(domain, now)

    def review_homes(self) -> None:
        """Give up homes that are not usable or not wanted; then find homes, in workload order."""
        self._usable = {}
        for domain in self.domains.values():
            domain.free_homes = []
        live = [lwp for lwp in self.lwps if lwp.scheduler is not None]
        for lwp in live:
            assert lwp.scheduler is not None
            if lwp.home < 0:
                continue
            if not (lwp.scheduler.locked and self._is_usable(lwp.scheduler, lwp.home)):
                self.give_up_home(lwp)
        for lwp in live:
            self.find_home(lwp)
            take_seat(lwp)

    def find_home(self, lwp: Lwp) -> None:
        """In a locked scheduler: the usable cpu that is home to the fewest, then the lowest."""
        domain = lwp.scheduler
        if domain is None or not domain.locked or lwp.home >= 0:
            return
        homes = domain.homes
        free = domain.free_homes
        if not free:
            numbers = range(domain.width)
            free.extend((homes.get(n, 0), n) for n in numbers if self._is_usable(domain, n))
            heapq.heapify(free)
        while free:
            lwps, cpu = free[0]
            if lwps == homes.get(cpu, 0):
                lwp.home = cpu
                take_seat(lwp)
                homes[cpu] = lwps + 1
                heapq.heapreplace(free, (lwps + 1, cpu))
                return
            heapq.heappop(free)  # there is another entry with what is true now

    def give_up_home(self, lwp: Lwp) -> None:
        if lwp.home >= 0 and lwp.scheduler is not None:
            domain = lwp.scheduler
            domain.homes[lwp.home] -= 1
            if domain.free_homes:
                heapq.heappush(domain.free_homes, (domain.homes[lwp.home], lwp.home))
        lwp.home = lwp.seat = NOWHERE

    def _is_usable(self, domain: Domain, number: int) -> bool:
        if number >= domain.width:
            return False
        return bool(self.usable(domain) >> domain.base_cpu(number) & 1)

    def usable(self, domain: Domain) -> int:
        """The scheduler's cpus that no exclusive child holds and that reach an online cpu."""
        if domain not in self._usable:
            self._usable[domain] = domain.own & self._reached(domain)
        return self._usable[domain]

    def _reached(self, domain: Domain) -> int:
        """Those of its cpus that reach an online cpu of the machine."""
        if domain.parent is None:
            return self.online
        above = self._reached(domain.parent) & domain.outer
        if domain.vcpus is None:
            return above
        if domain.locked:
            return to_mask(v.number for v in domain.vcpus.all if above >> v.fixed & 1)
        return domain.inner if above else 0


def take_seat(lwp: Lwp) -> None:
    """Its home, in the numbers of the base."""
    assert lwp.scheduler is not None
    lwp.seat = lwp.scheduler.base_cpu(lwp.home) if lwp.home >= 0 else NOWHERE


def route(lwp: Lwp) -> list[tuple[Domain, int]]:
    """Behind which cpus an lwp runs: of its scheduler's base, and of each one upwards."""
    assert lwp.scheduler is not None
    base, cpu = lwp.scheduler.base, lwp.at.number
    found = [(base, cpu)]
    while (vcpus := base.vcpus) is not None:
        assert base.parent is not None
        cpu = vcpus.all[cpu].on
        base = base.parent.base
        found.append((base, cpu))
    return found


def _explain_live(action: Destruction, name: str, inside: Sequence[Lwp]) -> Problem:
    names = ", ".join(lwp.name for lwp in inside[:8]) + (", ..." if len(inside) > 8 else "")
    what = f"at tick {action.at}: {name} cannot be destroyed, lwps live in it: {names}"
    remedy = f"say where they go: destroy {action.gone[-1]} into NAME"
    return Problem(what, None, remedy, "live", name)
