"""Times of a workload as ticks: plain numbers, or with a unit at the rate of the run."""

from __future__ import annotations

import re

from usched.text.fields import Fields, describe
from usched.words.located import Located
from usched.words.statement import MAX_TICKS, Quantum
from usched.words.workload import Rounded

_TIME = re.compile(r"([0-9]{1,18})(us|ms|s)")


class Clock:
    """Reads times at so many ticks per second, and remembers what that rounded."""

    def __init__(self, hz: int) -> None:
        self.hz = hz
        self._count = 0
        self._worst: Rounded | None = None

    def ticks(self, fields: Fields, key: str, low: int, default: int | None = None) -> int:
        """The value of a key, at least `low`; without a default the key is required."""
        node = fields.take(key, required=default is None)
        fallback = low if default is None else default
        if node is None:
            return fallback
        ticks = self.read(fields, node, f"{key} of {fields.what}", low)
        return fallback if ticks is None else ticks

    def read(self, fields: Fields, node: Located, what: str, low: int) -> int | None:
        """Check one value to be a time: the nearest tick, a half rounded up, at least `low`."""
        value = node.value
        if not isinstance(value, str) or not value[:1].isdigit():
            return fields.whole(node, what, low, MAX_TICKS)
        match = _TIME.fullmatch(value)
        if match is None:
            found = f"{what} must be ticks or a time such as 5ms, not {describe(node)}"
            fields.complain(found, node.span, "a whole number, then us, ms or s without a blank")
            return None
        time = Quantum(int(match[1]), match[2])
        ticks = time.ticks(self.hz, low)
        if ticks > MAX_TICKS:
            fields.complain(f"{what} must be at most {MAX_TICKS} ticks, not {value}", node.span)
            return None
        if error := time.error_ms(self.hz, ticks):
            self._count += 1
            if self._worst is None or error > self._worst.error_ms:
                self._worst = Rounded(0, error, what, value, ticks)
        return ticks

    def rounded(self) -> Rounded | None:
        return self._worst and self._worst._replace(times=self._count)
