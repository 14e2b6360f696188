"""Workloads that can be read, and what is meant by what is left out."""

from __future__ import annotations

from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.statement import Term
from usched.words.workload import Hotplug, Kill, Move, Program, StatementEvent, Workload


def workload(text: str) -> Workload:
    return parse_workload(parse_yaml(text, "w.yaml"))


def program(text: str) -> Program:
    return workload(f"programs:\n  - {{name: a, scheduler: A, {text}}}\n").programs[0]


def test_everything_but_name_scheduler_and_run_has_a_default() -> None:
    assert program("run: 5") == Program("a", "A", ((5, 0),))
    assert workload("programs:\n  - {name: a, scheduler: A, run: 1}\n").hz is None


def test_run_and_sleep_are_one_burst() -> None:
    assert program("run: 5, sleep: 10, repeat: 100") == Program("a", "A", ((5, 10),), repeat=100)


def test_bursts_stand_instead_of_run_and_sleep() -> None:
    assert program("bursts: [[5, 10], [3, 2]]").bursts == ((5, 10), (3, 2))


def test_repeat_may_be_for_ever() -> None:
    assert program("run: 1, repeat: forever").repeat is None


def test_a_deadline_is_the_period_where_none_is_given() -> None:
    assert program("run: 3, period: 7").deadline == 7
    assert program("run: 3, period: 7, deadline: 5").deadline == 5
    assert program("run: 3").deadline is None


def test_events_are_in_the_order_of_their_ticks_and_then_as_written() -> None:
    found = workload(
        "programs:\n"
        "  - {name: a, scheduler: A, run: 1}\n"
        "events:\n"
        "  - {at: 9, online: cpu3}\n"
        "  - {at: 5, kill: a}\n"
        "  - {at: 9, offline: node1 cpu3-5}\n"
        '  - {at: 5, usched: "destroy A into B"}\n'
        "  - {at: 0, move: a.0, to: B}\n"
    ).events
    assert [(event.at, type(event)) for event in found] == [
        (0, Move),
        (5, Kill),
        (5, StatementEvent),
        (9, Hotplug),
        (9, Hotplug),
    ]
    assert found[4] == Hotplug(9, False, (Term("node", 1, 1), Term("cpu", 3, 5)))


def test_a_workload_has_its_own_rate() -> None:
    assert workload("hz: 1000\nprograms:\n  - {name: a, scheduler: A, run: 1}\n").hz == 1000


def test_an_anchor_may_be_used_again() -> None:
    text = (
        "programs:\n  - {name: a, scheduler: &s A, run: 1}\n  - {name: b, scheduler: *s, run: 1}\n"
    )
    assert [each.scheduler for each in workload(text).programs] == ["A", "A"]
