"""Runs side by side, for people: the largest changes first."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple

import click
from rich.text import Text

from usched.actions.compare import Comparison
from usched.face.output import make_printable, print_wrapped
from usched.face.tables import Columns, is_fitting, make_console, print_fitting
from usched.figures.compared import ComparedFigure
from usched.words.phrases import count

#: Without --all, so many lines at most, by whose they are.
_SHOWN = {"SCHEDULER": 20, "PROGRAM": 12}

_STYLES = {"better": "green", "worse": "bold red", "": ""}


def print_comparison(compared: Comparison, every: bool) -> None:
    """every: all figures, also those that are equal, and those of lwps."""
    names = _name_runs(len(compared.runs))
    click.echo(f"{compared.variants[0].simulation.workload.name}:")
    for name, variant, run in zip(names, compared.variants, compared.runs, strict=True):
        label = make_printable(variant.name)
        print_wrapped(
            f"  {name}  {label}, on {run.machine}: {count(len(run.cpus), 'cpu')}, "
            f"{count(run.ticks, 'tick')} at {run.hz} Hz"
        )
    lines = [line for line in compared.lines if every or _is_told(line)]
    if not every:
        _print_verdict(lines, names)
    left_out = 0
    for head, kinds in _TABLES.items():
        rows = _group([line for line in lines if line.of in kinds])
        shown = rows if every else rows[: _SHOWN.get(head, 0)]
        left_out += len(rows) - len(shown)
        if shown:
            click.echo()
            _print_rows(head, shown, names)
    said = [count(left_out, "smaller change")] if left_out else []
    same = sum(not line.differs for line in compared.lines if line.of != "lwp" and not line.echo)
    if same and not every:
        said.append(f"{count(same, 'figure')} {'is' if same == 1 else 'are'} the same")
    if said:
        click.echo()
        print_wrapped(f"{'; '.join(said)}: --all shows them, and those of each lwp")


#: Of whom each table is.
_TABLES = {"SCHEDULER": ("run", "scheduler"), "PROGRAM": ("program",), "LWP": ("lwp",)}


def _is_told(line: ComparedFigure) -> bool:
    return line.differs and line.of != "lwp" and not line.echo


def _print_verdict(lines: Sequence[ComparedFigure], names: Sequence[str]) -> None:
    click.echo()
    for number, name in enumerate(names[1:], start=1):
        verdicts = [line.judge(number) for line in lines]
        better, worse = verdicts.count("better"), verdicts.count("worse")
        print_wrapped(f"{name} against {names[0]}: {count(better, 'figure')} better, {worse} worse")


class _Row(NamedTuple):
    """Figures of somebody with the same numbers, on one line: p90, p99 and max often are."""

    name: str
    line: ComparedFigure


def _group(lines: Sequence[ComparedFigure]) -> list[_Row]:
    """In the order of the first of each."""
    found: dict[tuple[object, ...], list[ComparedFigure]] = {}
    for line in lines:
        kind = line.figure.name.partition(",")[0]
        found.setdefault((line.of, line.name, kind, line.figure.unit, line.values), []).append(line)
    rows = []
    for same in found.values():
        others = [line.figure.name.rpartition(", ")[2] for line in same[1:]]
        rows.append(_Row(" ".join([same[0].figure.name, *others]), same[0]))
    return rows


def _print_rows(head: str, rows: Sequence[_Row], names: Sequence[str]) -> None:
    first, *others = names
    lines = [row.line for row in rows]
    columns: Columns = {
        "FIGURE": [_name_figure(row) for row in rows],
        first: [_format(line.values[0]) for line in lines],
    }
    for number, name in enumerate(others, start=1):
        columns[name] = [_format(line.values[number]) for line in lines]
        columns[f"{name} - {first}"] = [_format_change(line, number) for line in lines]
    owners = [line.name or "the run" for line in lines]
    if is_fitting(make_console(), head, owners, columns):
        print_fitting(make_console(), head, owners, columns, ())
        return
    # many runs: the differences can be reckoned, what they mean cannot
    for number, name in enumerate(others, start=1):
        del columns[f"{name} - {first}"]
        columns[name] = [_format_judged(line, number) for line in lines]
    print_fitting(make_console(), head, owners, columns, ())


def _name_runs(number: int) -> list[str]:
    """A, B, C ..., or numbers where there are more runs than letters."""
    if number <= len(ascii_uppercase):
        return list(ascii_uppercase[:number])
    return [str(each) for each in range(1, number + 1)]


def _name_figure(row: _Row) -> str:
    unit = row.line.figure.unit
    return f"{row.name} ({unit})" if unit else row.name


def _format(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.10g}"


def _format_judged(line: ComparedFigure, number: int) -> Text:
    judged = line.judge(number)
    return Text(f"{_format(line.values[number])} {judged}".rstrip(), style=_STYLES[judged])


def _format_change(line: ComparedFigure, number: int) -> Text:
    difference = line.difference(number)
    if difference is None:
        return Text("-")
    judged = line.judge(number)
    said = f"{round(difference, 4):+.10g}" if difference else "0"
    return Text(f"{said} {judged}".rstrip(), style=_STYLES[judged])
