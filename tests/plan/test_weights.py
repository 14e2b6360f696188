"""How far apart the levels of siblings are kept."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.plan.trees import tree_of
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower

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


def test_three_levels_above_one_that_idles_are_all_equally_far_apart() -> None:
    """Else the lowest of them would have but three times as much as who idles."""
    weights = weigh(7, 6, 5, 4)
    for one, other in ((7, 6), (6, 5), (5, 4)):
        assert weights[one] / weights[other] == pytest.approx(33, abs=2)
