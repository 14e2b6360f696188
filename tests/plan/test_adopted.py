"""Groups read backwards: what was lowered is lowered to the same again."""

from __future__ import annotations

import random

import pytest

from tests.plan.cgroup_model import KERNELS, Cgroups, carry_out
from tests.plan.trees import EIGHT, random_tree, tree_of
from usched.meaning.resolver import Resolver
from usched.plan.adopted import Adopted, Habit, Machine, adopt_groups, tell_undeclared
from usched.plan.adopted_weights import read_weights
from usched.plan.difference import EFFECTIVE, compare
from usched.plan.foreign_groups import keep_wishing, rename_groups
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.slice_units import SliceText, parse_slices
from usched.plan.systemd_units import format_units
from usched.plan.wanted import OUTSIDE, OWN, scheduler_of
from usched.text.language.canonical import format_statement
from usched.words.problems import Refused
from usched.words.statement import is_beneath

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


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
@pytest.mark.parametrize(
    ("statements", "declared"),
    [
        (
            "D on node1 lwktpri 6 vcpus 2; D/A on cpu0 cpu1 lwktpri 6 vcpus 1 exclusive",
            "D/A on cpu* lwktpri 6 vcpus 1 exclusive",
        ),
        (
            "D on node1 lwktpri 6 vcpus 3; D/A on cpu0 lwktpri 6 exclusive;"
            "D/B on cpu1 cpu2 lwktpri 6 vcpus 1 exclusive",
            "D/A on cpu0 lwktpri 6 exclusive; D/B on cpu1 cpu2 lwktpri 6 vcpus 1 exclusive",
        ),
        (
            "D on thread1 lwktpri 4 vcpus 2; D/A on cpu0 cpu1 lwktpri 4;"
            "D/A/A on cpu0 cpu1 lwktpri 6 vcpus 1 exclusive locked",
            "D/A on cpu* lwktpri 4; D/A/A on cpu* lwktpri 6 vcpus 1 exclusive",
        ),
        (
            "D on thread1 lwktpri 6; D/A on cpu0-3 lwktpri 6 vcpus 1 exclusive locked;"
            "E on thread1 lwktpri 4",
            "D/A on cpu* lwktpri 6 vcpus 1 exclusive locked; E on cpu4-7 lwktpri 4",
        ),
        (
            "D on node1 lwktpri 6; D/A on cpu0 cpu1 lwktpri 6 vcpus 1 exclusive locked;"
            "D/A/A on cpu0 lwktpri 6",
            "D/A on cpu0 cpu1 lwktpri 6 vcpus 1 exclusive locked; D/A/A on cpu* lwktpri 6",
        ),
    ],
)
def test_cpus_that_nobody_runs_on_are_held_by_somebody(
    statements: str, declared: str, kernel: Kernel
) -> None:
    """A scheduler without threads of its own has an exclusive one on what it has no group for."""
    groups, found = adopted(tree_of(*statements.split(";")), kernel)
    assert "; ".join(texts(found)[1:]) == declared
    again = lower(tree_of(*texts(found)), kernel)
    assert compare(again.groups, groups.observed()) == []


def nested_tree(seed: int) -> Resolver:
    chance = random.Random(seed)
    statements = []
    for name in ("D", "D/A", "D/B", "D/A/A", "D/A/B", "E"):
        if chance.random() < 0.3:
            continue
        first = chance.randint(0, 4)
        cpus = ["cpu*", "cpu0 cpu1", "cpu0-3", "cpu0", f"cpu{first}-{chance.randint(first, 5)}"]
        if "/" not in name:
            cpus += ["node1", "node0", "thread1"]
        words = [name, "on", chance.choice(cpus), "lwktpri", str(chance.choice([2, 4, 6, 6, 9]))]
        if chance.random() < 0.5:
            words += ["vcpus", str(chance.randint(1, 5))]
        words += [each for each in ("exclusive", "locked") if chance.random() < 0.4]
        statements.append(" ".join(words))
    return tree_of(*statements, keep_going=True)


def test_what_is_to_be_done_for_what_was_adopted_is_told() -> None:
    """A locked scheduler of more vcpus than cpus may have threads of its own on some of them only,
    and a floating one isolated cpus beneath it; for neither are there words."""
    told = 0
    for seed in range(800):
        try:
            groups, found = adopted(nested_tree(seed), KERNELS[seed % 3])
        except Refused:  # they would take every cpu
            continue
        again = lower(tree_of(*texts(found)), KERNELS[seed % 3])
        steps = compare(again.groups, groups.observed())
        assert bool(list(tell_undeclared(steps))) == bool(steps), texts(found)
        told += bool(steps)
    assert 0 < told < 10


