"""The rules of the tree: what each refuses, with the whole error."""

from __future__ import annotations

import pytest

from tests.meaning.trees import CACHES, EIGHT, GAPS, block, pools, refusal, statement, take, tree_of
from usched.meaning.tree import Tree
from usched.words.cpuset import format_cpu_list
from usched.words.machine import Topology


def chain(depth: int) -> str:
    """So many schedulers, each in the one before."""
    names = ("/".join(["A"] * each) for each in range(1, depth + 1))
    return "".join(f"{name} on cpu* lwktpri 4\n" for name in names)


def test_a_tree_is_16_levels_deep() -> None:
    assert len(tree_of(chain(16)).resolver.schedulers()) == 16


def test_a_tree_is_no_17_levels_deep() -> None:
    name = "/".join(["A"] * 17)
    caret = "^" * len(name)
    assert refusal(chain(16), f"{name} on cpu* lwktpri 4") == (
        f"in:1:1: {name} is 17 deep; a tree has at most 16 levels\n"
        f"    {name} on cpu* lwktpri 4\n"
        f"    {caret}"
    )


@pytest.mark.parametrize("priority", range(1, 10))
def test_lwktpri_1_to_9_are_for_schedulers_on_the_machine(priority: int) -> None:
    assert tree_of(f"A on cpu* lwktpri {priority}").resolver.schedulers()


@pytest.mark.parametrize("priority", [1, 9, 10, 31])
def test_lwktpri_1_to_31_are_free_inside_a_scheduler(priority: int) -> None:
    tree = tree_of(f"A on cpu* lwktpri 4\nA/B on cpu0 lwktpri {priority}")
    assert len(tree.resolver.schedulers()) == 2


@pytest.mark.parametrize("vcpus", [1, 4096])
def test_vcpus_1_to_4096_are_allowed(vcpus: int) -> None:
    tree = tree_of(f"A on cpu0 lwktpri 4 vcpus {vcpus}\nA/B on cpu{vcpus - 1} lwktpri 4")
    assert pools(tree) == {"A": "0", "A/B": f"{vcpus - 1}"}


@pytest.mark.parametrize(
    ("terms", "topology", "pool"),
    [
        ("cpu*", EIGHT, "0-7"),
        ("cpu2-5", EIGHT, "2-5"),
        ("cpu2-cpu5", EIGHT, "2-5"),
        ("core1", EIGHT, "1,5"),
        ("thread0", EIGHT, "0-3"),
        ("thread1 except node0", EIGHT, "6-7"),
        ("thread0", GAPS, "0,3,6"),
        ("thread1", GAPS, "2"),
        ("node0", EIGHT, "0-1,4-5"),
        ("socket1", EIGHT, "2-3,6-7"),
        ("core0 core3 cpu1", EIGHT, "0-1,3-4,7"),
        ("cpu* except core0", EIGHT, "1-3,5-7"),
        ("node0 except cpu4-7", EIGHT, "0-1"),
        ("llc0", CACHES, "0-1"),
        ("llc3 core0", CACHES, "0,6-7"),
        ("cpu*", GAPS, "0,2-3,6"),
        ("cpu0-6", GAPS, "0,2-3,6"),
        ("cpu3-6", GAPS, "3,6"),
        ("core0", GAPS, "0,2"),
    ],
)
def test_terms_mean_cpus_of_the_machine(terms: str, topology: Topology, pool: str) -> None:
    assert pools(tree_of(f"A on {terms} lwktpri 4", topology)) == {"A": pool}


def test_offline_cpus_may_be_named() -> None:
    assert pools(tree_of("A on cpu3 lwktpri 4\nB on core1 lwktpri 4", GAPS)) == {"A": "3", "B": "3"}


@pytest.mark.parametrize(
    ("terms", "pool"),
    [
        ("cpu*", "0-3"),
        ("core0", "0,2"),
        ("core1", "1,3"),
        ("node0", "0-3"),
        ("socket0 except core1", "0,2"),
        ("cpu2-3", "2-3"),
    ],
)
def test_selectors_mean_the_real_cpus_behind_a_transparent_scheduler(terms: str, pool: str) -> None:
    # POOL's cpu0-cpu3 are the machine's 0, 1, 4 and 5: cores 0, 1, 0 and 1
    tree = tree_of(f"POOL on node0 lwktpri 6\nPOOL/A on {terms} lwktpri 3")
    assert pools(tree)["POOL/A"] == pool


