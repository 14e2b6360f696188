"""The files that a run is written to: found in time, whole or not at all, none too large."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.face.sessions import Session, block

KINDS = ("--csv", "--html", "--perfetto", "--sched-switch", "--svg")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A machine of two cpus, one scheduler, and two workloads."""
    monkeypatch.chdir(tmp_path)
    desk = Session(tmp_path)
    desk.write("two.yaml", "machine: two\ncores: 2\n")
    desk.write("w.yaml", "workload: w\nprograms: [{name: a, scheduler: N, run: 3, rforks: 3}]\n")
    desk.write(
        "ever.yaml",
        "workload: e\nprograms: [{name: a, scheduler: N, run: 1, sleep: 1, repeat: forever}]\n",
    )
    desk.done("topology", "load", "two.yaml")
    desk.done("N", "on", "cpu*", "lwktpri", "6")
    return desk


@pytest.mark.parametrize("option", KINDS)
def test_a_path_that_cannot_be_written_is_found_before_the_run(desk: Session, option: str) -> None:
    words = ("simulate", "ever.yaml", "--ticks", "1000000000000", option, "no/x")
    assert desk.refused(1, *words) == "usched: no/x cannot be written: No such file or directory"


def test_all_files_are_written_beside_the_report(desk: Session) -> None:
    words = [word for option in KINDS for word in (option, option.strip("-"))]
    said = desk.done("simulate", "w.yaml", "--summary", *words)
    assert said.startswith("w on two: 2 cpus")
    texts = {option: (desk.folder / option.strip("-")).read_text() for option in KINDS}
    for option in KINDS:
        assert desk.done("simulate", "w.yaml", option, "-") == texts[option]
    assert texts["--csv"].startswith("cpu,from,to,lwp\n0,0,3,a.0\n")
    assert json.loads(texts["--perfetto"])["otherData"]["ticks"] == 6
    assert "<title>w on two</title>" in texts["--html"]
    assert texts["--svg"].startswith("<svg ")
    assert texts["--sched-switch"].count(": sched:sched_switch: ") == 5


def test_where_one_cannot_be_written_none_is_there(desk: Session) -> None:
    desk.refused(1, "simulate", "w.yaml", "--csv", "x.csv", "--perfetto", "no/x.json")


def test_standard_output_takes_one(desk: Session) -> None:
    words = ("simulate", "w.yaml", "--csv", "-", "--sched-switch", "-")
    assert desk.refused(2, *words) == (
        "usched: --csv - and --sched-switch - both want standard output"
    )
    assert desk.refused(2, "simulate", "w.yaml", "--json", "--perfetto", "-") == (
        "usched: --json and --perfetto - both want standard output"
    )
    assert desk.refused(2, "simulate", "w.yaml", "--figures", "--svg", "-") == (
        "usched: --figures and --svg - both want standard output"
    )
    assert desk.refused(2, "simulate", "w.yaml", "--at", "1", "--perfetto", "x") == (
        "usched: --at prints one tick, --perfetto writes a whole run: one or the other"
    )


def test_what_is_too_large_to_draw_is_refused_behind_the_report(desk: Session) -> None:
    words = ("simulate", "ever.yaml", "--ticks", "1000000000000", "--summary", "--perfetto", "x")
    result = desk.run(*words)
    assert result.status == 3
    assert result.out.startswith("e on two: 2 cpus, 1000000000000 ticks")
    assert (
        result.err
        == block(
            """
        usched: --perfetto: this run has 500000000000 segments, and 2000000 can be drawn
          draw a part: --ticks N (it repeats every 2 ticks from tick 0)
        """
        )
        + "\n"
    )
    assert not (desk.folder / "x").exists()


def test_vcpus_are_not_followed_through_a_run_that_was_counted(desk: Session) -> None:
    """Slices of vcpus matter, for one lwp waits for ever for another vcpu; no segment ends.
    A hog alone in a scheduler can be followed, however long it runs."""
    desk.done(
        "batch",
        "-q",
        "-",
        stdin=b"V on cpu* lwktpri 5 vcpus 2 locked\nV/IN on cpu* lwktpri 3 locked\n"
        b"HI on cpu1 lwktpri 9\n",
    )
    hogs = (
        "workload: h\nprograms:\n"
        "- {name: a, scheduler: V/IN, rforks: 2, run: 900000000000000}\n"
        "- {name: b, scheduler: HI, run: 900000000000000}\n"
    )
    desk.write("hogs.yaml", hogs)
    desk.write("hog.yaml", hogs.replace("rforks: 2", "rforks: 1"))
    words = ("--summary", "--ticks", "100000000000")
    result = desk.run("simulate", "hogs.yaml", "--summary", "--ticks", "100000", "--html", "x")
    assert (result.status, result.err) == (0, "")
    result = desk.run("simulate", "hogs.yaml", *words, "--perfetto", "y")
    assert result.status == 3
    assert result.err.startswith(
        "usched: --perfetto: this run has 100000000000 ticks, and vcpus can be followed through"
        " 10000000\n  draw a part: --ticks N"
    )
    result = desk.run("simulate", "hog.yaml", *words, "--perfetto", "z")
    assert (result.status, result.err) == (0, "")
