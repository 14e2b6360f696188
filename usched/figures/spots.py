"""Where lwps wait: the cpus on which they could run, as events and homes have it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from usched.figures.homes import NOWHERE, Home
from usched.figures.lives import Wait
from usched.meaning.epochs import Epoch
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.statement import lineage

_begins = attrgetter("at")
_since = attrgetter("since")


class Level(NamedTuple):
    """A scheduler above or around an lwp, and how many cpus it has."""

    name: str
    width: int


class Place(NamedTuple):
    """The online cpus on which an lwp could run. levels: below floating vcpus, nearest first."""

    cpus: CpuSet
    levels: tuple[Level, ...]


class Spot(NamedTuple):
    """Where an lwp waits in one epoch. reached: the online cpus of its scheduler; online: all of
    them. bound: as of a stand."""

    place: Place
    reached: CpuSet
    online: CpuSet
    bound: str


class Ground:
    """The spots of a run, at each of which many wait."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = epochs
        self._spots: dict[tuple[int, str, int], Spot] = {}

    def cut(self, wait: Wait, homes: Sequence[Home]) -> Iterator[tuple[int, int, Spot]]:
        """A wait by where it was. homes: of its lwp."""
        epochs = self._epochs
        start, wait_end, scheduler = wait
        while start < wait_end:
            end = wait_end
            number = bisect_right(epochs, start, key=_begins) if len(epochs) > 1 else 1
            at = bisect_right(homes, start, key=_since) if homes else 0
            if number < len(epochs):
                end = min(end, epochs[number].at)
            if at < len(homes):
                end = min(end, homes[at].since)
            home = homes[at - 1].cpu if at else NOWHERE
            key = (number - 1, scheduler, home)
            spot = self._spots.get(key)
            if spot is None:
                spot = self._spots[key] = _find_spot(epochs[number - 1], scheduler, home)
            yield start, end, spot
            start = end


def _find_spot(epoch: Epoch, scheduler: str, home: int) -> Spot:
    stand = epoch.stands[scheduler]
    reached = cpus = stand.cpus & epoch.online
    if stand.locked:
        cpus = stand.seats[home] & epoch.online if home >= 0 else NO_CPUS
    levels = tuple(
        Level(name, len(epoch.stands[name].seats))
        for name in lineage(scheduler)
        if epoch.stands[name].floating
    )
    return Spot(Place(cpus, levels), reached, epoch.online, stand.bound)
