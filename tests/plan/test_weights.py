"""How far apart the levels of siblings are kept."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.plan.cgroup_model import KERNELS
from tests.plan.trees import hands_of, tree_of
from usched.plan.kernel import EXCLUSIVE, SUBTREE, Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.owners import hand_over
from usched.words.problems import Refused
from usched.words.statement import parent_of

#: What Linux reckons with: of cpu.weight 100, and of cpu.idle 1 (kernel/sched/sched.h).
OF_A_HUNDRED, OF_IDLE = 1024, 3


def weigh(*lwktpris: int) -> dict[int, int]:
    """What siblings of these levels weigh, by level."""
    script = "".join(f"S{each} on cpu* lwktpri {each}\n" for each in lwktpris)
    wanted = lower(tree_of(script), Kernel("6.12.9", (6, 12)))
    files = {group.scheduler: group.files for group in wanted.groups}
    return {
        each: OF_IDLE
        if files[f"S{each}"]["cpu.idle"] == "1"
        else int(files[f"S{each}"]["cpu.weight"]) * OF_A_HUNDRED // 100
        for each in lwktpris
    }


@pytest.mark.parametrize("levels", [(7, 6), (7, 5), (6, 5, 9), (7, 6, 5), (6, 4), (7, 5, 3)])
def test_the_next_level_weighs_a_hundred_times_as_much(levels: tuple[int, ...]) -> None:
    weights = weigh(*levels)
    fair = sorted((weight for level, weight in weights.items() if level < 8), reverse=True)
    for one, other in pairwise(fair):
        assert one / other > 99


def test_who_is_real_time_and_subdivided_weighs_more_than_those_below() -> None:
    """What is beneath it is fair: only the group's weight has it go before the siblings."""
    script = ("REAL on cpu* lwktpri 8", "REAL/A on cpu* lwktpri 6", "NORM on cpu* lwktpri 6")
    wanted = lower(tree_of(*script), Kernel("6.12.9", (6, 12)))
    weights = {group.path: group.files.get("cpu.weight") for group in wanted.groups}
    assert (weights["REAL"], weights["NORM"]) == ("10000", "100")


def test_four_levels_and_more_are_equally_far_apart_down_to_the_least_weight() -> None:
    lines = ["POOL on cpu* lwktpri 6"]
    for most in range(1, 27):
        lines.append(f"POOL/S{most} on cpu* lwktpri {4 + most}")
        wanted = lower(tree_of(*lines), Kernel("6.12.9", (6, 12)))
        files = {group.scheduler: group.files for group in wanted.groups}
        weights = [int(files[f"POOL/S{each}"]["cpu.weight"]) for each in range(most, 0, -1)]
        apart = {1: 100, 2: 100, 3: 100, 4: 21, 5: 10, 6: 6}.get(most, 2)
        assert weights[0] == 10_000
        if 3 < most <= 6:
            assert all(one >= apart * other for one, other in pairwise(weights))
        assert weights == sorted(weights, reverse=True)
        assert weights[-1] >= 1


def test_three_levels_above_one_that_idles_are_all_equally_far_apart() -> None:
    """Else the lowest of them would have but three times as much as who idles."""
    weights = weigh(7, 6, 5, 4)
    for one, other in ((7, 6), (6, 5), (5, 4)):
        assert weights[one] / weights[other] == pytest.approx(33, abs=2)


def _random_words(chance: random.Random) -> str:
    cpus = chance.choice(["cpu*", "cpu0", f"cpu0-{chance.randint(0, 3)}"])
    words = f"on {cpus} lwktpri {chance.choice((3, 5, 6, 7, 8, 8, 9, 9))}"
    for word, odds in (("vcpus 2", 0.2), ("quantum 5", 0.3), ("exclusive", 0.1), ("locked", 0.1)):
        words += f" {word}" if chance.random() < odds else ""
    return words


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_outside_depends_on_what_a_holder_declares(kernel: Kernel) -> None:
    """Else root's verify found a drift at his first declaration, until root's next apply."""
    granted = {"POOL": "alice", "A/POOL": "bob"}
    hands = hands_of(granted)
    subdivided = 0
    for seed in range(200):
        chance = random.Random(seed)
        names = ["A", "B", "POOL", "A/B", "A/POOL", "C"]
        outside = [f"{name} {_random_words(chance)}" for name in names]
        inside = [f"{name}/{own} {_random_words(chance)}" for name in granted for own in "PQ"]
        found: list[object] = []
        for lines in (outside, outside + inside):
            tree = tree_of(*lines, keep_going=True)
            try:
                wanted = hand_over(lower(tree, kernel, granted), hands)
            except Refused:  # it would take every cpu: so it does with what stands beneath
                found.append(None)
                continue
            subdivided += any(group.path.startswith("POOL/P") for group in wanted.groups)
            files = {
                (group.path, file): text
                for group in wanted.groups
                for file, text in group.files.items()
                # he is host to its processes, and root makes the partitions that he cannot
                if group.path not in granted or file != SUBTREE
                if not any(group.path.startswith(f"{each}/") for each in granted)
                if file != EXCLUSIVE
            }
            nices = {
                name: each.nice
                for name, each in wanted.threads.items()
                if not granted.keys() & {name, parent_of(name)}
            }
            found.append((files, nices))
        assert found[0] == found[1], seed
    assert subdivided > 50


def test_what_is_granted_as_real_time_has_a_weight_above_those_below_from_the_outset() -> None:
    lines = ("REAL on cpu* lwktpri 8", "NORM on cpu* lwktpri 6", "TOP on cpu* lwktpri 9")
    weights = {}
    for granted in ((), ("REAL",)):
        wanted = lower(tree_of(*lines), KERNELS[1], granted)
        files = {group.path: group.files for group in wanted.groups}
        weights[granted] = [files[each]["cpu.weight"] for each in ("TOP", "REAL", "NORM")]
        assert wanted.threads["REAL"].priority == 8
    assert weights == {(): ["10000", "10000", "10000"], ("REAL",): ["10000", "10000", "100"]}
