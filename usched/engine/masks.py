"""Sets of cpus as the bits of an int: bit i for cpu i."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final


def to_mask(cpus: Iterable[int]) -> int:
    mask = 0
    for cpu in cpus:
        mask |= 1 << cpu
    return mask


class Cpu:
    """A cpu of a base. mask: it alone. word, bit: which word it is in (see Word), and where."""

    __slots__ = ("bit", "mask", "number", "word")

    def __init__(self, number: int) -> None:
        self.number = number
        self.mask = 1 << number if number >= 0 else 0
        self.word = max(0, number) // _WIDTH
        self.bit = self.mask >> self.word * _WIDTH


class Word:
    """A part of a mask, of which some is taken bit by bit: compiled, an attribute that is a machine
    integer is quick to work with, and an int that is longer, or in a list, is not.

    first: the cpu of its lowest bit.
    """

    __slots__ = ("first", "left")

    def __init__(self, first: int) -> None:
        self.first = first
        self.left = 0


def make_words(mask: int) -> list[Word]:
    """For masks that are no longer than this one; one at least."""
    while len(CPUS) < mask.bit_length():
        CPUS.append(Cpu(len(CPUS)))
    return [Word(first) for first in range(0, max(1, mask.bit_length()), _WIDTH)]


def split(mask: int, words: list[Word]) -> None:
    """Into its words, from the lowest on."""
    if len(words) == 1:
        words[0].left = mask
        return
    for word in words:
        word.left = mask & _WORD
        mask >>= _WIDTH


def join(words: list[Word]) -> int:
    """The mask of what is left."""
    if len(words) == 1:
        return words[0].left
    mask = 0
    for word in words:
        if word.left:
            mask |= word.left << word.first
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

#: By number, all that a base has had words for.
CPUS: Final[list[Cpu]] = []

#: No cpu.
NO_CPU: Final = Cpu(-1)

#: The bits of each byte.
_BITS: Final = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]
