"""One run queue, for lwps and for virtual cpus (usched-model(7), requeue).

Who ran in the tick before with slice left stands at the head, in the order in which they were
picked; then those who wait; then those whose slice is used up, in pick order, with fresh ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from operator import attrgetter
from typing import Final, Generic, TypeVar

from usched.engine.masks import bits

NOWHERE: Final = -1


class Runner:
    """What stands in a run queue.

    last: the cpu that it last ran on. seat: the only one that it may run on, NOWHERE if it is free
    to go. used: ticks of its slice. ends: the tick at which a slice, or a burst, will be over,
    while it runs. order: its place in pick order, see `order_in`; while it waits for its seat, in
    the queue.
    """

    __slots__ = ("ends", "last", "order", "seat", "used")

    def __init__(self) -> None:
        self.last = NOWHERE
        self.seat = NOWHERE
        self.used = 0
        self.ends = NOWHERE
        self.order = 0


R = TypeVar("R", bound=Runner)


#: Of a place in the order: the bits of the serial number, behind those of the offer. Together
#: they are no more than a machine word holds.
_SERIAL_BITS: Final = 44


def order_in(offer: int, serial: int) -> int:
    """Where somebody stands who was picked in this offer of a tick: behind all of earlier ones."""
    return offer << _SERIAL_BITS | serial


def offer_of(order: int) -> int:
    return order >> _SERIAL_BITS


pick_order: Final = attrgetter("order")


class RunQueue(Generic[R]):
    """waiting: who waits and may run on any cpu, in order; who waits for a seat stands in
    at_seat[cpu], and seats is the mask of those. expired: who ran in the tick before and has used
    up its slice."""

    def __init__(self) -> None:
        self.waiting: deque[R] = deque()
        self.at_seat: dict[int, deque[R]] = {}
        self.seats = 0
        self.expired: list[R] = []
        self._first = 0
        self._next = 0

    def add(self, runner: R) -> None:
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

    def put_back(self, stopped: list[R]) -> None:
        """To the head, in this order."""
        for runner in reversed(stopped):
            seat = runner.seat
            if seat < 0:
                self.waiting.appendleft(runner)
                continue
            self._first -= 1
            runner.order = self._first
            line = self.at_seat.get(seat)
            if line is None:
                line = self.at_seat[seat] = deque()
            line.appendleft(runner)
            self.seats |= 1 << seat

    def requeue(self) -> None:
        """Slices used up: to the tail, in pick order, with fresh ones."""
        expired = self.expired
        if len(expired) > 1:
            expired.sort(key=pick_order)
        for runner in expired:
            runner.used = 0
            if runner.seat < 0:
                self.waiting.append(runner)
            else:
                self.add(runner)
        expired.clear()

    def take_seated(self, cpus: int) -> list[R]:
        """Out of the queue: the first who waits for each of these cpus, which are among `seats`; in
        queue order."""
        chosen = []
        for cpu in bits(cpus):
            line = self.at_seat[cpu]
            chosen.append(line.popleft())
            if not line:
                self.seats ^= 1 << cpu
        chosen.sort(key=pick_order)
        return chosen

    def seated(self) -> list[R]:
        """Who waits for a seat, in queue order."""
        found = [runner for line in self.at_seat.values() for runner in line]
        found.sort(key=pick_order)
        return found

    def gather(self) -> None:
        """All who wait in one line, whatever their seats."""
        if self.at_seat:
            self.waiting = deque([*self.seated(), *self.waiting])
            self.at_seat.clear()
            self.seats = 0

    def seat_all(self) -> None:
        """Each who waits to its seat."""
        waiting = self.waiting
        self.waiting = deque()
        for runner in waiting:
            self.add(runner)

    def remove(self, gone: Container[R]) -> None:
        """From all in one line; and from those whose slice is used up."""
        self.waiting = deque([each for each in self.waiting if each not in gone])
        self.expired = [each for each in self.expired if each not in gone]
