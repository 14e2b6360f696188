"""A range of periods: `10..1000` in ticks, `10ms..1s` in time."""

from __future__ import annotations

import re
from typing import NamedTuple

from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span
from usched.words.statement import MAX_TICKS, Quantum

_TIME = r"([0-9]{1,16})(us|ms|s)?"
_RANGE = re.compile(rf"{_TIME}\.\.{_TIME}")
_OTHER = re.compile(rf"{_TIME}\s*(?:-|:|,|\.\.\.|\s|to)\s*{_TIME}")


class PeriodRange(NamedTuple):
    """Both ends belong to it. A unit: both have one, or neither."""

    low: Quantum
    high: Quantum

    def has_unit(self) -> bool:
        return bool(self.low.unit)

    def ticks(self, hz: int) -> tuple[int, int]:
        """Both ends in whole ticks at hz, at least 1."""
        return self.low.ticks(hz), self.high.ticks(hz)


def parse_period_range(text: str) -> PeriodRange:
    """Read one. Raises Misused with the place."""
    where = Span(Line("--periods", 1, text), 0, max(1, len(text)))
    found = _RANGE.fullmatch(text)
    if found is None:
        other = _OTHER.fullmatch(text)
        typed = "10..1000 is in ticks, 10ms..1s in time"
        if other is not None:
            low, unit, high, end = other.groups()
            typed = f"type: --periods {low}{unit or ''}..{high}{end or ''}"
        raise Misused(Problem(f"'{clip(text)}' is no range of periods", where, typed, "periods"))
    low, high = Quantum(int(found[1]), found[2] or ""), Quantum(int(found[3]), found[4] or "")
    if bool(low.unit) != bool(high.unit):
        what = "one end of the range has a unit, the other none"
        raise Misused(Problem(what, where, "10..1000 is in ticks, 10ms..1s in time", "periods"))
    if not low.amount or max(low.ticks(1_000_000), high.ticks(1_000_000)) > MAX_TICKS:
        what = f"a period is 1 to {MAX_TICKS} ticks"
        raise Misused(Problem(what, where, "", "periods"))
    if low.ticks(1_000_000) > high.ticks(1_000_000):
        typed = f"type: --periods {high.amount}{high.unit}..{low.amount}{low.unit}"
        raise Misused(Problem("the range runs backwards", where, typed, "periods"))
    return PeriodRange(low, high)
