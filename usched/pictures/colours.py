"""What schedulers are drawn in: colours that the colour-blind tell apart, and stripes where there
are more schedulers than colours."""

from __future__ import annotations

#: Okabe and Ito's, less black (Color Universal Design, 2008).
COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7",
    "#56b4e9", "#d55e00", "#f0e442", "#999999",
)  # fmt: skip

#: Of a scheduler that runs somebody, by its number among those that do: 0 is plain.
_KINDS = 4


def colour_of(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def stripes_of(number: int) -> int:
    """0 for none, 1 to 3 for a kind of stripes."""
    return number // len(COLOURS) % _KINDS


def text_on(number: int) -> str:
    """Black or white, whichever is read more easily on it."""
    return "#fff" if number % len(COLOURS) == 0 else "#000"
