"""Drawings of runs: what is in them, and that they are XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.figures.plans import plan, read_workload
from tests.pictures.drawn import runs_of
from usched.engine.dispatcher import simulate
from usched.meaning.timetable import Timetable
from usched.pictures.colours import COLOURS, stripes_of
from usched.pictures.svg import format_svg
from usched.words.workload import Workload

SVG = "{http://www.w3.org/2000/svg}"

SCRIPT = "HIGH on cpu0 lwktpri 9\nLOW on cpu* lwktpri 5"
PROGRAMS = """
    - {name: h, scheduler: HIGH, run: 2, sleep: 2, repeat: 3}
    - {name: l, scheduler: LOW, rforks: 2, run: 6}
    """


def draw(timetable: Timetable, workload: Workload, ticks: int | None = None) -> ET.Element:
    run = simulate(timetable, ticks)
    return ET.fromstring("".join(format_svg(timetable, workload, run)))


def titles(svg: ET.Element) -> list[str]:
    return [title.text or "" for rect in svg.iter(f"{SVG}rect") for title in rect]


def texts(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter(f"{SVG}text")]


def test_every_segment_is_drawn_to_scale_and_says_what_it_is() -> None:
    svg = draw(plan(2, SCRIPT, PROGRAMS), read_workload(PROGRAMS))
    assert titles(svg)[:2] == ["h.0 in HIGH, 0 to 2", "l.1 in LOW, 2 to 4"]
    assert svg[0].text == "w on m: 2 cpus, 10 ticks at 100 Hz"
    rects = [rect for rect in svg.iter(f"{SVG}rect") if len(rect)]
    first = rects[0]
    assert (first.get("x"), first.get("width"), first.get("fill")) == (
        ("60.00", "180.00", "#0072b2")
    )
    assert {"w on m", "cpu0", "cpu1", "h.0", "HIGH", "LOW", "ticks", "10"} <= set(texts(svg))


def test_what_repeats_a_thousand_million_times_is_drawn_in_columns() -> None:
    programs = "- {name: a, scheduler: LOW, run: 1, sleep: 3, repeat: forever}"
    svg = draw(plan(2, SCRIPT, programs), read_workload(programs), 10**12)
    assert titles(svg) == []
    columns = [rect for rect in svg.iter(f"{SVG}rect") if rect.get("fill") == COLOURS[0]]
    column = columns[0]
    assert column.get("x") == "60.00"
    assert column.get("height") == "4"  # a quarter of the row


def test_more_schedulers_than_colours_have_stripes() -> None:
    script = "\n".join(f"S{number} on cpu* lwktpri 5" for number in range(20))
    programs = "\n".join(f"- {{name: a{n}, scheduler: S{n}, run: 3}}" for n in range(20))
    svg = draw(plan(4, script, programs), read_workload(programs))
    assert len(list(svg.iter(f"{SVG}pattern"))) == 12
    assert [stripes_of(number) for number in (0, 7, 8, 16, 24, 32)] == [0, 0, 1, 2, 3, 0]
    fills = {rect.get("fill") for rect in svg.iter(f"{SVG}rect") if len(rect)}
    assert len(fills) == 20


def test_every_run_is_a_drawing() -> None:
    drawn = 0
    for timetable, workload, _, ticks in runs_of(range(25)):
        svg = draw(timetable, workload, ticks)
        for rect in svg.iter(f"{SVG}rect"):
            assert float(rect.get("width") or 0) > 0
        drawn += 1
    assert drawn > 10
