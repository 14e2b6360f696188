"""The attribute `indexes=` of hwloc's synthetic strings: which number each object has."""

from __future__ import annotations

import re

#: hwloc's names for the types that a loop may go over, by their first two letters.
_LOOPS = {"pa": "package", "so": "package", "nu": "numa", "no": "numa", "di": "die", "co": "core"}


def parse_indexes(text: str, total: int, outer: dict[str, int], largest: int) -> list[int]:
    """The numbers of `total` objects in their order. Raises ValueError with a sentence.

    A list (`0,2,1,3`) names them. Loops (`4*2:1*4`, STEP*COUNT, the first the fastest) and types
    (`core:package`) say in which order the objects are numbered. outer: type -> how many there
    are in the machine, for the levels that a loop may go over.
    """
    if re.fullmatch(r"[0-9]{1,9}(?:,[0-9]{1,9})*", text):
        numbers = [int(word) for word in text.split(",")]
        if len(numbers) != total:
            raise ValueError(f"{len(numbers)} numbers for {total} objects")
        if max(numbers) > largest:
            raise ValueError(f"{max(numbers)} is beyond the largest number, {largest}")
    elif re.fullmatch(r"[0-9]{1,9}\*[0-9]{1,9}(?::[0-9]{1,9}\*[0-9]{1,9})*", text):
        pairs = [word.split("*") for word in text.split(":")]
        numbers = _loop([(int(step), int(count)) for step, count in pairs], total)
    elif re.fullmatch(r"[A-Za-z]+(?::[A-Za-z]+)*", text):
        numbers = _loop(_loops_of_types(text.split(":"), total, outer), total)
    else:
        raise ValueError(f"'{text[:40]}' cannot be read")
    if len(set(numbers)) != total:
        raise ValueError(f"'{text[:40]}' gives one number to two objects")
    return numbers


def _loop(loops: list[tuple[int, int]], total: int) -> list[int]:
    product = 1
    for _, count in loops:
        product = min(product * count, total + 1)
    if product == 0 or total % product:
        raise ValueError(f"the loops do not divide {total} objects")
    loops = [*loops, (1, total // product)]
    numbers = [-1] * total
    for number in range(total):
        position, rest = 0, number
        for step, count in loops:
            position += rest % count * step
            rest //= count
        if position >= total or numbers[position] >= 0:
            raise ValueError("the loops meet some object twice")
        numbers[position] = number
    return numbers


def _loops_of_types(words: list[str], total: int, outer: dict[str, int]) -> list[tuple[int, int]]:
    totals = []
    for word in words:
        kind = _LOOPS.get(word.lower()[:2], "")
        if kind not in outer:
            raise ValueError(f"there is no level '{word[:40]}' to go over")
        totals.append(outer[kind])
    loops = []
    for size in totals:
        above = max((other for other in totals if other < size), default=1)
        loops.append((total // size, size // above))
    return loops
