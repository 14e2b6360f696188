"""Which siblings are named, for another lwktpri or another quantum."""

from __future__ import annotations

import random

from usched.plan.shares import Share, Shares
from usched.words.cpuset import CpuSet

ALL = CpuSet.span(0, 7)


def test_only_siblings_of_the_same_class_are_told_apart_by_level() -> None:
    levels = (("R", 8), ("A", 7), ("B", 6), ("I", 4), ("J", 3))
    members = [Share(name, level, 10, ALL, is_real=level == 8) for name, level in levels]
    shares = Shares(members)
    assert [shares.name_other_levels(each) for each in members] == ["", "B", "A", "J", "I"]
    members[0] = members[0]._replace(is_real=False)
    shares = Shares(members)
    assert [shares.name_other_levels(each) for each in members[:2]] == ["A and B", "R and B"]


def test_of_many_others_the_first_eight_are_named() -> None:
    members = [Share(f"S{number}", 6, 1 + number % 2, ALL) for number in range(1000)]
    lower = Share("T", 5, 10, ALL)
    shares = Shares([*members, lower])
    assert shares.name_other_quanta(members[0]) == "S1, S3, S5, S7, S9, S11, S13, S15 and more"
    assert shares.name_other_quanta(members[1]) == "S0, S2, S4, S6, S8, S10, S12, S14 and more"
    assert shares.name_other_levels(members[0]) == "T"
    assert shares.name_other_levels(lower) == "S0, S1, S2, S3, S4, S5, S6, S7 and more"


def test_who_is_named_has_a_cpu_in_common_and_nobody_else_is() -> None:
    chance = random.Random(6)
    for _ in range(100):
        members = [
            Share(f"S{number}", chance.choice([5, 6]), chance.choice([10, 20]), cpus)
            for number, cpus in enumerate(CpuSet(chance.randrange(1, 256)) for _ in range(4))
        ]
        shares = Shares(members)
        for each in members:
            others = [other.name for other in members if other.cpus & each.cpus]
            levels = {other.name for other in members if other.lwktpri != each.lwktpri}
            named = shares.name_other_levels(each).replace(" and ", ", ")
            assert named == ", ".join(name for name in others if name in levels)
            quanta = {other.name for other in members if other.quantum != each.quantum}
            named = shares.name_other_quanta(each).replace(" and ", ", ")
            assert named == ", ".join(name for name in others if name in quanta - levels)
