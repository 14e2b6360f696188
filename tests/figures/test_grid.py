"""Who has which cpu, and how."""

from __future__ import annotations

from tests.meaning.trees import tree_of
from usched.figures.grid import list_holdings
from usched.words.cpuset import format_cpu_list


def holdings(text: str) -> list[str]:
    found = []
    for each in list_holdings(tree_of(text).resolver):
        words = [each.scheduler.name, format_cpu_list(each.cpus)]
        words += ["floating"] if each.floating else []
        words += ["alone"] if each.alone else []
        found.append(" ".join(words))
    return found


def test_a_scheduler_has_the_cpus_of_its_pool_or_has_them_alone() -> None:
    text = "A on node0 lwktpri 4\nX on core3 lwktpri 4 exclusive\nA/B on cpu1 lwktpri 4"
    assert holdings(text) == ["A 0-1,4-5", "A/B 1", "X 3,7 alone"]


def test_beneath_a_floating_vcpu_everything_floats_exclusive_or_not() -> None:
    text = """
    V on node0 lwktpri 4 vcpus 2 exclusive
    V/A on cpu0 lwktpri 4 exclusive
    L on node1 lwktpri 4 vcpus 3 locked
    L/B on cpu2 lwktpri 4
    """
    assert holdings(text) == ["V 0-1,4-5 floating", "V/A 0-1,4-5 floating", "L 2-3,6", "L/B 6"]
