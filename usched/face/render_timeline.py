"""A timeline of each cpu, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from string import ascii_letters, digits

from rich.console import Console
from rich.text import Text

from usched.face.output import terminal_width
from usched.face.render_run import make_console
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.run import Run, Timeline

_SIGNS = ascii_letters + digits
_IDLE = "."
_MANY = "#"

#: Colours that stay apart on light and dark terminals, and for the colour-blind in this order.
_STYLES = (
    "blue", "yellow", "cyan", "magenta", "green", "red",
    "bold blue", "bold yellow", "bold cyan", "bold magenta", "bold green", "bold red",
)  # fmt: skip


def print_timeline(run: Run) -> None:
    """A line a cpu, a column so many ticks: who ran most of them; then the key.

    Letters stand for lwps while there are letters enough, else for programs, else for schedulers;
    colours always for schedulers.
    """
    if not any(cpu.busy for cpu in run.cpus):
        return
    console = make_console()
    names = {cpu.cpu: f"cpu{cpu.cpu}" for cpu in run.cpus}
    margin = max(len(name) for name in names.values())
    columns = max(10, terminal_width() - margin - 1)
    step = -(-run.ticks // columns)
    kind, key = _name_signs(run)
    styles = _choose_styles(run)
    unit = "a tick" if step == 1 else f"{step} ticks"
    console.print(f"\ntimeline: a column is {unit}, a letter {kind}")
    rows = {cpu.cpu: _fill(run.timeline, cpu.cpu, run.ticks, step) for cpu in run.cpus}
    for empty, group in groupby(rows.items(), key=lambda row: not any(row[1])):
        lines = list(group)
        if empty and len(lines) > 1:
            cpus = format_cpus(CpuSet.of(cpu for cpu, _ in lines))
            console.print(f"{cpus}: idle")
            continue
        for cpu, cells in lines:
            console.print(Text(f"{names[cpu]:{margin}} ").append_text(_paint(cells, key, styles)))
    _print_key(console, key, styles)


def _fill(timeline: Timeline, cpu: int, ticks: int, step: int) -> list[str | None]:
    """For each column the lwp that ran longest in it, None where idling was longer."""
    cells: list[dict[int, int]] = [{} for _ in range(-(-ticks // step))]
    for start, end, lwp in timeline.on_cpu(cpu):
        for column in range(start // step, (end - 1) // step + 1):
            first, last = column * step, min((column + 1) * step, ticks)
            part = min(end, last) - max(start, first)
            cells[column][lwp] = cells[column].get(lwp, 0) + part
    found: list[str | None] = []
    for column, lwps in enumerate(cells):
        width = min((column + 1) * step, ticks) - column * step
        most = max(lwps, key=lwps.__getitem__, default=None)
        idle = width - sum(lwps.values())
        found.append(None if most is None or lwps[most] < idle else timeline.lwps[most])
    return found


def _name_signs(run: Run) -> tuple[str, dict[str, tuple[str, str]]]:
    """What a letter stands for, and for each lwp that ran its letter and what that is called."""
    ran = [lwp for lwp in run.lwps if lwp.ran]
    for kind, names in (
        ("an lwp", {lwp.name: lwp.name for lwp in ran}),
        ("a program", {lwp.name: lwp.name.rpartition(".")[0] for lwp in ran}),
        ("a scheduler", {lwp.name: lwp.scheduler for lwp in ran}),
    ):
        known = list(dict.fromkeys(names.values()))
        if len(known) <= len(_SIGNS):
            signs = dict(zip(known, _SIGNS, strict=False))
            return kind, {lwp: (signs[name], name) for lwp, name in names.items()}
    return "somebody", {lwp.name: (_MANY, "somebody") for lwp in ran}


def _choose_styles(run: Run) -> dict[str, str]:
    """A colour for each lwp: that of the scheduler it ended in."""
    schedulers = list(dict.fromkeys(lwp.scheduler for lwp in run.lwps if lwp.ran))
    colours = {name: _STYLES[place % len(_STYLES)] for place, name in enumerate(schedulers)}
    return {lwp.name: colours[lwp.scheduler] for lwp in run.lwps if lwp.ran}


def _paint(
    cells: Sequence[str | None], key: dict[str, tuple[str, str]], styles: dict[str, str]
) -> Text:
    text = Text()
    for lwp, group in groupby(cells):
        count = len(list(group))
        if lwp is None:
            text.append(_IDLE * count, style="dim")
        else:
            text.append(key[lwp][0] * count, style=styles[lwp])
    return text


def _print_key(console: Console, key: dict[str, tuple[str, str]], styles: dict[str, str]) -> None:
    text = Text("key: ")
    seen: set[str] = set()
    for lwp, (sign, name) in key.items():
        if name not in seen:
            seen.add(name)
            text.append(sign, style=styles[lwp])
            text.append(f"={name}  ")
    text.append(f"{_IDLE}=idle")
    console.print(text)