def test_selectors_mean_the_real_cpus_at_any_depth_of_transparent_ones() -> None:
    tree = tree_of(
        """
        A on cpu* except core0 lwktpri 6
        A/B on node1 core1 lwktpri 6
        A/B/C on core3 cpu0 lwktpri 6
        """
    )
    # A: 1 2 3 5 6 7, so A/B: all six; in it core3 is the machine's 3 and 7
    assert pools(tree) == {"A": "1-3,5-7", "A/B": "0-5", "A/B/C": "0,2,5"}


def test_a_child_of_gaps_counts_without_them() -> None:
    tree = tree_of("A on cpu2-6 lwktpri 4\nA/B on cpu1-2 lwktpri 4", GAPS)
    assert pools(tree) == {"A": "2-3,6", "A/B": "1-2"}


def test_a_virtual_scheduler_is_as_wide_as_its_vcpus() -> None:
    tree = tree_of("V on cpu0-1 lwktpri 4 vcpus 6\nV/A on cpu5 lwktpri 4\nV/B on cpu* lwktpri 4")
    assert pools(tree) == {"V": "0-1", "V/A": "5", "V/B": "0-5"}


def test_exclusive_takes_cpus_from_a_siblings_selectors() -> None:
    tree = tree_of(
        """
        N on node0 lwktpri 6
        A on cpu* lwktpri 6
        X on core0 lwktpri 4 exclusive
        B on cpu* except core3 lwktpri 6
        """
    )
    assert pools(tree) == {"N": "1,5", "A": "1-3,5-7", "X": "0,4", "B": "1-2,5-6"}


def test_exclusive_cpus_named_and_excepted_again_are_not_named_outright() -> None:
    tree = tree_of("X on cpu1 lwktpri 4 exclusive\nA on cpu0-3 except cpu1 lwktpri 6")
    assert pools(tree) == {"X": "1", "A": "0,2-3"}


def test_a_selector_may_stand_beside_a_number_that_is_free() -> None:
    tree = tree_of("X on cpu1 lwktpri 4 exclusive\nA on node0 cpu3 lwktpri 6")
    assert pools(tree) == {"X": "1", "A": "0,3-5"}


def test_two_exclusive_siblings_may_share_the_machine() -> None:
    tree = tree_of("X on node0 lwktpri 4 exclusive\nY on cpu* except node0 lwktpri 4 exclusive")
    assert pools(tree) == {"X": "0-1,4-5", "Y": "2-3,6-7"}


def test_exclusive_siblings_overlap_only_in_what_neither_excepts() -> None:
    tree = tree_of(
        "X on cpu* except cpu0 lwktpri 4 exclusive\nY on core0 except cpu4 lwktpri 4 exclusive"
    )
    assert pools(tree) == {"X": "1-7", "Y": "0"}


def test_exclusive_is_among_siblings_alone() -> None:
    tree = tree_of(
        """
        A on cpu* lwktpri 6
        A/X on cpu0 lwktpri 6 exclusive
        B on cpu* lwktpri 6
        B/C on cpu0 lwktpri 6
        A/X/D on cpu0 lwktpri 6
        """
    )
    assert pools(tree) == {"A": "0-7", "A/X": "0", "B": "0-7", "B/C": "0", "A/X/D": "0"}


def test_exclusive_vcpus_are_taken_from_siblings_too() -> None:
    tree = tree_of(
        """
        V on cpu* lwktpri 6 vcpus 4
        V/A on cpu* lwktpri 6
        V/X on cpu1-2 lwktpri 6 exclusive
        """
    )
    assert pools(tree) == {"V": "0-7", "V/A": "0,3", "V/X": "1-2"}


def test_a_sibling_that_loses_cpus_becomes_narrower_inside() -> None:
    tree = tree_of("A on cpu* lwktpri 6\nA/B on cpu* lwktpri 3\nX on core0 lwktpri 4 exclusive")
    assert pools(tree) == {"A": "1-3,5-7", "A/B": "0-5", "X": "0,4"}


def test_cpus_come_back_when_exclusive_goes() -> None:
    tree = tree_of("A on cpu* lwktpri 6\nX on core0 lwktpri 4 exclusive")
    take(tree, "X on core0 lwktpri 4")
    assert pools(tree)["A"] == "0-7"
    take(tree, "X on core1 lwktpri 4 exclusive")
    assert pools(tree)["A"] == "0,2-4,6-7"
    take(tree, "destroy X")
    assert pools(tree) == {"A": "0-7"}


