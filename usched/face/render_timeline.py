"""A timeline of the cpus, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_uppercase

import click
from rich.console import Console
from rich.text import Text

from usched.face.output import has_colour, print_wrapped, terminal_width
from usched.face.tables import make_console
from usched.figures.columns import Cell, choose_step, fill_row, names_in
from usched.figures.who_ran import program_of
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.run import Run

_IDLE = "."
_OFFLINE = "-"
#: Where there are more schedulers than letters.
_SOMEBODY = "X"
#: Several cpus in one row, all of them busy throughout; else a digit, the tenths of it.
_FULL = "#"

_DIM = "dim"
#: Colours that stay apart on light and dark terminals, and for the colour-blind in this order.
_STYLES = (
    "blue", "yellow", "cyan", "magenta", "green", "red",
    "bold blue", "bold yellow", "bold cyan", "bold magenta", "bold green", "bold red",
)  # fmt: skip


#: What an lwp is called, by its index.
_Names = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class _Row:
    """cpus: one, drawn by who ran; or several, drawn by how busy they were."""

    cpus: CpuSet
    cells: Sequence[Cell]

    @property
    def single(self) -> bool:
        return len(self.cpus) == 1

    @property
    def nobody(self) -> str:
        """`idle` or `offline` where there is nothing else to draw."""
        if all(cell.name is None for cell in self.cells):
            if not any(cell.offline for cell in self.cells):
                return "idle"
            if all(cell.offline == cell.ticks for cell in self.cells):
                return "offline"
        return ""


@dataclass(frozen=True, slots=True)
class _Signs:
    """kind: what a letter stands for. letters: of each name that is drawn. styles: its colour.
    colours: that of each scheduler."""

    kind: str
    letters: Mapping[str, str]
    styles: Mapping[str, str]
    colours: Mapping[str, str]

    def of(self, row: _Row, cell: Cell) -> str:
        if cell.name is None:
            return _OFFLINE if cell.gone else _IDLE
        if row.single:
            letter = self.letters[cell.name]
            return letter if cell.full else letter.lower()
        return _FULL if cell.full else str(10 * cell.busy // cell.ticks)

    def style_of(self, cell: Cell) -> str:
        return _DIM if cell.name is None else self.styles[cell.name]


def print_timeline(run: Run, groups: Sequence[CpuSet], every: bool) -> None:
    """A line a group of cpus, a column so many ticks; then the key.

    Where a line is one cpu, letters stand for who ran longest: lwps while there are letters
    enough, else programs, else schedulers; colours always for schedulers. every: also where
    nothing happened.
    """
    if not any(cpu.busy for cpu in run.cpus):
        return
    margin = max(len(format_cpus(cpus)) for cpus in groups)
    if margin > terminal_width() // 2:
        margin = 0
    step = choose_step(run.ticks, terminal_width() - margin - 1)
    rows, signs = _choose_signs(run, groups, step)
    click.echo()
    unit = "a tick" if step == 1 else f"{step} ticks"
    who = f", a letter the {signs.kind} that ran longest in it" if signs.letters else ""
    print_wrapped(f"timeline: a column is {unit}{who}")
    console = make_console()
    for nobody, some in groupby(rows, key=lambda row: row.nobody):
        same = list(some)
        if nobody and not every:
            cpus = CpuSet.of(cpu for row in same for cpu in row.cpus)
            print_wrapped(f"{format_cpus(cpus)}: {nobody}")
            continue
        for row in same:
            _print_row(console, row, margin, signs)
    drawn = [row for row in rows if every or not row.nobody]
    _print_key(console, drawn, signs)
    if has_colour() and signs.kind != "scheduler":
        _print_colours(console, signs)


def _choose_kind(run: Run, groups: Sequence[CpuSet], step: int) -> tuple[str, _Names, list[_Row]]:
    """The finest names for which there are letters enough, and the rows by them."""
    kinds: tuple[tuple[str, _Names], ...] = (
        ("lwp", lambda lwp: run.lwps[lwp].name),
        ("program", lambda lwp: program_of(run.lwps[lwp].name)),
        ("scheduler", lambda lwp: run.lwps[lwp].scheduler),
    )
    for kind, name_of in kinds:
        rows = [_Row(cpus, fill_row(run, cpus, step, name_of)) for cpus in groups]
        if kind == "scheduler" or len(_lettered(rows)) <= len(ascii_uppercase):
            return kind, name_of, rows
    raise AssertionError("schedulers are taken however many there are")


def _lettered(rows: Sequence[_Row]) -> set[str]:
    return names_in([row.cells for row in rows if row.single])


def _choose_signs(run: Run, groups: Sequence[CpuSet], step: int) -> tuple[list[_Row], _Signs]:
    kind, name_of, rows = _choose_kind(run, groups, step)
    lettered = _lettered(rows)
    homes: dict[str, str] = {}
    drawn = names_in([row.cells for row in rows])
    for lwp, figures in enumerate(run.lwps):
        if name_of(lwp) in drawn:
            homes.setdefault(name_of(lwp), figures.scheduler)
    known = [name for name in homes if name in lettered]
    letters = dict.fromkeys(known, _SOMEBODY)
    if len(known) <= len(ascii_uppercase):
        letters = dict(zip(known, ascii_uppercase, strict=False))
    schedulers = list(dict.fromkeys(homes.values()))
    colours = {name: _STYLES[place % len(_STYLES)] for place, name in enumerate(schedulers)}
    styles = {name: colours[home] for name, home in homes.items()}
    return rows, _Signs(kind, letters, styles, colours)


def _print_row(console: Console, row: _Row, margin: int, signs: _Signs) -> None:
    """Names that leave no room stand on lines of their own."""
    head = f"{format_cpus(row.cpus):{margin}} "
    if not margin:
        print_wrapped(head.rstrip())
        head = " "
    line = Text(head)
    for style, cells in groupby(row.cells, key=signs.style_of):
        line.append("".join(signs.of(row, cell) for cell in cells), style=style)
    console.print(line, soft_wrap=True)


# -- the key ------------------------------------------------------------------


def _print_key(console: Console, rows: Sequence[_Row], signs: _Signs) -> None:
    """The signs that appear, and no others."""
    single = {signs.of(row, cell) for row in rows if row.single for cell in row.cells}
    shared = {signs.of(row, cell) for row in rows if not row.single for cell in row.cells}
    entries = []
    if _SOMEBODY in signs.letters.values() and len(signs.letters) > len(ascii_uppercase):
        entries.append(Text(f"{_SOMEBODY}=somebody"))
    else:
        for name, letter in signs.letters.items():
            entry = Text(letter, style=signs.styles[name])
            entries.append(entry.append(f"={name}", style="default"))
    if any(sign.islower() for sign in single):
        entries.append(Text("small: busy for a part of it"))
    if any(sign.isdigit() for sign in shared):
        entries.append(Text("0-9: tenths busy"))
    for sign, meaning in ((_FULL, "all busy"), (_IDLE, "idle"), (_OFFLINE, "offline")):
        if sign in single | shared:
            entries.append(Text(f"{sign}={meaning}"))
    _print_entries(console, "key: ", entries)


def _print_colours(console: Console, signs: _Signs) -> None:
    """Whose colour is whose; said only where colours are."""
    entries = [Text(name, style=style) for name, style in signs.colours.items()]
    _print_entries(console, "colours: ", entries)


def _print_entries(console: Console, head: str, entries: Sequence[Text]) -> None:
    """Two blanks apart, no entry broken over lines."""
    line = Text(head)
    margin = len(head)
    for entry in entries:
        if len(line) > margin and len(line) + 2 + len(entry) > console.width:
            console.print(line, soft_wrap=True)
            line = Text(" " * margin)
        line.append("  " if len(line) > margin else "").append_text(entry)
    console.print(line, soft_wrap=True)
