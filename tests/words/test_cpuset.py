"""The cpu set against Python's own, and the two ways in which kernels write one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usched.words.cpuset import (
    MAX_CPU,
    NO_CPUS,
    CpuSet,
    count_cpus,
    format_cpu_list,
    format_cpus,
    parse_cpu_list,
    parse_cpu_mask,
)

numbers = st.sets(st.integers(0, 200), max_size=30)


@given(numbers, numbers)
def test_it_is_a_set(a: set[int], b: set[int]) -> None:
    one, other = CpuSet.of(a), CpuSet.of(b)
    assert list(one) == sorted(a)
    assert (len(one), bool(one)) == (len(a), bool(a))
    assert list(one & other) == sorted(a & b)
    assert list(one | other) == sorted(a | b)
    assert list(one - other) == sorted(a - b)
    assert (one <= other) == (a <= b)
    assert (one == other) == (a == b)
    assert (hash(one) == hash(other)) or a != b
    assert [number for number in range(-1, 202) if number in one] == sorted(a)


@given(numbers)
def test_runs_are_the_longest(a: set[int]) -> None:
    runs = CpuSet.of(a).runs()
    assert {number for first, last in runs for number in range(first, last + 1)} == a
    assert all(first - 1 not in a and last + 1 not in a for first, last in runs)
    assert runs == sorted(runs)


@given(numbers, numbers)
def test_places_are_counted_in_ascending_order(a: set[int], b: set[int]) -> None:
    ordered = sorted(a)
    there = [place for place, number in enumerate(ordered) if number in b]
    assert list(CpuSet.of(a).places_of(CpuSet.of(b))) == there
    chosen = [number for place, number in enumerate(ordered) if place in b]
    assert list(CpuSet.of(a).at(CpuSet.of(b))) == chosen


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_span_has_both_its_ends(first: int, last: int) -> None:
    assert list(CpuSet.span(first, last)) == list(range(first, last + 1))


def test_a_cpu_set_is_nothing_else() -> None:
    assert CpuSet.of([0]) != 1
    assert repr(CpuSet.of([3, 1])) == "CpuSet.of([1, 3])"


@given(numbers)
def test_a_list_is_read_as_it_is_written(a: set[int]) -> None:
    assert parse_cpu_list(format_cpu_list(CpuSet.of(a))) == CpuSet.of(a)


def test_a_list_has_blanks_empty_terms_and_repeats() -> None:
    assert list(parse_cpu_list(" 0-2, ,2 ,7\n")) == [0, 1, 2, 7]
    assert parse_cpu_list("") == NO_CPUS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0-2,x", "'x' is not a cpu number or a range of them"),
        ("1-2-3", "'1-2-3' is not a cpu number or a range of them"),
        ("-1", "'-1' is not a cpu number or a range of them"),
        ("7-3", "the range '7-3' runs backwards"),
        (f"{MAX_CPU + 1}", f"cpu{MAX_CPU + 1} is beyond the largest number, {MAX_CPU}"),
        (f"0-{MAX_CPU + 1}", f"cpu{MAX_CPU + 1} is beyond the largest number, {MAX_CPU}"),
        ("9" * 60, f"'{'9' * 40}' is not a cpu number or a range of them"),
    ],
)
def test_what_is_no_list_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$") as refusal:
        parse_cpu_list(text)
    assert str(refusal.value) == said


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("ff", "0-7"),
        ("00000003,ffffffff", "0-33"),
        ("0x00000003,0xffffffff", "0-33"),
        ("0x1,,0x1", "0,64"),
        ("00000000\n", ""),
    ],
)
def test_masks_of_linux_and_hwloc(text: str, cpus: str) -> None:
    assert format_cpu_list(parse_cpu_mask(text)) == cpus


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("123456789", "has the word '123456789', not 32 bits in hexadecimal"),
        ("0,zz", "has the word 'zz', not 32 bits in hexadecimal"),
        ("," * 5000, f"of over {MAX_CPU + 1} numbers"),
    ],
)
def test_what_is_no_mask_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$") as refusal:
        parse_cpu_mask(text)
    assert str(refusal.value) == said


def test_cpus_for_people() -> None:
    assert format_cpus(NO_CPUS) == "no cpu"
    assert format_cpus(CpuSet.of([0, 1, 2, 8])) == "cpu0-cpu2, cpu8"
    many = CpuSet.of(range(0, 20, 2))
    cut = "cpu0, cpu2, cpu4, cpu6, cpu8, cpu10, cpu12, cpu14, ... (10 cpus in all)"
    assert format_cpus(many) == cut


def test_cpus_are_counted_with_those_that_are_offline() -> None:
    assert count_cpus(CpuSet.of([3]), NO_CPUS) == "1 cpu"
    assert count_cpus(CpuSet.span(0, 7), CpuSet.of([2, 5, 9])) == "8 cpus, 2 offline"
