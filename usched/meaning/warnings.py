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
    for parent, children in _domains(schedulers).items():
        view = tree.view(parent)
        if view is None or (view.name and view.behind is None):
            continue
        reaches = {child.name: reach_of(tree, child) for child in children}
        hands: dict[int, list[Scheduler]] = {}  # core: who has a thread of it
        for child in children:
            for core in {tree.topology.places[cpu].core for cpu in reaches[child.name]}:
                hands.setdefault(core, []).append(child)
        split: dict[str, list[int]] = {}
        for core in sorted(hands):
            for one in hands[core]:
                if (one.declare.exclusive or one.declare.locked) and any(
                    not other.pool & one.pool for other in hands[core]
                ):
                    split.setdefault(one.name, []).append(core)
        for child in children:
            if child.name in split:
                yield _describe_split(child, split[child.name])


def _describe_split(scheduler: Scheduler, cores: Sequence[int]) -> Problem:
    word = "exclusive" if scheduler.declare.exclusive else "locked"
    names = ", ".join(f"core{number}" for number in cores[:8])
    more = f" and {len(cores) - 8} more cores" if len(cores) > 8 else ""
    what = f"{scheduler.name} ({word}) shares threads of {names}{more} with a sibling"
    return Problem(what, None, "", "split-core", scheduler.name)


def _domains(schedulers: Sequence[Scheduler]) -> dict[str, list[Scheduler]]:
    """The children of each domain that has some, in declaration order."""
    domains: dict[str, list[Scheduler]] = {}
    for scheduler in schedulers:
        domains.setdefault(parent_of(scheduler.name), []).append(scheduler)
    return domains


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
    for children in _domains(schedulers).values():
        fills = [(child, _fills(tree, child)) for child in children]
        fills.sort(key=lambda each: -each[0].declare.lwktpri)
        filled, done = NO_CPUS, 0  # by those that are higher than the one looked at
        starving: dict[str, Problem] = {}
        for scheduler, _ in fills:
            while fills[done][0].declare.lwktpri > scheduler.declare.lwktpri:
                filled |= fills[done][1]
                done += 1
            if scheduler.pool <= filled:
                above = [each.name for each, cpus in fills[:done] if cpus & scheduler.pool]
                what = f"{scheduler.name} can starve: {join_names(above)} can fill all its cpus"
                starving[scheduler.name] = Problem(what, None, "", "starve", scheduler.name)
        yield from (starving[child.name] for child in children if child.name in starving)


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
