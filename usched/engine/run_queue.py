"""One run queue (usched-model(7), requeue).

Who ran in the tick before with slice left stands at the head, in the order in which they were
picked; then those who wait; then those whose slice is used up, in pick order, with fresh ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from usched.engine.masks import NO_CPU, bits

if TYPE_CHECKING:
    from usched.engine.lwp import Lwp

NOWHERE: Final = -1


class Runner:
    """What stands in a run queue.

    at: the cpu that it last ran on. seat: the only one that it may run on, NOWHERE if it is free
    to go. used: ticks of its slice. ends: the tick at which a slice, or a burst, will be over,
    while it runs. order: its place in pick order; while it waits for its seat, in the queue.
    """

    __slots__ = ("at", "ends", "order", "seat", "used")

    def __init__(self) -> None:
        self.at = NO_CPU
        self.seat = NOWHERE
        self.used = 0
        self.ends = NOWHERE
        self.order = 0


pick_order: Final = attrgetter("order")


class RunQueue:
    """waiting: who waits and may run on any cpu, in order, behind some who do no more; empty where
    nobody does. Who waits for a seat stands in at_seat[cpu], and seats is the mask of those.
    expired: who ran in the tick before and has used up its slice; till requeued, as one that
    runs."""

    def __init__(self) -> None:
        self.waiting: list[Lwp] = []
        self._gone = 0
        self.at_seat: dict[int, deque[Lwp]] = {}
        self.seats = 0
        self.expired: list[Lwp] = []
        self._first = 0
        self._next = 0

    def count(self) -> int:
        """How many wait that may run on any cpu."""
        return len(self.waiting) - self._gone

    def take(self, most: int) -> list[Lwp]:
        """The first of these out of the queue, so many or all."""
        gone = self._gone
        chosen = self.waiting[gone : gone + most]
        gone += most
        if 2 * gone >= len(self.waiting):
            del self.waiting[:gone]
            gone = 0
        self._gone = gone
        return chosen

    def put_first(self, runners: list[Lwp]) -> None:
        """To the head, in this order, whatever their seats."""
        first = max(0, self._gone - len(runners))
        self.waiting[first : self._gone] = runners
        self._gone = first

    def in_line(self) -> list[Lwp]:
        """Who waits that may run on any cpu, in order."""
        return self.waiting[self._gone :]

    def take_all(self) -> list[Lwp]:
        """All that may run on any cpu, out of the queue."""
        return self.take(len(self.waiting))

    def add(self, runner: Lwp) -> None:
        """To the tail."""
        seat = runner.seat
        if seat < 0:
            self.waiting.append(runner)
            return
        runner.order = self._next
        self._next += 1
        line = self.at_seat.get(seat)
        if line is None:
            line = self.at_seat[seat] = deque()
        line.append(runner)
        self.seats |= 1 << seat

    def put_back(self, stopped: list[Lwp]) -> None:
        """To the head, in this order."""
        free = [runner for runner in stopped if runner.seat < 0]
        if free:
            self.put_first(free)
        for runner in reversed(stopped):
            seat = runner.seat
            if seat < 0:
                continue
            self._first -= 1
            runner.order = self._first
            line = self.at_seat.get(seat)
            if line is None:
                line = self.at_seat[seat] = deque()
            line.appendleft(runner)
            self.seats |= 1 << seat

    def requeue(self, now: int) -> None:
        """Slices used up: to the tail, in this order, with fresh ones."""
        expired = self.expired
        for runner in expired:
            runner.left -= now - runner.settled
            runner.settled = now
            runner.ends = NOWHERE
            runner.used = 0
            if runner.seat < 0:
                self.waiting.append(runner)
            else:
                self.add(runner)
        expired.clear()

    def take_seated(self, cpus: int) -> list[Lwp]:
        """Out of the queue: the first who waits for each of these cpus, which are among `seats`; in
        queue order."""
        chosen = []
        for cpu in bits(cpus):
            line = self.at_seat[cpu]
            chosen.append(line.popleft())
            if not line:
                self.seats ^= 1 << cpu
        if len(chosen) > 1:
            chosen.sort(key=pick_order)
        return chosen

    def seated(self) -> list[Lwp]:
        """Who waits for a seat, in queue order."""
        found = [runner for line in self.at_seat.values() for runner in line]
        found.sort(key=pick_order)
        return found

    def gather(self) -> None:
        """All who wait in one line, whatever their seats."""
        if self.at_seat:
            self.put_first(self.seated())
            self.at_seat.clear()
            self.seats = 0

    def seat_all(self) -> None:
        """Each who waits to its seat."""
        for runner in self.take_all():
            self.add(runner)

    def remove(self, gone: Container[Lwp]) -> None:
        """From all in one line; and from those whose slice is used up."""
        self.put_first([each for each in self.take_all() if each not in gone])
        self.expired = [each for each in self.expired if each not in gone]
