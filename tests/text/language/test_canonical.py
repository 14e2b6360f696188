"""Canonical form: what export, show and the log print (usched.5)."""

from __future__ import annotations

import pytest

from tests.text.language.texts import canonical


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("A on cpu0 cpu0 lwktpri 4", "A on cpu0 lwktpri 4"),
        ("A on cpu3 cpu1 lwktpri 4", "A on cpu1 cpu3 lwktpri 4"),
        ("A on cpu* cpu* lwktpri 4", "A on cpu* lwktpri 4"),
        ("A on node0 node0 lwktpri 4", "A on node0 lwktpri 4"),
    ],
)
def test_terms_are_sorted_and_without_repeats(text: str, form: str) -> None:
    assert canonical(text) == form


def test_terms_stand_from_the_widest_to_cpus() -> None:
    text = "A on cpu9 core1 llc0 node3 node10 socket0 cpu* lwktpri 4"
    assert canonical(text) == "A on cpu* socket0 node3 node10 llc0 core1 cpu9 lwktpri 4"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("cpu4 cpu5 cpu6", "cpu4-6"),
        ("cpu4 cpu5", "cpu4 cpu5"),
        ("cpu4-5", "cpu4 cpu5"),
        ("cpu4-4", "cpu4"),
        ("cpu4-cpu7", "cpu4-7"),
        ("cpu0-3 cpu2-6", "cpu0-6"),
        ("cpu0-3 cpu4", "cpu0-4"),
        ("cpu10 cpu9 cpu2 cpu8", "cpu2 cpu8-10"),
        ("cpu0-2 cpu4-6", "cpu0-2 cpu4-6"),
        ("cpu0 cpu2 cpu4", "cpu0 cpu2 cpu4"),
    ],
)
def test_runs_of_three_or_more_numbers_are_ranges(text: str, form: str) -> None:
    assert canonical(f"A on {text} lwktpri 4") == f"A on {form} lwktpri 4"
    assert canonical(f"A on cpu* except {text} lwktpri 4") == f"A on cpu* except {form} lwktpri 4"


def test_numbers_that_a_selector_covers_are_kept() -> None:
    assert canonical("A on cpu1 cpu* lwktpri 4") == "A on cpu* cpu1 lwktpri 4"


def test_excepted_terms_are_kept_even_where_they_take_nothing_away() -> None:
    assert canonical("A on cpu0 except cpu7 lwktpri 4") == "A on cpu0 except cpu7 lwktpri 4"


@pytest.mark.parametrize("quantum", ["1", "10", "100ms", "1000ms", "1s", "500us", "1000us"])
def test_a_quantum_is_kept_as_written(quantum: str) -> None:
    text = f"A on cpu0 lwktpri 4 quantum {quantum}"
    assert canonical(text) == text


def test_the_default_quantum_is_kept_when_it_was_written() -> None:
    assert canonical("A on cpu0 lwktpri 4") == "A on cpu0 lwktpri 4"
    assert canonical("A on cpu0 quantum 100ms lwktpri 4") == "A on cpu0 lwktpri 4 quantum 100ms"


def test_clauses_have_one_order() -> None:
    text = "usched A on cpu0 locked exclusive quantum 3 vcpus 2 lwktpri 4"
    assert canonical(text) == "A on cpu0 lwktpri 4 vcpus 2 quantum 3 exclusive locked"


def test_numbers_lose_leading_zeros() -> None:
    assert canonical("A on cpu007 lwktpri 04 vcpus 010") == "A on cpu7 lwktpri 4 vcpus 10"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("usched destroy A recursive into B", "destroy A into B recursive"),
        ("destroy A", "destroy A"),
        ("grant A to bob until 5s depth 2 lwktpri 4", "grant A to bob lwktpri 4 depth 2 until 5s"),
        ("revoke A", "revoke A"),
    ],
)
def test_other_statements_have_one_order_too(text: str, form: str) -> None:
    assert canonical(text) == form
