"""Traces for the Perfetto UI, held against the Chrome trace event format as it is documented."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from tests.figures.plans import plan, read_workload
from tests.pictures.drawn import MACHINE, PROGRAMS, SCRIPT, runs_of
from usched.engine.dispatcher import simulate
from usched.figures.accounts import take_account
from usched.meaning.timetable import Timetable
from usched.pictures.perfetto import format_perfetto
from usched.words.run import Run
from usched.words.workload import Workload

#: What an event of each phase has, and no more.
FIELDS = {
    "M": {"ph", "pid", "tid", "name", "args"},
    "X": {"ph", "pid", "tid", "ts", "dur", "name", "cat", "args"},
    "C": {"ph", "pid", "ts", "name", "args"},
    "i": {"ph", "pid", "tid", "ts", "name", "cat", "s"},
}
METADATA = {
    "process_name": "name",
    "thread_name": "name",
    "process_sort_index": "sort_index",
    "thread_sort_index": "sort_index",
}

EVENTS = """
    - {at: 9, usched: "LATE on cpu1 lwktpri 2"}
    - {at: 10, move: a.3, to: LATE}
    - {at: 12, offline: cpu3}
    - {at: 20, online: cpu3}
    - {at: 25, kill: a.3}
    """


def trace(timetable: Timetable, workload: Workload, run: Run) -> dict[str, Any]:
    made = json.loads("".join(format_perfetto(timetable, workload, run)))
    assert isinstance(made, dict)
    return made


def check_format(made: dict[str, Any]) -> None:
    assert set(made) == {"displayTimeUnit", "otherData", "traceEvents"}
    assert made["displayTimeUnit"] in ("ms", "ns")
    tracks: dict[tuple[int, int], list[dict[str, Any]]] = {}
    named: dict[str, set[object]] = {name: set() for name in METADATA}
    for event in made["traceEvents"]:
        assert set(event) == FIELDS[event["ph"]], event
        assert isinstance(event["name"], str)
        assert event["name"]
        assert isinstance(event["pid"], int)
        assert isinstance(event.get("tid", 0), int)
        assert event.get("ts", 0) >= 0
        if event["ph"] == "M":
            key = METADATA[event["name"]]
            assert isinstance(event["args"][key], str if key == "name" else int)
            whose = (event["pid"], event["tid"]) if "thread" in event["name"] else event["pid"]
            assert whose not in named[event["name"]]
            named[event["name"]].add(whose)
        elif event["ph"] == "X":
            assert event["dur"] > 0
            tracks.setdefault((event["pid"], event["tid"]), []).append(event)
        elif event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
            assert event["pid"] in named["process_name"]
        else:
            assert event["s"] == "g"
    for track, events in tracks.items():
        assert track in named["thread_name"]
        assert track[0] in named["process_name"]
        events.sort(key=lambda event: event["ts"])
        for before, after in pairwise(events):
            assert before["ts"] + before["dur"] <= after["ts"] + 0.001, (before, after)
    tids = [tid for _, tid in tracks]
    assert len(tids) == len(set(tids))


def names(made: dict[str, Any], kind: str) -> list[str]:
    return [event["args"]["name"] for event in made["traceEvents"] if event["name"] == kind]


def sum_of(made: dict[str, Any], name: str) -> int:
    events = made["traceEvents"]
    return sum(event["dur"] for event in events if event["ph"] == "X" and event["name"] == name)


def test_a_run_with_everything_in_it() -> None:
    timetable = plan(MACHINE, SCRIPT, PROGRAMS, EVENTS)
    run = simulate(timetable)
    made = trace(timetable, read_workload(PROGRAMS, EVENTS), run)
    check_format(made)
    assert made["otherData"] == {"workload": "w", "machine": "m", "hz": 100, "ticks": run.ticks}
    assert names(made, "process_name") == [
        *("socket0 node0", "socket1 node1"),
        *("REAL", "POOL", "POOL/IN", "LATE"),
    ]
    threads = names(made, "thread_name")
    assert threads[:4] == ["cpu0 (core0)", "cpu1 (core1)", "cpu2 (core2)", "cpu3 (core3)"]
    assert [name for name in threads if "vcpu" in name] == ["vcpu0", "vcpu1"]
    assert threads.count("a.3") == 2  # in POOL/IN and in LATE
    instants = [event for event in made["traceEvents"] if event["ph"] == "i"]
    assert [(event["ts"], event["name"]) for event in instants] == [
        (90_000, "usched LATE on cpu1 lwktpri 2"),
        (100_000, "move a.3 to LATE"),
        (120_000, "offline cpu3"),
        (200_000, "online cpu3"),
        (250_000, "kill a.3"),
    ]
    assert sum_of(made, "offline") == 80_000
    accounts = take_account(timetable, run)
    assert sum_of(made, "running") == 10_000 * sum(lwp.ran for lwp in accounts.lwps)
    waits = sum_of(made, "waiting") + sum_of(made, "wake to run")
    assert waits == 10_000 * sum(lwp.waited for lwp in accounts.lwps)
    wakes = [lwp.wake for lwp in accounts.lwps if lwp.wake]
    latency = sum(round(wake.mean * wake.count) for wake in wakes)
    assert sum_of(made, "wake to run") >= 10_000 * latency
    queues = [
        event["args"]["lwps"]
        for event in made["traceEvents"]
        if event["ph"] == "C" and event["name"] == "run queue" and event["pid"] == 5
    ]
    assert max(queues) == 2


def test_ticks_that_are_no_whole_microseconds() -> None:
    timetable = plan({**MACHINE, "hz": 300}, SCRIPT, PROGRAMS)
    made = trace(timetable, read_workload(PROGRAMS), simulate(timetable))
    check_format(made)
    assert any(event.get("ts") == 3333.333 for event in made["traceEvents"])


def test_every_run_keeps_the_format() -> None:
    drawn = 0
    for each in runs_of(range(25)):
        check_format(trace(each.timetable, each.workload, each.run))
        drawn += 1
    assert drawn > 10
