"""What people decide by: the accounts of a run, for each lwp, program and scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from usched.figures.abridged import Abridged, abridge, count_moves
from usched.figures.fairness import jain
from usched.figures.latency import Spread, spread_out
from usched.figures.lives import Life, Moment, follow
from usched.figures.load import Step, count_over_time, side_by_side, time_at_each
from usched.figures.waiting import Blame, explain_waits
from usched.meaning.places import Epoch, list_epochs, list_stays
from usched.meaning.timetable import Timetable
from usched.words.machine import Topology
from usched.words.run import LwpFigures, Run
from usched.words.statement import lineage

#: How far an lwp migrates (usched-model(7), placement): distances 1 to 5.
DISTANCES = ("core", "llc", "node", "socket", "machine")


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
    """promised: ticks of as many cpus as it has. wanted: of as many as it had runnable lwps for,
    those beneath it included, promised at most; got: of what it ran.

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


def take_account(timetable: Timetable, run: Run) -> Accounts:
    """All figures of a run whose segments are known."""
    told = abridge(run)
    programs = [program for program in timetable.programs for _ in range(program.rforks)]
    stays = list_stays(timetable)
    lives = [
        follow(lwp, programs[n], stays[n], told, told.runs[n]) for n, lwp in enumerate(run.lwps)
    ]
    epochs = list_epochs(timetable)
    blames = explain_waits(lives, epochs, told)
    books = _Books(timetable.topology, told, run.lwps, lives, blames)
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

    topology: Topology
    told: Abridged
    lwps: Sequence[LwpFigures]
    lives: Sequence[Life]
    blames: Sequence[Mapping[str, Blame]]

    def account(self, name: str, indexes: Iterable[int], scheduler: str | None = None) -> Account:
        """Of these lwps, or of what they did in one scheduler."""
        moves = [0] * len(DISTANCES)
        blame = Blame()
        wakes: dict[int, int] = {}
        ends: dict[int, int] = {}
        lwps = preemptions = misses = ran = waited = 0
        where = ""
        for index in indexes:
            life, figures = self.lives[index], self.lwps[index]
            lwps += 1
            where = figures.scheduler
            for at, reason in self.blames[index].items():
                if scheduler in (None, at):
                    blame.add(reason)
            if scheduler in (None, figures.scheduler):
                preemptions += figures.preemptions
                misses += figures.misses
            own_ran, own_waited = self.times_of(life, scheduler)
            ran += own_ran
            waited += own_waited
            self.count(life.wakes, scheduler, wakes)
            self.count(life.ends, scheduler, ends)
            for tick, here, there in count_moves(life.runs):
                if scheduler in (None, life.scheduler_at(tick)):
                    distance = self.topology.distance(here, there)
                    moves[distance - 1] += self.told.times_at(tick)
        return Account(
            name, where if scheduler is None else scheduler, lwps, ran, waited,
            spread_out(ends), spread_out(wakes), tuple(moves), preemptions, misses, blame,
        )  # fmt: skip

    def times_of(self, life: Life, scheduler: str | None) -> tuple[int, int]:
        """What an lwp ran and waited, in one scheduler or in all."""
        weigh = self.told.weigh
        ran = sum(
            weigh(end) - weigh(start)
            for run in life.runs
            for start, end, where in life.split(run.start, run.end)
            if scheduler in (None, where)
        )
        waited = sum(
            weigh(wait.end) - weigh(wait.start)
            for wait in life.waits
            if scheduler in (None, wait.scheduler)
        )
        return ran, waited

    def count(
        self, moments: Iterable[Moment], scheduler: str | None, counts: dict[int, int]
    ) -> None:
        for tick, took, where in moments:
            if scheduler in (None, where):
                counts[took] = counts.get(took, 0) + self.told.times_at(tick)


def _account_schedulers(
    run: Run, books: _Books, epochs: Sequence[Epoch]
) -> Iterable[SchedulerAccount]:
    told = books.told
    members: dict[str, list[int]] = {each.name: [] for each in run.schedulers}
    waits: dict[str, list[tuple[int, int]]] = {name: [] for name in members}
    loads: dict[str, list[tuple[int, int]]] = {name: [] for name in members}
    for index, life in enumerate(books.lives):
        if books.lwps[index].forked is None:
            continue
        spans = [(wait.start, wait.end, wait.scheduler) for wait in life.waits]
        for start, end, name in spans:
            waits[name].append((start, end))
        spans += [piece for each in life.runs for piece in life.split(each.start, each.end)]
        for start, end, name in spans:
            for above in lineage(name):
                loads[above].append((start, end))
        for name in dict.fromkeys(name for *_, name in spans):
            members[name].append(index)
    for each in run.schedulers:
        name = each.name
        wanted = promised = 0
        for ticks, (lwps, width) in side_by_side(
            told, count_over_time(loads[name]), _widths(name, epochs)
        ):
            wanted += ticks * min(lwps, width)
            promised += ticks * width
        own = books.account(name, members[name], name)
        shares = [books.times_of(books.lives[index], name) for index in members[name]]
        queue = time_at_each(count_over_time(waits[name]), told) if members[name] else {}
        yield SchedulerAccount(
            own,
            promised,
            wanted,
            each.ran,
            spread_out(queue),
            jain(ran / (ran + waited) for ran, waited in shares if ran + waited),
        )


def _widths(name: str, epochs: Sequence[Epoch]) -> list[Step]:
    stands = ((epoch.at, epoch.stands.get(name)) for epoch in epochs)
    return [Step(at, 0 if stand is None else len(stand.seats)) for at, stand in stands]
