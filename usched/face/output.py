"""Printing: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

import click

from usched.words.problems import UschedError, format_problem


def print_error(error: UschedError) -> None:
    """Every problem of an error, on standard error."""
    for problem in error.problems:
        warn(format_problem(problem))
    if len(error.problems) > 1:
        warn(f"{len(error.problems)} problems; nothing was changed")


def warn(message: str) -> None:
    """A line for standard error, after the program's name."""
    click.echo(f"usched: {make_printable(message)}", err=True)


def make_printable(text: str) -> str:
    """Whatever somebody typed or wrote into a file, without what a terminal would obey or an
    encoding refuse: control characters, bytes of the command line that are no UTF-8."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def has_colour() -> bool:
    """FORMATS: colour follows NO_COLOR and whether standard output is a terminal."""
    return not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def has_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def terminal_width() -> int:
    """Columns: $COLUMNS, the terminal's, or 80."""
    import shutil

    return max(40, shutil.get_terminal_size((80, 24)).columns)


def print_columns(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> None:
    """Columns two blanks apart, as wide as their widest cell; `right`: those set flush right."""
    table = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    flush = set(right)
    for row in table:
        cells = (
            cell.rjust(width) if column in flush else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())