def test_a_redeclaration_keeps_its_place_among_siblings() -> None:
    tree = tree_of("A on cpu0 lwktpri 4\nB on cpu0 lwktpri 4\nC on cpu0 lwktpri 4")
    take(tree, "B on cpu* lwktpri 7 locked")
    assert [entry.name for entry in tree.resolver.children("")] == ["A", "B", "C"]


def test_a_declaration_again_stands_last() -> None:
    tree = tree_of("A on cpu0 lwktpri 4\nB on cpu0 lwktpri 4")
    take(tree, "destroy A\nA on cpu0 lwktpri 4")
    assert [entry.name for entry in tree.resolver.children("")] == ["B", "A"]


def test_saying_the_same_again_changes_nothing() -> None:
    tree = tree_of("A on cpu1 cpu0 lwktpri 4")
    assert tree.apply(tree.resolver.require("A").declare, 9) == ()
    take(tree, "A on cpu0 cpu1 cpu1 lwktpri 4")
    assert tree.resolver.require("A").position == 1


def test_destroy_recursive_goes_from_the_last_declared_up() -> None:
    tree = tree_of(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        A/C on cpu0 lwktpri 4
        A/B/D on cpu0 lwktpri 4
        A/B/E on cpu0 lwktpri 4
        """
    )
    changes = tree.apply(statement("destroy A recursive"), 9)
    assert [change.name for change in changes] == ["A/C", "A/B/E", "A/B/D", "A/B", "A"]
    assert tree.resolver.schedulers() == []


def test_who_is_declared_anew_keeps_its_turn_to_go() -> None:
    stored = tree_of(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        A/C on cpu0 lwktpri 4
        A/D on cpu0 lwktpri 4
        """
    ).resolver.registry()
    tree = Tree(stored, EIGHT)
    tree.apply(statement("A/B on cpu1 lwktpri 4"), 9)
    tree.apply(statement("destroy A/C"), 9)
    tree.apply(statement("A/E on cpu1 lwktpri 4"), 10)
    tree.apply(statement("A/C on cpu1 lwktpri 4"), 11)
    assert tree.resolver.child_names("A") == ["A/B", "A/D", "A/E", "A/C"]
    changes = tree.apply(statement("destroy A recursive"), 12)
    assert [change.name for change in changes] == ["A/C", "A/E", "A/D", "A/B", "A"]


def test_a_redeclaration_reports_everyone_whose_pool_changes() -> None:
    tree = tree_of("A on cpu* lwktpri 6\nA/B on cpu* lwktpri 3\nC on cpu7 lwktpri 3")
    changes = tree.apply(statement("X on core0 lwktpri 4 exclusive"), 9)
    found = {each.name: format_cpu_list(each.after.pool) for each in changes if each.after}
    assert found == {"X": "0,4", "A": "1-3,5-7", "A/B": "0-5"}


def test_child_may_not_use_cpu_outside_parent() -> None:
    assert refusal("POOL on cpu0-3 lwktpri 6", "POOL/A on cpu4 lwktpri 6") == block(
        """
        in:1:11: cpu4 is not in POOL (it has cpu0-cpu3)
            POOL/A on cpu4 lwktpri 6
                      ^^^^
        """
    )


def test_child_counts_cpus_from_0_whatever_its_parents_are() -> None:
    assert refusal("POOL on cpu4-7 lwktpri 6", "POOL/A on cpu4 lwktpri 6") == block(
        """
        in:1:11: cpu4 is not in POOL (it has cpu0-cpu3)
            POOL/A on cpu4 lwktpri 6
                      ^^^^
        """
    )


def test_grandchild_may_not_use_cpu_outside_its_own_parent() -> None:
    before = block(
        """
        POOL on cpu0-3 lwktpri 6
        POOL/A on cpu0 cpu1 lwktpri 3
        """
    )
    assert refusal(before, "POOL/A/B on cpu1 cpu2 lwktpri 6") == block(
        """
        in:1:18: cpu2 is not in POOL/A (it has cpu0-cpu1)
            POOL/A/B on cpu1 cpu2 lwktpri 6
                             ^^^^
        """
    )


def test_cpu_must_be_in_the_machine() -> None:
    assert refusal("", "A on cpu8 lwktpri 4") == block(
        """
        in:1:6: cpu8 is not in the machine (it has cpu0-cpu7)
            A on cpu8 lwktpri 4
                 ^^^^
        """
    )


