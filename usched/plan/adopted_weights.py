"""lwktpri and quanta out of the weights of siblings: `usched.plan.lower_cgroup` read backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: As a lowering has it: from so many times the weight on, one goes before the other.
_APART = 100

#: The levels of the fair class, for one, two and three levels of siblings. Weights are 1 to 10,000,
#: so that there are no more.
_LEVELS = ((6,), (6, 5), (7, 6, 5))


class Standing(NamedTuple):
    """quantum: in ticks; None for the default."""

    lwktpri: int
    quantum: int | None


def read_weights(weights: Mapping[str, int], default: int) -> dict[str, Standing]:
    """Where siblings of the fair class stand. default: the quantum that needs not be said."""
    levels: list[dict[str, int]] = []
    top = 0
    for name, weight in sorted(weights.items(), key=lambda each: -each[1]):
        if not levels or weight * _APART <= top:
            levels.append({})
            top = weight
        levels[-1][name] = weight
    found = {}
    for lwktpri, level in zip(_LEVELS[len(levels) - 1] if levels else (), levels, strict=True):
        quanta = _find_quanta(list(level.values()), default)
        for name, quantum in zip(level, quanta, strict=True):
            found[name] = Standing(lwktpri, None if quantum == default else quantum)
    return found


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
