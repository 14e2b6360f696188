"""The homes of locked threads (usched-model(7), homes), told from where they are pinned.

Nothing is kept of which thread has which home: its affinity says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from usched.words.cpuset import CpuSet


def choose_homes(
    homes: Sequence[CpuSet], online: CpuSet, pinned: Sequence[CpuSet | None]
) -> list[CpuSet | None]:
    """The home of each thread, in the order in which they were forked; None where none is usable.

    homes: what the cpus of the scheduler can be on. pinned: the affinity of each thread, None of
    one that is to be given a home whatever it is. A thread keeps the home that it is pinned to, if
    that is usable; the others get the one with the fewest threads, the lowest of them.
    """
    usable = find_usable(homes, online)
    if not usable:
        return [None for _ in pinned]
    load = [0] * len(usable)
    chosen: list[CpuSet | None] = []
    for affinity in pinned:  # those that are at home, before anybody is given one
        at = _find(usable, load, affinity, online)
        chosen.append(None if at is None else usable[at])
        if at is not None:
            load[at] += 1
    for number, home in enumerate(chosen):
        if home is None:
            at = load.index(min(load))
            load[at] += 1
            chosen[number] = usable[at]
    return chosen


def find_usable(homes: Sequence[CpuSet], online: CpuSet) -> list[CpuSet]:
    return [home for home in homes if home & online]


def _find(
    usable: Sequence[CpuSet], load: Sequence[int], affinity: CpuSet | None, online: CpuSet
) -> int | None:
    """Which home an affinity is. Of several that are on the same real cpus, the emptiest."""
    if affinity is None:
        return None
    same = [at for at, home in enumerate(usable) if home & online == affinity & online]
    return min(same, key=lambda at: (load[at], at)) if same else None


def find_crowded(
    homes: Sequence[CpuSet], online: CpuSet, pinned: Sequence[CpuSet | None]
) -> list[CpuSet | None]:
    """The affinities, with None for threads of which a home has more than its part.

    A thread begins where its creator was, so that of a home with more threads than their number
    divided by that of the homes some were never given one: the youngest of them.
    """
    usable = find_usable(homes, online)
    most = -(-len(pinned) // len(usable)) if usable else 0
    load = [0] * len(usable)
    kept: list[CpuSet | None] = []
    for affinity in pinned:
        at = _find(usable, load, affinity, online)
        if at is not None:
            load[at] += 1
        kept.append(affinity if at is not None and load[at] <= most else None)
    return kept