def test_range_must_end_in_the_machine() -> None:
    assert refusal("", "A on cpu6-9 lwktpri 4") == block(
        """
        in:1:6: cpu9 is not in the machine (it has cpu0-cpu7)
            A on cpu6-9 lwktpri 4
                 ^^^^^^
        """
    )


def test_every_cpu_that_does_not_exist_is_named() -> None:
    assert refusal("", "A on cpu8 cpu9-10 core4 node2 lwktpri 4") == block(
        """
        in:1:6: cpu8 is not in the machine (it has cpu0-cpu7)
            A on cpu8 cpu9-10 core4 node2 lwktpri 4
                 ^^^^
        in:1:11: cpu9 is not in the machine (it has cpu0-cpu7)
            A on cpu8 cpu9-10 core4 node2 lwktpri 4
                      ^^^^^^^
        in:1:19: core4 is not in the machine (it has core0-core3)
            A on cpu8 cpu9-10 core4 node2 lwktpri 4
                              ^^^^^
        in:1:25: node2 is not in the machine (it has node0-node1)
            A on cpu8 cpu9-10 core4 node2 lwktpri 4
                                    ^^^^^
        """
    )


def test_excepted_cpu_must_exist() -> None:
    assert refusal("", "A on cpu* except cpu9 lwktpri 4") == block(
        """
        in:1:18: cpu9 is not in the machine (it has cpu0-cpu7)
            A on cpu* except cpu9 lwktpri 4
                             ^^^^
        """
    )


def test_except_may_not_take_everything() -> None:
    assert refusal("", "A on node0 except cpu0-1 cpu4-5 lwktpri 4") == block(
        """
        in:1:19: no cpu is left: 'except' takes away all of them
            A on node0 except cpu0-1 cpu4-5 lwktpri 4
                              ^^^^^^
        """
    )


def test_core_must_be_in_the_machine() -> None:
    assert refusal("", "A on core4 lwktpri 4") == block(
        """
        in:1:6: core4 is not in the machine (it has core0-core3)
            A on core4 lwktpri 4
                 ^^^^^
        """
    )


def test_socket_must_be_in_the_machine() -> None:
    assert refusal("", "A on socket2 lwktpri 4") == block(
        """
        in:1:6: socket2 is not in the machine (it has socket0-socket1)
            A on socket2 lwktpri 4
                 ^^^^^^^
        """
    )


def test_threads_of_a_node_are_those_of_its_cores() -> None:
    tree = tree_of("A on node1 lwktpri 4\nA/FIRST on thread0 lwktpri 4", EIGHT)
    assert pools(tree) == {"A": "2-3,6-7", "A/FIRST": "0-1"}


def test_a_thread_that_no_core_has_is_refused_with_those_there_are() -> None:
    assert refusal("", "A on thread2 lwktpri 4") == block(
        """
        in:1:6: thread2 is not in the machine (it has thread0-thread1)
            A on thread2 lwktpri 4
                 ^^^^^^^
        """
    )


def test_llc_needs_a_machine_that_declares_them() -> None:
    assert refusal("", "A on llc0 lwktpri 4") == block(
        """
        in:1:6: llc0: the topology declares no last-level caches
            A on llc0 lwktpri 4
                 ^^^^
        """
    )


def test_selector_that_selects_nothing_in_the_parent_is_an_error() -> None:
    assert refusal("POOL on node0 lwktpri 6", "POOL/A on node1 lwktpri 6") == block(
        """
        in:1:11: node1 selects nothing: no cpu of POOL is in it
            POOL/A on node1 lwktpri 6
                      ^^^^^
        """
    )


def test_lwktpri_10_belongs_to_the_kernel() -> None:
    assert refusal("", "A on cpu* lwktpri 10") == block(
        """
        in:1:19: lwktpri 10 is not for schedulers on the machine: 10 to 31 belong to the kernel
            A on cpu* lwktpri 10
                              ^^
          on the machine lwktpri is 1 to 9
        """
    )


def test_lwktpri_31_belongs_to_the_kernel() -> None:
    assert refusal("", "A on cpu* lwktpri 31") == block(
        """
        in:1:19: lwktpri 31 is not for schedulers on the machine: 10 to 31 belong to the kernel
            A on cpu* lwktpri 31
                              ^^
          on the machine lwktpri is 1 to 9
        """
    )


