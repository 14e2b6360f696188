"""Groups read backwards: what was lowered is lowered to the same again."""

from __future__ import annotations

import pytest

from tests.plan.cgroup_model import Cgroups
from tests.plan.test_difference import KERNELS, carry_out
from tests.plan.trees import EIGHT, random_tree, tree_of
from usched.meaning.resolver import Resolver
from usched.plan.adopted import Adopted, Habit, Machine, adopt_groups, keep_wishing
from usched.plan.adopted_weights import read_weights
from usched.plan.difference import compare
from usched.plan.foreign_groups import rename_groups
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.slice_units import SliceText, parse_slices
from usched.plan.systemd_units import format_units
from usched.plan.wanted import OUTSIDE
from usched.text.language.canonical import format_statement

OURS = Machine(EIGHT.all, EIGHT.hz, ours=True)


def adopted(tree: Resolver, kernel: Kernel) -> tuple[Cgroups, Adopted]:
    groups = Cgroups(EIGHT.online, kernel)
    carry_out(groups, lower(tree, kernel))
    return groups, adopt_groups(keep_wishing(groups.observed()), OURS)


def texts(found: Adopted) -> list[str]:
    return [format_statement(each) for each in found.declares]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
@pytest.mark.parametrize("seed", range(100))
def test_nothing_is_to_be_done_for_what_was_adopted(seed: int, kernel: Kernel) -> None:
    groups, found = adopted(random_tree(seed), kernel)
    again = tree_of(*texts(found))
    steps = compare(lower(again, kernel).groups, groups.observed())
    assert steps == [], texts(found)
    assert texts(adopted(again, kernel)[1]) == texts(found)


SAME = """
NORM on cpu* lwktpri 6
SHIELD on cpu6 cpu7 lwktpri 6 exclusive locked
LOW on cpu* lwktpri 5
LATE on cpu0-3 lwktpri 5 quantum 5
BATCH on cpu0-3 lwktpri 4 vcpus 2
BATCH/A on cpu0 lwktpri 6
BATCH/B on cpu* lwktpri 4
POOL on cpu2-5 lwktpri 6
POOL/WEB on cpu1 cpu2 lwktpri 6 exclusive
POOL/REST on cpu* lwktpri 6 vcpus 1
"""


def test_what_can_be_said_of_groups_comes_back_as_it_was_typed() -> None:
    typed = SAME.split("\n")[1:-1]
    _, found = adopted(tree_of(*typed), KERNELS[1])
    assert sorted(texts(found)) == sorted(typed)
    assert found.notes == ()


def test_threads_tell_what_a_group_does_not() -> None:
    tree = tree_of("REAL on cpu* lwktpri 9", "NORM on cpu* lwktpri 6 locked")
    groups = Cgroups(EIGHT.online, KERNELS[1])
    carry_out(groups, lower(tree, KERNELS[1]))
    habits = {"REAL": Habit(9, pinned=False), "NORM": Habit(None, pinned=True)}
    found = adopt_groups(groups.observed(), OURS, habits)
    assert texts(found) == ["NORM on cpu* lwktpri 6 locked", "REAL on cpu* lwktpri 9"]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"A": 100}, {"A": (6, None)}),
        ({"A": 100, "B": 200, "C": 700}, {"A": (6, 1), "B": (6, 2), "C": (6, 7)}),
        ({"A": 10_000, "B": 100}, {"A": (6, None), "B": (5, None)}),
        ({"A": 10_000, "B": 100, "C": 1}, {"A": (7, None), "B": (6, None), "C": (5, None)}),
        ({"A": 50, "B": 100}, {"A": (6, 5), "B": (6, None)}),
        ({}, {}),
    ],
)
def test_weights_are_levels_and_quanta(
    weights: dict[str, int], expected: dict[str, tuple[int, int | None]]
) -> None:
    assert read_weights(weights, 10) == expected


@pytest.mark.parametrize("seed", range(40))
def test_slices_are_adopted_as_the_groups_that_they_say(seed: int) -> None:
    """By way of systemd: all but partitions, which it has no word for."""
    tree = random_tree(seed)
    wanted = lower(tree, KERNELS[0])
    units = format_units(tree, wanted, [], ("/bin/usched",), "/")
    texts_of = [SliceText(unit.name, unit.name, unit.text) for unit in units.files[1:]]
    slices = keep_wishing(parse_slices(texts_of))
    paths, notes = rename_groups(slices)
    found = adopt_groups({new: slices[old] for new, old in paths.items()}, OURS)
    groups = {
        group.path: {**group.files, "cpuset.cpus.partition": "member"}
        for group in wanted.groups
        if group.path not in (OUTSIDE, "")
    }
    assert texts(found) == texts(adopt_groups(dict(sorted(groups.items())), OURS))
    assert notes == []
