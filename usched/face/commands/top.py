"""`usched top`: what each scheduler gets, live or once."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import ConsoleDimensions, JustifyMethod
    from rich.table import Table

from usched.actions.context import Context
from usched.actions.top import Look, has_pressure, look, rate
from usched.face.ending import Interrupted
from usched.face.options import common_options, context_of, json_option, refuse_topology
from usched.face.output import (
    has_colour,
    has_unicode,
    make_printable,
    print_columns,
    print_json,
)
from usched.face.whole import WholeCommand
from usched.figures.meters import Rate
from usched.text.duration import parse_duration
from usched.words.cpuset import format_cpu_list
from usched.words.problems import Misused, Problem
from usched.words.statement import MACHINE

_HEADS = ("SCHEDULER", "CPUS", "THREADS", "%CPU", "%SHARE", "%WAITING", "%THROTTLED")
#: Seconds that the first look on a terminal is, at most: nobody likes to see nothing.
_FIRST = 0.3

_RIGHT = (2, 3, 4, 5, 6)

#: Of these columns, what a narrow terminal goes without, first to last; and how much of the longest
#: name there is to be room for before that.
_SPARE, _LEAST_NAME = (6, 1, 2, 5, 4), 16

#: Blanks between two columns.
_GAP = 2


@click.command(
    "top",
    cls=WholeCommand,
    about="shows all schedulers",
    instead="type: usched top\nwho runs in {word}: usched ps {word}",
)
@click.option("--once", is_flag=True, help="Measure once, print it, and end.")
@click.option("--every", metavar="TIME", default="1s", help="How long each look is; default: 1s.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, once: bool, every: str, as_json: bool) -> None:
    """Show what each scheduler gets of the machine, until Ctrl-C.

    %CPU is of one cpu, %SHARE of those that it has; %WAITING the part of the time in which some
    thread waited for a cpu, %THROTTLED that of the periods in which cpu.max held it up. All are of
    the scheduler and what is beneath it. Where standard output is no terminal: once.
    """
    refuse_topology(ctx)
    seconds = parse_duration(every, "--every", 0.1, 3600)
    if as_json and not once:
        what = "JSON is printed once"
        raise Misused(Problem(what, remedy="type: usched top --once --json"))
    context = context_of(ctx)
    before = look(context)
    if not has_pressure(before):
        context.tell("this kernel does not count who waits for a cpu (PSI): boot it with psi=1")
    if once or not sys.stdout.isatty():
        time.sleep(seconds)
        after = look(context.quiet)
        if as_json:
            print_json(_record(before, after))
        else:
            print_columns(_HEADS, _rows(rate(before, after)), right=_RIGHT)
        return
    try:
        _show(context.quiet, before, seconds)
    except Interrupted as ending:
        if ending.code != 130:
            raise


def _show(context: Context, before: Look, seconds: float) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(no_color=not has_colour(), highlight=False)
    with Live(console=console, auto_refresh=False, screen=True) as live:
        time.sleep(min(seconds, _FIRST))
        while True:
            after = look(context)
            live.update(_table(rate(before, after), console.size), refresh=True)
            before = after
            time.sleep(seconds)


def _table(rates: Mapping[str, Rate], size: ConsoleDimensions) -> Table:
    """What fits a terminal: names are cut, columns left out, and figures whole."""
    from rich.table import Table
    from rich.text import Text

    rows = _rows(rates)[: max(1, size.height - 2)]
    columns, room = _choose_columns(rows, size.width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        justify: JustifyMethod = "right" if column in _RIGHT else "left"
        most = None if column else room
        table.add_column(_HEADS[column], justify=justify, no_wrap=True, max_width=most)
    for row in rows:
        cells = [_cut_name(row[0], room), *(row[column] for column in columns[1:])]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _choose_columns(rows: Sequence[Sequence[str]], width: int) -> tuple[Sequence[int], int]:
    """Those that there is room for, and how wide names may be beside them."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(_HEADS, *rows, strict=True)]
    columns = list(range(len(_HEADS)))
    for spare in (*_SPARE, 0):
        room = width - sum(widths[column] + _GAP for column in columns[1:])
        if room >= min(widths[0], _LEAST_NAME) or not spare:
            break
        columns.remove(spare)
    return columns, max(room, 1)


def _cut_name(name: str, room: int) -> str:
    """Its end tells it from its siblings."""
    from rich.cells import cell_len

    if cell_len(name) <= room:
        return name
    mark = "…" if has_unicode() else "..."
    while name and cell_len(mark + name) > room:
        name = name[1:]
    return mark + name


def _rows(rates: Mapping[str, Rate]) -> Sequence[Sequence[str]]:
    return [
        (
            make_printable(name) if name != MACHINE else "(machine)",
            format_cpu_list(each.cpus) or "-",
            str(each.threads),
            _percent(each.busy),
            _percent(each.share),
            _percent(each.waiting),
            _percent(each.throttled),
        )
        for name, each in rates.items()
    ]


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{part * 100:.1f}"


def _record(before: Look, after: Look) -> dict[str, object]:
    return {
        "seconds": round(after.at - before.at, 6),
        "schedulers": [
            {
                "name": name or None,
                "cpus": format_cpu_list(each.cpus),
                "threads": each.threads,
                "busy": _round(each.busy),
                "share": _round(each.share),
                "waiting": _round(each.waiting),
                "throttled": _round(each.throttled),
            }
            for name, each in rate(before, after).items()
        ],
    }


def _round(part: float | None) -> float | None:
    return None if part is None else round(part, 4)