def test_lwktpri_32_does_not_exist() -> None:
    assert refusal("", "A on cpu* lwktpri 32") == block(
        """
        in:1:19: lwktpri 32 is not for schedulers on the machine: there is no such priority
            A on cpu* lwktpri 32
                              ^^
          on the machine lwktpri is 1 to 9
        """
    )


def test_lwktpri_0_is_the_idle_thread_on_the_machine() -> None:
    assert refusal("", "A on cpu* lwktpri 0") == block(
        """
        in:1:19: lwktpri 0 is not for schedulers on the machine: 0 is LWKT's idle thread
            A on cpu* lwktpri 0
                              ^
          on the machine lwktpri is 1 to 9
        """
    )


def test_lwktpri_0_does_not_exist_inside_a_scheduler() -> None:
    assert refusal("A on cpu* lwktpri 9", "A/B on cpu* lwktpri 0") == block(
        """
        in:1:21: lwktpri 0 is not for schedulers in A: there is no such priority
            A/B on cpu* lwktpri 0
                                ^
          in A lwktpri is 1 to 31
        """
    )


def test_lwktpri_32_does_not_exist_inside_a_scheduler() -> None:
    assert refusal("A on cpu* lwktpri 9", "A/B on cpu* lwktpri 32") == block(
        """
        in:1:21: lwktpri 32 is not for schedulers in A: there is no such priority
            A/B on cpu* lwktpri 32
                                ^^
          in A lwktpri is 1 to 31
        """
    )


def test_vcpus_are_at_least_1() -> None:
    assert refusal("", "A on cpu* lwktpri 4 vcpus 0") == block(
        """
        in:1:27: vcpus must be 1 to 4096, not 0
            A on cpu* lwktpri 4 vcpus 0
                                      ^
        """
    )


def test_vcpus_are_at_most_4096() -> None:
    assert refusal("", "A on cpu* lwktpri 4 vcpus 4097") == block(
        """
        in:1:27: vcpus must be 1 to 4096, not 4097
            A on cpu* lwktpri 4 vcpus 4097
                                      ^^^^
        """
    )


@pytest.mark.parametrize(
    ("quantum", "amount"),
    [("0", "0"), ("0ms", "0"), ("9999999999999999999s", "9999999999999999999")],
)
def test_a_quantum_is_at_least_1(quantum: str, amount: str) -> None:
    assert refusal("", f"A on cpu* lwktpri 4 quantum {quantum}") == block(
        f"""
        in:1:29: quantum must be 1 to 1000000000000000, not {amount}
            A on cpu* lwktpri 4 quantum {quantum}
                                        {"^" * len(quantum)}
        """
    )


def test_every_rule_that_a_statement_breaks_is_named() -> None:
    assert refusal("", "A on cpu9 lwktpri 12 vcpus 0 quantum 0") == block(
        """
        in:1:19: lwktpri 12 is not for schedulers on the machine: 10 to 31 belong to the kernel
            A on cpu9 lwktpri 12 vcpus 0 quantum 0
                              ^^
          on the machine lwktpri is 1 to 9
        in:1:28: vcpus must be 1 to 4096, not 0
            A on cpu9 lwktpri 12 vcpus 0 quantum 0
                                       ^
        in:1:38: quantum must be 1 to 1000000000000000, not 0
            A on cpu9 lwktpri 12 vcpus 0 quantum 0
                                                 ^
        in:1:6: cpu9 is not in the machine (it has cpu0-cpu7)
            A on cpu9 lwktpri 12 vcpus 0 quantum 0
                 ^^^^
        """
    )


def test_parent_must_be_declared() -> None:
    assert refusal("", "POOL/A on cpu0 lwktpri 4") == block(
        """
        in:1:1: POOL is not declared, and POOL/A would stand in it
            POOL/A on cpu0 lwktpri 4
            ^^^^^^
          declare it first: usched POOL on CPUS lwktpri N
        """
    )


def test_parent_that_nearly_matches_is_suggested() -> None:
    assert refusal("POOL on cpu* lwktpri 4", "POLO/A on cpu0 lwktpri 4") == block(
        """
        in:1:1: POLO is not declared, and POLO/A would stand in it
            POLO/A on cpu0 lwktpri 4
            ^^^^^^
          did you mean 'POOL'?
        """
    )


