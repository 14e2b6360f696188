"""Which scheduler has which cpu of the machine, and how: the grid that `usched map` draws."""

from __future__ import annotations

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
