"""A run in columns of so many ticks each: who ran most of one, and for how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from usched.words.cpuset import CpuSet
from usched.words.run import Run


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


def fill_row(run: Run, cpus: CpuSet, step: int, name_of: Callable[[int], str]) -> list[Cell]:
    """The cells of some cpus. name_of: what an lwp, by its index, is called here."""
    width = -(-run.ticks // step)
    ran: list[dict[str, int]] = [{} for _ in range(width)]
    for cpu in cpus:
        for start, end, lwp in run.timeline.on_cpu(cpu):
            name = name_of(lwp)
            for column, part in _spread(start, end, step):
                ran[column][name] = ran[column].get(name, 0) + part
    offline = _count_offline(run, cpus, step, width)
    return [
        _judge(here, gone, len(cpus) * (min((column + 1) * step, run.ticks) - column * step))
        for column, (here, gone) in enumerate(zip(ran, offline, strict=True))
    ]


def _count_offline(run: Run, cpus: CpuSet, step: int, width: int) -> list[int]:
    gone = [0] * width
    for cpu in cpus:
        for start, end in run.offline.get(cpu, ()):
            for column, part in _spread(start, end, step):
                gone[column] += part
    return gone


def _spread(start: int, end: int, step: int) -> Iterator[tuple[int, int]]:
    """The columns that the ticks [start, end) are in, and how many of them each has."""
    for column in range(start // step, (end - 1) // step + 1):
        yield column, min(end, (column + 1) * step) - max(start, column * step)


def _judge(ran: dict[str, int], offline: int, ticks: int) -> Cell:
    busy = sum(ran.values())
    name = max(ran, key=ran.__getitem__, default=None)
    return Cell(name, busy, offline, ticks)


def names_in(rows: Sequence[Sequence[Cell]]) -> set[str]:
    """Who appears."""
    return {cell.name for row in rows for cell in row if cell.name is not None}
