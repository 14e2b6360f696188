"""What is valid and still worth a second look: one small function a warning."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from math import gcd

from usched.meaning.reach import above, held_cpus, in_order, own_cpus, reach_of
from usched.meaning.resolver import Resolver, Scheduler
from usched.text.language.canonical import format_ms, format_quantum
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.phrases import NAMED, count, join_names
from usched.words.problems import Problem
from usched.words.statement import MACHINE, parent_of

_Finder = Callable[[Resolver, Sequence[Scheduler]], Iterator[Problem]]

#: With more schedulers in one domain than these, a change does not look through all of them.
MANY_SIBLINGS = 256


def find_warnings(tree: Resolver) -> list[Problem]:
    """Every warning, by kind, then in the order of the tree."""
    return _find_among(tree, tree.schedulers())


def find_new_warnings(old: Resolver, new: Resolver, names: Collection[str]) -> list[Problem]:
    """Those that were not true before, about what a change to these schedulers can touch: they,
    what is directly in them, and their siblings.

    A registry of ten thousand schedulers must not be read to add one: in a domain of more than
    MANY_SIBLINGS the changed ones are looked at, each by itself.
    """
    domains = dict.fromkeys(parent for name in names for parent in (parent_of(name), name))
    known = {(problem.rule, problem.name) for problem in _find_near(old, domains, names)}
    if not old.child_names(MACHINE):
        known.add(("uncovered", ""))  # nobody had any cpu before, either
    found = _find_near(new, domains, names)
    return [problem for problem in found if (problem.rule, problem.name) not in known]


def _find_near(tree: Resolver, domains: Iterable[str], names: Iterable[str]) -> list[Problem]:
    near: list[Scheduler] = []
    large = set()
    for domain in domains:
        if domain != MACHINE and tree.find(domain) is None:
            continue
        if len(tree.child_names(domain)) > MANY_SIBLINGS:
            large.add(domain)
        else:
            found = (tree.scheduler(each.name) for each in tree.children(domain))
            near += filter(None, found)
    alone = (tree.scheduler(name) for name in names if parent_of(name) in large)
    return _find_among(tree, near) + _find_among(tree, [*filter(None, alone)], _ALONE)


def _find_among(
    tree: Resolver, schedulers: Sequence[Scheduler], finders: Sequence[_Finder] | None = None
) -> list[Problem]:
    return [warning for find in finders or _FINDERS for warning in find(tree, schedulers)]


def _split_cores(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    """The threads of a core in different hands, where one of them is meant to be kept to itself."""
    for parent, children in _domains(schedulers).items():
        view = tree.view(parent)
        if view is None or not view.has_levels:
            continue
        if any(_is_kept(child) for child in children):
            yield from _find_split(tree, children)


def _is_kept(scheduler: Scheduler) -> bool:
    return scheduler.declare.exclusive or scheduler.declare.locked


def _find_split(tree: Resolver, children: Sequence[Scheduler]) -> Iterator[Problem]:
    """Of those that are kept to themselves; siblings of the same cpus are looked at as one."""
    alike: dict[tuple[int, int], list[Scheduler]] = {}
    for child in children:
        alike.setdefault((child.pool.mask, reach_of(tree, child).mask), []).append(child)
    rests = {
        key: _other_threads(tree, CpuSet(key[1]))
        for key, members in alike.items()
        if any(_is_kept(each) for each in members)
    }
    shared = NO_CPUS
    for rest in rests.values():
        shared |= rest
    pools: dict[int, list[int]] = {}  # of those that can be on such a real cpu
    for pool, reach in alike:
        for cpu in CpuSet(reach) & shared:
            pools.setdefault(cpu, []).append(pool)
    split: dict[str, list[int]] = {}
    for key, rest in rests.items():
        taken = [cpu for cpu in rest if any(not pool & key[0] for pool in pools.get(cpu, ()))]
        for each in alike[key] if taken else ():
            if _is_kept(each):
                split[each.name] = sorted({tree.topology.places[cpu].core for cpu in taken})
    for child in children:
        if child.name in split:
            yield _describe_split(child, split[child.name])


def _other_threads(tree: Resolver, cpus: CpuSet) -> CpuSet:
    """The rest of the cores that some real cpus are of."""
    cores = NO_CPUS
    for number in {tree.topology.places[cpu].core for cpu in cpus}:
        cores |= tree.topology.groups["core"][number]
    return cores - cpus


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


def _across_nodes(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    nodes = tree.topology.groups["node"]
    for scheduler in schedulers:
        view = tree.view(parent_of(scheduler.name))
        if view is None or not view.has_levels:
            continue
        mine = reach_of(tree, scheduler)
        touched = [number for number, cpus in nodes.items() if cpus & mine]
        if len(touched) > 1:
            names = format_cpus(CpuSet.of(touched)).replace("cpu", "node")
            what = f"the pool of {scheduler.name} spans {names}: memory may be far"
            yield Problem(what, None, "", "nodes", scheduler.name)


def _may_starve(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
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
                fillers = (each.name for each, cpus in fills[:done] if cpus & scheduler.pool)
                names = join_names(list(islice(fillers, NAMED + 1)))
                what = f"{scheduler.name} can starve: {names} can fill all its cpus"
                starving[scheduler.name] = Problem(what, None, "", "starve", scheduler.name)
        yield from (starving[child.name] for child in children if child.name in starving)


def _fills(tree: Resolver, scheduler: Scheduler) -> CpuSet:
    """The parent's cpus that a scheduler, given lwps enough, keeps busy at every tick."""
    inside = own_cpus(scheduler) - held_cpus(tree, scheduler.name)
    for child in in_order(tree, scheduler.name):
        inside |= _fills(tree, child)
    if scheduler.virtual and not scheduler.declare.locked:
        # fewer vcpus than cpus leave some cpu to others at every tick, and not always the same one
        return scheduler.pool if len(inside) >= len(scheduler.pool) else NO_CPUS
    return above(scheduler, inside)


