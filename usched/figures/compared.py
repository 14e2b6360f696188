"""The figures of several runs of one workload side by side: what differs, and which is better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from usched.figures.accounts import Account, Accounts, SchedulerAccount, is_alone
from usched.figures.latency import Spread


class Figure(NamedTuple):
    """A number that people compare. better: 1 where more is, -1 where less is, 0 for neither.

    weight: what counts as one when changes are ranked: a tick, a time, a hundredth of a share.
    """

    name: str
    unit: str
    better: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure of the run, of a scheduler, a program or an lwp, in each of the runs; None where
    there is none. of: `run`, `scheduler`, `program` or `lwp`. echo: it is that of the scheduler, in
    which there is no other program."""

    of: str
    name: str
    figure: Figure
    values: tuple[float | None, ...]
    echo: bool = False

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1

    def difference(self, number: int) -> float | None:
        """From the first run to another; None where one of them has none."""
        before, after = self.values[0], self.values[number]
        return None if before is None or after is None else after - before

    def judge(self, number: int) -> str:
        """`better`, `worse`, or "" where that cannot be said."""
        change = (self.difference(number) or 0) * self.figure.better
        return "better" if change > 0 else "worse" if change < 0 else ""

    def size(self) -> float:
        """How large the largest change is: a ratio, in which small numbers count for little."""
        units = [None if value is None else value / self.figure.weight for value in self.values]
        first, *others = units
        if first is None:
            return 0.0
        ratios = [abs(log((each + 1) / (first + 1))) for each in others if each is not None]
        return max(ratios, default=0.0)


class Told(NamedTuple):
    """A run, as far as it is compared."""

    ticks: int
    accounts: Accounts


_Run = tuple[Figure, Callable[[Told], float | None]]
_Of = tuple[Figure, Callable[[Account], float | None]]
_OfScheduler = tuple[Figure, Callable[[SchedulerAccount, int], float | None]]

_RUN: tuple[_Run, ...] = (
    (Figure("length", "ticks", -1), lambda run: run.ticks),
    (
        Figure("idle while waiting", "ticks", -1),
        lambda run: run.accounts.beside,
    ),
    (
        Figure("migrations", "", -1),
        lambda run: sum(sum(each.moves) for each in run.accounts.lwps),
    ),
    (
        Figure("deadlines missed", "", -1),
        lambda run: sum(each.misses for each in run.accounts.lwps),
    ),
)

_SCHEDULER: tuple[_OfScheduler, ...] = (
    (Figure("got", "cpus", 1, 0.01), lambda each, ticks: round(each.got / ticks, 4)),
    (
        Figure("got of what it wanted", "%", 1),
        lambda each, _: round(100 * each.got / each.wanted, 2) if each.wanted else None,
    ),
    (Figure("fairness", "", 1, 0.01), lambda each, _: each.fairness),
    (
        Figure("queue, mean", "lwps", -1, 0.01),
        lambda each, _: each.queue.mean if each.queue else None,
    ),
    (Figure("queue, longest", "lwps", -1), lambda each, _: each.queue.max if each.queue else None),
)


def _spread_figures(name: str, of: Callable[[Account], Spread | None]) -> Iterator[_Of]:
    def value(get: Callable[[Spread], float]) -> Callable[[Account], float | None]:
        def read(account: Account) -> float | None:
            spread = of(account)
            return None if spread is None else get(spread)

        return read

    yield Figure(f"{name}, mean", "ticks", -1), value(lambda spread: spread.mean)
    yield Figure(f"{name}, p50", "ticks", -1), value(lambda spread: spread.p50)
    yield Figure(f"{name}, p90", "ticks", -1), value(lambda spread: spread.p90)
    yield Figure(f"{name}, p99", "ticks", -1), value(lambda spread: spread.p99)
    yield Figure(f"{name}, max", "ticks", -1), value(lambda spread: spread.max)


_ANY: tuple[_Of, ...] = (
    *_spread_figures("response", lambda account: account.response),
    *_spread_figures("wake to run", lambda account: account.wake),
    (Figure("waited", "ticks", -1), lambda account: account.waited),
    (
        Figure("waited beside idle cpus", "ticks", -1),
        lambda account: sum(account.blame.beside.values()),
    ),
    (Figure("deadlines missed", "", -1), lambda account: account.misses),
    (Figure("preemptions", "", -1), lambda account: account.preemptions),
    (Figure("migrations", "", -1), lambda account: sum(account.moves)),
)


def compare(runs: Sequence[Told]) -> list[ComparedFigure]:
    """Every figure, the largest changes first; where these are equal, as runs are reported."""
    lines = [ComparedFigure("run", "", figure, tuple(map(get, runs))) for figure, get in _RUN]
    schedulers = [{each.own.name: each for each in run.accounts.schedulers} for run in runs]
    for name in dict.fromkeys(name for each in schedulers for name in each):
        lines += _compare_scheduler(name, runs, [each.get(name) for each in schedulers])
    for programs in zip(*(run.accounts.programs for run in runs), strict=True):
        owners = [each[one.scheduler] for each, one in zip(schedulers, programs, strict=True)]
        alone = all(
            is_alone(program, owner.own) for program, owner in zip(programs, owners, strict=True)
        )
        lines += _compare("program", programs, alone)
    for lwps in zip(*(run.accounts.lwps for run in runs), strict=True):
        lines += _compare("lwp", lwps)
    return sorted(lines, key=lambda line: -line.size())


def _compare_scheduler(
    name: str, runs: Sequence[Told], given: Sequence[SchedulerAccount | None]
) -> Iterator[ComparedFigure]:
    """Nothing of one that nobody ran in."""
    if not any(each and (each.own.lwps or each.got) for each in given):
        return
    for figure, get in _SCHEDULER:
        values = (
            None if each is None else get(each, max(1, run.ticks))
            for each, run in zip(given, runs, strict=True)
        )
        yield ComparedFigure("scheduler", name, figure, tuple(values))
    for own, get_of in _ANY:
        of_own = (None if each is None else get_of(each.own) for each in given)
        yield ComparedFigure("scheduler", name, own, tuple(of_own))


def _compare(of: str, accounts: Sequence[Account], alone: bool = False) -> Iterator[ComparedFigure]:
    for figure, get in _ANY:
        yield ComparedFigure(of, accounts[0].name, figure, tuple(map(get, accounts)), alone)
