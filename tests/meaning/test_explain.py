"""Where schedulers may run, through which cpus, and who comes before them (`usched explain`)."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.meaning.test_tree_laws import carry_out, lines, topologies
from tests.meaning.trees import GAPS, tree_of
from usched.meaning.explain import Explanation, explain_scheduler
from usched.meaning.reach import reach, reach_of
from usched.meaning.routes import routes_to
from usched.meaning.tree import Tree
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.machine import Topology

TREE = """
I on cpu* lwktpri 4
N on node0 lwktpri 6
X on core3 lwktpri 6 exclusive
V on node0 lwktpri 6 vcpus 3
V/A on cpu0-1 lwktpri 9
V/L on cpu* lwktpri 9 vcpus 7 locked
V/L/Z on cpu5 lwktpri 3
W on cpu0-1 lwktpri 8 vcpus 5 locked
W/A on cpu1 cpu3 lwktpri 2
P on node0 lwktpri 5
P/E on cpu0 lwktpri 5 exclusive
P/F on cpu* lwktpri 5
"""


def explained(name: str, text: str = TREE) -> Explanation:
    tree = tree_of(text)
    return explain_scheduler(tree.resolver, tree.resolver.require(name))


@pytest.mark.parametrize(
    ("name", "cpus"),
    [
        ("I", "0-2,4-6"),
        ("N", "0-1,4-5"),
        ("V", "0-1,4-5"),
        ("V/A", "0-1,4-5"),  # its vcpus float
        ("V/L/Z", "0-1,4-5"),  # fixed to a vcpu of V, and that floats
        ("W", "0-1"),
        ("W/A", "1"),  # vcpus 1 and 3 are both fixed to cpu1
        ("P", "0-1,4-5"),
        ("P/E", "0"),
        ("P/F", "1,4-5"),
    ],
)
def test_a_scheduler_reaches_what_is_behind_its_cpus(name: str, cpus: str) -> None:
    assert format_cpu_list(explained(name).reach) == cpus


def test_a_single_vcpu_that_is_locked_reaches_one_cpu() -> None:
    tree = tree_of(TREE)
    assert [
        format_cpu_list(reach(tree.resolver.scheduler, "W", CpuSet.of([vcpu]))) for vcpu in range(5)
    ] == [
        "0",
        "1",
        "0",
        "1",
        "0",
    ]


def test_siblings_that_share_no_cpu_do_not_count() -> None:
    assert explained("X") == Explanation(
        "X",
        "X on core3 lwktpri 6 exclusive",
        CpuSet.of([3, 7]),
        (),
        (),
        (),
        (
            "'core3' is cpu3, cpu7 of the machine",
            "nobody else in the machine runs there (exclusive)",
            "inside it these are cpu0-cpu1, in ascending order",
        ),
    )


def test_siblings_stand_before_beside_and_behind_by_lwktpri() -> None:
    found = explained("N")
    assert (found.before, found.equals, found.behind) == (("W",), ("V",), ("P", "I"))
    found = explained("I")
    assert (found.before, found.equals, found.behind) == (("W", "N", "V", "P"), (), ())


def test_an_explanation_says_what_exclusive_siblings_took() -> None:
    assert explained("I").sentences == (
        "'cpu*' is cpu0-cpu2, cpu4-cpu6 of the machine",
        "it loses cpu3, cpu7 to X (exclusive)",
        "inside it these are cpu0-cpu5, in ascending order",
        "runs on what W, N, V and P leave of the cpus that they share",
    )


def test_an_explanation_says_what_children_leave() -> None:
    assert explained("P").sentences[-2:] == (
        "its own lwps run on what P/E and P/F leave",
        "and never on its cpu0 (exclusive)",
    )


def test_an_explanation_says_how_vcpus_stand_on_the_pool() -> None:
    assert "its 3 vcpus (cpu0-cpu2) float over the pool, narrower than its pool" in (
        explained("V").sentences
    )
    assert explained("W").sentences[1] == (
        "its 5 vcpus are fixed: "
        "cpu0 on cpu0, cpu1 on cpu1, cpu2 on cpu0, cpu3 on cpu1, cpu4 on cpu0"
    )


def test_an_explanation_names_the_chain_to_the_machine() -> None:
    assert explained("V/L/Z").sentences[-1] == (
        "through V/L and V it reaches cpu0-cpu1, cpu4-cpu5 of the machine"
    )


def test_a_scheduler_that_does_not_fit_says_why() -> None:
    registry = tree_of("A on cpu6-7 lwktpri 4\nA/B on cpu0 lwktpri 4").resolver.registry()
    tree = Tree(registry, GAPS)
    assert explain_scheduler(tree.resolver, tree.resolver.require("A")).sentences == (
        "does not fit: cpu7 is not in the machine (it has cpu0, cpu2-cpu3, cpu6)",
    )
    assert explain_scheduler(tree.resolver, tree.resolver.require("A/B")).sentences == (
        "does not fit: its parent A does not fit the machine",
    )
    assert [(problem.what, problem.remedy) for problem in tree.resolver.survey()] == [
        ("A: cpu7 is not in the machine (it has cpu0, cpu2-cpu3, cpu6)", "with it: A/B")
    ]


def test_routes_to_a_cpu_come_by_descending_lwktpri_each_subtree_behind_its_root() -> None:
    routes, barred = routes_to(tree_of(TREE).resolver, CpuSet.of([0]))
    found = [
        (each.scheduler.name, format_cpu_list(each.cpus), format_cpu_list(each.own))
        for each in routes
    ]
    assert found == [
        ("W", "0,2,4", "0,2,4"),
        ("N", "0", "0"),
        ("V", "0-2", "0-2"),
        ("V/A", "0-1", "0-1"),
        ("V/L", "0-6", "0-6"),
        ("V/L/Z", "0", "0"),
        ("P", "0", ""),
        ("P/E", "0", "0"),
        ("I", "0", "0"),
    ]
    assert [(each.name, each.reason) for each in barred] == [
        ("W/A", "its pool is cpu1 cpu3 of W"),
        ("X", "its pool is core3"),
        ("P/F", "only P/E may (exclusive)"),
    ]


def test_who_may_not_run_on_a_cpu_is_told_why() -> None:
    routes, barred = routes_to(tree_of(TREE).resolver, CpuSet.of([7]))
    assert [each.scheduler.name for each in routes] == ["X"]
    assert [(each.name, each.reason) for each in barred] == [
        ("W", "its pool is cpu0 cpu1"),
        ("W/A", "it stands in W"),
        ("N", "its pool is node0"),
        ("V", "its pool is node0"),
        ("V/A", "it stands in V"),
        ("V/L", "it stands in V"),
        ("V/L/Z", "it stands in V"),
        ("P", "its pool is node0"),
        ("P/E", "it stands in P"),
        ("P/F", "it stands in P"),
        ("I", "only X may (exclusive)"),
    ]


def test_a_cpu_that_no_locked_vcpu_is_fixed_to_is_out_of_reach() -> None:
    _, barred = routes_to(tree_of("W on cpu0-3 lwktpri 4 vcpus 2 locked").resolver, CpuSet.of([3]))
    assert [(each.name, each.reason) for each in barred] == [
        ("W", "none of its 2 locked vcpus is fixed to it")
    ]


@given(topologies, lines)
def test_reach_and_routes_agree(topology: Topology, texts: list[str]) -> None:
    tree = carry_out(topology, texts)
    found: dict[str, list[int]] = {each.name: [] for each in tree.resolver.schedulers()}
    for cpu in topology.all:
        routes, barred = routes_to(tree.resolver, CpuSet.of([cpu]))
        names = [each.scheduler.name for each in routes] + [each.name for each in barred]
        assert sorted(names) == sorted(found), "everybody is there or told why not, once"
        for route in routes:
            found[route.scheduler.name].append(cpu)
    for each in tree.resolver.schedulers():
        assert list(reach_of(tree.resolver, each)) == found[each.name]
        explanation = explain_scheduler(tree.resolver, tree.resolver.require(each.name))
        assert list(explanation.reach) == found[each.name]
