"""Where lwps may run, as a run goes on: the real cpus of every scheduler between two events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from usched.meaning.resolver import Scheduler
from usched.meaning.timetable import Destruction, Redeclaration, Switch, Timetable, Transfer
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.machine import Topology
from usched.words.statement import MACHINE, lineage, parent_of


class Stand(NamedTuple):
    """A scheduler between two events. cpus: the real ones, online or not, on which its own lwps
    may be. seats: the same for each cpu that it has, by number; none where an exclusive child
    holds it.

    floating: its cpus are, or are on, vcpus that float. bound: what keeps an lwp from an idle one
    of the real cpus: `locked`, `vcpus` (those that float are all in use), or "" where nothing does.
    """

    cpus: CpuSet
    seats: tuple[CpuSet, ...]
    locked: bool
    floating: bool
    bound: str


@dataclass(frozen=True, slots=True)
class Epoch:
    """From tick `at` to the next event. online: cpus of the machine."""

    at: int
    online: CpuSet
    stands: Mapping[str, Stand]


class Stay(NamedTuple):
    """From tick `since` on, an lwp is in a scheduler, or will fork into it."""

    since: int
    scheduler: str


def list_epochs(timetable: Timetable) -> list[Epoch]:
    """The first begins with the run; those of events that change nothing here are left out."""
    there = {each.name: each for each in timetable.schedulers}
    online = timetable.topology.online
    epochs = [Epoch(0, online, _list_stands(there, timetable.topology))]
    for action in timetable.actions:
        match action:
            case Redeclaration(changes=changes):
                there |= {each.name: each.after for each in changes if each.after is not None}
            case Destruction(gone=gone, changes=changes):
                for name in gone:
                    del there[name]
                there |= {each.name: each.after for each in changes if each.after is not None}
            case Switch(cpus=cpus):
                online = online | cpus if action.online else online - cpus
            case _:
                continue
        epoch = Epoch(action.at, online, _list_stands(there, timetable.topology))
        if epochs[-1].at == action.at:
            epochs.pop()
        if not epochs or (epoch.online, epoch.stands) != (epochs[-1].online, epochs[-1].stands):
            epochs.append(epoch)
    return epochs


def list_stays(timetable: Timetable) -> list[list[Stay]]:
    """For each lwp, by index, where it is when."""
    stays = [
        [Stay(0, program.scheduler)]
        for program in timetable.programs
        for _ in range(program.rforks)
    ]
    for action in timetable.actions:
        match action:
            case Transfer(lwps=lwps, to=to):
                moving = list(lwps)
            case Destruction(gone=gone, into=str(to)):
                moving = [n for n, each in enumerate(stays) if each[-1].scheduler in gone]
            case _:
                continue
        for index in moving:
            if stays[index][-1].since == action.at:
                stays[index].pop()
            stays[index].append(Stay(action.at, to))
    return stays


def _list_stands(there: Mapping[str, Scheduler], topology: Topology) -> dict[str, Stand]:
    """Parents are known before their children: each of its cpus is on one of theirs."""
    seats = {MACHINE: [CpuSet.of([cpu]) for cpu in range(max(topology.all) + 1)]}
    held = dict.fromkeys([MACHINE, *there], NO_CPUS)
    for name in sorted(there, key=lambda name: name.count("/")):
        each = there[name]
        if each.declare.exclusive:
            held[parent_of(name)] |= each.pool
        seats[name] = _seat(each, [seats[parent_of(name)][cpu] for cpu in each.pool])
    return {
        name: _stand(
            there,
            name,
            [NO_CPUS if cpu in held[name] else reals for cpu, reals in enumerate(seats[name])],
        )
        for name in there
    }


def _seat(scheduler: Scheduler, pool: list[CpuSet]) -> list[CpuSet]:
    """The real cpus behind each cpu of a scheduler; pool: behind those of its pool."""
    if not scheduler.virtual:
        return pool
    if scheduler.declare.locked:
        return [pool[vcpu % len(pool)] for vcpu in range(scheduler.width)]
    return [_unite(pool)] * scheduler.width


def _unite(some: Iterable[CpuSet]) -> CpuSet:
    return reduce(or_, some, NO_CPUS)


def _stand(there: Mapping[str, Scheduler], name: str, seats: list[CpuSet]) -> Stand:
    virtual = [there[each] for each in lineage(name) if there[each].virtual]
    locked = there[name].declare.locked
    floating = any(not each.declare.locked for each in virtual)
    bound = ""
    if locked or virtual:
        bound = "vcpus" if floating and not locked else "locked"
    return Stand(_unite(seats), tuple(seats), locked, floating, bound)
