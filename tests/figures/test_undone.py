"""What a run did not do, out of real runs of workloads as text."""

from __future__ import annotations

import textwrap

from tests.meaning.trees import EIGHT, tree_of
from usched.engine.dispatcher import simulate
from usched.figures.undone import Undone, find_undone
from usched.meaning.timetable import plan_timetable
from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml


def undone(text: str, ticks: int) -> Undone:
    """text: the programs and events on one scheduler, NORM."""
    workload = parse_workload(parse_yaml("workload: w\n" + textwrap.dedent(text), "w.yaml"))
    tree = tree_of("NORM on cpu* lwktpri 6")
    run = simulate(plan_timetable(tree.resolver.registry(), EIGHT, workload), ticks)
    return find_undone(run, workload.programs, workload.events)


def test_a_run_that_did_everything() -> None:
    text = """
        programs:
          - {name: a, scheduler: NORM, run: 5}
        events:
          - {at: 4, offline: cpu7}
        """
    assert undone(text, 5) == Undone((), (), ())


def test_bursts_that_the_end_cuts_run_or_wait() -> None:
    text = """
        programs:
          - {name: a, scheduler: NORM, run: 5, sleep: 2, repeat: 2}
          - {name: b, scheduler: NORM, run: 9, rforks: 9}
        """
    assert undone(text, 4).cut == ("a.0", *(f"b.{number}" for number in range(9)))
    assert undone(text, 6).cut == tuple(f"b.{number}" for number in range(9))


def test_lwps_that_never_forked_and_whole_programs_by_their_name() -> None:
    text = """
        programs:
          - {name: late, scheduler: NORM, run: 1, at: 50, rforks: 3}
          - {name: some, scheduler: NORM, run: 1, every: 5, rforks: 4}
          - {name: dead, scheduler: NORM, run: 1, at: 5}
        events:
          - {at: 2, kill: dead}
        """
    assert undone(text, 10).unforked == ("late", "some.2", "some.3", "dead")
    assert undone(text, 11).unforked == ("late", "some.3", "dead")


def test_events_after_the_last_tick() -> None:
    text = """
        programs:
          - {name: a, scheduler: NORM, run: 5}
        events:
          - {at: 4, offline: cpu7}
          - {at: 5, online: cpu7}
          - {at: 9, usched: "NORM on cpu* lwktpri 6"}
        """
    assert undone(text, 5).events == (5, 9)