def test_parent_in_other_letters_is_suggested() -> None:
    assert refusal("POOL on cpu* lwktpri 4", "pool/A on cpu0 lwktpri 4") == block(
        """
        in:1:1: pool is not declared, and pool/A would stand in it
            pool/A on cpu0 lwktpri 4
            ^^^^^^
          did you mean 'POOL'?
        """
    )


def test_exclusive_cpu_named_outright_by_a_sibling_is_refused() -> None:
    assert refusal("X on cpu0 cpu1 lwktpri 4 exclusive", "A on cpu1 cpu2 lwktpri 6") == block(
        """
        in:1:6: cpu1 is only for X (exclusive)
            A on cpu1 cpu2 lwktpri 6
                 ^^^^
          leave it out, except it, or take 'exclusive' off the other
        """
    )


def test_exclusive_cpu_within_a_siblings_range_is_refused() -> None:
    assert refusal("X on cpu1 lwktpri 4 exclusive", "A on cpu0-3 lwktpri 6") == block(
        """
        in:1:6: cpu1 is only for X (exclusive)
            A on cpu0-3 lwktpri 6
                 ^^^^^^
          leave it out, except it, or take 'exclusive' off the other
        """
    )


def test_exclusive_siblings_may_not_overlap() -> None:
    assert refusal("X on cpu0 cpu1 lwktpri 4 exclusive", "Y on node0 lwktpri 6 exclusive") == block(
        """
        in:1:6: both Y and X would have cpu0-cpu1 exclusively
            Y on node0 lwktpri 6 exclusive
                 ^^^^^
          except cpu0-cpu1 from one of them, or take 'exclusive' off one
        """
    )


def test_sibling_may_not_be_left_without_cpu() -> None:
    assert refusal("X on node0 lwktpri 4 exclusive", "A on core0 lwktpri 6") == block(
        """
        in:1:6: no cpu is left: cpu0, cpu4 only for X (exclusive)
            A on core0 lwktpri 6
                 ^^^^^
          name other cpus, or make X smaller
        """
    )


def test_sibling_may_not_be_left_without_cpu_by_two_others() -> None:
    before = block(
        """
        X on core0 lwktpri 4 exclusive
        Y on core1 lwktpri 4 exclusive
        """
    )
    assert refusal(before, "A on node0 lwktpri 6") == block(
        """
        in:1:6: no cpu is left: cpu0-cpu1, cpu4-cpu5 only for X and Y (exclusive)
            A on node0 lwktpri 6
                 ^^^^^
          name other cpus, or make X and Y smaller
        """
    )


def test_becoming_exclusive_may_not_leave_a_sibling_without_cpu() -> None:
    before = block(
        """
        A on core0 lwktpri 6
        X on node0 lwktpri 4
        """
    )
    assert refusal(before, "X on node0 lwktpri 4 exclusive") == block(
        """
        in:1:1: A would not fit: no cpu is left: cpu0, cpu4 only for X (exclusive)
            X on node0 lwktpri 4 exclusive
            ^
          name other cpus, or make X smaller
        """
    )


def test_becoming_exclusive_names_every_sibling_that_would_not_fit() -> None:
    before = block(
        """
        A on cpu0 lwktpri 6
        B on cpu1 cpu6 lwktpri 5
        C on core0 lwktpri 3
        D on cpu* lwktpri 2
        """
    )
    assert refusal(before, "X on node0 lwktpri 4 exclusive") == block(
        """
        in:1:1: A would not fit: cpu0 is only for X (exclusive)
            X on node0 lwktpri 4 exclusive
            ^
          leave it out, except it, or take 'exclusive' off the other
        in:1:1: B would not fit: cpu1 is only for X (exclusive)
            X on node0 lwktpri 4 exclusive
            ^
          leave it out, except it, or take 'exclusive' off the other
        in:1:1: C would not fit: no cpu is left: cpu0, cpu4 only for X (exclusive)
            X on node0 lwktpri 4 exclusive
            ^
          name other cpus, or make X smaller
        """
    )


def test_exclusive_pool_may_not_take_a_cpu_from_under_a_nephew() -> None:
    before = block(
        """
        A on cpu* lwktpri 6
        A/B on cpu7 lwktpri 3
        """
    )
    assert refusal(before, "X on cpu0 lwktpri 4 exclusive") == block(
        """
        in:1:1: A/B would not fit: cpu7 is not in A (it has cpu0-cpu6)
            X on cpu0 lwktpri 4 exclusive
            ^
        """
    )


