"""Numbers on the command line, called what a user calls them."""

from __future__ import annotations

import math

import click

#: From here on a bound is written as a power, if it is one.
_LONG = 10**7


class WholeNumber(click.IntRange):
    name = "whole number"

    def _describe_range(self) -> str:
        """For --help, and for who gave a number out of it."""
        return f"{self.min}<=x" if self.max is None else f"{self.min}<=x<={_write(self.max)}"


class TickNumber(WholeNumber):
    name = "whole number of ticks"


class Number(click.FloatRange):
    """A number, as which `nan` does not pass."""

    name = "number"

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return number


def _write(bound: int) -> str:
    if bound < _LONG:
        return str(bound)
    for base, less in ((10, 0), (2, 1)):
        exponent = round(math.log(bound + less, base))
        if base**exponent - less == bound:
            return f"{base}^{exponent}" + (f"-{less}" if less else "")
    return f"{bound:,}"
