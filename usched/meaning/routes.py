"""Who may run on a real cpu, through which of its own, and why the others may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from usched.meaning.reach import below, held_cpus, in_order
from usched.meaning.resolver import Resolver, Scheduler
from usched.meaning.selectors import select_cpus
from usched.text.language.canonical import format_cpu_terms
from usched.words.cpuset import CpuSet
from usched.words.phrases import join_names
from usched.words.statement import MACHINE, parent_of


@dataclass(frozen=True, slots=True)
class Route:
    """A scheduler that may run on a real cpu asked for. cpus: those of its own that can be there.

    own: those of them on which its own lwps run (no exclusive child holds them).
    """

    scheduler: Scheduler
    cpus: CpuSet
    own: CpuSet


@dataclass(frozen=True, slots=True)
class Barred:
    """A scheduler that may not run there, and why."""

    name: str
    reason: str


def routes_to(tree: Resolver, cpus: CpuSet) -> tuple[list[Route], list[Barred]]:
    """Who may run on one of these real cpus: by descending lwktpri, each subtree behind its root;
    and why the others may on none of them."""
    routes: list[Route] = []
    barred: list[Barred] = []
    _follow(tree, MACHINE, cpus, routes, barred)
    return routes, barred


def _follow(
    tree: Resolver, name: str, cpus: CpuSet, routes: list[Route], barred: list[Barred]
) -> None:
    children = in_order(tree, name)
    takers = [each for each in children if each.declare.exclusive and each.pool & cpus]
    for child in children:
        here = below(child, cpus)
        if not here:
            barred.append(Barred(child.name, _explain_absence(tree, child, cpus, takers)))
            below_it = (entry.name for entry in tree.walk(child.name))
            barred += [Barred(inside, f"it stands in {child.name}") for inside in below_it]
            continue
        held = held_cpus(tree, child.name)
        routes.append(Route(child, here, here - held))
        _follow(tree, child.name, here, routes, barred)


def _explain_absence(
    tree: Resolver, child: Scheduler, cpus: CpuSet, takers: Iterable[Scheduler]
) -> str:
    taken = [taker.name for taker in takers if taker.name != child.name]
    view = tree.view(parent_of(child.name))
    if taken and view is not None and select_cpus(child.declare.cpus, view).cpus & cpus:
        return f"only {join_names(taken)} may (exclusive)"
    where = f" of {parent_of(child.name)}" if parent_of(child.name) else ""
    if not child.pool & cpus:
        return f"its pool is {format_cpu_terms(child.declare.cpus)}{where}"
    return f"none of its {child.width} locked vcpus is fixed to it"