def test_redeclaration_that_strands_descendants_lists_each() -> None:
    before = block(
        """
        POOL on cpu* lwktpri 6
        POOL/A on cpu6 lwktpri 3
        POOL/B on cpu0 lwktpri 3
        POOL/C on cpu4-7 lwktpri 3
        POOL/C/D on cpu3 lwktpri 3
        """
    )
    assert refusal(before, "POOL on cpu0-3 lwktpri 6") == block(
        """
        in:1:1: POOL/A would not fit: cpu6 is not in POOL (it has cpu0-cpu3)
            POOL on cpu0-3 lwktpri 6
            ^^^^
        in:1:1: POOL/C would not fit: cpu4 is not in POOL (it has cpu0-cpu3)
            POOL on cpu0-3 lwktpri 6
            ^^^^
          with it: POOL/C/D
        """
    )


def test_redeclaration_that_strands_a_grandchild_lists_it() -> None:
    before = block(
        """
        POOL on cpu* lwktpri 6
        POOL/A on cpu* lwktpri 3
        POOL/A/B on cpu5 lwktpri 3
        """
    )
    assert refusal(before, "POOL on cpu0-3 lwktpri 6") == block(
        """
        in:1:1: POOL/A/B would not fit: cpu5 is not in POOL/A (it has cpu0-cpu3)
            POOL on cpu0-3 lwktpri 6
            ^^^^
        """
    )


def test_becoming_virtual_may_not_strand_selectors_beneath() -> None:
    before = block(
        """
        POOL on node0 lwktpri 6
        POOL/A on cpu* lwktpri 3
        POOL/A/B on core0 lwktpri 3
        """
    )
    assert refusal(before, "POOL on node0 lwktpri 6 vcpus 4") == block(
        """
        in:1:1: POOL/A/B would not fit: core0 means nothing in POOL/A: WHY
            POOL on node0 lwktpri 6 vcpus 4
            ^^^^
          only cpu terms exist here: cpu0-cpu3
        """
    ).replace("WHY", "its cpus are virtual and have no sockets")


def test_fewer_vcpus_may_not_strand_a_child() -> None:
    before = block(
        """
        POOL on cpu* lwktpri 6 vcpus 8
        POOL/A on cpu7 lwktpri 3
        """
    )
    assert refusal(before, "POOL on cpu* lwktpri 6 vcpus 4") == block(
        """
        in:1:1: POOL/A would not fit: cpu7 is not in POOL (it has cpu0-cpu3)
            POOL on cpu* lwktpri 6 vcpus 4
            ^^^^
        """
    )


def test_virtual_domain_has_no_cores() -> None:
    assert refusal("V on cpu* lwktpri 6 vcpus 4", "V/A on core0 lwktpri 3") == block(
        """
        in:1:8: core0 means nothing in V: its cpus are virtual and have no sockets
            V/A on core0 lwktpri 3
                   ^^^^^
          only cpu terms exist here: cpu0-cpu3
        """
    )


def test_virtual_domain_has_no_nodes() -> None:
    assert refusal("V on cpu* lwktpri 6 vcpus 4", "V/A on node0 lwktpri 3") == block(
        """
        in:1:8: node0 means nothing in V: its cpus are virtual and have no sockets
            V/A on node0 lwktpri 3
                   ^^^^^
          only cpu terms exist here: cpu0-cpu3
        """
    )


def test_virtual_domain_has_no_sockets_to_except_either() -> None:
    assert refusal("V on cpu* lwktpri 6 vcpus 4", "V/A on cpu* except socket0 lwktpri 3") == block(
        """
        in:1:20: socket0 means nothing in V: its cpus are virtual and have no sockets
            V/A on cpu* except socket0 lwktpri 3
                               ^^^^^^^
          only cpu terms exist here: cpu0-cpu3
        """
    )


def test_virtual_domain_has_no_nodes_at_any_depth() -> None:
    before = block(
        """
        V on cpu* lwktpri 6 vcpus 4
        V/A on cpu* lwktpri 3
        V/A/B on cpu2-3 lwktpri 3
        """
    )
    assert refusal(before, "V/A/B/C on node0 lwktpri 3") == block(
        """
        in:1:12: node0 means nothing in V/A/B: its cpus are virtual and have no sockets
            V/A/B/C on node0 lwktpri 3
                       ^^^^^
          only cpu terms exist here: cpu0-cpu1
        """
    )


