"""The resolution of an imported workload: `--tick 100us`."""

from __future__ import annotations

import re

from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span

_TIME = re.compile(r"([0-9]{1,9})(us|ms|s)")
_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000}
_SECOND = 1_000_000


def parse_tick(text: str) -> int:
    """Microseconds a tick: 1us to 1s, a whole number of them in a second. Raises Misused."""
    where = Span(Line("--tick", 1, text), 0, max(1, len(text)))
    found = _TIME.fullmatch(text)
    if found is None:
        remedy = "a whole number, then us, ms or s without a blank: --tick 100us"
        raise Misused(Problem(f"'{clip(text)}' is no time", where, remedy, "tick"))
    tick = int(found[1]) * _UNITS[found[2]]
    if not 1 <= tick <= _SECOND:
        raise Misused(Problem(f"a tick is 1us to 1s, not {text}", where, "", "tick"))
    if _SECOND % tick:
        down = next(each for each in range(tick, 0, -1) if _SECOND % each == 0)
        up = next(each for each in range(tick, _SECOND + 1) if _SECOND % each == 0)
        what = f"a second is no whole number of ticks of {text}"
        raise Misused(Problem(what, where, f"the nearest are {down}us and {up}us", "tick"))
    return tick
