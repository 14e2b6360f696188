"""What some threads did between two moments, told from a kernel's switches and wakings.

A thread waits from the moment at which it is woken, or taken off a cpu against its will, until it
is put on one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from usched.words.trace import IDLE, Lost, Switch, TraceEvent, Wake


class Deed(NamedTuple):
    """Times are ns. migrations: how often it was put on another cpu than the time before."""

    ran: int
    waited: int
    migrations: int


class Witnessed(NamedTuple):
    """deeds: by tid. breaks: where what a switch says of a thread does not follow from the one
    before. lost: events that the recorder says it lost. others: for how many ns at least others ran
    where one of the threads would have gone on, by the comm of the first of them."""

    deeds: Mapping[int, Deed]
    breaks: int
    lost: int
    others: Mapping[str, int]


def witness(events: Iterable[TraceEvent], tids: Collection[int], start: int, end: int) -> Witnessed:
    """start, end: ns on the trace's clock. All of the threads sleep when the trace begins."""
    tracks = {tid: _Track(start, end) for tid in tids}
    intruders = _Intruders(start, end)
    breaks = lost = 0
    for event in events:
        match event:
            case Switch():
                intruders.take(event, tracks)
                leaves, enters = tracks.get(event.prev), tracks.get(event.next)
                if leaves is not None:
                    breaks += leaves.cpu != event.cpu
                    leaves.turn("waiting" if event.state == "run" else "asleep", event.at)
                    leaves.cpu = None
                if enters is not None:
                    breaks += enters.cpu is not None
                    enters.enter(event.cpu, event.at)
            case Wake():
                woken = tracks.get(event.pid)
                if woken is not None and woken.state == "asleep":
                    woken.turn("waiting", event.at)
            case Lost():
                lost += event.events or 1
            case _:
                pass
    deeds = {tid: track.finish() for tid, track in tracks.items()}
    return Witnessed(deeds, breaks, lost, intruders.ran)


class _Intruders:
    """Others, from when they take a cpu from a thread that would have gone on until a thread takes
    it from them. Where the cpu was idle in between, nobody says since when."""

    def __init__(self, start: int, end: int) -> None:
        self._start = start
        self._end = end
        self._on: dict[int, tuple[str, int]] = {}
        self.ran: dict[str, int] = {}

    def take(self, event: Switch, tids: Collection[int]) -> None:
        comm, since = self._on.pop(event.cpu, ("", event.at))
        ran = min(event.at, self._end) - max(since, self._start)
        if comm and ran > 0 and event.prev != IDLE:
            self.ran[comm] = self.ran.get(comm, 0) + ran
        if event.prev in tids and event.state == "run" and event.next not in (IDLE, *tids):
            self._on[event.cpu] = (event.next_comm, event.at)


_State = Literal["asleep", "waiting", "running"]


class _Track:
    """A thread on its way. since: in what state it has been for how long. last: where it ran."""

    def __init__(self, start: int, end: int) -> None:
        self._start = start
        self._end = end
        self.state: _State = "asleep"
        self.since = start
        self.cpu: int | None = None
        self._last: int | None = None
        self._times: dict[_State, int] = {"asleep": 0, "waiting": 0, "running": 0}
        self._migrations = 0

    def turn(self, state: _State, at: int) -> None:
        now = min(max(at, self._start), self._end)
        self._times[self.state] += now - self.since
        self.state, self.since = state, now

    def enter(self, cpu: int, at: int) -> None:
        self.turn("running", at)
        self.cpu = cpu
        if self._start <= at < self._end:
            self._migrations += self._last not in (None, cpu)
            self._last = cpu

    def finish(self) -> Deed:
        self.turn("asleep", self._end)
        return Deed(self._times["running"], self._times["waiting"], self._migrations)
