"""What is to come: at which tick something may change, and what."""

from __future__ import annotations

import heapq

from usched.engine.domain import Domain, Vcpu
from usched.engine.lwp import Lwp
from usched.engine.turns import Level


class Calendar:
    """Appointments by tick, to be taken in the order of ticks.

    An appointment that was called off is not looked for: who is met there says at which tick it
    expects to be met, and is passed over at any other.
    """

    def __init__(self) -> None:
        self._ticks: list[int] = []
        self.arrivals: dict[int, list[Lwp]] = {}
        self.lwps: dict[int, list[Lwp]] = {}
        self.vcpus: dict[int, list[tuple[Domain, Vcpu]]] = {}
        self.turns: dict[int, list[tuple[Domain, Level, int]]] = {}  # with a mask of cpus

    def next(self) -> int | None:
        """The first tick with an appointment; None without any."""
        return self._ticks[0] if self._ticks else None

    def take(self, tick: int) -> None:
        """This tick has come."""
        ticks = self._ticks
        while ticks and ticks[0] <= tick:
            heapq.heappop(ticks)

    def shift(self, ticks: int) -> None:
        """All that is to come comes so many ticks later."""
        self._ticks = [tick + ticks for tick in self._ticks]
        self.arrivals = {tick + ticks: there for tick, there in self.arrivals.items()}
        self.lwps = {tick + ticks: there for tick, there in self.lwps.items()}
        self.vcpus = {tick + ticks: there for tick, there in self.vcpus.items()}
        self.turns = {tick + ticks: there for tick, there in self.turns.items()}

    def arrive(self, tick: int, lwp: Lwp) -> None:
        """An lwp forks or wakes."""
        try:
            self.arrivals[tick].append(lwp)
        except KeyError:
            self.arrivals[tick] = [lwp]
            heapq.heappush(self._ticks, tick)

    def end(self, tick: int, lwp: Lwp) -> None:
        """The burst or the slice of an lwp that runs is over."""
        try:
            self.lwps[tick].append(lwp)
        except KeyError:
            self.lwps[tick] = [lwp]
            heapq.heappush(self._ticks, tick)

    def end_vcpu(self, tick: int, scheduler: Domain, vcpu: Vcpu) -> None:
        """The slice of a vcpu is over."""
        vcpu.ends = tick
        there = self.vcpus.get(tick)
        if there is None:
            self.vcpus[tick] = [(scheduler, vcpu)]
            heapq.heappush(self._ticks, tick)
        else:
            there.append((scheduler, vcpu))

    def end_turns(self, tick: int, domain: Domain, level: Level, cpus: int) -> None:
        """Turns are used up."""
        there = self.turns.get(tick)
        if there is None:
            self.turns[tick] = [(domain, level, cpus)]
            heapq.heappush(self._ticks, tick)
        else:
            there.append((domain, level, cpus))
