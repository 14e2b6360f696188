"""The cpus that the levels of an hwloc synthetic string make."""

from __future__ import annotations

from collections.abc import Sequence

from usched.text.topology.hwloc_synthetic_indexes import parse_indexes
from usched.text.topology.hwloc_synthetic_levels import Level, Parts
from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU
from usched.words.problems import Problem, Refused, Span

#: Of other objects the number is a label, as in an export.
_MAX_LABEL = 10**9


def find_cpus(parts: Parts, notes: list[str]) -> list[Found]:
    """Each cpu in the order of the string. Raises Refused for an indexes= that does not fit."""
    levels = parts.levels
    pus = levels[-1].total
    numbers = [_numbers(level, levels, depth) for depth, level in enumerate(levels)]
    nodes = _attached(parts, notes) if parts.memory else None
    caches = [level for level in levels if level.cache]
    last = max(caches, key=lambda level: level.cache, default=None)
    at = {level.kind: depth for depth, level in enumerate(levels)}

    def number(kind: str, index: int) -> int | None:
        return numbers[at[kind]][index * levels[at[kind]].total // pus] if kind in at else None

    found = []
    for index in range(pus):
        core = index * levels[at["core"]].total // pus if "core" in at else index
        found.append(
            Found(
                numbers[-1][index],
                number("package", index),
                nodes[index] if nodes is not None else number("numa", index),
                None if last is None else index * last.total // pus,
                core,
            )
        )
    return found


def _numbers(level: Level, levels: Sequence[Level], depth: int) -> list[int]:
    """The operating system's numbers of a level's objects, in their order in the string."""
    largest = MAX_CPU if level.kind in ("pu", "numa") else _MAX_LABEL
    outer = levels[: depth + 1] if level.kind != "pu" else levels[:depth]
    return _indexes(level.indexes, level.total, outer, largest, level.span)


def _indexes(text: str, total: int, levels: Sequence[Level], largest: int, span: Span) -> list[int]:
    if not text:
        return list(range(total))
    try:
        return parse_indexes(text, total, levels, largest)
    except ValueError as error:
        remedy = "a list of numbers, STEP*COUNT:..., or types"
        raise Refused(Problem(f"indexes=: {error}", span, remedy, rule="synthetic")) from error


def _attached(parts: Parts, notes: list[str]) -> list[int]:
    """The node of each cpu, where nodes stand in brackets: the nearest, of equals the lowest.

    hwloc numbers them from the inside: those of a part come after those of the parts in it. All
    share one `indexes=`, the last that is given.
    """
    totals = [1, *(level.total for level in parts.levels)]
    here = [0] * len(totals)
    for memory in parts.memory:
        here[memory.above + 1] += 1
    given = next((one for one in reversed(parts.memory) if one.indexes), parts.memory[0])
    count = sum(each * total for each, total in zip(here, totals, strict=True))
    numbers = _indexes(given.indexes, count, parts.levels[:-1], MAX_CPU, given.span)
    deepest = max(depth for depth, each in enumerate(here) if each)
    if any(each > 1 for each in here):
        notes.append(f"{max(here)} nodes at each place: the cpus are counted to the lowest")
    if sum(1 for each in here if each) > 1:
        notes.append("nodes at several levels: the cpus are counted to the nearest")
    first = 0
    places = []
    for place in range(totals[deepest]):
        places.append(min(numbers[first : first + here[deepest]]))
        first += here[deepest]
        for depth in range(deepest - 1, -1, -1):
            # The last of its part: the nodes of the part itself follow.
            if (place + 1) % (totals[deepest] // totals[depth]) == 0:
                first += here[depth]
    return [places[index * totals[deepest] // totals[-1]] for index in range(totals[-1])]