@pytest.mark.parametrize(
    "statements",
    [
        [f"S{each} on cpu* lwktpri {each}" for each in (4, 5, 6, 7)],
        ["P on cpu* lwktpri 6", *(f"P/S{each} on cpu* lwktpri {each}" for each in range(4, 11))],
        ["R on cpu* lwktpri 8", *(f"{each} on cpu* lwktpri 6" for each in ("R/A", "N"))],
        [
            *("R on cpu* lwktpri 8", "R/A on cpu* lwktpri 6"),
            *(f"S{each} on cpu* lwktpri {each}" for each in (5, 6, 7)),
        ],
    ],
)
def test_levels_closer_than_a_hundred_times_are_adopted_as_they_weigh(
    statements: list[str],
) -> None:
    groups, found = adopted(tree_of(*statements), KERNELS[1])
    again = lower(tree_of(*texts(found)), KERNELS[1])
    assert compare(again.groups, groups.observed()) == []


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


def test_three_levels_above_one_that_idles_are_three_levels() -> None:
    found = read_weights({"A": 322, "B": 10_000, "C": 10}, 10, is_above_idle=True)
    assert found == {"A": (6, None), "B": (7, None), "C": (5, None)}


@pytest.mark.parametrize("seed", range(40))
def test_slices_are_adopted_as_the_groups_that_they_say(seed: int) -> None:
    """By way of systemd: all but partitions, which it has no word for."""
    tree = random_tree(seed)
    wanted = lower(tree, KERNELS[0])
    units = format_units(tree, KERNELS[0], [], ("/bin/usched",), "/")
    texts_of = [SliceText(unit.name, unit.name, unit.text) for unit in units.files[2:]]
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


def random_groups(seed: int, ours: bool) -> dict[str, dict[str, str]]:
    """What files may say, whoever wrote them: no kernel would have come to all of it."""
    chance = random.Random(seed)
    names = ["A", "B", "C", "A.slice", "9", "sync", "x" * 40, "é", "cpu:max"]
    names += [OWN] if ours else ["system.slice", "user@1.service"]
    paths = [""]
    for _ in range(chance.randint(1, 12)):
        above = chance.choice(paths)
        paths.append(f"{above}/{chance.choice(names)}".lstrip("/"))
    if chance.random() < 0.05:
        paths += ["/".join("D" * (1 + deep)) for deep in range(18)]
    found: dict[str, dict[str, str]] = {}
    for path in sorted(set(paths), key=lambda path: path.split("/")):
        files = found[path] = {}
        for file, texts in _SAID.items():
            if chance.random() < 0.6:
                files[file] = chance.choice(texts)
    return found


_LISTS = ["", "0", "0", "1", "0-3", "2-5", "4-7", "0-7", "1,5", "8-9"]

_SAID = {
    "cpuset.cpus": _LISTS,
    "cpuset.cpus.partition": ["member", "member", "root", "isolated", "root invalid (no)"],
    EFFECTIVE: _LISTS,
    "cpu.idle": ["0", "0", "1"],
    "cpu.weight": ["1", "7", "100", "200", "10000"],
    "cpu.max": ["max 100000", "50000 100000", "100000 100000", "200000 100000", "900000 100000"],
}


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_declared_of_any_groups_is_accepted_and_what_is_not_is_told(ours: bool) -> None:
    declared = 0
    for seed in range(300):
        chance = random.Random(seed)
        groups = random_groups(seed, ours)
        kept = groups if ours else keep_wishing(groups)
        paths, _ = rename_groups(kept)
        named = {path: kept[was] for path, was in paths.items()}
        habits = {
            path: Habit(chance.choice([None, 7, 9, 30]), chance.random() < 0.5)
            for path in named
            if chance.random() < 0.3
        }
        found = adopt_groups(named, OURS._replace(ours=ours), habits)
        names = [each.name for each in tree_of(*texts(found)).schedulers()]
        assert names == [each.name for each in found.declares]
        left = [each.scheduler for each in found.notes if "left out, with all" in each.what]
        left += [f"{each.scheduler}/.own" for each in found.notes if OWN in each.what]
        for path in named:
            name = scheduler_of(path)
            assert not path or name in names or any(is_beneath(name, each) for each in left), seed
        declared += len(names)
    assert declared > 300