def _overcommitted(_tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    for scheduler in schedulers:
        size, width = len(scheduler.pool), scheduler.width
        if width > size:
            common = gcd(width, size)
            ratio = f"{width // common}:{size // common}"
            amounts = f"{count(width, 'vcpu')} on {count(size, 'cpu')}"
            what = f"{scheduler.name} is overcommitted {ratio}: {amounts}"
            yield Problem(what, None, "", "overcommit", scheduler.name)


def _only_offline(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    if not tree.topology.offline:
        return
    for scheduler in schedulers:
        reach = reach_of(tree, scheduler)
        if reach <= tree.topology.offline:
            what = f"{scheduler.name} has only cpus that are offline: {format_cpus(reach)}"
            yield Problem(what, None, "", "offline", scheduler.name)


def _rounded(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    """A quantum in time is so many ticks, and those may be another time."""
    hz = tree.topology.hz
    for scheduler in schedulers:
        quantum = scheduler.declare.quantum
        ticks = scheduler.declare.quantum_ticks(hz)
        if quantum is None or not quantum.error_ms(hz, ticks):
            continue
        real = format_ms(ticks, hz)
        what = (
            f"the quantum of {scheduler.name}, {format_quantum(quantum)}, is "
            f"{count(ticks, 'tick')} at {hz} Hz, {real}"
        )
        yield Problem(what, None, "", "quantum", scheduler.name)


def _uncovered(tree: Resolver, schedulers: Sequence[Scheduler]) -> Iterator[Problem]:
    covered = NO_CPUS
    for scheduler in schedulers:
        if parent_of(scheduler.name) == MACHINE:
            covered |= scheduler.pool
    left = tree.topology.all - covered
    if left and covered and _has_all(tree, schedulers):
        yield Problem(f"no scheduler has {format_cpus(left)}", None, "", "uncovered")


def _has_all(tree: Resolver, schedulers: Sequence[Scheduler]) -> bool:
    """Whether these are all that stand on the machine."""
    here = sum(parent_of(each.name) == MACHINE for each in schedulers)
    return here == len(tree.child_names(MACHINE))


#: Those that look at one scheduler at a time.
_ALONE: tuple[_Finder, ...] = (_across_nodes, _overcommitted, _only_offline, _rounded)

_FINDERS: tuple[_Finder, ...] = (
    _split_cores,
    _across_nodes,
    _may_starve,
    _overcommitted,
    _uncovered,
    _only_offline,
    _rounded,
)
