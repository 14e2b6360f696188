"""What people decide by: the accounts of a run, for each lwp, program and scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from usched.figures.abridged import Abridged, abridge
from usched.figures.deeds import Deeds, count_deeds, sum_deeds
from usched.figures.fairness import jain
from usched.figures.latency import Spread, spread_out
from usched.figures.lives import Life, follow_all
from usched.figures.load import Step, combine, count_over_time, side_by_side, time_at_each
from usched.figures.waiting import Blame, explain_waits
from usched.meaning.epochs import Epoch, list_epochs
from usched.meaning.timetable import Timetable
from usched.words.run import LwpFigures, Run
from usched.words.statement import parent_of


@dataclass(frozen=True, slots=True)
class Account:
    """Of an lwp, a program, or the own lwps of a scheduler. Times are ticks.

    response: from the due tick of a burst to its end; wake: from an arrival to the first tick
    that it runs. moves: migrations within each of DISTANCES. preemptions and misses of an lwp
    that moved to another scheduler count where it ended.
    """

    name: str
    scheduler: str
    lwps: int
    ran: int
    waited: int
    response: Spread | None
    wake: Spread | None
    moves: tuple[int, ...]
    preemptions: int
    misses: int
    blame: Blame


@dataclass(frozen=True, slots=True)
class SchedulerAccount:
    """promised: ticks of as many cpus as it has. wanted: of those that its lwps and what is beneath
    it could use; got: what it ran.

    queue: how many of its own lwps waited at a time. fairness: Jain's index of what its own lwps
    got of what they wanted; None for none.
    """

    own: Account
    promised: int
    wanted: int
    got: int
    queue: Spread | None
    fairness: float | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """idle: cpu-ticks that nobody ran; beside: those of them in which some lwp waited."""

    ticks: int
    idle: int
    beside: int
    schedulers: tuple[SchedulerAccount, ...]
    programs: tuple[Account, ...]
    lwps: tuple[Account, ...]


def is_alone(program: Account, own: Account) -> bool:
    """Whether what a program did is all that the own lwps of a scheduler did."""
    return (program.lwps, program.ran, program.waited) == (own.lwps, own.ran, own.waited)


def take_account(timetable: Timetable, run: Run) -> Accounts:
    """All figures of a run whose segments are known."""
    told = abridge(run)
    lives = follow_all(timetable, run, told)
    epochs = list_epochs(timetable)
    blames = explain_waits(lives, epochs, told)
    deeds = [count_deeds(life, told, timetable.topology) for life in lives]
    books = _Books(told, run.lwps, lives, deeds, blames)
    waits = [(wait.start, wait.end) for life in lives for wait in life.waits]
    runs = [(each.start, each.end) for life in lives for each in life.runs]
    online = [Step(epoch.at, len(epoch.online)) for epoch in epochs]
    idle = beside = 0
    for ticks, (cpus, busy, waiting) in side_by_side(
        told, online, count_over_time(runs), count_over_time(waits)
    ):
        idle += ticks * (cpus - busy)
        beside += ticks * (cpus - busy) if waiting else 0
    return Accounts(
        run.ticks,
        idle,
        beside,
        tuple(_account_schedulers(run, books, epochs)),
        tuple(
            books.account(program.name, range(first, first + program.rforks))
            for program, first in zip(timetable.programs, timetable.first, strict=True)
        ),
        tuple(books.account(lwp.name, [n]) for n, lwp in enumerate(run.lwps)),
    )


@dataclass(frozen=True, slots=True)
class _Books:
    """What accounts are taken of: lwps by index."""

    told: Abridged
    lwps: Sequence[LwpFigures]
    lives: Sequence[Life]
    deeds: Sequence[Mapping[str, Deeds]]
    blames: Sequence[Mapping[str, Blame]]

    def account(self, name: str, indexes: Sequence[int], scheduler: str | None = None) -> Account:
        """Of these lwps, or of what they did in one scheduler."""
        blame = Blame()
        preemptions = misses = 0
        where = ""
        done: list[Deeds] = []
        for index in indexes:
            figures = self.lwps[index]
            where = figures.scheduler
            for at, reason in self.blames[index].items():
                if scheduler in (None, at):
                    blame.add(reason)
            if scheduler in (None, where):
                preemptions += figures.preemptions
                misses += figures.misses
            done += [each for at, each in self.deeds[index].items() if scheduler in (None, at)]
        whole = sum_deeds(done)
        return Account(
            name, where if scheduler is None else scheduler, len(indexes), whole.ran, whole.waited,
            spread_out(whole.ends), spread_out(whole.wakes), tuple(whole.moves), preemptions,
            misses, blame,
        )  # fmt: skip


def _account_schedulers(
    run: Run, books: _Books, epochs: Sequence[Epoch]
) -> Iterator[SchedulerAccount]:
    told = books.told
    names = [each.name for each in run.schedulers]
    members: dict[str, list[int]] = {name: [] for name in names}
    waits: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    loads: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for index, life in enumerate(books.lives):
        for start, end, name in life.waits:
            waits[name].append((start, end))
        for start, end, name in life.list_runs():
            loads[name].append((start, end))
        for name in books.deeds[index]:
            members[name].append(index)
    for name, waiting in waits.items():
        loads[name] += waiting
    wanted = _follow_demand(names, loads, epochs)
    for each in run.schedulers:
        name = each.name
        deeds = [books.deeds[index][name] for index in members[name]]
        queue = time_at_each(count_over_time(waits[name]), told) if members[name] else {}
        yield SchedulerAccount(
            books.account(name, members[name], name),
            _sum_up(_widths(name, epochs), told),
            _sum_up(wanted[name], told),
            each.ran,
            spread_out(queue),
            jain(did.ran / (did.ran + did.waited) for did in deeds if did.ran or did.waited),
        )


def _follow_demand(
    names: Sequence[str], loads: Mapping[str, Sequence[tuple[int, int]]], epochs: Sequence[Epoch]
) -> dict[str, list[Step]]:
    """Of how many of its cpus each scheduler could make use, over time: of one for each runnable
    lwp of its own, as far as no exclusive child holds them, and for what its children could."""
    wanted: dict[str, list[Step]] = {}

    def limit(values: Sequence[int]) -> int:
        width, seats, own, *children = values
        return min(width, min(seats, own) + sum(children))

    for name in reversed(names):  # children stand behind their parents
        children = [each for each in names if parent_of(each) == name]
        functions = [_widths(name, epochs), _seats(name, epochs), count_over_time(loads[name])]
        wanted[name] = combine(limit, [*functions, *(wanted[each] for each in children)])
    return wanted


def _widths(name: str, epochs: Sequence[Epoch]) -> list[Step]:
    stands = ((epoch.at, epoch.stands.get(name)) for epoch in epochs)
    return [Step(at, 0 if stand is None else len(stand.seats)) for at, stand in stands]


def _seats(name: str, epochs: Sequence[Epoch]) -> list[Step]:
    """Those of its cpus that are there for its own lwps."""
    stands = ((epoch.at, epoch.stands.get(name)) for epoch in epochs)
    return [
        Step(at, 0 if stand is None else sum(bool(seat) for seat in stand.seats))
        for at, stand in stands
    ]


def _sum_up(steps: Sequence[Step], told: Abridged) -> int:
    return sum(ticks * value for ticks, (value,) in side_by_side(told, steps))
