"""The page of a run: what is in it, and what it does in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.jobs import JOBS
from tests.engine.runs import plan as plan_scenario
from tests.figures.plans import plan, read_workload
from tests.pictures.browser import MISSING, Browser, browse
from tests.pictures.drawn import MACHINE, PROGRAMS, SCRIPT, runs_of
from usched.engine.dispatcher import simulate
from usched.meaning.timetable import Timetable
from usched.pictures.html_page import STYLE
from usched.pictures.run_page import SCRIPTS, format_run_page
from usched.text.workload import parse_workload
from usched.words.located import locate
from usched.words.workload import Workload
from usched.world.package_files import read_page_parts

EVENTS = """
    - {at: 12, offline: cpu3}
    - {at: 20, online: cpu3}
    """


def draw(timetable: Timetable, workload: Workload, ticks: int | None = None) -> str:
    parts = read_page_parts((STYLE, *SCRIPTS))
    run = simulate(timetable, ticks)
    return "".join(format_run_page(timetable, workload, run, parts))


def draw_small() -> str:
    return draw(plan(MACHINE, SCRIPT, PROGRAMS, EVENTS), read_workload(PROGRAMS, EVENTS))


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="run">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


def test_the_page_needs_no_network() -> None:
    page = draw_small()
    assert not re.search(r"https?://|\bsrc=|@import|\bfetch\(|XMLHttpRequest|url\(", page)
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.count("<script") == page.count("</script>") == 2


def test_its_segments_are_those_of_every_run() -> None:
    drawn = 0
    for timetable, workload, run, ticks in runs_of(range(25)):
        data = data_of(draw(timetable, workload, ticks))
        for cpu in data["cpus"]:
            now = 0
            merged: list[list[int]] = []
            flat = iter(cpu["segments"])
            for gap, length, lwp, chain, _ in zip(flat, flat, flat, flat, flat, strict=True):
                assert length > 0
                scheduler, text = data["chains"][chain]
                name = data["schedulers"][scheduler]["name"]
                assert re.sub(r" vcpu\d+", "", text).endswith(name)
                start = now + gap
                now = start + length
                if merged and not gap and merged[-1][2] == lwp:
                    merged[-1][1] = now
                else:
                    merged.append([start, now, lwp])
            number = int(cpu["label"].removeprefix("cpu"))
            assert merged == [list(each) for each in run.timeline.on_cpu(number)]
        drawn += 1
    assert drawn > 10


def test_what_kept_an_lwp_waiting_is_with_the_segment_behind_it() -> None:
    script = "HIGH on cpu0 lwktpri 9\nLOW on cpu0 lwktpri 3\nPIN on cpu0 lwktpri 2 locked"
    programs = """
        - {name: h, scheduler: HIGH, run: 3}
        - {name: l, scheduler: LOW, run: 2}
        - {name: p, scheduler: PIN, run: 1}
        """
    data = data_of(draw(plan(2, script, programs), read_workload(programs)))
    assert data["cpus"][0]["segments"] == [0, 3, 0, 0, -1, 0, 2, 1, 1, 0, 0, 1, 2, 2, 1]
    assert data["chains"] == [[0, "HIGH"], [1, "LOW"], [2, "PIN"]]
    assert data["whys"] == [
        [3, [[0, 100]], [["not in its pool", 3]]],
        [5, [[0, 60], [1, 40]], [["not in its pool", 5]]],
    ]


def test_the_chain_has_the_vcpus_and_a_segment_is_cut_where_it_changes() -> None:
    data = data_of(draw_small())
    texts = [text for _, text in data["chains"]]
    assert "REAL" in texts
    assert {"POOL vcpu0 ← POOL/IN", "POOL vcpu1 ← POOL/IN"} <= set(texts)


def test_what_a_workload_is_called_ends_no_script() -> None:
    workload = read_workload(PROGRAMS)
    object.__setattr__(workload, "name", "</script><b>")
    page = draw(plan(MACHINE, SCRIPT, PROGRAMS), workload)
    assert page.count("</script>") == 2
    assert "&lt;/script&gt;&lt;b&gt; on m" in page


# -- in a browser -----------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if MISSING:
        pytest.skip(MISSING)
    with browse() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    """The small run, opened."""
    path = tmp_path / "run.html"
    path.write_text(draw_small(), encoding="utf-8")
    browser.open(path)
    return browser


def place_of(page: Browser, cpu: int, tick: float) -> tuple[int, int]:
    """Where in the window a tick of a cpu is drawn."""
    box = page.run(
        "const box = timeline.canvas.getBoundingClientRect();"
        "return [box.left + timeline.x(arguments[1]), box.top + timeline.y(arguments[0]) + 5]",
        *(cpu, tick),
    )
    return round(box[0]), round(box[1])


@pytest.mark.slow
def test_it_draws_without_a_complaint_and_loads_nothing(page: Browser) -> None:
    assert page.complaints() == []
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert page.run("return document.querySelectorAll('#keys li').length") == 2
    colours = page.run(
        "timeline.draw(); const pen = timeline.canvas.getContext('2d');"
        "const at = (cpu, tick) => [...pen.getImageData(timeline.scale * timeline.x(tick),"
        " timeline.scale * (timeline.y(cpu) + 3), 1, 1).data].slice(0, 3);"
        "return [at(0, 0.3), at(1, 0.3)]"
    )
    assert colours == [[0, 114, 178], [230, 159, 0]]


@pytest.mark.slow
def test_pointing_shows_lwp_scheduler_chain_and_why_it_waited(page: Browser) -> None:
    page.point(place_of(page, 0, 0.5))
    assert page.run("return timeline.tip.innerText") == "r.0, 0 to 1 (1 ticks)\ncpu0 ← REAL"
    told = page.run("return timeline.rows.map((row) => row.field(0, WHY) >= 0)")
    assert told == [False, False, False, False]
    waited = page.run(
        "for (const [n, row] of timeline.rows.entries()) for (let i = 0; i < row.count; i++)"
        " if (row.field(i, WHY) >= 0) return [n, (row.start[i] + row.end[i]) / 2]"
    )
    page.point(place_of(page, *waited))
    text = page.run("return timeline.tip.innerText")
    assert re.match(r"a\.\d, \d+ to \d+ \(\d+ ticks\)\ncpu\d ← POOL vcpu\d ← POOL/IN\n", text)
    assert re.search(r"\nwaited \d+ ticks before: its own 100%", text)
    x, y = place_of(page, 0, 12)
    page.point((x, y - 20))
    assert page.run("return timeline.tip.innerText") == "tick 12: offline cpu3"


@pytest.mark.slow
def test_keys_alone_reach_every_segment(page: Browser) -> None:
    page.run("document.getElementById('timeline').focus()")
    page.press("right", "right")
    said = page.run("return document.getElementById('said').textContent")
    assert said.startswith("r.0, 4 to 5 (1 ticks); cpu0 ← REAL")
    page.press("down")
    said = page.run("return document.getElementById('said').textContent")
    assert "; cpu1 ← POOL vcpu" in said
    page.press("+", "+")
    assert page.run("return timeline.span") < page.run("return run.ticks / 2")
    page.press("enter")
    assert page.run("return timeline.lit") >= 0
    page.press("escape", "0")
    assert page.run("return [timeline.lit, timeline.left, timeline.span === run.ticks]") == (
        [-1, 0, True]
    )


@pytest.mark.slow
def test_the_mouse_zooms_where_it_is_and_drags(page: Browser) -> None:
    page.run("timeline.zoom(0.25, 10)")
    assert page.run("return timeline.left <= 10 && timeline.left + timeline.span >= 10") is True
    before = page.run("return timeline.left")
    x, y = place_of(page, 1, page.run("return timeline.left + timeline.span / 2"))
    page.point((x, y), (x - 60, y), (x - 90, y), held=True)
    assert page.run("return timeline.left") > before


@pytest.mark.slow
def test_tables_sort_by_every_head(page: Browser) -> None:
    first = "return document.querySelector('#lwps tbody tr').cells[0].textContent"
    assert page.run(first) == "a.0"
    page.click("#lwps th:nth-child(1) button")
    assert page.run(first) == "a.0"
    page.click("#lwps th:nth-child(1) button")
    assert page.run(first) == "r.0"
    page.click("#lwps th:nth-child(3) button")
    assert page.run("return document.querySelector('#lwps th:nth-child(3)').ariaSort") == (
        "descending"
    )
    shares = page.run(
        "return [...document.querySelectorAll('#lwps tbody tr')].map("
        "(row) => parseFloat(row.cells[2].textContent))"
    )
    assert shares == sorted(shares, reverse=True)
    assert page.run("return document.querySelectorAll('ul.tree li').length") == 3


@pytest.mark.slow
def test_light_and_dark(page: Browser, tmp_path: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    before = page.run(ground)
    page.click("#theme")
    after = page.run(ground)
    assert {before, after} == {"rgb(255, 255, 255)", "rgb(20, 23, 27)"}
    page.screenshot(tmp_path / "dark.png")
    assert (tmp_path / "dark.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_hundred_thousand_segments_on_64_cpus_stay_smooth(
    browser: Browser, tmp_path: Path
) -> None:
    """A frame takes far less than is seen, also on a machine that has other things to do."""
    scenario = next(job for job in JOBS if job.name == "B").make()
    timetable = plan_scenario(scenario)
    workload = parse_workload(locate(scenario.workload))
    path = tmp_path / "large.html"
    path.write_text(draw(timetable, workload, 8_000), encoding="utf-8")
    browser.open(path)
    segments = "return timeline.rows.reduce((sum, row) => sum + row.count, 0)"
    assert browser.run(segments) > 100_000
    for span in (8_000, 2_000, 200):
        took = browser.run(
            "timeline.show(100, arguments[0]); const times = [];"
            "for (let n = 0; n < 15; n++) { timeline.left += 1; const since = performance.now();"
            " timeline.draw();"
            " times.push(performance.now() - since); }"
            "return times.sort((a, b) => a - b)[7]",
            span,
        )
        print(f"{span} ticks in sight: {took:.1f} ms a frame")
        assert took < 250
