"""What is to come: at which tick something may change, and what."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush
from typing import Final

from usched.engine.lwp import Lwp
from usched.engine.run_queue import NOWHERE
from usched.engine.turns import Turn
from usched.engine.vcpus import Vcpu

#: Ticks that are as near as this have a place of their own; a power of two.
_NEAR: Final = 256
_LAST: Final = _NEAR - 1

#: As many ticks further off are kept at least before what was called off is struck.
_MANY: Final = 1024


class Due:
    """What is over at a tick: bursts and slices of lwps, slices of vcpus, turns. arrivals: who
    forks or wakes at it, by index. tick: NOWHERE while it is nobody's."""

    __slots__ = ("arrivals", "lwps", "tick", "turns", "vcpus")

    def __init__(self, tick: int) -> None:
        self.tick = tick
        self.arrivals: list[int] = []
        self.lwps: list[Lwp] = []
        self.vcpus: list[Vcpu] = []
        self.turns: list[Turn] = []

    def strike(self) -> bool:
        """Strike what was called off; whether there is anything else."""
        tick = self.tick
        for lwp in self.lwps:
            if lwp.booked == tick and lwp.ends != tick:
                lwp.booked = NOWHERE
        self.lwps = [lwp for lwp in self.lwps if lwp.ends == tick]
        self.vcpus = [vcpu for vcpu in self.vcpus if vcpu.ends == tick]
        self.turns = [turn for turn in self.turns if turn.ends == tick]
        return bool(self.arrivals or self.lwps or self.vcpus or self.turns)


class Calendar:
    """Appointments by tick, to be taken in the order of ticks.

    An appointment that was called off is not looked for: who is met there says at which tick it
    expects to be met, and is passed over at any other. All of these are struck where there are so
    many ticks with any that half of them may be for nothing.
    """

    def __init__(self) -> None:
        self._ticks: list[int] = []
        #: A ring; a place that belongs to another tick sends those that come later to _far.
        self._near = [Due(NOWHERE) for _ in range(_NEAR)]
        self._far: dict[int, Due] = {}
        self._most = _MANY

    def next(self) -> int | None:
        """The first tick with an appointment; None without any."""
        return self._ticks[0] if self._ticks else None

    def due(self, tick: int) -> Due | None:
        """What is due at a tick, if anything."""
        near = self._near[tick & _LAST]
        return near if near.tick == tick else self._far.get(tick)

    def over(self, tick: int) -> None:
        """This tick has come: nothing more can be said to come at it."""
        ticks = self._ticks
        if not ticks or ticks[0] > tick:
            return
        heappop(ticks)
        near = self._near[tick & _LAST]
        if near.tick != tick:
            del self._far[tick]
            return
        near.tick = NOWHERE
        near.arrivals = []
        near.lwps.clear()
        near.vcpus.clear()
        near.turns.clear()

    def at(self, tick: int) -> Due:
        """What is due at a tick to come."""
        due = self._near[tick & _LAST]
        return due if due.tick == tick else self._find(tick, due)

    def _find(self, tick: int, near: Due) -> Due:
        """Likewise, where the tick has no place of its own yet."""
        due = self._far.get(tick)
        if due is not None:
            return due
        if near.tick != NOWHERE and len(self._far) >= self._most:
            self.tidy()
            self._most = 2 * len(self._far) + _MANY
            return self.at(tick)
        heappush(self._ticks, tick)
        if near.tick == NOWHERE:
            near.tick = tick
            return near
        due = self._far[tick] = Due(tick)
        return due

    def tidy(self) -> None:
        """Nothing that was called off comes."""
        self.shift(0, ())

    def shift(self, ticks: int, stay: Collection[int]) -> None:
        """All that is to come comes so many ticks later, but for the arrivals of those who stay,
        by index; nothing that was called off does."""
        every = [due for due in self._near if due.tick != NOWHERE] + list(self._far.values())
        self._near[:] = [Due(NOWHERE) for _ in range(_NEAR)]
        stayed = [(due.tick, index) for due in every for index in due.arrivals if index in stay]
        for due in every:
            if stayed:
                due.arrivals = [index for index in due.arrivals if index not in stay]
        self._far = {}
        for due in every:
            due.tick = due.tick + ticks if due.strike() else NOWHERE
            if due.tick != NOWHERE:
                self._far[due.tick] = due
        self._ticks = sorted(self._far)
        for tick, index in stayed:
            self.at(tick).arrivals.append(index)

    def has_only_lwps(self) -> bool:
        """Whether nothing is to come but ends of bursts and slices of lwps, where what was called
        off is struck."""
        every = (*self._near, *self._far.values())
        return not any(
            due.tick != NOWHERE and (due.arrivals or due.vcpus or due.turns) for due in every
        )

    def end_lwps(self, lwps: list[Lwp]) -> None:
        """The burst or the slice of each is over, at the tick that it says."""
        near = self._near
        for lwp in lwps:
            tick = lwp.ends
            due = near[tick & _LAST]
            if due.tick != tick:
                due = self._find(tick, due)
            due.lwps.append(lwp)

    def end_lwp(self, lwp: Lwp) -> None:
        """Likewise of one."""
        self.at(lwp.ends).lwps.append(lwp)

    def end_vcpu(self, tick: int, vcpu: Vcpu) -> None:
        """The slice of a vcpu is over."""
        vcpu.ends = tick
        self.at(tick).vcpus.append(vcpu)

    def end_turn(self, turn: Turn) -> None:
        """A turn is used up."""
        turn.ends = turn.began + turn.level.members[turn.index].quantum
        self.at(turn.ends).turns.append(turn)
