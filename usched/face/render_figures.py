"""The figures of a run that people decide by, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click
from rich.text import Text

from usched.actions.simulate import Simulation
from usched.face.output import has_unicode, print_wrapped
from usched.face.tables import Columns, format_percent, make_console, print_fitting
from usched.figures.accounts import Account, Accounts, SchedulerAccount, is_alone
from usched.figures.deeds import DISTANCES
from usched.figures.latency import Spread
from usched.figures.waiting import NOBODY
from usched.words.phrases import count

_SPARKS = "▁▂▃▄▅▆▇█"
_ASCII_SPARKS = ":-=+*#%@"
_EMPTY = "."

#: Of who was to blame, so many are named.
_SHOWN = 4

#: Of the programs of a scheduler, those that waited longest, unless every lwp is asked for.
_PROGRAMS = 12


@dataclass(frozen=True, slots=True)
class _Row:
    """An account under a name, and how deep that stands."""

    name: str
    account: Account
    depth: int = 0


def print_figures(simulation: Simulation, accounts: Accounts, every: bool) -> None:
    """every: also of each lwp, and of schedulers that never had one."""
    shown = [each for each in accounts.schedulers if every or each.wanted or each.own.lwps]
    rows = list(_list_rows(simulation, accounts, every))
    if not rows:
        click.echo("nobody ran")
        return
    _print_shares(accounts, shown)
    _print_spreads("RESPONSE", "BURSTS", rows, lambda account: account.response)
    print_wrapped("RESPONSE: ticks from when a burst was due to its end, of the ended bursts")
    _print_spreads("WAKE TO RUN", "TIMES", rows, lambda account: account.wake)
    print_wrapped("WAKE TO RUN: ticks from an arrival until the lwp runs")
    _print_moves(rows)
    _print_blames(accounts, rows)
    more = sum(bool(each.ran or each.waited) for each in accounts.programs)
    more -= sum(row.depth == 1 or ": " in row.name for row in rows)
    if more > 0 and not every:
        print_wrapped(f"{count(more, 'program')} more, which waited less: --all shows them")


def _list_rows(simulation: Simulation, accounts: Accounts, every: bool) -> Iterator[_Row]:
    """Each scheduler that had lwps, the programs in it, and their lwps. One whose only program is
    in no other is one row with it."""
    pairs = zip(accounts.programs, simulation.timetable.first, strict=True)
    programs = [(each, first) for each, first in pairs if each.ran or each.waited]
    for scheduler in accounts.schedulers:
        own = scheduler.own
        inside = [each for each in programs if each[0].scheduler == own.name]
        single = len(inside) == 1 and is_alone(inside[0][0], own)
        if not every:
            inside = _pick(inside)
        if single:
            yield _Row(f"{own.name}: {inside[0][0].name}", own)
        elif own.lwps or inside:
            yield _Row(own.name, own)
        for program, first in inside:
            if not single:
                yield _Row(program.name, program, 1)
            if every:
                lwps = accounts.lwps[first : first + program.lwps]
                yield from (_Row(lwp.name, lwp, 1 if single else 2) for lwp in lwps)


def _pick(inside: Sequence[tuple[Account, int]]) -> list[tuple[Account, int]]:
    """Those that are shown, in their order."""
    longest = sorted(inside, key=lambda each: -each[0].waited)[:_PROGRAMS]
    return [each for each in inside if each in longest]


# -- shares -------------------------------------------------------------------


def _print_shares(accounts: Accounts, shown: Sequence[SchedulerAccount]) -> None:
    ticks = accounts.ticks
    columns: Columns = {
        "CPUS": [_format_cpus(each.promised, ticks) for each in shown],
        "WANTED": [f"{each.wanted / ticks:.2f}" for each in shown],
        "GOT": [f"{each.got / ticks:.2f}" for each in shown],
        "OF IT": [format_percent(each.got, each.wanted) for each in shown],
        "FAIR": ["-" if each.fairness is None else f"{each.fairness:.3f}" for each in shown],
        "QUEUE": [f"{each.queue.mean:.2f}" if each.queue else "-" for each in shown],
        "LONGEST": [str(each.queue.max) if each.queue else "-" for each in shown],
    }
    names = [each.own.name for each in shown]
    click.echo()
    spare = ("LONGEST", "CPUS", "FAIR", "QUEUE", "GOT")
    print_fitting(make_console(), "SCHEDULER", names, columns, spare)
    notes = {
        "CPUS": "CPUS: that it has, virtual or not, on average over the run",
        "WANTED": "WANTED: of its cpus, those that its lwps and what is beneath it could use",
        "FAIR": "FAIR: among its own lwps, 1 where each got as much of what it wanted (Jain)",
        "QUEUE": "QUEUE: own lwps that waited, on average",
        "LONGEST": "LONGEST: own lwps that waited at one time",
    }
    for note in (notes[head] for head in columns if head in notes):
        print_wrapped(note)


def _format_cpus(promised: int, ticks: int) -> str:
    return f"{promised / ticks:.2f}" if promised % ticks else str(promised // ticks)


# -- spreads ------------------------------------------------------------------


def _print_spreads(
    title: str, times: str, rows: Sequence[_Row], of: Callable[[Account], Spread | None]
) -> None:
    spreads = [of(row.account) for row in rows]

    def column(get: Callable[[Spread], int]) -> list[Text | str]:
        return ["-" if spread is None else str(get(spread)) for spread in spreads]

    columns: Columns = {
        times: column(lambda spread: spread.count),
        "P50": column(lambda spread: spread.p50),
        "P90": column(lambda spread: spread.p90),
        "P99": column(lambda spread: spread.p99),
        "MAX": column(lambda spread: spread.max),
    }
    if title == "RESPONSE" and any(row.account.misses for row in rows):
        columns["MISSED"] = [str(row.account.misses) for row in rows]
    columns["HISTOGRAM"] = [_draw(spread) for spread in spreads]
    click.echo()
    spare = ("HISTOGRAM", "P90", times, "P50")
    print_fitting(make_console(), title, _indent(rows), columns, spare)


def _indent(rows: Sequence[_Row]) -> list[str]:
    return ["  " * row.depth + row.name for row in rows]


def _draw(spread: Spread | None) -> str:
    """Between the lowest and the highest value that its buckets can hold."""
    if spread is None:
        return ""
    sparks = _SPARKS if has_unicode() else _ASCII_SPARKS
    most = max(bucket.times for bucket in spread.buckets)
    bars = "".join(
        sparks[(bucket.times * len(sparks) - 1) // most] if bucket.times else _EMPTY
        for bucket in spread.buckets
    )
    return f"{spread.buckets[0].low} {bars} {spread.buckets[-1].high}"


# -- moving and waiting -------------------------------------------------------


def _print_moves(rows: Sequence[_Row]) -> None:
    columns: Columns = {"ALL": [str(sum(row.account.moves)) for row in rows]}
    for n, level in enumerate(DISTANCES):
        if any(row.account.moves[n] for row in rows):
            columns[f"IN {level.upper()}"] = [str(row.account.moves[n]) for row in rows]
    columns["PREEMPTED"] = [str(row.account.preemptions) for row in rows]
    spare = [head for head in columns if head.startswith("IN ")]
    click.echo()
    print_fitting(make_console(), "MIGRATIONS", _indent(rows), columns, spare)
    if any(head.startswith("IN ") for head in columns):
        print_wrapped(
            "IN CORE and the like: to another cpu of the same one, and of nothing smaller"
        )


def _print_blames(accounts: Accounts, rows: Sequence[_Row]) -> None:
    click.echo()
    waited = [row for row in rows if row.account.waited]
    for row in waited:
        _print_blame(row)
    if not waited:
        click.echo("nobody waited")
    elif accounts.beside:
        beside = format_percent(accounts.beside, accounts.idle)
        print_wrapped(
            f"cpus idled for {count(accounts.idle, 'tick')}, {beside} of it while an lwp waited"
        )


def _print_blame(row: _Row) -> None:
    account = row.account
    by = sorted(account.blame.by.items(), key=lambda item: -item[1])
    said = [f"{_name_holder(name, row)} {_share(ticks, account)}" for name, ticks in by[:_SHOWN]]
    if len(by) > _SHOWN:
        rest = sum(ticks for _, ticks in by[_SHOWN:])
        said.append(f"{len(by) - _SHOWN} more {_share(rest, account)}")
    print_wrapped(
        f"{'  ' * row.depth}{row.name} waited {count(account.waited, 'tick')}: {', '.join(said)}"
    )
    beside = sorted(account.blame.beside.items(), key=lambda item: -item[1])
    if beside:
        whole = format_percent(sum(ticks for _, ticks in beside), account.waited)
        why = ", ".join(f"{_REASONS[reason]} {ticks}" for reason, ticks in beside)
        print_wrapped(f"{'  ' * row.depth}  {whole} of it while cpus idled: {why}")


_REASONS = {"locked": "locked elsewhere", "vcpus": "no vcpu free", "pool": "not in its pool"}


def _name_holder(name: str, row: _Row) -> str:
    if name == NOBODY:
        return "idle cpus"
    return "its own" if not row.depth and name == row.account.scheduler else name


def _share(ticks: float, account: Account) -> str:
    return f"{100 * ticks / account.waited:.1f}%"
