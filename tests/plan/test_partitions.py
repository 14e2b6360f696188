"""Who else can be on the cpus of an exclusive scheduler."""

from __future__ import annotations

from collections.abc import Iterator

from tests.plan.trees import random_tree, tree_of
from usched.meaning.reach import reach_of
from usched.meaning.resolver import Resolver, Scheduler
from usched.plan.kernel import Kernel
from usched.plan.partitions import Partitions
from usched.words.cpuset import parse_cpu_list
from usched.words.statement import MACHINE, parent_of

KERNEL = Kernel("6.12.9", (6, 12))


def rivals(tree: Resolver, scheduler: Scheduler) -> Iterator[str]:
    """One by one: who stands beside it, or beside whom it is in, and the own lwps of the latter."""
    partitions = Partitions(tree, KERNEL)
    cpus = reach_of(tree, scheduler)
    name = scheduler.name
    while name != MACHINE:
        above = parent_of(name)
        for each in tree.children(above):
            other = tree.scheduler(each.name)
            if other and each.name != name and reach_of(tree, other) & cpus:
                yield each.name
        if above != MACHINE and partitions.own_reach(above) & cpus:
            yield above
        name = above


def test_a_rival_is_somebody_who_can_be_on_the_same_cpu_and_is_found_where_there_is_one() -> None:
    alone = 0
    for seed in range(200):
        tree = random_tree(seed)
        partitions = Partitions(tree, KERNEL)
        for each in tree.schedulers():
            found = list(rivals(tree, each))
            rival = partitions.find_rival(each.name, reach_of(tree, each))
            assert rival in found if found else rival == "", (seed, each.name)
            alone += not found
    assert alone > 20


def test_the_rival_that_is_named_has_the_lowest_of_the_cpus_that_are_shared() -> None:
    tree = tree_of("A on cpu0-3 lwktpri 6", "B on cpu2-3 lwktpri 6", "C on cpu1-3 lwktpri 6")
    partitions = Partitions(tree, KERNEL)
    assert partitions.find_rival("A", parse_cpu_list("0-3")) == "C"
    assert partitions.find_rival("C", parse_cpu_list("1-3")) == "A"
    assert partitions.find_rival("B", parse_cpu_list("2-3")) == "A"
