"""What happens on the fly: declarations, moves, kills, destruction, hotplug, and homes.

usched-model(7), "On the fly". The timetable has validated everything but what only the run can
know: whether a scheduler that is destroyed without a successor has live lwps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from usched.engine.state import Domain, Lwp, forget_history, forget_turns
from usched.engine.tally import Tally
from usched.meaning.timetable import (
    Action,
    Destruction,
    Ending,
    Redeclaration,
    Switch,
    Timetable,
    Transfer,
)
from usched.meaning.tree import Change
from usched.words.cpuset import CpuSet
from usched.words.problems import Problem, Refused
from usched.words.statement import MACHINE, parent_of


class Machine:
    """The tree of domains and the lwps, and every change to them from outside."""

    def __init__(self, timetable: Timetable, tally: Tally) -> None:
        self.hz = timetable.hz
        self.tally = tally
        self.root = Domain(MACHINE, None, 0)
        self.root.pool = tuple(timetable.topology.all)
        self.domains: dict[str, Domain] = {MACHINE: self.root}
        self.offline: CpuSet = timetable.topology.offline
        self.online: list[int] = list(timetable.topology.online)
        self.lwps = [
            Lwp(first + number, program, number)
            for program, first in zip(timetable.programs, timetable.first, strict=True)
            for number in range(program.rforks)
        ]
        self._usable: dict[Domain, list[int]] = {}
        self.redeclare([Change(each.name, None, each) for each in timetable.schedulers])
        # names in the order of first declaration, which is not that of the tree
        for each in sorted(timetable.schedulers, key=lambda scheduler: scheduler.place):
            tally.name_scheduler(each.name)

    def carry_out(self, actions: Sequence[Action]) -> None:
        """The events of one tick, in order; then homes are looked at once."""
        for action in actions:
            match action:
                case Redeclaration(changes=changes):
                    for change in changes:
                        self.tally.name_scheduler(change.name)
                    self.redeclare(changes)
                case Destruction():
                    self.destroy(action)
                case Transfer(lwps=indexes, to=to):
                    self.transfer([self.lwps[index] for index in indexes], to)
                case Ending(at=at, lwps=indexes):
                    self.kill([self.lwps[index] for index in indexes], at)
                case Switch(cpus=cpus, online=online):
                    self.offline = self.offline - cpus if online else self.offline | cpus
                    self.online = list(CpuSet.of(self.root.pool) - self.offline)
                case _:
                    assert_never(action)
        if actions:
            self.review_homes()

    # -- declarations ---------------------------------------------------------

    def redeclare(self, changes: Iterable[Change]) -> None:
        """Schedulers new or with other facts; those and all beneath them start afresh."""
        fresh = []
        for change in changes:
            assert change.after is not None
            domain = self.domains.get(change.name)
            if domain is None:
                parent = self.domains[parent_of(change.name)]
                domain = Domain(change.name, parent, change.after.place)
                self.domains[change.name] = domain
                parent.children.append(domain)
                domain.settle(change.after, self.hz)
                domain.forget_vcpus()
            elif domain.settle(change.after, self.hz):
                fresh.append(domain)
        for domain in self.root.subtree():
            domain.arrange()
        for domain in fresh:
            forget_history(domain, self.lwps)

    def destroy(self, action: Destruction) -> None:
        for name in action.gone:
            domain = self.domains[name]
            inside = [lwp for lwp in self.lwps if lwp.scheduler is domain]
            if action.into is not None:
                later = [lwp for lwp in self.lwps if lwp.forked is None and lwp.target == name]
                self.transfer(inside + later, action.into)
            elif inside:
                raise Refused(_explain_live(action, name, inside))
            forget_turns(domain)
            self.domains[parent_of(name)].children.remove(domain)
            del self.domains[name]
        self.redeclare(action.changes)

    # -- lwps -----------------------------------------------------------------

    def transfer(self, lwps: Iterable[Lwp], to: str) -> None:
        """Move lwps: the runnable ones to the tail, the others where they wake or fork."""
        moving = list(lwps)
        _unqueue(moving)
        for lwp in moving:
            if lwp.forked is None:
                lwp.target = to if lwp.exited is None else lwp.target
            if lwp.scheduler is None:
                continue
            self.leave(lwp)
            self.enter(lwp, self.domains[to])
            lwp.used = 0
            if lwp.runnable:
                self.domains[to].queue.append(lwp)

    def enter(self, lwp: Lwp, domain: Domain) -> None:
        lwp.scheduler = domain
        lwp.target = domain.name
        domain.add_load(1 if lwp.runnable else 0)
        self.tally.enter(lwp, domain)

    def leave(self, lwp: Lwp) -> None:
        """Out of its scheduler, with no claim, last cpu or home; its queue it has left before."""
        domain = lwp.scheduler
        assert domain is not None
        if lwp.runnable:
            domain.add_load(-1)
        self.give_up_home(lwp)
        lwp.claim = lwp.ran_on = lwp.last = None
        lwp.scheduler = None

    def kill(self, lwps: Sequence[Lwp], tick: int) -> None:
        _unqueue(lwps)
        for lwp in lwps:
            if lwp.scheduler is not None:
                self.tally.change_state(lwp, tick)
                self.exit(lwp, tick)
            elif lwp.forked is None:
                lwp.exited = tick  # it never forks; its figures stay zero

    def exit(self, lwp: Lwp, tick: int) -> None:
        self.leave(lwp)
        lwp.runnable = False
        lwp.exited = tick

    # -- homes ----------------------------------------------------------------

    def review_homes(self) -> None:
        """Give up homes that are not usable or not wanted; then find homes, in workload order."""
        self._usable = {}
        live = [lwp for lwp in self.lwps if lwp.scheduler is not None]
        for lwp in live:
            assert lwp.scheduler is not None
            wanted = lwp.scheduler.locked and lwp.home in self.usable(lwp.scheduler)
            if lwp.home is not None and not wanted:
                self.give_up_home(lwp)
        for lwp in live:
            self.find_home(lwp)

    def find_home(self, lwp: Lwp) -> None:
        """In a locked scheduler: the usable cpu that is home to the fewest, then the lowest."""
        domain = lwp.scheduler
        if domain is None or not domain.locked or lwp.home is not None:
            return
        usable = self.usable(domain)
        if usable:
            lwp.home = min(usable, key=lambda cpu: (domain.homes.get(cpu, 0), cpu))
            domain.homes[lwp.home] = domain.homes.get(lwp.home, 0) + 1

    def give_up_home(self, lwp: Lwp) -> None:
        if lwp.home is not None and lwp.scheduler is not None:
            lwp.scheduler.homes[lwp.home] -= 1
        lwp.home = None

    def usable(self, domain: Domain) -> list[int]:
        """The scheduler's cpus that no exclusive child holds and that reach an online cpu."""
        if domain not in self._usable:
            self._usable[domain] = [
                cpu
                for cpu in range(domain.width)
                if cpu not in domain.held and self.reaches(domain, cpu)
            ]
        return self._usable[domain]

    def reaches(self, domain: Domain, cpu: int) -> bool:
        if domain.parent is None:
            return cpu not in self.offline
        return any(self.reaches(domain.parent, above) for above in _above(domain, cpu))


def _unqueue(lwps: Sequence[Lwp]) -> None:
    """Take lwps out of the queues that they are in, all at once: there may be many."""
    gone = {lwp for lwp in lwps if lwp.runnable}
    domains = dict.fromkeys(lwp.scheduler for lwp in lwps if lwp.runnable)
    for domain in domains:
        assert domain is not None
        domain.queue = [lwp for lwp in domain.queue if lwp not in gone]
        domain.picked = [lwp for lwp in domain.picked if lwp not in gone]


def _above(domain: Domain, cpu: int) -> Iterator[int]:
    """The parent's cpus that a cpu of a scheduler can be on."""
    if not domain.virtual:
        yield domain.pool[cpu]
    elif domain.locked:
        yield domain.pool[cpu % len(domain.pool)]
    else:
        yield from domain.pool


def _explain_live(action: Destruction, name: str, inside: Sequence[Lwp]) -> Problem:
    names = ", ".join(lwp.name for lwp in inside[:8]) + (", ..." if len(inside) > 8 else "")
    what = f"at tick {action.at}: {name} cannot be destroyed, lwps live in it: {names}"
    remedy = f"say where they go: destroy {action.gone[-1]} into NAME"
    return Problem(what, None, remedy, "live", name)
