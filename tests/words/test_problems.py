"""A problem as it is read: place, sentence, line, caret, remedy."""

from __future__ import annotations

import pytest

from tests.text.language.texts import block
from usched.words.problems import (
    EnvironmentFailed,
    Line,
    Misused,
    NoSuchName,
    NotPermitted,
    Problem,
    Refused,
    Span,
    UschedError,
    format_problem,
)


def at(text: str, start: int, end: int, remedy: str = "") -> str:
    return format_problem(Problem("that is wrong", Span(Line("f", 3, text), start, end), remedy))


def test_a_problem_without_a_place_is_its_sentence_and_its_remedy() -> None:
    said = format_problem(Problem("it is gone", None, "type: this\nor that"))
    assert said == "it is gone\n  type: this\n  or that"


def test_the_caret_is_beneath_the_words() -> None:
    assert at("A on cpu9", 5, 9, "cpu0 to cpu7") == block(
        """
        f:3:6: that is wrong
            A on cpu9
                 ^^^^
          cpu0 to cpu7
        """
    )


def test_the_caret_stands_behind_a_line_that_ends_too_soon() -> None:
    assert at("A on", 4, 5) == "f:3:5: that is wrong\n    A on\n        ^"


def test_tabs_stay_so_that_the_caret_is_in_line() -> None:
    assert at("\tA\ton x", 6, 7) == "f:3:7: that is wrong\n    \tA\ton x\n    \t \t   ^"


def test_what_cannot_be_printed_is_replaced() -> None:
    assert "\x1b" not in at("A \x1b[31m", 2, 3)
    assert at("A \x1b[31m", 2, 3).splitlines()[1] == "    A \N{REPLACEMENT CHARACTER}[31m"


def test_of_a_long_line_the_part_about_the_place_is_shown() -> None:
    lines = at("x" * 300 + "HERE" + "y" * 300, 300, 304).splitlines()
    assert lines[0] == "f:3:301: that is wrong"
    assert len(lines[1]) == 4 + 160
    start = lines[2].index("^")
    assert lines[1][start : start + 4] == "HERE"
    assert lines[2].strip() == "^^^^"


def test_a_blank_line_is_not_drawn() -> None:
    assert at("   ", 0, 1) == "f:3:1: that is wrong"


@pytest.mark.parametrize(
    ("kind", "status"),
    [(EnvironmentFailed, 1), (Misused, 2), (Refused, 3), (NoSuchName, 4), (NotPermitted, 5)],
)
def test_each_kind_has_its_exit_status(kind: type[UschedError], status: int) -> None:
    error = kind([Problem("one"), Problem("two")])
    assert (error.status, str(error)) == (status, "one; two")
    assert kind("one").problems == (Problem("one"),)


def test_an_error_without_a_problem_is_our_own_bug() -> None:
    with pytest.raises(AssertionError):
        Refused([])
