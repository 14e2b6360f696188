"""Numbers as a kernel writes them."""

from __future__ import annotations

#: It counts in 64 bits at most.
MOST_COUNTED = 2**64 - 1

#: So many digits has that one.
_DIGITS = 20


def parse_count(text: str, most: int = MOST_COUNTED) -> int:
    """Raises ValueError for what no kernel writes; int() takes more, and as long as it takes."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= most):
        raise ValueError("no number of a kernel")
    return int(text)
