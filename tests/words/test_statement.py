"""Statements as values, times in ticks, and names as paths."""

from __future__ import annotations

import pytest

from tests.text.language.texts import declared, read
from usched.words.statement import (
    Cpus,
    Declare,
    Destroy,
    Grant,
    Quantum,
    Revoke,
    Term,
    is_beneath,
    lineage,
    parent_of,
)


def test_where_words_stood_does_not_count() -> None:
    wide, narrow = declared("A  on   cpu0-3 lwktpri 6"), declared("A on cpu0-3 lwktpri 6")
    assert wide.spans != narrow.spans
    assert wide.cpus.terms[0].span != narrow.cpus.terms[0].span
    assert wide == narrow
    assert hash(wide) == hash(narrow)
    assert wide == Declare("A", Cpus((Term("cpu", 0, 3),)), 6)


@pytest.mark.parametrize(
    "text",
    [
        "B on cpu0 lwktpri 6",
        "A on cpu1 lwktpri 6",
        "A on cpu0 except cpu1 lwktpri 6",
        "A on cpu0 lwktpri 7",
        "A on cpu0 lwktpri 6 vcpus 1",
        "A on cpu0 lwktpri 6 quantum 1",
        "A on cpu0 lwktpri 6 exclusive",
        "A on cpu0 lwktpri 6 locked",
        "destroy A",
    ],
)
def test_everything_that_is_said_counts(text: str) -> None:
    assert read(text) != declared("A on cpu0 lwktpri 6")


def test_other_statements_are_values_too() -> None:
    assert read("destroy A into B recursive") == Destroy("A", "B", True)
    assert read("grant A to bob lwktpri 4 until 5s") == Grant("A", "bob", 4, None, Quantum(5, "s"))
    assert read("revoke A") == Revoke("A")
    assert Revoke("A") != Destroy("A")
    assert repr(Revoke("A")) == "Revoke('A')"


@pytest.mark.parametrize(
    ("time", "hz", "ticks"),
    [
        (Quantum(7), 100, 7),
        (Quantum(100, "ms"), 100, 10),
        (Quantum(14, "ms"), 100, 1),
        (Quantum(15, "ms"), 100, 2),
        (Quantum(1, "us"), 100, 1),
        (Quantum(2, "s"), 250, 500),
    ],
)
def test_a_time_is_the_nearest_tick_and_at_least_one(time: Quantum, hz: int, ticks: int) -> None:
    assert time.ticks(hz) == ticks


def test_a_time_may_be_no_tick_where_that_is_allowed() -> None:
    assert Quantum(1, "us").ticks(100, low=0) == 0


def test_by_how_much_a_time_is_rounded() -> None:
    assert Quantum(14, "ms").error_ms(100, 1) == 4.0
    assert Quantum(20, "ms").error_ms(100, 2) == 0.0
    assert Quantum(3).error_ms(100, 3) == 0.0


def test_names_are_paths() -> None:
    assert [parent_of(name) for name in ("A", "A/B", "A/B/C")] == ["", "A", "A/B"]
    assert list(lineage("A/B/C")) == ["A/B/C", "A/B", "A"]
    assert list(lineage("")) == []


@pytest.mark.parametrize(
    ("name", "other", "beneath"),
    [("A", "A", True), ("A/B", "A", True), ("AB", "A", False), ("A", "A/B", False)],
)
def test_a_scheduler_is_beneath_itself_and_what_it_stands_in(
    name: str, other: str, beneath: bool
) -> None:
    assert is_beneath(name, other) == beneath
