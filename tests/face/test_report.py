"""The report of `usched simulate`, whole, at several widths, in ASCII and in colour."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.face.sessions import Session, at_desk, on_terminal, page

SHARED = """
NORM on cpu* lwktpri 6
REAL on core3 lwktpri 8
POOL on cpu* lwktpri 4
POOL/OF_A_LONG_NAME on cpu0-3 lwktpri 4
"""

BUSY = """
workload: busy
programs:
  - {name: a, scheduler: NORM, rforks: 16, run: 1, sleep: 9, repeat: 30}
  - {name: d, scheduler: POOL/OF_A_LONG_NAME, rforks: 2, run: 9, period: 12, deadline: 8, repeat: 9}
  - {name: late, scheduler: POOL, run: 5, at: 400}
events:
  - {at: 100, offline: cpu6}
  - {at: 350, online: cpu6}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Eight cpus, and files `busy.yaml` and `shared.usched`."""
    return at_desk(tmp_path, monkeypatch, {"shared.usched": SHARED, "busy.yaml": BUSY})


def test_the_whole_report(desk: Session) -> None:
    said = desk.done("simulate", "busy.yaml", "--script", "shared.usched", "--ticks", "300")
    assert said == page(
        """
        busy on eight: 8 cpus, 300 ticks at 100 Hz (3 s)

        CPU    BUSY  RAN
        cpu0  47.0%  d.0 27.0%, a.8 10.0%, a.5 6.7%, 2 more 3.3%
        cpu1  47.0%  d.1 27.0%, a.7 9.7%, a.6 6.7%, 2 more 3.7%
        cpu2  26.7%  a.2 10.0%, a.10 10.0%, a.14 6.7%
        cpu3  20.0%  a.3 10.0%, a.11 10.0%
        cpu4  20.0%  a.12 10.0%, a.0 9.7%, a.4 0.3%
        cpu5  20.0%  a.1 9.7%, a.9 6.7%, a.13 3.3%, 1 more 0.3%
        cpu6   6.7%  a.14 3.3%, a.4 3.0%, a.6 0.3%, offline 66.7%
        cpu7  26.7%  a.15 10.0%, a.4 6.7%, a.13 6.7%, 2 more 3.3%
        BUSY and RAN: of the run's 300 ticks

        SCHEDULER            LWPS  OF MACHINE  OF POOL  WAITING  MIGRATIONS
        NORM                   16       21.8%    21.8%     0.04          12
        POOL                    0        7.4%     7.4%     0.15           0
        POOL/OF_A_LONG_NAME     2        7.4%    13.5%     0.15           0
        OF MACHINE: of the online ticks of all cpus
        OF POOL: of the online ticks of the cpus in reach
        WAITING: lwps, on average
        never had an lwp: REAL

        18 deadlines missed: d.0 9, d.1 9

        never forked: late
        after the last tick: 1 event (tick 350)

        timeline: a column is 4 ticks, a letter the lwp that ran longest in it
        cpu0 KKKKKKKKkKKkKKkKKKKKKKKkKKkf..f.f..f.f..f.f..f.f..f.f..f.f..f.f..f.f..f.f..
        cpu1 LLLLLLLLlLLlLLlLLLLLLLLlLLlg..g.g..g.g..g.g..g.g..g.g..g.g..g.g..g.g..g.g..
        cpu2 c.c..c.c..c.c..c.c..c.c..c.ci.c.ci.c.ci.c.ci.c.ci.c.ci.c.ci.c.ci.c.ci.c.ci.
        cpu3 d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..d.d..
        cpu4 e.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..a.a..
        cpu5 f.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..b.b..
        cpu6 g.e..e.e..e.e..e.e..e.e..--------------------------------------------------
        cpu7 h.f..f.f..f.f..f.f..f.f..e.ej.e.ej.e.ej.e.ej.e.ej.e.ej.e.ej.e.ej.e.ej.e.ej.
        key: A=a.0  B=a.1  C=a.2  D=a.3  E=a.4  F=a.5  G=a.6  H=a.7  I=a.14  J=a.15
             K=d.0  L=d.1  small: busy for a part of it  .=idle  -=offline
        """
    )


def test_a_narrow_report_has_all_names_and_fewer_figures(desk: Session) -> None:
    text = desk.done("simulate", "busy.yaml", "--script", "shared.usched")
    for columns in (40, 50, 60):
        os.environ["COLUMNS"] = str(columns)
        narrow = desk.done("simulate", "busy.yaml", "--script", "shared.usched")
        assert max(map(len, narrow.splitlines())) <= columns
        assert "POOL/OF_A_LONG_NAME" in narrow
        assert "…" not in narrow
        assert len(narrow.split("timeline")[0].split()) < len(text.split("timeline")[0].split())


def test_a_name_wider_than_the_terminal_is_folded_not_cut(desk: Session) -> None:
    parent = "A_NAME_OF_THIRTY_CHARACTERS_XX"
    name = f"{parent}/ANOTHER_ONE_OF_TWENTY"
    desk.write("o.usched", f"{parent} on cpu* lwktpri 4\n{name} on cpu* lwktpri 4\n")
    desk.write("w.yaml", f"workload: w\nprograms: [{{name: a, scheduler: {name}, run: 3}}]\n")
    os.environ["COLUMNS"] = "40"
    said = desk.done("simulate", "w.yaml", "--script", "o.usched")
    assert said.split("\n\n")[2] + "\n" == page(
        """
        SCHEDULER                        LWPS
        A_NAME_OF_THIRTY_CHARACTERS_XX      0
        A_NAME_OF_THIRTY_CHARACTERS_XX/     1
        ANOTHER_ONE_OF_TWENTY
        """
    )


def test_a_cpu_that_is_partly_busy_is_not_drawn_as_idle(desk: Session) -> None:
    """Eight lwps that each run for a tenth of the time keep a cpu busy for most of it."""
    desk.write("o.usched", "NORM on cpu0 lwktpri 6\n")
    desk.write(
        "w.yaml",
        "workload: w\nprograms:\n"
        "  - {name: a, scheduler: NORM, rforks: 8, run: 1, sleep: 9, repeat: forever}\n",
    )
    said = desk.done("simulate", "w.yaml", "--script", "o.usched", "--ticks", "1000")
    assert "\ncpu0       80.0%  " in said
    assert said.split("\n\n")[-1] == page(
        """
        timeline: a column is 14 ticks, a letter the lwp that ran longest in it
        cpu0 acabdacabdacabdacabdacabdacabdacabdacabdacabdacabdacabdacabdacabdacabdac
        cpu1-cpu7: idle
        key: A=a.0  B=a.2  C=a.4  D=a.6  small: busy for a part of it
        """
    )


def test_at_a_tick_offline_cpus_are_told_from_idle_ones(desk: Session) -> None:
    args = ("simulate", "busy.yaml", "--script", "shared.usched", "--at", "108")
    assert desk.done(*args) == page(
        """
        tick 108 of busy on eight
        cpu0-cpu5: nobody
        cpu6: offline
        cpu7: nobody
        """
    )
    assert '"offline": [\n    6\n  ]' in desk.done(*args, "--json")


def test_like_cpus_of_a_large_machine_share_a_line(desk: Session) -> None:
    desk.write("big.yaml", "machine: big\nsockets: 2\ncores: 32\nthreads: 2\n")
    desk.write(
        "o.usched", "NORM on cpu* lwktpri 6\nREAL on node0 lwktpri 8\nIDLE on cpu* lwktpri 1\n"
    )
    desk.write(
        "w.yaml",
        "workload: w\nprograms:\n"
        "  - {name: a, scheduler: NORM, rforks: 50, run: 6, sleep: 4, repeat: forever}\n"
        "  - {name: b, scheduler: REAL, rforks: 80, run: 30, repeat: 10}\n",
    )
    args = ("--topology", "big.yaml", "simulate", "w.yaml", "--script", "o.usched")
    assert desk.done(*args, "--ticks", "100") == page(
        """
        w on big: 128 cpus, 100 ticks at 100 Hz (1 s)

        CPU                          BUSY  RAN
        cpu0-cpu31, cpu64-cpu95    100.0%  b 100.0%
        cpu32-cpu63, cpu96-cpu127   46.9%  a 46.9%, each busy 0.0% to 60.0%
        BUSY and RAN: of the run's 100 ticks; where cpus share a line, of all their
          ticks together

        SCHEDULER  LWPS  OF MACHINE  OF POOL  WAITING  MIGRATIONS
        NORM         50       23.4%    23.4%     0.00           0
        REAL         80       50.0%   100.0%    16.00         128
        OF MACHINE: of the online ticks of all cpus
        OF POOL: of the online ticks of the cpus in reach
        WAITING: lwps, on average
        never had an lwp: IDLE

        cut by the end: 64 bursts (b.16, b.17, b.18, b.19, b.20, b.21, b.22, b.23, b.24,
          b.25, b.26, b.27 and 52 more)

        timeline: a column is 2 ticks
        cpu0-cpu31, cpu64-cpu95   ##################################################
        cpu32-cpu63, cpu96-cpu127 777..777..777..777..777..777..777..777..777..777..
        key: 0-9: tenths busy  #=all busy  .=idle
        """
    )
    each = desk.done(*args, "--ticks", "100", "--all")
    assert all(f"\ncpu{cpu} " in each for cpu in range(128))
    assert "\nIDLE " in each


def test_all_is_for_the_report(desk: Session) -> None:
    for other in ("--json", "--at=3"):
        assert desk.refused(2, "simulate", "busy.yaml", "--all", other) == (
            "usched: --all is for the report: --json and --at show each cpu"
        )


def test_one_of_a_thing_is_said_in_the_singular(desk: Session) -> None:
    desk.write(
        "w.yaml",
        "workload: w\nprograms:\n"
        "  - {name: a, scheduler: NORM, run: 2, period: 3, deadline: 1, repeat: 2}\n"
        "events: [{at: 9, kill: a}]\n",
    )
    said = desk.done("simulate", "w.yaml", "--script", "shared.usched", "--ticks", "1")
    assert said.startswith("w on eight: 8 cpus, 1 tick at 100 Hz (0.01 s)\n")
    assert "BUSY and RAN: of the run's 1 tick\n" in said
    assert "\n1 deadline missed: a.0 1\n" in said
    assert "\nafter the last tick: 1 event (tick 9)\ncut by the end: 1 burst (a.0)\n" in said


def test_a_tick_beyond_a_run_of_one(desk: Session) -> None:
    args = ("simulate", "busy.yaml", "--script", "shared.usched", "--ticks", "1", "--at", "1")
    assert desk.refused(2, *args) == (
        "usched: --at 1 is not in a run of 1 tick\n  its only tick is 0"
    )


def test_colours_are_explained_where_there_are_colours(desk: Session) -> None:
    args = ("simulate", "busy.yaml", "--script", "shared.usched", "--ticks", "100")
    coloured = on_terminal(desk, *args, COLUMNS="120")
    assert "\ncolours: \x1b[34mNORM\x1b[0m  \x1b[33mPOOL/OF_A_LONG_NAME\x1b[0m\n" in coloured
    plain = on_terminal(desk, *args, COLUMNS="120", NO_COLOR="1")
    assert "\x1b" not in plain
    assert "colours:" not in plain


def test_a_run_that_repeats_says_how_and_what_everybody_gets(desk: Session) -> None:
    desk.write("o.usched", "NORM on cpu0 lwktpri 6\nIDLE on cpu0 lwktpri 2 quantum 3\n")
    desk.write(
        "w.yaml",
        "workload: w\nprograms:\n"
        "  - {name: n, scheduler: NORM, run: 1, period: 4, repeat: forever}\n"
        "  - {name: i, scheduler: IDLE, run: 6, repeat: forever, rforks: 2}\n",
    )
    args = ("simulate", "w.yaml", "--script", "o.usched", "--summary", "--ticks")
    said = desk.done(*args, "1000000000000")
    line = said.split("\n\n")[3].splitlines()
    assert line[0].startswith("repeats every ")
    assert line[0].endswith("; in the long run, in cpus:")
    assert line[1:] == ["  NORM 1/4, IDLE 3/4", "  n.0 1/4, i.0 3/8, i.1 3/8"]
    assert "repeats" not in desk.done(*args, "10")
    drawn = desk.done("simulate", "w.yaml", "--script", "o.usched", "--ticks", "1000000000000")
    assert "\ntimeline: a column is 13333333334 ticks, a letter the lwp that" in drawn
