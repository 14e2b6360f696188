"""A run in columns of so many ticks each: who ran most of one, and for how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from usched.words.cpuset import CpuSet
from usched.words.run import Run, Stretch


class Cell(NamedTuple):
    """Some cpus in some ticks. name: who ran longest of all, the first among equals, None where
    nobody did. busy, offline: of their `ticks`, each cpu's counted."""

    name: str | None
    busy: int
    offline: int
    ticks: int

    @property
    def full(self) -> bool:
        """Busy throughout."""
        return self.busy == self.ticks

    @property
    def gone(self) -> bool:
        """Offline for longer than idle."""
        return self.offline > self.ticks - self.busy - self.offline


def choose_step(ticks: int, columns: int) -> int:
    """How many ticks to a column, so that there are at most so many columns."""
    return max(1, -(-ticks // columns))


class _Part(NamedTuple):
    """What of a segment, however often it comes, is in one column. first: its first tick there."""

    column: int
    ticks: int
    first: int


def fill_row(run: Run, cpus: CpuSet, step: int, name_of: Callable[[int], str]) -> list[Cell]:
    """The cells of some cpus. name_of: what an lwp, by its index, is called here."""
    width = -(-run.ticks // step)
    ran: list[dict[str, int]] = [{} for _ in range(width)]
    began: list[dict[str, tuple[int, int]]] = [{} for _ in range(width)]
    for cpu in cpus:
        for stretch in run.timeline.stretches:
            flat = iter(stretch.segments.get(cpu, ()))
            for start, end, lwp in zip(flat, flat, flat, strict=True):
                name = name_of(lwp)
                for column, ticks, first in _spread(start, end, step, stretch):
                    here, since = ran[column], (cpu, first)
                    here[name] = here.get(name, 0) + ticks
                    began[column][name] = min(began[column].get(name, since), since)
    offline = _count_offline(run, cpus, step, width)
    return [
        Cell(
            min(here, key=lambda name: (-here[name], since[name]), default=None),
            sum(here.values()),
            gone,
            len(cpus) * (min((column + 1) * step, run.ticks) - column * step),
        )
        for column, (here, since, gone) in enumerate(zip(ran, began, offline, strict=True))
    ]


def _count_offline(run: Run, cpus: CpuSet, step: int, width: int) -> list[int]:
    gone = [0] * width
    for cpu in cpus:
        for start, end in run.offline.get(cpu, ()):
            for column, ticks, _ in _spread(start, end, step, _ONCE):
                gone[column] += ticks
    return gone


#: How a segment comes that does not come again.
_ONCE = Stretch({}, 0, 1)


def _spread(start: int, end: int, step: int, stretch: Stretch) -> Iterator[_Part]:
    """The ticks [start, end), as often as they come in a stretch, by columns: there are few of
    these, while what repeats may come a thousand million times."""
    period, times = stretch.period, stretch.times
    if times == 1:
        for column in range(start // step, (end - 1) // step + 1):
            first = max(start, column * step)
            yield _Part(column, min(end, (column + 1) * step) - first, first)
        return

    def ended_by(tick: int) -> int:
        return min(times, max(0, (tick - end) // period + 1))

    def ran_until(tick: int) -> int:
        over = ended_by(tick)
        part = min(end, tick - over * period) - start if over < times else 0
        return over * (end - start) + max(0, part)

    last = end + (times - 1) * period
    for column in range(start // step, (last - 1) // step + 1):
        begins = column * step
        if ticks := ran_until(begins + step) - ran_until(begins):
            yield _Part(column, ticks, max(begins, start + ended_by(begins) * period))


def names_in(rows: Sequence[Sequence[Cell]]) -> set[str]:
    """Who appears."""
    return {cell.name for row in rows for cell in row if cell.name is not None}
