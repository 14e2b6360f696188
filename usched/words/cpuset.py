"""The cpu-set value, and the one parser of cpu lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from usched.words.phrases import count

#: The largest cpu number that a topology may use: eight times what Linux is ever built for.
MAX_CPU = 65_535


class CpuSet:
    """A set of cpu numbers, kept as the bits of one integer; iterates in ascending order.

    No dataclass: a batch makes some ten of them a statement, and every command makes the class.
    """

    __slots__ = ("mask",)

    def __init__(self, mask: int = 0) -> None:
        self.mask: Final = mask

    def __eq__(self, other: object) -> bool:
        return self.mask == other.mask if isinstance(other, CpuSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.mask)

    def __repr__(self) -> str:
        return f"CpuSet.of({list(self)})"

    @classmethod
    def of(cls, numbers: Iterable[int]) -> CpuSet:
        mask = 0
        for number in numbers:
            mask |= 1 << number
        return cls(mask)

    @classmethod
    def span(cls, first: int, last: int) -> CpuSet:
        """The numbers first to last, both included."""
        return cls((1 << (last + 1)) - (1 << first)) if last >= first else cls()

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs():
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return self.mask.bit_count()

    def __bool__(self) -> bool:
        return self.mask != 0

    def __contains__(self, number: int) -> bool:
        return number >= 0 and bool(self.mask >> number & 1)

    def __and__(self, other: CpuSet) -> CpuSet:
        return CpuSet(self.mask & other.mask)

    def __or__(self, other: CpuSet) -> CpuSet:
        return CpuSet(self.mask | other.mask)

    def __sub__(self, other: CpuSet) -> CpuSet:
        return CpuSet(self.mask & ~other.mask)

    def __le__(self, other: CpuSet) -> bool:
        return self.mask & ~other.mask == 0

    def at(self, places: CpuSet) -> CpuSet:
        """The numbers that stand at these places, counted from 0 in ascending order."""
        if places.mask == (1 << len(self)) - 1:
            return self
        mask = 0
        for first, passed, ones in self._pieces():
            mask |= (places.mask >> passed & ones) << first
        return CpuSet(mask)

    def places_of(self, numbers: CpuSet) -> CpuSet:
        """At which places these numbers stand, those that are none of its left out."""
        mask = 0
        for first, passed, ones in self._pieces():
            mask |= (numbers.mask >> first & ones) << passed
        return CpuSet(mask)

    def _pieces(self) -> Iterator[tuple[int, int, int]]:
        """Of each run its first number, the place of that, and as many ones as it is long."""
        passed = 0
        for first, last in self.runs():
            length = last - first + 1
            yield first, passed, (1 << length) - 1
            passed += length

    def runs(self) -> list[tuple[int, int]]:
        """The longest runs of consecutive numbers, as (first, last), ascending."""
        runs = []
        mask, shift = self.mask, 0
        while mask:
            skip = (mask & -mask).bit_length() - 1
            mask >>= skip
            length = (mask ^ (mask + 1)).bit_length() - 1
            runs.append((shift + skip, shift + skip + length - 1))
            mask >>= length
            shift += skip + length
        return runs


NO_CPUS = CpuSet()


@lru_cache(maxsize=256)
def first_cpus(width: int) -> CpuSet:
    """cpu0 and so on, so many: those that a scheduler has, one set for all of the same width."""
    return CpuSet.span(0, width - 1)


def format_cpu_list(cpus: CpuSet) -> str:
    """The kernel's list format: `0-3,8`."""
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in cpus.runs())


def format_cpus(cpus: CpuSet) -> str:
    """For people: `cpu0-cpu3, cpu8`; a long list is cut after eight runs."""
    runs = cpus.runs()
    words = [f"cpu{a}" if a == b else f"cpu{a}-cpu{b}" for a, b in runs[:8]]
    if len(runs) > 8:
        words.append(f"... ({len(cpus)} cpus in all)")
    return ", ".join(words) or "no cpu"


def count_cpus(cpus: CpuSet, offline: CpuSet) -> str:
    """`8 cpus`, `8 cpus, 2 offline`."""
    gone = len(cpus & offline)
    return count(len(cpus), "cpu") + (f", {gone} offline" if gone else "")


_LIST_TERM = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


def parse_cpu_list(text: str) -> CpuSet:
    """Read the kernel's list format. Raises ValueError with the offending term."""
    cpus = CpuSet()
    for term in text.strip().split(","):
        if not term.strip():
            continue
        match = _LIST_TERM.fullmatch(term.strip())
        if match is None:
            raise ValueError(f"{term.strip()[:40]!r} is not a cpu number or a range of them")
        first = int(match[1])
        last = int(match[2] or match[1])
        if last < first:
            raise ValueError(f"the range {term.strip()!r} runs backwards")
        if last > MAX_CPU:
            raise ValueError(f"cpu{last} is beyond the largest number, {MAX_CPU}")
        cpus |= CpuSet.span(first, last)
    return cpus


_MASK_WORD = re.compile(r"(?:0x)?[0-9a-fA-F]{0,8}")
_MAX_WORDS = (MAX_CPU + 1) // 32


def parse_cpu_mask(text: str) -> CpuSet:
    """Read a bitmap: words of 32 bits in hexadecimal, the highest first, an empty one for 0.

    Linux's (`00000003,ffffffff`) and hwloc's (`0x00000003,0xffffffff`). Raises ValueError with
    what is wrong, to follow the name of what holds it.
    """
    words = text.strip().split(",")
    if len(words) > _MAX_WORDS:
        raise ValueError(f"of over {MAX_CPU + 1} numbers")
    digits = []
    for word in words:
        bare = word.strip()
        if _MASK_WORD.fullmatch(bare) is None:
            raise ValueError(f"has the word '{word[:40]}', not 32 bits in hexadecimal")
        digits.append(bare.removeprefix("0x").rjust(8, "0"))
    return CpuSet(int("".join(digits), 16))
