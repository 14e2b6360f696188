"""Which real cpus a scheduler can reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from usched.meaning.resolver import Resolver, Scheduler
from usched.words.cpuset import NO_CPUS, CpuSet, first_cpus
from usched.words.statement import MACHINE, parent_of

#: A scheduler by its name; None where there is none, or it does not fit.
Find = Callable[[str], "Scheduler | None"]


def own_cpus(scheduler: Scheduler) -> CpuSet:
    """A scheduler's cpus in its own numbers."""
    return first_cpus(scheduler.width)


def reach(find: Find, name: str, cpus: CpuSet) -> CpuSet:
    """The real cpus, online or not, that these cpus of a domain can be on."""
    while name != MACHINE and cpus:
        scheduler = find(name)
        if scheduler is None:
            return NO_CPUS
        cpus = above(scheduler, cpus)
        name = parent_of(name)
    return cpus


def reach_whole(find: Find, scheduler: Scheduler) -> CpuSet:
    """The real cpus that all the cpus of a scheduler can be on."""
    fixed = scheduler.virtual and scheduler.declare.locked  # so perhaps not on all of its pool
    cpus = above(scheduler, own_cpus(scheduler)) if fixed else scheduler.pool
    return reach(find, parent_of(scheduler.name), cpus)


def above(scheduler: Scheduler, cpus: CpuSet) -> CpuSet:
    """The parent's cpus that these cpus of a scheduler can be on."""
    if scheduler.virtual and not scheduler.declare.locked:
        return scheduler.pool  # every vcpu floats over all of them
    if not scheduler.virtual and len(cpus) == scheduler.width:
        return scheduler.pool
    size, rest, places = len(scheduler.pool), cpus.mask, 0
    while rest:  # vcpus that are fixed stand on the cpus of the pool in turn
        places |= rest & (1 << size) - 1
        rest >>= size
    return scheduler.pool.at(CpuSet(places))


def below(scheduler: Scheduler, cpus: CpuSet) -> CpuSet:
    """The scheduler's cpus that can be on these cpus of its parent."""
    if not cpus & scheduler.pool:
        return NO_CPUS
    if scheduler.virtual and not scheduler.declare.locked:
        return own_cpus(scheduler)
    places, own = scheduler.pool.places_of(cpus).mask, 0
    for first in range(0, scheduler.width, len(scheduler.pool)):
        own |= places << first
    return CpuSet(own) & own_cpus(scheduler)


def reach_of(tree: Resolver, scheduler: Scheduler) -> CpuSet:
    """The real cpus that a scheduler can reach."""
    return reach_whole(tree.scheduler, scheduler)


def count_offline(tree: Resolver, scheduler: Scheduler) -> int:
    """How many of the cpus of its pool cannot be on an online cpu of the machine."""
    return len(scheduler.pool & _lost_cpus(tree, parent_of(scheduler.name)))


def _lost_cpus(tree: Resolver, name: str) -> CpuSet:
    """A domain's cpus that cannot be on an online cpu of the machine."""
    if name == MACHINE or not tree.topology.offline:
        return tree.topology.offline
    scheduler = tree.scheduler(name)
    if scheduler is None:
        return NO_CPUS
    lost = _lost_cpus(tree, parent_of(name))
    if scheduler.virtual and not scheduler.declare.locked:
        return own_cpus(scheduler) if scheduler.pool <= lost else NO_CPUS
    return below(scheduler, lost)


def describe_offline(tree: Resolver, scheduler: Scheduler) -> str:
    """`, 2 offline` behind a count of its pool's cpus; "" where there are none."""
    gone = count_offline(tree, scheduler)
    return f", {gone} offline" if gone else ""


class Moved(NamedTuple):
    """A scheduler that could reach these real cpus, and now others."""

    name: str
    had: CpuSet
    has: CpuSet


def compare_reach(old: Resolver, new: Resolver) -> list[Moved]:
    """Every scheduler that there was and is, and whose real cpus differ; in the new order."""
    pairs = ((old.scheduler(each.name), each) for each in new.schedulers())
    moved = (
        Moved(now.name, reach_of(old, before), reach_of(new, now))
        for before, now in pairs
        if before is not None
    )
    return [each for each in moved if each.had != each.has]


def in_order(tree: Resolver, name: str) -> list[Scheduler]:
    """A domain's children that fit, in the order in which they are offered cpus."""
    fitting = (tree.scheduler(entry.name) for entry in tree.children(name))
    children = [child for child in fitting if child is not None]
    return sorted(children, key=lambda child: -child.declare.lwktpri)


def held_cpus(tree: Resolver, name: str) -> CpuSet:
    """A domain's cpus that exclusive children hold."""
    held = NO_CPUS
    for child in in_order(tree, name):
        if child.declare.exclusive:
            held |= child.pool
    return held
