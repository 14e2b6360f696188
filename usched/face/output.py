"""Printing: results to standard output, everything else to standard error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from usched.face.ending import STDOUT, drop, write_error
from usched.words.problems import EnvironmentFailed, UschedError, format_problem


def print_error(error: UschedError, changing: bool = False, as_root: str = "") -> None:
    """Every problem of an error, on standard error. changing: of a command that would have changed
    something, so that it is worth saying that nothing was. as_root: what is typed to do the same as
    root, where this user is not."""
    last = max((at for at, each in enumerate(error.problems) if each.for_root), default=-1)
    for at, problem in enumerate(error.problems):
        more = f"\n  as root: {as_root}" if as_root and at == last else ""
        warn(format_problem(problem) + more)
    if len(error.problems) > 1:
        said = f"{len(error.problems)} problems"
        warn(f"{said}; nothing was changed" if changing else said)


def warn(message: str) -> None:
    """A line for standard error, after the program's name."""
    write_error(f"usched: {make_printable(message)}")


def describe_trouble(error: OSError) -> str:
    """Why output could not be written."""
    if error.filename is None and error.errno == errno.EBADF:
        return "standard output is closed"
    return error.strerror or str(error)


@contextmanager
def report_change(dry_run: bool) -> Iterator[None]:
    """Around the printing of what was changed: where that fails, say that the change is made."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop(STDOUT)
        done = "nothing was changed" if dry_run else "the change was made"
        trouble = describe_trouble(error)
        raise EnvironmentFailed(f"{done}, but cannot be reported: {trouble}") from error


def make_printable(text: str) -> str:
    """Whatever somebody typed or wrote into a file, without what a terminal would obey or an
    encoding refuse: control characters, bytes of the command line that are no UTF-8."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def print_lines(lines: Iterable[str]) -> None:
    """All at once: thousands of them are not written one by one."""
    text = "\n".join(lines)
    if text:
        click.echo(text)


def print_json(value: object) -> None:
    from usched.text.indented_json import format_json

    click.echo(format_json(value))


def has_colour() -> bool:
    """FORMATS: colour follows NO_COLOR and whether standard output is a terminal."""
    return not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def has_unicode() -> bool:
    """Whether to draw with more than ASCII. Python makes UTF-8 of the C locale (PEP 538), but who
    asked for that one asked for ASCII."""
    asked = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG")
    if asked in ("C", "POSIX"):
        return False
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def tree_guides(unicode: bool) -> tuple[str, str, str]:
    """What a tree is drawn with: a branch, the last branch, and what runs past them."""
    return ("├── ", "└── ", "│   ") if unicode else ("|-- ", "`-- ", "|   ")


def terminal_width() -> int:
    """Columns: $COLUMNS, the terminal's, or 80."""
    import shutil

    return max(40, shutil.get_terminal_size((80, 24)).columns)


def print_wrapped(text: str, **style: Any) -> None:
    """A sentence on as many lines as it takes, the second and further ones indented; words longer
    than a line are not broken, nor what a no-break space joins. style: as of click.style."""
    import textwrap

    for line in text.split("\n"):
        for piece in textwrap.wrap(
            line,
            terminal_width(),
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]:
            said = piece.replace("\N{NO-BREAK SPACE}", " ")
            click.echo(click.style(said, **style) if style else said, color=has_colour())


def print_columns(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> None:
    print_lines(format_columns(heads, rows, right))


def format_columns(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> Iterator[str]:
    """Columns two blanks apart, as wide as their widest cell; `right`: those set flush right.

    A line of heads, then one for each row.
    """
    table = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    flush = set(right)
    for row in table:
        cells = (
            cell.rjust(width) if column in flush else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
