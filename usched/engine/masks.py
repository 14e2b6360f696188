"""Sets of cpus as the bits of an int: bit i for cpu i."""

from __future__ import annotations

from collections.abc import Iterable


def to_mask(cpus: Iterable[int]) -> int:
    mask = 0
    for cpu in cpus:
        mask |= 1 << cpu
    return mask


def bits(mask: int) -> list[int]:
    """The cpus of a mask, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
