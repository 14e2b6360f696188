"""The attribute `indexes=` of hwloc's synthetic strings: which number each object has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from usched.text.topology.hwloc_synthetic_levels import Level, find_type


def parse_indexes(text: str, total: int, levels: Sequence[Level], largest: int) -> list[int]:
    """The numbers of `total` objects in their order. Raises ValueError with a sentence.

    A list (`0,2,1,3`) names them. Loops (`4*2:1*4`, STEP*COUNT, the first the fastest) and types
    (`core:package`) say in which order the objects are numbered. levels: those that a loop may
    go over, the outermost first.
    """
    if re.fullmatch(r"[0-9]{1,9}(?:,[0-9]{1,9})*", text):
        numbers = [int(word) for word in text.split(",")]
        if len(numbers) != total:
            raise ValueError(f"{len(numbers)} numbers for {total} objects")
        if max(numbers) > largest:
            raise ValueError(f"{max(numbers)} is beyond the largest number, {largest}")
    elif re.fullmatch(r"[0-9]{1,9}\*[0-9]{1,9}(?::[0-9]{1,9}\*[0-9]{1,9})*", text):
        pairs = [word.split("*") for word in text.split(":")]
        numbers = _interleave([(int(step), int(count)) for step, count in pairs], total)
    elif re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?::[A-Za-z][A-Za-z0-9]*)*", text):
        numbers = _interleave(_loops_of_types(text.split(":"), total, levels), total)
    else:
        raise ValueError(f"'{text[:40]}' cannot be read")
    if len(set(numbers)) != total:
        raise ValueError(f"'{text[:40]}' gives one number to two objects")
    return numbers


def _interleave(loops: list[tuple[int, int]], total: int) -> list[int]:
    """The first loop counts fastest; one over what no loop goes over may be left out."""
    if any(step == 0 or count == 0 for step, count in loops):
        raise ValueError("a loop of 0")
    product = 1
    for _, count in loops:
        product = min(product * count, total + 1)
    if total % product:
        raise ValueError(f"the loops do not divide {total} objects")
    if product < total:
        if min(step for step, _ in loops) != total // product:
            raise ValueError("the loops meet some object twice")
        loops = [*loops, (1, total // product)]
    numbers = [0] * total
    scale = 1
    for step, count in loops:
        for position in range(total):
            numbers[position] += position // step % count * scale
        scale *= count
    return numbers


def _loops_of_types(words: list[str], total: int, levels: Sequence[Level]) -> list[tuple[int, int]]:
    depths = [_find_level(word, levels) for word in words]
    if len(set(depths)) < len(depths):
        raise ValueError("a level is named twice")
    loops = []
    for depth in depths:
        size = levels[depth].total
        above = max((other for other in depths if other < depth), default=None)
        if total % size:
            raise ValueError(
                f"{total} objects do not go evenly into {size} of {levels[depth].kind}"
            )
        loops.append((total // size, size // (1 if above is None else levels[above].total)))
    return loops


def _find_level(word: str, levels: Sequence[Level]) -> int:
    """The position of the outermost level of that type."""
    found = find_type(word)
    for depth, level in enumerate(levels):
        if found and level.kind == found[0] and found[2] in (None, level.group):
            return depth
    raise ValueError(f"there is no level '{word[:40]}' to go over")
