"""Valid, and still worth a second look: each warning, and where it is not given."""

from __future__ import annotations

import random
from contextlib import suppress

from hypothesis import given

from tests.meaning.test_tree_laws import carry_out, lines, topologies
from tests.meaning.trees import EIGHT, GAPS, statement, tree_of
from usched.meaning.reach import reach_of
from usched.meaning.registry import EMPTY
from usched.meaning.resolver import Resolver
from usched.meaning.tree import Tree
from usched.meaning.warnings import MANY_SIBLINGS, find_new_warnings, find_warnings
from usched.words.machine import Topology
from usched.words.problems import Refused


def warnings(rule: str, text: str, topology: Topology = EIGHT) -> list[str]:
    tree = tree_of(text, topology)
    return [found.what for found in find_warnings(tree.resolver) if found.rule == rule]


def test_an_empty_registry_has_no_warnings() -> None:
    assert find_warnings(tree_of().resolver) == []


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
    for found in find_warnings(tree.resolver):
        assert found.what
        assert found.rule in (
            "split-core",
            "nodes",
            "starve",
            "overcommit",
            "uncovered",
            "offline",
            "quantum",
        )
        assert (found.rule == "uncovered") == (found.name == "")
        assert not found.name or tree.resolver.scheduler(found.name)


def test_a_pool_of_offline_cpus_only_is_named() -> None:
    assert warnings("offline", "A on cpu3 lwktpri 4\nB on cpu2-3 lwktpri 4", GAPS) == [
        "A has only cpus that are offline: cpu3"
    ]
    inside = "A on cpu2-3 lwktpri 4\nA/B on cpu1 lwktpri 4"
    assert warnings("offline", inside, GAPS) == ["A/B has only cpus that are offline: cpu3"]


def test_a_quantum_that_the_tick_rate_rounds_is_named_with_what_it_is() -> None:
    assert warnings("quantum", "A on cpu0 lwktpri 4 quantum 500us") == [
        "the quantum of A, 500us, is 1 tick at 100 Hz, 10 ms"
    ]
    assert warnings("quantum", "A on cpu0 lwktpri 4 quantum 26ms") == [
        "the quantum of A, 26ms, is 3 ticks at 100 Hz, 30 ms"
    ]
    for exact in ("20ms", "7", "3s", "100000us"):
        assert warnings("quantum", f"A on cpu0 lwktpri 4 quantum {exact}") == []


def new_warnings(before: str, more: str) -> list[str]:
    """What is true only after some more statements."""
    old, new = tree_of(before), tree_of(before + "\n" + more)
    names = [name for name in new.resolver.names() if f"{name} on" in more]
    return [found.what for found in find_new_warnings(old.resolver, new.resolver, names)]


def test_a_warning_is_new_only_when_it_was_not_true_before() -> None:
    before = "A on cpu0 lwktpri 4 exclusive\nB on cpu1 lwktpri 3"
    assert new_warnings(before, "C on cpu4-5 lwktpri 3") == [
        "A (exclusive) shares threads of core0 with a sibling"
    ]
    assert new_warnings(before + "\nC on cpu4 lwktpri 3", "D on cpu4 lwktpri 3") == []


def test_a_warning_about_what_stands_in_a_changed_scheduler_is_new() -> None:
    before = "A on cpu0-1 lwktpri 4\nA/B on cpu0 lwktpri 4"
    assert new_warnings(before, "A on cpu0-2 lwktpri 4") == [
        "the pool of A spans node0-node1: memory may be far"
    ]
    assert new_warnings(before, "A/C on cpu0 lwktpri 9") == [
        "A/B can starve: A/C can fill all its cpus"
    ]


def test_cpus_that_nobody_has_are_news_only_where_somebody_had_some() -> None:
    assert new_warnings("", "A on cpu0 lwktpri 4") == []
    assert new_warnings("A on cpu* lwktpri 4", "A on core0 lwktpri 4") == [
        "no scheduler has cpu1-cpu3, cpu5-cpu7"
    ]


def test_in_a_large_domain_only_the_changed_ones_are_looked_at() -> None:
    before = "\n".join(f"S{number} on cpu0 lwktpri 4" for number in range(MANY_SIBLINGS + 1))
    assert new_warnings(before, "A on cpu1-2 lwktpri 3 vcpus 5\nB on cpu0 lwktpri 1") == [
        "the pool of A spans node0-node1: memory may be far",
        "A is overcommitted 5:2: 5 vcpus on 2 cpus",
    ]


def split_cores(tree: Resolver) -> dict[str, list[int]]:
    """By what split-core means: core by core, everybody with everybody."""
    places, found = tree.topology.places, {}
    for one in tree.schedulers():
        if not (one.declare.exclusive or one.declare.locked):
            continue
        beside = [each for each in tree.schedulers() if not each.pool & one.pool]
        cores = {places[cpu].core for cpu in reach_of(tree, one)}
        others = {places[cpu].core for each in beside for cpu in reach_of(tree, each)}
        if cores & others:
            found[one.name] = sorted(cores & others)
    return found


def test_split_cores_are_those_of_looking_at_everybody_on_each_core() -> None:
    chance, split = random.Random(8), 0
    for _ in range(200):
        tree = Tree(EMPTY, EIGHT)
        for number in range(5):
            cpus = " ".join(f"cpu{chance.randrange(8)}" for _ in range(3))
            more = chance.choice(["", " vcpus 2", " vcpus 9"]) + chance.choice(["", " locked"])
            text = f"S{number} on {cpus} lwktpri 4{more}{chance.choice(['', '', ' exclusive'])}"
            with suppress(Refused):
                tree.apply(statement(text), number)
        found = [each for each in find_warnings(tree.resolver) if each.rule == "split-core"]
        expected = split_cores(tree.resolver)
        assert {each.name: each.what.partition("threads of ")[2] for each in found} == {
            name: f"{', '.join(f'core{core}' for core in cores)} with a sibling"
            for name, cores in expected.items()
        }
        split += len(found)
    assert split > 50
