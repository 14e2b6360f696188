"""What an lwp did in each scheduler that it was in, counted once for all accounts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from usched.figures.abridged import Abridged, count_moves
from usched.figures.lives import Life
from usched.words.machine import Topology

#: How far an lwp migrates (usched-model(7), placement): distances 1 to 5.
DISTANCES = ("core", "llc", "node", "socket", "machine")


@dataclass(slots=True)
class Deeds:
    """Ticks that it ran and waited; how often it took how long to wake and to end a burst; how
    often it migrated within each of DISTANCES."""

    ran: int = 0
    waited: int = 0
    wakes: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    moves: list[int] = field(default_factory=lambda: [0] * len(DISTANCES))

    def add(self, other: Deeds) -> None:
        self.ran += other.ran
        self.waited += other.waited
        for mine, more in ((self.wakes, other.wakes), (self.ends, other.ends)):
            for took, times in more.items():
                mine[took] = mine.get(took, 0) + times
        self.moves = [a + b for a, b in zip(self.moves, other.moves, strict=True)]


def count_deeds(life: Life, told: Abridged, topology: Topology) -> dict[str, Deeds]:
    """By scheduler, of those in which it did anything."""
    deeds: dict[str, Deeds] = {}

    def at(scheduler: str) -> Deeds:
        found = deeds.get(scheduler)
        if found is None:
            found = deeds[scheduler] = Deeds()
        return found

    span, times_at = told.span, told.times_at
    for start, end, scheduler in life.list_runs():
        at(scheduler).ran += span(start, end)
    for start, end, scheduler in life.waits:
        at(scheduler).waited += span(start, end)
    for tick, took, scheduler in life.wakes:
        wakes = at(scheduler).wakes
        wakes[took] = wakes.get(took, 0) + times_at(tick)
    for tick, took, scheduler in life.ends:
        ends = at(scheduler).ends
        ends[took] = ends.get(took, 0) + times_at(tick)
    for tick, here, there in count_moves(life.runs):
        moves = at(life.scheduler_at(tick)).moves
        moves[topology.distance(here, there) - 1] += times_at(tick)
    return deeds


def sum_deeds(deeds: Sequence[Deeds]) -> Deeds:
    """Those that are given stay as they are."""
    if len(deeds) == 1:
        return deeds[0]
    whole = Deeds()
    for each in deeds:
        whole.add(each)
    return whole
