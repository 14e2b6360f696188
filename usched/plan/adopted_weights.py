"""lwktpri and quanta out of the weights of siblings: `usched.plan.lower_cgroup` read backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from usched.plan.shares import IDLE, Share, Shares
from usched.words.cpuset import NO_CPUS

#: As a lowering has it: from so many times the weight on, one goes before the other; the second
#: of three levels above those that idle.
_APART = (100, 31)

#: The levels of the fair class, for one, two and three levels of siblings. More are none of the
#: machine's, and are read as quanta.
_LEVELS = ((6,), (6, 5), (7, 6, 5))


class Standing(NamedTuple):
    """quantum: in ticks; None for the default."""

    lwktpri: int
    quantum: int | None


def read_weights(
    weights: Mapping[str, int], default: int, is_above_idle: bool = False
) -> dict[str, Standing]:
    """Where siblings of the fair class stand. default: the quantum that needs not be said.
    is_above_idle: whether others of them idle.

    Levels that are as far apart as can be, of those that come to these weights again; where none
    do, which nobody has lowered, a hundred times apart.
    """
    readings = [_split(weights, apart) for apart in _APART]
    first: dict[str, Standing] | None = None
    for levels in (*readings, [dict(_descending(weights))]):
        if len(levels) > len(_LEVELS):
            continue
        found = _stand(levels, default)
        if first is None:
            first = found
        if _weigh(found, default, is_above_idle) == weights:
            return found
    return first or {}


def _descending(weights: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(weights.items(), key=lambda each: -each[1])


def _split(weights: Mapping[str, int], apart: int) -> list[dict[str, int]]:
    """Levels, the next of which begins where somebody weighs so many times less."""
    levels: list[dict[str, int]] = []
    top = 0
    for name, weight in _descending(weights):
        if not levels or weight * apart <= top:
            levels.append({})
            top = weight
        levels[-1][name] = weight
    return levels


def _stand(levels: Sequence[Mapping[str, int]], default: int) -> dict[str, Standing]:
    found = {}
    for lwktpri, level in zip(_LEVELS[len(levels) - 1] if levels else (), levels, strict=True):
        quanta = _find_quanta(list(level.values()), default)
        for name, quantum in zip(level, quanta, strict=True):
            found[name] = Standing(lwktpri, None if quantum == default else quantum)
    return found


def _weigh(found: Mapping[str, Standing], default: int, is_above_idle: bool) -> dict[str, int]:
    """What a lowering makes of them."""
    members = {
        name: Share(name, each.lwktpri, each.quantum or default, NO_CPUS)
        for name, each in found.items()
    }
    idle = [Share("", IDLE, default, NO_CPUS)] if is_above_idle else []
    shares = Shares([*members.values(), *idle])
    return {name: shares.weigh(each) for name, each in members.items()}


def _find_quanta(weights: Sequence[int], default: int) -> list[int]:
    """Quanta in the ratio of the weights, the first of which is the largest: with the default for
    that one if that goes, else in as few ticks as it takes."""
    top = weights[0]
    for longest in (default, *range(1, top)):
        quanta = [-(-weight * longest // top) for weight in weights]
        if all(
            top * each // longest == weight for each, weight in zip(quanta, weights, strict=True)
        ):
            return quanta
    return list(weights)
