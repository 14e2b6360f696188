"""Which cpus of a scheduler are on which of the machine, against looking at them one by one."""

from __future__ import annotations

from hypothesis import given

from tests.meaning.test_tree_laws import carry_out, lines, topologies
from usched.meaning.reach import above, below, count_offline, own_cpus, reach
from usched.words.cpuset import CpuSet
from usched.words.machine import Topology
from usched.words.statement import parent_of


@given(lines, topologies)
def test_a_cpu_counts_as_offline_that_is_on_no_online_one(
    lines: list[str], topology: Topology
) -> None:
    tree = carry_out(topology, lines).resolver
    for each in tree.schedulers():
        behind = (
            reach(tree.scheduler, parent_of(each.name), CpuSet.of([cpu])) for cpu in each.pool
        )
        assert count_offline(tree, each) == sum(reals <= topology.offline for reals in behind)


@given(lines, topologies)
def test_what_is_below_a_cpu_is_what_it_is_above(lines: list[str], topology: Topology) -> None:
    for each in carry_out(topology, lines).resolver.schedulers():
        for cpu in each.pool:
            under = [own for own in own_cpus(each) if cpu in above(each, CpuSet.of([own]))]
            assert list(below(each, CpuSet.of([cpu]))) == under
