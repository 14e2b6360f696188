"""What is valid and still worth a second look: one small function a warning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import gcd

from usched.meaning.reach import held_cpus, in_order, own_cpus, reach_of
from usched.meaning.resolving import Scheduler
from usched.meaning.tree import Tree
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.problems import Problem, count, join_names
from usched.words.statement import MACHINE, parent_of


def find_warnings(tree: Tree) -> list[Problem]:
    """Every warning, by kind, then in the order of the tree."""
    schedulers = tree.schedulers()
    return [warning for find in _FINDERS for warning in find(tree, schedulers)]


def _split_cores(tree: Tree, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    """The threads of a core in different hands, where one of them is meant to be kept to itself."""
    cores = tree.topology.groups["core"]
    for scheduler in schedulers:
        kept = scheduler.declare.exclusive or scheduler.declare.locked
        view = tree.view(parent_of(scheduler.name))
        if not kept or view is None or (view.name and view.behind is None):
            continue
        mine = reach_of(tree, scheduler)
        others = NO_CPUS
        for sibling in in_order(tree, view.name):
            if sibling.name != scheduler.name and not sibling.pool & scheduler.pool:
                others |= reach_of(tree, sibling)
        split = [n for n, cpus in cores.items() if cpus & mine and cpus & others - mine]
        if split:
            word = "exclusive" if scheduler.declare.exclusive else "locked"
            names = ", ".join(f"core{number}" for number in split[:8])
            more = f" and {len(split) - 8} more cores" if len(split) > 8 else ""
            what = f"{scheduler.name} ({word}) shares threads of {names}{more} with a sibling"
            yield Problem(what, None, "", "split-core", scheduler.name)


def _across_nodes(tree: Tree, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    nodes = tree.topology.groups["node"]
    for scheduler in schedulers:
        view = tree.view(parent_of(scheduler.name))
        if view is None or (view.name and view.behind is None):
            continue
        mine = reach_of(tree, scheduler)
        touched = [number for number, cpus in nodes.items() if cpus & mine]
        if len(touched) > 1:
            names = format_cpus(CpuSet.of(touched)).replace("cpu", "node")
            what = f"the pool of {scheduler.name} spans {names}: memory may be far"
            yield Problem(what, None, "", "nodes", scheduler.name)


def _may_starve(tree: Tree, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    """Every cpu of its pool lies under a higher one that is always able to fill it."""
    for scheduler in schedulers:
        above = [
            sibling
            for sibling in in_order(tree, parent_of(scheduler.name))
            if sibling.declare.lwktpri > scheduler.declare.lwktpri
        ]
        filling = [sibling.name for sibling in above if _fills(tree, sibling) & scheduler.pool]
        filled = NO_CPUS
        for sibling in above:
            filled |= _fills(tree, sibling)
        if scheduler.pool <= filled:
            what = f"{scheduler.name} can starve: {join_names(filling)} can fill all its cpus"
            yield Problem(what, None, "", "starve", scheduler.name)


def _fills(tree: Tree, scheduler: Scheduler) -> CpuSet:
    """The parent's cpus that a scheduler, given lwps enough, keeps busy at every tick."""
    inside = own_cpus(scheduler) - held_cpus(tree, scheduler.name)
    for child in in_order(tree, scheduler.name):
        inside |= _fills(tree, child)
    pool = tuple(scheduler.pool)
    if not scheduler.virtual:
        return CpuSet.of(pool[cpu] for cpu in inside)
    if scheduler.declare.locked:
        return CpuSet.of(pool[cpu % len(pool)] for cpu in inside)
    # fewer vcpus than cpus leave some cpu to others at every tick, and not always the same one
    return scheduler.pool if len(inside) >= len(pool) else NO_CPUS


def _overcommitted(_tree: Tree, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    for scheduler in schedulers:
        size, width = len(scheduler.pool), scheduler.width
        if width > size:
            common = gcd(width, size)
            ratio = f"{width // common}:{size // common}"
            amounts = f"{count(width, 'vcpu')} on {count(size, 'cpu')}"
            what = f"{scheduler.name} is overcommitted {ratio}: {amounts}"
            yield Problem(what, None, "", "overcommit", scheduler.name)


def _uncovered(tree: Tree, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    covered = NO_CPUS
    for scheduler in schedulers:
        if parent_of(scheduler.name) == MACHINE:
            covered |= scheduler.pool
    left = tree.topology.all - covered
    if left and schedulers:
        yield Problem(f"no scheduler has {format_cpus(left)}", None, "", "uncovered")


_FINDERS: tuple[Callable[[Tree, Sequence[Scheduler]], Iterator[Problem]], ...] = (
    _split_cores,
    _across_nodes,
    _may_starve,
    _overcommitted,
    _uncovered,
)