def test_vcpu_beyond_the_width_does_not_exist() -> None:
    assert refusal("V on cpu* lwktpri 6 vcpus 4", "V/A on cpu4 lwktpri 3") == block(
        """
        in:1:8: cpu4 is not in V (it has cpu0-cpu3)
            V/A on cpu4 lwktpri 3
                   ^^^^
        """
    )


def test_range_must_start_and_end_at_a_cpu_that_exists() -> None:
    assert refusal("", "A on cpu1-3 cpu2-5 lwktpri 4", GAPS) == block(
        """
        in:1:6: cpu1 is not in the machine (it has cpu0, cpu2-cpu3, cpu6)
            A on cpu1-3 cpu2-5 lwktpri 4
                 ^^^^^^
        in:1:13: cpu5 is not in the machine (it has cpu0, cpu2-cpu3, cpu6)
            A on cpu1-3 cpu2-5 lwktpri 4
                        ^^^^^^
        """
    )


def test_cpu_in_a_gap_does_not_exist() -> None:
    assert refusal("", "A on cpu1 lwktpri 4", GAPS) == block(
        """
        in:1:6: cpu1 is not in the machine (it has cpu0, cpu2-cpu3, cpu6)
            A on cpu1 lwktpri 4
                 ^^^^
        """
    )


def test_destroy_needs_a_scheduler() -> None:
    assert refusal("NORM on cpu* lwktpri 4", "destroy NROM") == block(
        """
        in:1:9: there is no scheduler NROM
            destroy NROM
                    ^^^^
          did you mean 'NORM'?
        """
    )


def test_destroy_into_needs_a_scheduler() -> None:
    assert refusal("NORM on cpu* lwktpri 4", "destroy NORM into IDLE") == block(
        """
        in:1:19: there is no scheduler IDLE
            destroy NORM into IDLE
                              ^^^^
          usched list shows the schedulers
        """
    )


def test_destroy_with_children_needs_recursive() -> None:
    before = block(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        A/C on cpu0 lwktpri 4
        """
    )
    assert refusal(before, "destroy A") == block(
        """
        in:1:9: A has schedulers in it: A/B, A/C
            destroy A
                    ^
          type: usched destroy A recursive
        """
    )


def test_destroy_with_children_says_what_to_type() -> None:
    before = block(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        I on cpu* lwktpri 1
        """
    )
    assert refusal(before, "destroy A into I") == block(
        """
        in:1:9: A has schedulers in it: A/B
            destroy A into I
                    ^
          type: usched destroy A into I recursive
        """
    )


def test_destroy_into_itself_is_refused() -> None:
    assert refusal("A on cpu* lwktpri 4", "destroy A into A") == block(
        """
        in:1:16: A cannot be destroyed into A, which goes with it
            destroy A into A
                           ^
        """
    )


def test_destroy_into_what_is_beneath_is_refused() -> None:
    before = block(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        """
    )
    assert refusal(before, "destroy A into A/B recursive") == block(
        """
        in:1:16: A cannot be destroyed into A/B, which goes with it
            destroy A into A/B recursive
                           ^^^
        """
    )


def test_destroy_names_all_that_is_wrong() -> None:
    before = block(
        """
        A on cpu* lwktpri 4
        A/B on cpu0 lwktpri 4
        """
    )
    assert refusal(before, "destroy A into A/B") == block(
        """
        in:1:16: A cannot be destroyed into A/B, which goes with it
            destroy A into A/B
                           ^^^
        in:1:9: A has schedulers in it: A/B
            destroy A into A/B
                    ^
          type: usched destroy A into A/B recursive
        """
    )


def test_grant_of_what_is_not_declared() -> None:
    assert refusal("A on cpu* lwktpri 4", "grant B to bob") == block(
        """
        in:1:7: there is no scheduler B
            grant B to bob
                  ^
          usched list shows the schedulers
        """
    )


def test_revoke_of_what_is_not_declared() -> None:
    assert refusal("POOL on cpu* lwktpri 4", "revoke POOK") == block(
        """
        in:1:8: there is no scheduler POOK
            revoke POOK
                   ^^^^
          did you mean 'POOL'?
        """
    )


def test_a_reserved_name_may_stand_inside_but_needs_its_parent() -> None:
    assert refusal("", "A/list on cpu0 lwktpri 4") == block(
        """
        in:1:1: A is not declared, and A/list would stand in it
            A/list on cpu0 lwktpri 4
            ^^^^^^
          declare it first: usched A on CPUS lwktpri N
        """
    )
