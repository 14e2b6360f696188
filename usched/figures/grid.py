"""Which scheduler has which cpu of the machine, and how: the grid that `usched map` draws."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from usched.meaning.reach import reach_of
from usched.meaning.resolver import Resolver, Scheduler
from usched.words.cpuset import CpuSet
from usched.words.statement import lineage


@dataclass(frozen=True, slots=True)
class Holding:
    """A scheduler and the real cpus that it can reach. floating: by vcpus that float, its own or
    an ancestor's; alone: it has them exclusively, vcpus aside."""

    scheduler: Scheduler
    cpus: CpuSet
    floating: bool
    alone: bool


def list_holdings(tree: Resolver) -> list[Holding]:
    """Of every scheduler that fits, parents first, siblings in declaration order."""
    return [_hold(tree, scheduler) for scheduler in tree.schedulers()]


def _hold(tree: Resolver, scheduler: Scheduler) -> Holding:
    floating = _floats(tree, scheduler.name)
    alone = scheduler.declare.exclusive and not floating
    return Holding(scheduler, reach_of(tree, scheduler), floating, alone)


def _floats(tree: Resolver, name: str) -> bool:
    """Whether a floating vcpu stands between a scheduler and the machine."""
    above = (tree.scheduler(each) for each in lineage(name))
    return any(each and each.virtual and not each.declare.locked for each in above)


def runs_alike(
    rows: Sequence[Holding], cpus: Sequence[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Each run of cpus that the same rows have, and the places of these rows."""
    begins: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        for first, last in row.cpus.runs():
            begins.setdefault(first, []).append(place)
            ends.setdefault(last + 1, []).append(place)
    edges = sorted({*begins, *ends})
    run: list[int] = []
    had: list[int] = []
    here: list[int] = []
    passed = 0
    for cpu in cpus:
        while passed < len(edges) and edges[passed] <= cpu:
            for place in ends.get(edges[passed], ()):
                del here[bisect_left(here, place)]
            for place in begins.get(edges[passed], ()):
                insort(here, place)
            passed += 1
        if run and here != had:
            yield run, had
            run = []
        if not run:
            had = list(here)
        run.append(cpu)
    yield run, had
