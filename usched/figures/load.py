"""How many lwps there were at a time: in a run queue, and in or beneath a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from usched.figures.abridged import Abridged


class Step(NamedTuple):
    """From `tick` on there are so many."""

    tick: int
    lwps: int


def count_over_time(spans: Iterable[tuple[int, int]], begins: int = 0) -> list[Step]:
    """How many of the spans [start, end) are open; the first step is at tick `begins`, and none
    repeats the number before it."""
    changes: dict[int, int] = {begins: 0}
    for start, end in spans:
        changes[start] = changes.get(start, 0) + 1
        changes[end] = changes.get(end, 0) - 1
    steps: list[Step] = []
    lwps = 0
    for tick in sorted(changes):
        lwps += changes[tick]
        if not steps or steps[-1].lwps != lwps:
            steps.append(Step(tick, lwps))
    return steps


def time_at_each(steps: Sequence[Step], told: Abridged) -> dict[int, int]:
    """For how many ticks of the whole run there were how many."""
    found: dict[int, int] = {}
    for ticks, (lwps,) in side_by_side(told, steps):
        found[lwps] = found.get(lwps, 0) + ticks
    return found


def side_by_side(
    told: Abridged, *functions: Sequence[Step]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """From one change to the next: for how many ticks of the whole run, and the value of each."""
    changes = [*_merge(functions), (told.ticks, ())]
    for (tick, values), (following, _) in pairwise(changes):
        if tick < told.ticks:
            yield told.weigh(min(following, told.ticks)) - told.weigh(tick), values


def combine(
    function: Callable[[Sequence[int]], int], functions: Sequence[Sequence[Step]]
) -> list[Step]:
    """What a function makes of the values of all of them at a time."""
    steps: list[Step] = []
    for tick, values in _merge(functions):
        value = function(values)
        if not steps or steps[-1].lwps != value:
            steps.append(Step(tick, value))
    return steps


def _merge(functions: Sequence[Sequence[Step]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Wherever one of them changes, the value of each; 0 before its first step."""
    changes = sorted(
        (step.tick, which, step.lwps) for which, steps in enumerate(functions) for step in steps
    )
    values = [0] * len(functions)
    for tick, same in groupby(changes, key=itemgetter(0)):
        for _, which, value in same:
            values[which] = value
        yield tick, tuple(values)
