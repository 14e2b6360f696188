"""What some threads did between two moments, told from a kernel's switches and wakings.

A thread waits from the moment at which it is woken, or taken off a cpu against its will, until it
is put on one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from usched.words.trace import Lost, Switch, TraceEvent, Wake


class Deed(NamedTuple):
    """Times are ns. migrations: how often it was put on another cpu than the time before."""

    ran: int
    waited: int
    migrations: int


class Witnessed(NamedTuple):
    """deeds: by tid. breaks: where what a switch says of a thread does not follow from the one
    before. lost: events that the recorder says it lost."""

    deeds: Mapping[int, Deed]
    breaks: int
    lost: int


def witness(events: Iterable[TraceEvent], tids: Collection[int], start: int, end: int) -> Witnessed:
    """start, end: ns on the trace's clock. All of the threads sleep when the trace begins."""
    tracks = {tid: _Track(start, end) for tid in tids}
    breaks = lost = 0
    for event in events:
        match event:
            case Switch():
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
    return Witnessed({tid: track.finish() for tid, track in tracks.items()}, breaks, lost)


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
