"""Because of whom lwps waited: who held the cpus on which they could have run.

A tick that an lwp waits is shared out equally over the cpus on which it could run then, and goes to
the scheduler of the lwp that runs there, or to nobody where the cpu idles. Where virtual cpus float
above the lwp, real ones say little: if all cpus of its scheduler, or else of the next one upwards
as far as they float, are in use, the tick is shared out over the lwps that use those.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from usched.figures.abridged import Abridged
from usched.figures.homes import follow_homes
from usched.figures.lives import Life, Wait
from usched.figures.spots import Ground, Place, Spot
from usched.meaning.epochs import Epoch
from usched.words.cpuset import CpuSet
from usched.words.statement import is_beneath

#: Who holds a cpu that idles.
NOBODY = ""


#: What keeps an lwp from a cpu that idles.
REASONS = ("locked", "vcpus", "pool")


class Held(NamedTuple):
    """A cpu by the lwps of one scheduler for [start, end)."""

    start: int
    end: int
    scheduler: str


@dataclass(slots=True)
class Blame:
    """Why lwps waited. by: ticks, by the scheduler that ran where they could have, NOBODY for idle
    cpus.

    beside: ticks of waiting while cpus idled, by what kept them apart: `locked` and `vcpus`, of
    cpus that the scheduler reaches, and `pool`.
    """

    by: dict[str, float] = field(default_factory=dict)
    beside: dict[str, int] = field(default_factory=dict)

    def add(self, other: Blame) -> None:
        for name, ticks in other.by.items():
            self.by[name] = self.by.get(name, 0.0) + ticks
        for name, idle in other.beside.items():
            self.beside[name] = self.beside.get(name, 0) + idle


class _Piece(NamedTuple):
    """A wait, or what of it is at one spot."""

    start: int
    end: int
    spot: Spot
    blame: Blame


def explain_waits(
    lives: Sequence[Life], epochs: Sequence[Epoch], told: Abridged
) -> list[dict[str, Blame]]:
    """For each life, by scheduler, why it waited there."""
    blames: list[dict[str, Blame]] = [{} for _ in lives]

    def find(life: int, wait: Wait) -> Blame:
        return blames[life].setdefault(wait.scheduler, Blame())

    _explain(lives, epochs, told, find)
    return blames


def explain_each_wait(
    lives: Sequence[Life], epochs: Sequence[Epoch], told: Abridged
) -> list[list[Blame]]:
    """For each life, why it waited each time, in the order of its waits."""
    blames: list[list[Blame]] = [[] for _ in lives]

    def find(life: int, _wait: Wait) -> Blame:
        blames[life].append(Blame())
        return blames[life][-1]

    _explain(lives, epochs, told, find)
    return blames


def _explain(
    lives: Sequence[Life],
    epochs: Sequence[Epoch],
    told: Abridged,
    find: Callable[[int, Wait], Blame],
) -> None:
    """find: the blame to which one of the waits of a life is added."""
    pieces: dict[Place, list[_Piece]] = {}
    ground = Ground(epochs)
    for number, (life, homes) in enumerate(zip(lives, follow_homes(lives, epochs), strict=True)):
        for wait in life.waits:
            blame = find(number, wait)
            for start, end, spot in ground.cut(wait, homes):
                pieces.setdefault(spot.place, []).append(_Piece(start, end, spot, blame))
    held = _list_held(lives)
    for place, some in pieces.items():
        _share_out(some, [each for cpu in place.cpus for each in held.get(cpu, ())], place, told)
    _find_idle([piece for some in pieces.values() for piece in some], held, told)


def _list_held(lives: Iterable[Life]) -> dict[int, list[Held]]:
    """Who held each cpu when, not in order."""
    held: dict[int, list[Held]] = {}
    for life in lives:
        moves = len(life.stays) > 1
        scheduler = life.stays[0].scheduler
        for start, end, cpu in life.runs:
            there = held.setdefault(cpu, [])
            if moves:
                there += [Held(*part) for part in life.split(start, end)]
            else:
                there.append(Held(start, end, scheduler))
    return held


def _share_out(
    pieces: Sequence[_Piece], held: Sequence[Held], place: Place, told: Abridged
) -> None:
    """How long each scheduler was in the way of these, who waited for a place."""
    if not place.cpus:  # its cpus are offline, or exclusive schedulers in it have them
        for piece in pieces:
            _add(piece.blame, NOBODY, told.weigh(piece.end) - told.weigh(piece.start))
        return
    schedulers = list(dict.fromkeys([NOBODY, *(each.scheduler for each in held)]))
    for piece, ticks in _sweep(pieces, held, _Sharing(place, schedulers), told):
        for name, share in zip(schedulers, ticks, strict=True):
            if share:
                _add(piece.blame, name, share)


def _add(blame: Blame, name: str, ticks: float) -> None:
    blame.by[name] = blame.by.get(name, 0.0) + ticks


class _Sharing:
    """Whose a tick is, by how many lwps of each scheduler run on the cpus of a place. schedulers:
    the first is NOBODY."""

    def __init__(self, place: Place, schedulers: Sequence[str]) -> None:
        self.schedulers = schedulers
        self.size = len(place.cpus)
        self.levels = [
            (width, [n for n, each in enumerate(schedulers) if is_beneath(each, name)])
            for name, width in place.levels
        ]

    def share_out(self, running: Sequence[int]) -> Iterator[tuple[int, float]]:
        for width, inside in self.levels:
            lwps = sum(running[n] for n in inside)
            if lwps >= width:
                for n in inside:
                    yield n, running[n] / lwps
                return
        for n, lwps in enumerate(running):
            yield n, lwps / self.size
        yield 0, 1 - sum(running) / self.size


_OPENS, _CLOSES = 2, 3


def _sweep(
    pieces: Sequence[_Piece], held: Sequence[Held], sharing: _Sharing, told: Abridged
) -> Iterator[tuple[_Piece, list[float]]]:
    """Over time: each piece, and whose how many of its ticks are."""
    number = {name: n for n, name in enumerate(sharing.schedulers)}
    events: list[tuple[int, int, int]] = []
    for start, end, name in held:
        which = number[name]
        events += ((start, 1, which), (end, -1, which))
    for n, piece in enumerate(pieces):
        events += ((piece.start, _OPENS, n), (piece.end, _CLOSES, n))
    events.sort()
    taken = [0.0] * len(number)
    running = [0] * len(number)
    opened: dict[int, list[float]] = {}
    now = weight = 0
    for tick, what, which in events:
        if tick > now:
            after = told.weigh(tick)
            if opened:
                for n, share in sharing.share_out(running):
                    if share:
                        taken[n] += share * (after - weight)
            now, weight = tick, after
        if what < _OPENS:
            running[which] += what
        elif what == _OPENS:
            opened[which] = taken.copy()
        else:
            before = opened.pop(which)
            yield pieces[which], [has - had for had, has in zip(before, taken, strict=True)]


class _IdleTime:
    """When any of some cpus idled."""

    def __init__(self, cpus: CpuSet, held: dict[int, list[Held]], told: Abridged) -> None:
        changes: dict[int, int] = {0: 0}
        for cpu in cpus:
            for each in held.get(cpu, ()):
                changes[each.start] = changes.get(each.start, 0) + 1
                changes[each.end] = changes.get(each.end, 0) - 1
        self._told = told
        self._ticks = sorted(changes)
        busy = list(accumulate(changes[tick] for tick in self._ticks))
        self._idles = [lwps < len(cpus) for lwps in busy]
        self._so_far = [0]
        for n, tick in enumerate(self._ticks[1:]):
            ticks = told.weigh(tick) - told.weigh(self._ticks[n])
            self._so_far.append(self._so_far[-1] + (ticks if self._idles[n] else 0))

    def until(self, tick: int) -> int:
        """Ticks of [0, tick)."""
        n = bisect_right(self._ticks, tick) - 1
        rest = self._told.weigh(tick) - self._told.weigh(self._ticks[n])
        return self._so_far[n] + (rest if self._idles[n] else 0)


def _find_idle(pieces: Iterable[_Piece], held: dict[int, list[Held]], told: Abridged) -> None:
    idle: dict[CpuSet, _IdleTime] = {}

    def count(piece: _Piece, cpus: CpuSet) -> int:
        if cpus not in idle:
            idle[cpus] = _IdleTime(cpus, held, told)
        return idle[cpus].until(piece.end) - idle[cpus].until(piece.start)

    for piece in pieces:
        beside = piece.blame.beside
        anywhere = count(piece, piece.spot.online)
        inside = count(piece, piece.spot.reached) if anywhere else 0
        for why, ticks in ((piece.spot.bound, inside), ("pool", anywhere - inside)):
            if ticks:
                beside[why] = beside.get(why, 0) + ticks
