"""What a run that repeats gives everybody in the long run, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd
from typing import NamedTuple

from usched.words.run import Run
from usched.words.statement import lineage


class Share(NamedTuple):
    """Ticks of one cpu per tick, as a fraction in lowest terms."""

    name: str
    ticks: int
    of: int

    def __str__(self) -> str:
        return f"{self.name} {self.ticks}" + (f"/{self.of}" if self.of > 1 else "")


def long_run_shares(run: Run) -> tuple[list[Share], list[Share]]:
    """Of the schedulers, those beneath them included, and of the lwps; without those that run
    nothing. Both empty where no cycle was found."""
    if run.cycle is None:
        return [], []
    ran = dict.fromkeys((each.name for each in run.schedulers), 0)
    lwps = list(zip((lwp.name for lwp in run.lwps), run.cycle.ran, strict=True))
    for lwp, ticks in zip(run.lwps, run.cycle.ran, strict=True):
        if ticks:
            for name in lineage(lwp.scheduler):
                ran[name] += ticks
    period = run.cycle.period
    return _reduce(ran.items(), period), _reduce(lwps, period)


def _reduce(ran: Iterable[tuple[str, int]], period: int) -> list[Share]:
    shares = []
    for name, ticks in ran:
        if ticks:
            common = gcd(ticks, period)
            shares.append(Share(name, ticks // common, period // common))
    return shares
