"""Random numbers from a seed: the same ones on every machine, under every Python.

SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). Roots,
logarithms and powers go by way of decimal numbers, which are rounded alike everywhere; those of
the C library are not.
"""

from __future__ import annotations

from decimal import Context, Decimal

_MASK = (1 << 64) - 1
_CONTEXT = Context(prec=25)


class Draws:
    """A sequence of draws. seed: 0 to 2^64 - 1."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        word = self._state
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
        return word ^ (word >> 31)

    def uniform(self) -> float:
        """Between 0 and 1, neither of them included: the middle of one of 2^52 equal parts."""
        return ((self.word() >> 12) + 0.5) * 2.0**-52

    def root(self, degree: int) -> float:
        """A uniform number's root of that degree."""
        drawn = self.uniform()
        if degree == 1:
            return drawn
        return float(_CONTEXT.exp(_CONTEXT.divide(_ln(drawn), Decimal(degree))))

    def log_uniform(self, low: int, high: int) -> int:
        """A whole number from low to high, its logarithm uniform (Emberson and others, 2010)."""
        bottom, top = _ln(low), _ln(high + 1)
        width = _CONTEXT.subtract(top, bottom)
        at = _CONTEXT.fma(Decimal(self.uniform()), width, bottom)
        return min(high, max(low, int(_CONTEXT.exp(at))))

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, each as likely."""
        return low + int(self.uniform() * (high - low + 1))

    def shuffle(self, numbers: list[float]) -> None:
        """All orders are as likely (Fisher and Yates)."""
        for last in range(len(numbers) - 1, 0, -1):
            other = self.whole(0, last)
            numbers[last], numbers[other] = numbers[other], numbers[last]


def _ln(number: float) -> Decimal:
    return _CONTEXT.ln(Decimal(number))
