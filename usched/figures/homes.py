"""The homes of locked lwps, as a run went on (usched-model(7), homes)."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from usched.figures.lives import Life
from usched.meaning.epochs import Epoch, Stand

#: No cpu.
NOWHERE = -1


class Home(NamedTuple):
    """From tick `since` on, a cpu in the scheduler's own numbers; NOWHERE for none."""

    since: int
    cpu: int


def follow_homes(lives: Sequence[Life], epochs: Sequence[Epoch]) -> list[list[Home]]:
    """For each lwp, by index, its homes in the order of time."""
    if not any(stand.locked for epoch in epochs for stand in epoch.stands.values()):
        return [[] for _ in lives]
    street = _Street(lives)
    forks: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    moves: dict[int, list[int]] = {}
    for n, life in enumerate(lives):
        if life.forked is None:
            continue
        forks.setdefault(life.forked, []).append(n)
        if life.exited is not None:
            ends.setdefault(life.exited, []).append(n)
        for stay in life.stays:
            if life.forked < stay.since and (life.exited is None or stay.since < life.exited):
                moves.setdefault(stay.since, []).append(n)
    stands = {epoch.at: epoch for epoch in epochs}
    for tick in sorted({*forks, *ends, *moves, *stands}):
        for n in ends.get(tick, ()):
            street.leave(n, tick)
            street.live.discard(n)
        for n in moves.get(tick, ()):
            street.leave(n, tick)
            street.where[n] = lives[n].scheduler_at(tick)
        if tick in stands:
            street.rebuild(stands[tick])
        if tick in stands or tick in moves:
            street.review(tick)
        for n in forks.get(tick, ()):
            street.live.add(n)
            street.where[n] = lives[n].scheduler_at(tick)
            street.settle(n, tick)
    return street.homes


class _Street:
    """Who lives where. lodgers: how many at each cpu of a scheduler; free: a heap of (how many,
    number) of those that are usable, with entries that are true no more."""

    def __init__(self, lives: Sequence[Life]) -> None:
        self.homes: list[list[Home]] = [[] for _ in lives]
        self.live: set[int] = set()
        self.where: dict[int, str] = {}
        self.at: dict[int, int] = {}
        self.lodgers: dict[str, dict[int, int]] = {}
        self.free: dict[str, list[tuple[int, int]]] = {}
        self.usable: dict[str, set[int]] = {}
        self.stands: Mapping[str, Stand] = {}

    def rebuild(self, epoch: Epoch) -> None:
        self.stands = epoch.stands
        self.free = {}
        self.usable = {
            name: {n for n, reals in enumerate(stand.seats) if reals & epoch.online}
            for name, stand in epoch.stands.items()
            if stand.locked
        }

    def review(self, tick: int) -> None:
        """Homes that are not usable or not wanted are given up, then found, in workload order."""
        for n in sorted(self.live):
            if n in self.at and self.at[n] not in self.usable.get(self.where[n], ()):
                self.leave(n, tick)
        for n in sorted(self.live):
            if n not in self.at:
                self.settle(n, tick)

    def settle(self, n: int, tick: int) -> None:
        """The usable cpu that is home to the fewest, the lowest among equals."""
        name = self.where[n]
        if name not in self.usable:
            return
        lodgers = self.lodgers.setdefault(name, {})
        free = self.free.get(name)
        if free is None:
            free = self.free[name] = [(lodgers.get(cpu, 0), cpu) for cpu in self.usable[name]]
            heapq.heapify(free)
        while free:
            lwps, cpu = free[0]
            if lwps == lodgers.get(cpu, 0):
                heapq.heapreplace(free, (lwps + 1, cpu))
                lodgers[cpu] = lwps + 1
                self.at[n] = cpu
                self.homes[n].append(Home(tick, cpu))
                return
            heapq.heappop(free)  # there is another entry with what is true now

    def leave(self, n: int, tick: int) -> None:
        cpu = self.at.pop(n, NOWHERE)
        if cpu == NOWHERE:
            return
        name = self.where[n]
        self.lodgers[name][cpu] -= 1
        if name in self.free:
            heapq.heappush(self.free[name], (self.lodgers[name][cpu], cpu))
        self.homes[n].append(Home(tick, NOWHERE))
