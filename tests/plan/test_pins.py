"""The homes of locked threads: usched-model(7)'s rule, told from affinities."""

from __future__ import annotations

from usched.plan.pins import choose_homes, find_crowded
from usched.words.cpuset import CpuSet, format_cpu_list, parse_cpu_list


def sets(*lists: str) -> list[CpuSet]:
    return [parse_cpu_list(text) for text in lists]


def choose(homes: list[CpuSet], *pinned: str | None, online: str = "0-7") -> list[str | None]:
    affinities = [None if text is None else parse_cpu_list(text) for text in pinned]
    chosen = choose_homes(homes, parse_cpu_list(online), affinities)
    return [None if home is None else format_cpu_list(home) for home in chosen]


TWO = sets("1", "2")


def test_the_home_with_the_fewest_threads_the_lowest_among_equals() -> None:
    assert choose(TWO, None, None, None) == ["1", "2", "1"]
    assert choose(TWO, "1", "1", None, None, None) == ["1", "1", "2", "2", "1"]


def test_who_is_at_home_stays_wherever_the_others_are() -> None:
    assert choose(TWO, None, "1") == ["2", "1"]
    assert choose(TWO, "2", "2", "2") == ["2", "2", "2"]


def test_an_affinity_that_is_no_home_is_none() -> None:
    assert choose(TWO, "0-7", "1-2", "5") == ["1", "2", "1"]


def test_only_usable_homes_count() -> None:
    assert choose(TWO, "1", None, online="0,2-7") == ["2", "2"]
    assert choose(TWO, None, online="0") == [None]
    assert choose([], None) == [None]


def test_homes_of_several_cpus_are_told_by_those_that_are_online() -> None:
    """What Linux says of an affinity leaves out cpus that are offline."""
    assert choose(sets("0-1", "2-3"), "0", None, online="0,2-3") == ["0-1", "2-3"]


def test_homes_on_the_same_real_cpus_are_filled_one_after_the_other() -> None:
    """Three vcpus on two cpus: vcpu0 and vcpu2 are both fixed to cpu1."""
    wrapped = sets("1", "2", "1")
    assert choose(wrapped, *[None] * 6) == ["1", "2", "1", "1", "2", "1"]
    assert choose(wrapped, "1", "1", None) == ["1", "1", "2"]


def crowded(*pinned: str) -> list[str | None]:
    kept = find_crowded(TWO, CpuSet.span(0, 7), sets(*pinned))
    return [None if home is None else format_cpu_list(home) for home in kept]


def test_of_a_home_with_more_than_its_part_the_youngest_were_never_given_one() -> None:
    assert crowded("1", "1", "1", "1") == ["1", "1", None, None]
    assert crowded("1", "2", "1") == ["1", "2", "1"]
    assert crowded("1", "0-7") == ["1", None]
    assert find_crowded([], CpuSet.span(0, 7), sets("1")) == [None]
