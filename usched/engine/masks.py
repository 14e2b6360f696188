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
    """The cpus of a mask, ascending."""
    found = []
    if mask >> _WIDE:  # bit by bit, each would cost as much as the whole mask is long
        for place, byte in enumerate(mask.to_bytes((mask.bit_length() + 7) // 8, "little")):
            if byte:
                first = 8 * place
                found += [first + bit for bit in _BITS[byte]]
        return found
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


_WIDE: Final = 256

#: The bits of each byte.
_BITS: Final = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]
