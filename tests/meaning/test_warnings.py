"""Valid, and still worth a second look: each warning, and where it is not given."""

from __future__ import annotations

from hypothesis import given

from tests.meaning.test_tree_laws import carry_out, lines, topologies
from tests.meaning.trees import EIGHT, GAPS, tree_of
from usched.meaning.warnings import find_warnings
from usched.words.machine import Topology


def warnings(rule: str, text: str, topology: Topology = EIGHT) -> list[str]:
    tree = tree_of(text, topology)
    return [found.what for found in find_warnings(tree) if found.rule == rule]


def test_an_empty_registry_has_no_warnings() -> None:
    assert find_warnings(tree_of()) == []


def test_a_core_split_from_an_exclusive_scheduler_is_named() -> None:
    assert warnings("split-core", "A on cpu0 lwktpri 4 exclusive\nB on cpu* lwktpri 3") == [
        "A (exclusive) shares threads of core0 with a sibling"
    ]


def test_a_core_split_from_a_locked_scheduler_is_named() -> None:
    assert warnings("split-core", "A on cpu0-1 lwktpri 4 locked\nB on cpu4-5 lwktpri 3") == [
        "A (locked) shares threads of core0, core1 with a sibling"
    ]


def test_a_core_split_between_two_locked_siblings_is_named_for_both() -> None:
    text = "A on cpu0 lwktpri 4 locked\nB on cpu4 lwktpri 3 exclusive"
    assert warnings("split-core", text) == [
        "A (locked) shares threads of core0 with a sibling",
        "B (exclusive) shares threads of core0 with a sibling",
    ]


def test_a_core_split_between_siblings_that_float_is_none_of_our_business() -> None:
    assert warnings("split-core", "A on cpu0 lwktpri 4\nB on cpu4 lwktpri 3") == []


def test_whole_cores_are_not_split() -> None:
    assert warnings("split-core", "A on core0 lwktpri 4 exclusive\nB on cpu* lwktpri 3") == []


def test_a_core_split_inside_a_transparent_scheduler_is_named() -> None:
    text = """
    POOL on node0 lwktpri 4
    POOL/A on cpu0 lwktpri 4 locked
    POOL/B on cpu2 lwktpri 4
    """
    assert warnings("split-core", text) == [
        "POOL/A (locked) shares threads of core0 with a sibling"
    ]


def test_a_virtual_scheduler_has_no_cores_to_split() -> None:
    text = """
    V on node0 lwktpri 4 vcpus 4
    V/A on cpu0 lwktpri 4 exclusive
    V/B on cpu2 lwktpri 4
    """
    assert warnings("split-core", text) == []


def test_a_pool_across_nodes_is_named() -> None:
    assert warnings("nodes", "A on cpu1-2 lwktpri 4") == [
        "the pool of A spans node0-node1: memory may be far"
    ]
    assert warnings("nodes", "A on node1 lwktpri 4") == []


def test_a_scheduler_under_one_that_can_fill_its_cpus_can_starve() -> None:
    assert warnings("starve", "A on node0 lwktpri 4\nB on cpu0-1 lwktpri 3") == [
        "B can starve: A can fill all its cpus"
    ]


def test_a_scheduler_under_several_that_can_fill_its_cpus_together_can_starve() -> None:
    text = "A on cpu0 lwktpri 4\nB on cpu1 lwktpri 5\nC on cpu0-1 lwktpri 3"
    assert warnings("starve", text) == ["C can starve: B and A can fill all its cpus"]


def test_a_cpu_of_its_own_keeps_a_scheduler_from_starving() -> None:
    assert warnings("starve", "A on node0 lwktpri 4\nB on cpu0-2 lwktpri 3") == []


def test_equals_do_not_starve_each_other() -> None:
    assert warnings("starve", "A on node0 lwktpri 4\nB on node0 lwktpri 4") == []


def test_fewer_vcpus_than_cpus_leave_something_to_lower_ones() -> None:
    assert warnings("starve", "A on node0 lwktpri 4 vcpus 3\nB on node0 lwktpri 3") == []


def test_vcpus_enough_for_the_pool_can_fill_it() -> None:
    for clauses in ("vcpus 4", "vcpus 6", "vcpus 4 locked"):
        text = f"A on node0 lwktpri 4 {clauses}\nB on node0 lwktpri 3"
        assert warnings("starve", text) == ["B can starve: A can fill all its cpus"]


def test_an_exclusive_child_that_is_narrow_keeps_its_parent_from_filling_the_pool() -> None:
    text = "A on node0 lwktpri 4\nA/X on cpu* lwktpri 4 exclusive vcpus 1\nB on cpu0 lwktpri 3"
    assert warnings("starve", text) == []


def test_siblings_inside_a_scheduler_can_starve_too() -> None:
    text = "A on node0 lwktpri 4\nA/B on cpu* lwktpri 31\nA/C on cpu0 lwktpri 30"
    assert warnings("starve", text) == ["A/C can starve: A/B can fill all its cpus"]


def test_an_overcommit_has_its_ratio() -> None:
    assert warnings("overcommit", "A on node0 lwktpri 4 vcpus 6") == [
        "A is overcommitted 3:2: 6 vcpus on 4 cpus"
    ]
    assert warnings("overcommit", "A on cpu0 lwktpri 4 vcpus 4096") == [
        "A is overcommitted 4096:1: 4096 vcpus on 1 cpu"
    ]
    assert warnings("overcommit", "A on node0 lwktpri 4 vcpus 4") == []


def test_cpus_that_no_scheduler_covers_are_named() -> None:
    assert warnings("uncovered", "A on node0 lwktpri 4\nB on cpu2 lwktpri 3") == [
        "no scheduler has cpu3, cpu6-cpu7"
    ]
    assert warnings("uncovered", "A on cpu* lwktpri 4") == []
    assert warnings("uncovered", "A on cpu0 cpu3 lwktpri 4", GAPS) == [
        "no scheduler has cpu2, cpu6"
    ]


@given(topologies, lines)
def test_warnings_name_schedulers_that_there_are(topology: Topology, texts: list[str]) -> None:
    tree = carry_out(topology, texts)
    for found in find_warnings(tree):
        assert found.what
        assert found.rule in ("split-core", "nodes", "starve", "overcommit", "uncovered")
        assert (found.rule == "uncovered") == (found.name == "")
        assert not found.name or tree.scheduler(found.name)
