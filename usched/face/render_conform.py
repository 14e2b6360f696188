"""A workload as simulated and as Linux did it, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from usched.actions.conform import Conformance
from usched.face.output import make_printable, print_wrapped
from usched.face.tables import Columns, make_console, print_fitting
from usched.figures.compared import ComparedFigure
from usched.figures.conformed import (
    MIGRATIONS,
    SHARE,
    WAITED,
    describe_share,
    find_largest,
    points,
)
from usched.words.phrases import count, join_names

#: Points from which it is said what Linux does otherwise.
_APART = 3.0

#: Of the length of the run: from how much on it is said that others ran.
_TOLD = 0.01


def print_conformance(done: Conformance) -> None:
    name = make_printable(done.simulation.workload.name)
    click.echo(f"{name} on {make_printable(done.run.machine)}, Linux {done.kernel.release}:")
    ticks = (
        f"{count(done.run.ticks, 'tick')} at {done.run.hz} Hz, {done.run.ticks / done.run.hz:g} s"
    )
    print_wrapped(f"  {ticks}; simulated / on Linux, as its {done.performance.recorded} has it")
    for trouble in _list_troubles(done):
        print_wrapped(f"  {trouble}")
    for of in ("scheduler", "lwp"):
        click.echo()
        _print_table(of, [line for line in done.lines if line.of == of])
    click.echo()
    largest = find_largest(done.lines)
    print_wrapped(f"largest difference of a share: {describe_share(largest)}")
    for note in _list_notes(done):
        print_wrapped(note)


def _list_troubles(done: Conformance) -> Iterator[str]:
    played = done.performance.played
    if played:
        many = "1 event was done" if len(played) == 1 else f"{len(played)} events were done"
        late = 1000 * max(each.late for each in played)
        took = 1000 * max(each.took for each in played)
        yield f"{many}, {late:.1f} ms late and within {took:.1f} ms at most"
    if done.performance.lost:
        yield f"{count(done.performance.lost, 'event')} of the trace are lost: it is not used"
    if done.performance.breaks:
        yield f"{count(done.performance.breaks, 'break')} in the trace: switches are missing"
    others = done.performance.others
    if others is None:
        yield "for how long others ran in between cannot be told from schedstat"
        return
    took = sum(others.values())
    if took >= done.seconds * _TOLD:
        first = sorted(others, key=lambda comm: -others[comm])[:3]
        who = join_names([make_printable(comm) for comm in first])
        yield f"others ran for {took:.1f} s where an lwp would have gone on, most of it {who}"


def _print_table(of: str, lines: Sequence[ComparedFigure]) -> None:
    shares, waits, moves = (
        [line for line in lines if line.figure is figure] for figure in (SHARE, WAITED, MIGRATIONS)
    )
    columns: Columns = {
        "SHARE": [_pair(line, ".1f", "%") for line in shares],
        "POINTS": [f"{points(line):+.1f}" for line in shares],
        "WAITED": [_pair(line, ".1f", "%") for line in waits],
        "MIGRATIONS": [_pair(line, "", "") for line in moves],
    }
    print_fitting(make_console(), of.upper(), [line.name for line in shares], columns, ())


def _pair(line: ComparedFigure, form: str, unit: str) -> str:
    sides = ("-" if value is None else f"{value:{form}}" for value in line.values)
    return f"{' / '.join(sides)}{unit}"


def _list_notes(done: Conformance) -> Iterator[str]:
    """What Linux does otherwise, of the schedulers that differ, or in which an lwp does."""
    apart = {
        line.name for line in done.lines if line.figure is SHARE and abs(points(line)) > _APART
    }
    programs = done.simulation.timetable.programs
    owners = {
        each.scheduler
        for each in programs
        if any(f"{each.name}.{number}" in apart for number in range(each.rforks))
    }
    for note in done.notes:
        if note.scheduler in owners | apart:
            yield f"{note.scheduler}, {note.word}: {note.what}"
