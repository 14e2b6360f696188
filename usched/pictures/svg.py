"""A run as a drawing for papers: a row for each cpu, in colours, with a key and an axis.

Each segment is drawn where there are not too many; else columns, in the colour of who ran longest,
as high as the cpu was busy, which also draws what repeats a thousand million times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from usched.figures.abridged import count_segments, spell_out
from usched.figures.columns import choose_step, fill_row
from usched.figures.lives import follow_all
from usched.meaning.timetable import Timetable
from usched.pictures.colours import colour_of, stripes_of, text_on
from usched.words.cpuset import CpuSet
from usched.words.machine import Cpu
from usched.words.phrases import count
from usched.words.run import Run
from usched.words.workload import Workload

#: More segments are drawn as columns.
_MOST_SEGMENTS = 20_000
_COLUMNS = 900

_MARGIN, _WIDTH, _RIGHT = 60, 900, 20
_HEAD = 56
_ROW, _GAP = 18, 6
#: How wide a letter is, about, in the font of the names.
_LETTER = 5.6


@dataclass(frozen=True, slots=True)
class _Box:
    """Of a row, the ticks [start, end), as high as `share` of it. name: "" for a column."""

    start: int
    end: int
    scheduler: str
    name: str
    share: float = 1.0


def format_svg(timetable: Timetable, workload: Workload, run: Run) -> Iterator[str]:
    cpus = timetable.topology.cpus
    tops = _place_rows(cpus)
    bottom = (max(tops.values()) + _ROW) if tops else _HEAD
    rows = _list_boxes(timetable, run)
    drawn = [
        each.name for each in run.schedulers if any(_has(row, each.name) for row in rows.values())
    ]
    numbers = {name: number for number, name in enumerate(drawn)}
    keys = list(_place_keys(drawn, bottom + 44))
    height = (keys[-1][2] if keys else bottom + 24) + 20
    width = _MARGIN + _WIDTH + _RIGHT
    title = f"{workload.name} on {run.machine}"
    about = f"{count(len(run.cpus), 'cpu')}, {count(run.ticks, 'tick')} at {run.hz} Hz"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        'font-family="Helvetica, Arial, DejaVu Sans, sans-serif" font-size="10">\n'
        f"<title>{escape(title)}: {escape(about)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        f'<text x="{_MARGIN}" y="20" font-size="14">{escape(title)}</text>\n'
        f'<text x="{_MARGIN}" y="34" fill="#555">{escape(about)}</text>\n'
    )
    yield "<defs>\n" + "".join(map(_define_stripes, range(len(drawn)))) + "</defs>\n"
    for cpu in cpus:
        top = tops[cpu.number]
        yield f'<text x="{_MARGIN - 6}" y="{top + 12}" text-anchor="end">cpu{cpu.number}</text>\n'
        yield f'<rect x="{_MARGIN}" y="{top}" width="{_WIDTH}" height="{_ROW - 2}" fill="#eee"/>\n'
        for box in rows[cpu.number]:
            yield _draw_box(box, top, run.ticks, numbers)
        for start, end in run.offline.get(cpu.number, ()):
            x, wide = _span(start, end, run.ticks)
            middle = top + _ROW / 2 - 1
            yield f'<path d="M{x:.2f} {middle}h{wide:.2f}" stroke="#777" stroke-dasharray="4 2"/>\n'
    yield from _draw_axis(run.ticks, bottom)
    for name, x, y in keys:
        yield f'<rect x="{x}" y="{y - 9}" width="14" height="10" fill="{_paint(numbers[name])}"/>'
        yield f'<text x="{x + 19}" y="{y}">{escape(name)}</text>\n'
    yield "</svg>\n"


def _place_rows(cpus: Sequence[Cpu]) -> dict[int, int]:
    """The upper edge of each; a little apart where another node begins."""
    tops: dict[int, int] = {}
    y = _HEAD
    for n, cpu in enumerate(cpus):
        if n and (cpu.socket, cpu.node) != (cpus[n - 1].socket, cpus[n - 1].node):
            y += _GAP
        tops[cpu.number] = y
        y += _ROW
    return tops


def _place_keys(names: Sequence[str], y: int) -> Iterator[tuple[str, int, int]]:
    x = _MARGIN
    for name in names:
        wide = 19 + 7 * len(name) + 14
        if x + wide > _MARGIN + _WIDTH and x > _MARGIN:
            x, y = _MARGIN, y + 16
        yield name, x, y
        x += wide


# -- what is drawn ------------------------------------------------------------------


def _list_boxes(timetable: Timetable, run: Run) -> dict[int, list[_Box]]:
    if count_segments(run) > _MOST_SEGMENTS:
        return {cpu.cpu: _list_columns(run, cpu.cpu) for cpu in run.cpus}
    lives = follow_all(timetable, run, spell_out(run))
    return {
        cpu.cpu: [
            _Box(begins, ends, scheduler, run.timeline.lwps[lwp])
            for start, end, lwp in run.timeline.on_cpu(cpu.cpu)
            for begins, ends, scheduler in lives[lwp].split(start, end)
        ]
        for cpu in run.cpus
    }


def _list_columns(run: Run, cpu: int) -> list[_Box]:
    """Those next to each other that look the same are one. An lwp has the colour of the scheduler
    that it ended in."""
    step = choose_step(run.ticks, _COLUMNS)
    boxes: list[_Box] = []
    for n, cell in enumerate(
        fill_row(run, CpuSet.of([cpu]), step, lambda n: run.lwps[n].scheduler)
    ):
        if cell.name is None:
            continue
        share = cell.busy / cell.ticks
        start = n * step
        if (
            boxes
            and boxes[-1].end == start
            and (boxes[-1].scheduler, boxes[-1].share) == (cell.name, share)
        ):
            start = boxes.pop().start
        boxes.append(_Box(start, n * step + cell.ticks, cell.name, "", share))
    return boxes


def _has(boxes: Sequence[_Box], scheduler: str) -> bool:
    return any(box.scheduler == scheduler for box in boxes)


def _draw_box(box: _Box, top: int, ticks: int, numbers: Mapping[str, int]) -> str:
    x, wide = _span(box.start, box.end, ticks)
    number = numbers[box.scheduler]
    high = round((_ROW - 2) * box.share, 2)
    y = round(top + _ROW - 2 - high, 2)
    edge = ' stroke="#fff" stroke-width=".5"' if box.name and wide > 2 else ""
    rect = (
        f'<rect x="{x:.2f}" y="{y:g}" width="{wide:.2f}" height="{high:g}" '
        f'fill="{_paint(number)}"{edge}'
    )
    if not box.name:
        return f"{rect}/>\n"
    about = f"{box.name} in {box.scheduler}, {box.start} to {box.end}"
    drawn = f"{rect}><title>{escape(about)}</title></rect>"
    if wide > _LETTER * len(box.name) + 4:
        colour = text_on(number)
        drawn += f'<text x="{x + 2:.2f}" y="{top + 11.5}" fill="{colour}">{escape(box.name)}</text>'
    return drawn + "\n"


def _span(start: int, end: int, ticks: int) -> tuple[float, float]:
    scale = _WIDTH / max(1, ticks)
    return _MARGIN + start * scale, (end - start) * scale


def _draw_axis(ticks: int, bottom: int) -> Iterator[str]:
    step = _choose_mark(ticks)
    for tick in range(0, ticks + 1, step):
        x, _ = _span(tick, tick, ticks)
        yield f'<path d="M{x:.2f} {bottom}v4" stroke="#555"/>'
        where = f'x="{x:.2f}" y="{bottom + 14}"'
        yield f'<text {where} text-anchor="middle" fill="#555">{tick}</text>\n'
    middle = _MARGIN + _WIDTH / 2
    yield f'<text x="{middle:g}" y="{bottom + 27}" text-anchor="middle" fill="#555">ticks</text>\n'


def _choose_mark(ticks: int) -> int:
    """1, 2 or 5 times a power of ten, so that there are ten marks at most."""
    step = 1
    while True:
        for times in (1, 2, 5):
            if ticks <= 10 * step * times:
                return step * times
        step *= 10


# -- colours ------------------------------------------------------------------------


def _paint(number: int) -> str:
    return f"url(#p{number})" if stripes_of(number) else colour_of(number)


def _define_stripes(number: int) -> str:
    kind = stripes_of(number)
    if not kind:
        return ""
    lines = {1: "M-1 5l6 -6M-1 11l12 -12M5 11l6 -6", 2: "M0 0l8 8M8 0l-8 8", 3: "M0 2h8M0 6h8"}
    return (
        f'<pattern id="p{number}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour_of(number)}"/>'
        f'<path d="{lines[kind]}" stroke="#000" stroke-opacity=".6"/></pattern>\n'
    )
