"""Tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from usched.face.output import has_colour, terminal_width

#: By their heads, a cell for each row.
Columns = dict[str, list[Text | str]]

#: Heads of columns of what is said, marked or drawn, and is no number.
_WORDS = ("", "FIGURE", "HISTOGRAM")

#: Wider than any table.
_WIDEST = 100_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # it would leave the program; the one place for that is another


def make_console() -> Console:
    """A console that prints what it is given: no markup, no guessing at numbers."""
    colour = has_colour()
    return _Console(
        width=terminal_width(),
        no_color=not colour,
        force_terminal=colour,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_trimmed(console: Console, table: Table) -> None:
    """A table without the blanks that fill its lines up."""
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=has_colour())


def format_percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def make_table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def print_fitting(
    console: Console,
    head: str,
    names: Sequence[str],
    columns: Columns,
    spare: Sequence[str],
) -> None:
    """A table with a name before each row. spare: heads of the columns that a narrow terminal goes
    without, first to last; they are taken out of `columns`."""
    table = _lay_out(head, names, columns)
    for each in spare:
        if each not in columns:
            continue
        if _width_of(console, table) <= console.width:
            break
        del columns[each]
        table = _lay_out(head, names, columns)
    print_trimmed(console, table)


def is_fitting(console: Console, head: str, names: Sequence[str], columns: Columns) -> bool:
    """Whether a table takes no fold."""
    return _width_of(console, _lay_out(head, names, columns)) <= console.width


def _width_of(console: Console, table: Table) -> int:
    """What it would take without a fold."""
    return Measurement.get(console, console.options.update(width=_WIDEST), table).maximum


def _lay_out(head: str, names: Sequence[str], columns: Columns) -> Table:
    table = make_table()
    table.add_column(head, overflow="fold", no_wrap=len([*filter(None, columns)]) > 1)
    for title in columns:
        left = title in _WORDS
        justify: Literal["left", "right"] = "left" if left else "right"
        table.add_column(title, justify=justify, no_wrap=title != "FIGURE")
    for name, *cells in zip(names, *columns.values(), strict=True):
        table.add_row(name, *cells)
    return table
