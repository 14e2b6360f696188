"""The page of runs side by side, and that it sorts in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.figures.plans import plan
from tests.pictures.browser import MISSING, browse
from tests.pictures.test_run_page import data_of
from usched.engine.dispatcher import simulate
from usched.figures.accounts import take_account
from usched.figures.compared import Told, compare
from usched.pictures.compare_page import SCRIPTS, Named, format_compare_page
from usched.pictures.html_page import STYLE
from usched.world.package_files import read_page_parts

PROGRAMS = "- {name: a, scheduler: N, rforks: 3, run: 4}"


def draw() -> str:
    named, told = [], []
    for cpus in (1, 2):
        timetable = plan(cpus, "N on cpu* lwktpri 5", PROGRAMS)
        run = simulate(timetable)
        named.append(Named(f"{cpus} <cpus>", run))
        told.append(Told(run.ticks, take_account(timetable, run)))
    parts = read_page_parts((STYLE, *SCRIPTS))
    return "".join(format_compare_page("w", named, compare(told), parts))


def test_the_page_has_every_figure_and_needs_no_network() -> None:
    page = draw()
    assert not re.search(r"https?://|\bsrc=|@import|\bfetch\(|XMLHttpRequest|url\(", page)
    data = data_of(page)
    assert data["runs"][1] == {"name": "2 <cpus>", "machine": "m", "ticks": 8}
    assert "<cpus>" not in page
    lines = {(line["of"], line["name"], line["figure"]): line for line in data["lines"]}
    length = lines["run", "", "length"]
    assert (length["values"], length["differences"], length["judged"]) == (
        ([12, 8], [-4], ["better"])
    )
    assert lines["program", "a", "waited"]["echo"] is True
    sizes = [line["size"] for line in data["lines"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_it_sorts_and_shows_what_is_the_same_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "c.html"
    path.write_text(draw(), encoding="utf-8")
    count = "return document.querySelectorAll('tbody tr').length"
    with browse() as browser:
        browser.open(path)
        assert browser.complaints() == []
        differing = browser.run(count)
        browser.click("#equal")
        assert browser.run(count) > differing
        browser.click("#lwps")
        browser.click("th:nth-child(3) button")
        figures = browser.run(
            "return [...document.querySelectorAll('tbody tr')].map("
            "(row) => row.cells[2].textContent)"
        )
        assert figures == sorted(figures)
        assert "which is" in browser.run("return document.querySelector('thead').textContent")
