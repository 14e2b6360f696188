"""`usched compare`: whole pages, JSON, and what there is nothing to compare with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.face.sessions import Session, at_desk, block, page

LOAD = """
workload: load
programs:
  - {name: web, scheduler: NORM, rforks: 5, run: 3, sleep: 2, repeat: 9}
  - {name: log, scheduler: NORM, run: 7, sleep: 9, repeat: 3}
  - {name: clock, scheduler: REAL, run: 4, period: 10, repeat: 8}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Two cpus, scripts `a.usched` and `b.usched`, and `load.yaml`."""
    files = {
        "two.yaml": "machine: two\ncores: 2\n",
        "four.yaml": "machine: four\ncores: 4\n",
        "a.usched": "NORM on cpu* lwktpri 6\nREAL on cpu* lwktpri 8\n",
        "b.usched": "NORM on cpu* lwktpri 6\nREAL on cpu0 lwktpri 8 exclusive\n",
        "load.yaml": LOAD,
    }
    return at_desk(tmp_path, monkeypatch, files, "two.yaml")


def test_two_scripts_whole(desk: Session) -> None:
    assert desk.done("compare", "load.yaml", "a.usched", "b.usched") == page(
        """
        load:
          A  a.usched, on two: 2 cpus, 95 ticks at 100 Hz
          B  b.usched, on two: 2 cpus, 156 ticks at 100 Hz

        B against A: 4 figures better, 42 worse

        SCHEDULER  FIGURE                                A       B          B - A
        NORM       waited beside idle cpus (ticks)       0     436     +436 worse
        the run    idle while waiting (ticks)            0     121     +121 worse
        the run    migrations                           17       0     -17 better
        NORM       migrations                           17       0     -17 better
        NORM       waited (ticks)                      265     574     +309 worse
        NORM       wake to run, mean (ticks)         5.521  11.958   +6.437 worse
        NORM       wake to run, p50 (ticks)              5      10       +5 worse
        NORM       wake to run, p90 (ticks)              9      17       +8 worse
        NORM       response, mean (ticks)            8.771  15.208   +6.437 worse
        NORM       got (cpus)                       1.6421       1  -0.6421 worse
        the run    length (ticks)                       95     156      +61 worse
        REAL       got (cpus)                       0.3368  0.2051  -0.1317 worse
        NORM       response, p50 (ticks)                 8      13       +5 worse
        NORM       response, p90 (ticks)                13      20       +7 worse
        NORM       wake to run, p99 max (ticks)         11      17       +6 worse
        NORM       response, p99 max (ticks)            16      22       +6 worse
        NORM       queue, mean (lwps)                2.789   3.679    +0.89 worse
        NORM       got of what it wanted (%)         82.98     100  +17.02 better
        NORM       fairness                         0.9801  0.9432  -0.0369 worse

        PROGRAM  FIGURE                               A       B         B - A
        web      waited beside idle cpus (ticks)      0     416    +416 worse
        log      waited beside idle cpus (ticks)      0      20     +20 worse
        web      migrations                          17       0    -17 better
        web      waited (ticks)                     244     535    +291 worse
        web      wake to run, mean (ticks)        5.422  11.889  +6.467 worse
        log      wake to run, p50 (ticks)             6      12      +6 worse
        web      wake to run, p50 (ticks)             5      10      +5 worse
        log      waited (ticks)                      21      39     +18 worse
        web      wake to run, p90 (ticks)             9      17      +8 worse
        log      wake to run, mean (ticks)            7      13      +6 worse
        web      response, mean (ticks)           8.422  14.889  +6.467 worse
        web      response, p90 (ticks)               12      20      +8 worse

        7 smaller changes; 28 figures are the same: --all shows them, and those of each
          lwp
        """
    )


def test_three_runs_on_a_narrow_terminal_have_no_differences_but_what_they_mean(
    desk: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    words = ("compare", "load.yaml", "a.usched", "b.usched", "a.usched", "--ticks", "20")
    assert "\n".join(desk.done(*words).splitlines()[:12]) == block(
        """
        load:
          A  a.usched, on two: 2 cpus, 20 ticks at 100 Hz
          B  b.usched, on two: 2 cpus, 20 ticks at 100 Hz
          C  a.usched, on two: 2 cpus, 20 ticks at 100 Hz

        B against A: 12 figures better, 26 worse
        C against A: 0 figures better, 0 worse

        SCHEDULER  FIGURE                   A              B       C
        NORM       waited beside idle       0       54 worse       0
                   cpus (ticks)
        the run    idle while waiting       0       12 worse       0
        """
    )


def test_one_script_on_several_machines(desk: Session) -> None:
    machines = ("--topology", "two.yaml", "--topology", "four.yaml")
    said = desk.done("compare", "load.yaml", "a.usched", *machines)
    assert "\n".join(said.splitlines()[:8]) == block(
        """
        load:
          A  two.yaml, on two: 2 cpus, 95 ticks at 100 Hz
          B  four.yaml, on four: 4 cpus, 74 ticks at 100 Hz

        B against A: 40 figures better, 5 worse

        SCHEDULER  FIGURE                             A       B           B - A
        NORM       waited (ticks)                   265      24     -241 better
        """
    )


def test_several_scripts_on_several_machines_are_each_on_each(desk: Session) -> None:
    machines = ("--topology", "two.yaml", "--topology", "four.yaml")
    said = desk.done("compare", "load.yaml", "a.usched", "b.usched", *machines)
    assert "\n".join(said.splitlines()[:9]) == block(
        """
        load:
          A  a.usched on two.yaml, on two: 2 cpus, 95 ticks at 100 Hz
          B  b.usched on two.yaml, on two: 2 cpus, 156 ticks at 100 Hz
          C  a.usched on four.yaml, on four: 4 cpus, 74 ticks at 100 Hz
          D  b.usched on four.yaml, on four: 4 cpus, 74 ticks at 100 Hz

        B against A: 4 figures better, 42 worse
        C against A: 40 figures better, 5 worse
        D against A: 40 figures better, 8 worse
        """
    )


def test_one_script_is_held_against_the_registry(desk: Session) -> None:
    desk.done("batch", "-q", "b.usched")
    assert desk.done("compare", "load.yaml", "b.usched") == page(
        """
        load:
          A  the registry, on two: 2 cpus, 156 ticks at 100 Hz
          B  b.usched, on two: 2 cpus, 156 ticks at 100 Hz

        B against A: 0 figures better, 0 worse

        74 figures are the same: --all shows them, and those of each lwp
        """
    )


def test_all_has_what_is_equal_and_every_lwp(desk: Session) -> None:
    said = desk.done("compare", "load.yaml", "a.usched", "a.usched", "--all")
    lines = said.splitlines()
    assert [line.split()[0] for line in lines if "fairness" in line] == ["NORM", "REAL"]
    assert sum(line.startswith("web.4 ") for line in lines) >= 6
    assert "--all" not in said


def test_json_has_every_figure_of_every_run(desk: Session) -> None:
    words = ("compare", "load.yaml", "a.usched", "b.usched")
    compared = json.loads(desk.done(*words, "--json"))
    assert compared["runs"] == [
        {"name": "a.usched", "machine": "two", "ticks": 95},
        {"name": "b.usched", "machine": "two", "ticks": 156},
    ]
    figures = {(each["name"], each["figure"]): each for each in compared["figures"]}
    assert len(figures) == len(compared["figures"])
    assert figures["", "length"] == {
        "of": "run",
        "name": "",
        "figure": "length",
        "unit": "ticks",
        "values": [95, 156],
        "differences": [61],
        "judged": ["worse"],
    }
    assert figures["clock.0", "response, max"]["judged"] == [""]
    alone = ("simulate", "load.yaml", "--script", "b.usched", "--figures", "--json")
    run = json.loads(desk.done(*alone))
    norm = run["figures"]["schedulers"][0]
    assert figures["NORM", "waited"]["values"][1] == norm["waited"]
    assert figures["NORM", "wake to run, p90"]["values"][1] == norm["wake"]["p90"]


def test_a_name_that_is_no_text_is_printed_all_the_same(desk: Session) -> None:
    name = b"\xff.usched".decode(errors="surrogateescape")
    desk.write(name, "NORM on cpu* lwktpri 6\nREAL on cpu* lwktpri 8\n")
    said = desk.done("compare", "load.yaml", name, "b.usched")
    assert "  A  \N{REPLACEMENT CHARACTER}.usched, on two" in said


def test_a_scheduler_that_only_one_script_has(desk: Session) -> None:
    desk.write("c.usched", "NORM on cpu* lwktpri 6\nREAL on cpu* lwktpri 8\nX on cpu0 lwktpri 1\n")
    desk.write("x.yaml", LOAD.replace("log, scheduler: NORM", "log, scheduler: X"))
    assert desk.refused(3, "compare", "x.yaml", "a.usched", "c.usched") == block(
        """
        usched: x.yaml:5:12: a.usched: program 'log' forks at tick 0 into X, which does not exist
              - {name: log, scheduler: X, run: 7, sleep: 9, repeat: 3}
                       ^^^
          usched list shows the schedulers
        """
    )


def test_there_is_something_to_compare_with(desk: Session) -> None:
    assert desk.refused(2, "compare", "load.yaml") == block(
        """
        usched: there is nothing to compare with
          give a script, or two topologies: --topology FILE --topology FILE
        """
    )
    assert desk.refused(2, "compare", "load.yaml", "-", "-") == (
        "usched: two of the files are the standard input"
    )
    assert desk.refused(2, "compare", "load.yaml", "a.usched", "--all", "--json") == (
        "usched: --all is for the report: --json has every figure"
    )


def test_ticks_of_different_lengths_are_not_compared(desk: Session) -> None:
    desk.write("fast.yaml", "machine: fast\nhz: 1000\ncores: 2\n")
    machines = ("--topology", "two.yaml", "--topology", "fast.yaml")
    assert desk.refused(3, "compare", "load.yaml", "a.usched", *machines) == block(
        """
        usched: ticks of two.yaml (100 Hz) and of fast.yaml (1000 Hz) cannot be compared
          give the workload a rate of its own: hz: 1000
        """
    )
    desk.write("rated.yaml", LOAD.replace("workload: load", "workload: load\nhz: 1000"))
    assert "fast.yaml, on fast" in desk.done("compare", "rated.yaml", "a.usched", *machines)


def test_html_is_a_page_beside_the_report(desk: Session) -> None:
    words = ("compare", "load.yaml", "a.usched", "b.usched")
    report = desk.done(*words)
    assert desk.done(*words, "--html", "c.html") == report
    page = (desk.folder / "c.html").read_text()
    assert "<title>load: 2 runs side by side</title>" in page
    assert desk.done(*words, "--html", "-") == page
    assert desk.refused(1, *words, "--html", "no/c.html") == (
        "usched: no/c.html cannot be written: No such file or directory"
    )
    assert desk.refused(2, *words, "--html", "-", "--json") == (
        "usched: --json and --html - both want standard output"
    )


def test_of_many_programs_those_that_waited_longest_are_shown(desk: Session) -> None:
    programs = "".join(f"  - {{name: p{n}, scheduler: NORM, run: {n}}}\n" for n in range(1, 21))
    desk.write("many.yaml", f"workload: many\nprograms:\n{programs}")
    said = desk.done("compare", "many.yaml", "a.usched", "b.usched")
    assert said[said.index("PROGRAM") :].split("\n\n")[0].count("\n") == 12
    figures = ("simulate", "many.yaml", "--script", "a.usched", "--figures")
    said = desk.done(*figures)
    assert "\n  p20 waited " in said
    assert said.endswith("\n8 programs more, which waited less: --all shows them\n")
    assert "which waited less" not in desk.done(*figures, "--all")
