"""The machine's groups of cpus, and how far an lwp moves between two of them."""

from __future__ import annotations

import pytest

from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.machine import Cpu, Topology

#: Two sockets; node0 has two caches, the second socket declares none; cpu4 is core 1's sibling.
CPUS = (
    *(Cpu(0, 0, 0, 0, 0), Cpu(1, 0, 0, 0, 1), Cpu(2, 0, 0, 1, 2), Cpu(3, 0, 1, 2, 3)),
    *(Cpu(4, 0, 0, 0, 1), Cpu(5, 1, 2, None, 4), Cpu(6, 1, 2, None, 5)),
)
MACHINE = Topology("six", CPUS, offline=CpuSet.of([4]))


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [(1, 1, 0), (1, 4, 1), (0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 5, 5), (5, 6, 3)],
    ids=["same cpu", "core", "cache", "node", "socket", "machine", "no cache is no common one"],
)
def test_distance_is_the_nearest_level_that_two_cpus_share(a: int, b: int, distance: int) -> None:
    assert MACHINE.distance(a, b) == MACHINE.distance(b, a) == distance


@pytest.mark.parametrize(
    ("selector", "groups"),
    [
        ("socket", {0: "0-4", 1: "5-6"}),
        ("node", {0: "0-2,4", 1: "3", 2: "5-6"}),
        ("llc", {0: "0-1,4", 1: "2", 2: "3"}),
        ("core", {0: "0", 1: "1,4", 2: "2", 3: "3", 4: "5", 5: "6"}),
        ("thread", {0: "0-3,5-6", 1: "4"}),
    ],
)
def test_selectors_group_the_cpus(selector: str, groups: dict[int, str]) -> None:
    found = MACHINE.selected(selector)
    assert {number: format_cpu_list(cpus) for number, cpus in found.items()} == groups


def test_online_is_all_but_what_is_offline() -> None:
    assert format_cpu_list(MACHINE.all) == "0-6"
    assert format_cpu_list(MACHINE.online) == "0-3,5-6"


def test_machines_are_equal_that_are_declared_alike() -> None:
    again = Topology("six", CPUS, offline=CpuSet.of([4]))
    assert again == MACHINE
    assert hash(again) == hash(MACHINE)
    for other in (
        Topology("seven", CPUS, offline=CpuSet.of([4])),
        Topology("six", CPUS[:-1], offline=CpuSet.of([4])),
        Topology("six", CPUS, 250, CpuSet.of([4])),
        Topology("six", CPUS),
        "six",
    ):
        assert other != MACHINE
