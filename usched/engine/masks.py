"""Sets of cpus as the bits of an int: bit i for cpu i."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final


def to_mask(cpus: Iterable[int]) -> int:
    mask = 0
    for cpu in cpus:
        mask |= 1 << cpu
    return mask


def bits(mask: int) -> list[int]:
    """The cpus of a mask, ascending; for reading only."""
    if mask < len(_BITS):
        return _BITS[mask]
    if not mask & (mask - 1):
        return [mask.bit_length() - 1]
    found = []
    if mask > _WORD:  # bit by bit, each would cost as much as the whole mask is long
        for first in range(0, mask.bit_length(), _WIDTH):
            found += [first + bit for bit in bits(mask >> first & _WORD)]
        return found
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def lowest(mask: int, count: int) -> int:
    """So many cpus of a mask, the lowest; all of it where it has no more."""
    rest = mask
    while rest and count:
        rest &= rest - 1
        count -= 1
    return mask ^ rest


#: As many bits at once as are quick to work with: compiled, a machine integer.
_WIDTH: Final = 60
_WORD: Final = (1 << _WIDTH) - 1

#: The bits of each byte.
_BITS: Final = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]
