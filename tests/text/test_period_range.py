"""`--periods A..B`, and every way to get it wrong."""

from __future__ import annotations

import pytest

from usched.text.period_range import PeriodRange, parse_period_range
from usched.words.problems import Misused, format_problem
from usched.words.statement import Quantum


def test_in_ticks_and_in_time() -> None:
    assert parse_period_range("10..1000") == PeriodRange(Quantum(10), Quantum(1000))
    in_time = parse_period_range("10ms..1s")
    assert in_time.has_unit()
    assert in_time.ticks(10_000) == (100, 10_000)
    assert parse_period_range("7..7").ticks(1) == (7, 7)


BOTH = "10..1000 is in ticks, 10ms..1s in time"


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("10-1000", "'10-1000' is no range of periods", "type: --periods 10..1000"),
        ("10ms,1s", "'10ms,1s' is no range of periods", "type: --periods 10ms..1s"),
        ("10", "'10' is no range of periods", BOTH),
        ("", "'' is no range of periods", BOTH),
        ("10..1s", "one end of the range has a unit, the other none", BOTH),
        ("1s..10ms", "the range runs backwards", "type: --periods 10ms..1s"),
        ("0..10", "a period is 1 to 1000000000000000 ticks", ""),
        ("1..9999999999999999", "a period is 1 to 1000000000000000 ticks", ""),
    ],
)
def test_error(text: str, what: str, remedy: str) -> None:
    with pytest.raises(Misused) as misused:
        parse_period_range(text)
    lines = format_problem(misused.value.problems[0]).splitlines()
    assert lines[0] == f"--periods:1:1: {what}"
    assert lines[-1] == f"  {remedy}" if remedy else "^" in lines[-1]
