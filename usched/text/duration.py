"""A time of an option, in seconds: `60s`, `500ms`."""

from __future__ import annotations

import re

from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span

_TIME = re.compile(r"([0-9]{1,9})(ms|s)")
_UNITS = {"ms": 0.001, "s": 1.0}


def parse_duration(text: str, option: str, least: float, most: float) -> float:
    """Seconds, from `least` to `most`. Raises Misused with the place."""
    where = Span(Line(option, 1, text), 0, max(1, len(text)))
    found = _TIME.fullmatch(text)
    if found is None:
        meant = text if text.isascii() and text.isdigit() and int(text) else "60"
        remedy = f"a whole number, then ms or s without a blank: {option} {clip(meant)}s"
        raise Misused(Problem(f"'{clip(text)}' is no time", where, remedy, "time"))
    seconds = int(found[1]) * _UNITS[found[2]]
    if not least <= seconds <= most:
        raise Misused(Problem(f"it is {least:g}s to {most:g}s, not {text}", where, "", "time"))
    return seconds
