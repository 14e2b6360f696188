"""Runs as perf script prints them: line by line, and read back by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.figures.plans import plan
from tests.pictures.drawn import runs_of
from usched.actions.import_trace import import_file
from usched.actions.imported import ImportOptions
from usched.engine.dispatcher import simulate
from usched.meaning.replay import Replayer
from usched.pictures.sched_switch import Switch, cut_comm, format_switches, order_switches
from usched.text.traces.formats import recognise
from usched.text.traces.lines import PERF, TraceCounts, read_events
from usched.words.run import Run
from usched.words.trace import Switch as Recorded
from usched.words.trace import Wake

SCRIPT = "N on cpu0 lwktpri 5 quantum 2"
PROGRAMS = """
    - {name: a, scheduler: N, run: 3, sleep: 1, repeat: 2}
    - {name: b, scheduler: N, run: 3}
    """


def lines_of(ticks: int | None = None, hz: int = 100) -> list[str]:
    timetable = plan({"machine": "m", "hz": hz, "cores": 2}, SCRIPT, PROGRAMS)
    return "".join(format_switches(timetable, simulate(timetable, ticks))).splitlines()


def test_lines_are_those_of_perf_script() -> None:
    assert lines_of()[:5] == [
        "         swapper     0 [000]     0.000000: sched:sched_waking: comm=a.0 pid=1000 prio=120"
        " target_cpu=000",
        "         swapper     0 [000]     0.000000: sched:sched_waking: comm=b.0 pid=1001 prio=120"
        " target_cpu=000",
        "         swapper     0 [000]     0.000000: sched:sched_switch: prev_comm=swapper/0"
        " prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=a.0 next_pid=1000 next_prio=120",
        "             a.0  1000 [000]     0.020000: sched:sched_switch: prev_comm=a.0 prev_pid=1000"
        " prev_prio=120 prev_state=R+ ==> next_comm=b.0 next_pid=1001 next_prio=120",
        "             b.0  1001 [000]     0.040000: sched:sched_switch: prev_comm=b.0 prev_pid=1001"
        " prev_prio=120 prev_state=R+ ==> next_comm=a.0 next_pid=1000 next_prio=120",
    ]


def test_whoever_stops_was_preempted_sleeps_or_is_gone() -> None:
    states = [
        found[0]
        for line in lines_of()
        if (found := re.findall(r"prev_comm=(\S+) .*prev_state=(\S+)", line))
    ]
    assert [each for each in states if each[0][0] in "ab"] == [
        ("a.0", "R+"),
        ("b.0", "R+"),
        ("a.0", "S"),
        ("b.0", "X"),
        ("a.0", "X"),
    ]


def test_a_sleep_ends_with_a_waking_into_whoever_runs_there() -> None:
    wakings = [line for line in lines_of() if "sched_waking" in line]
    assert wakings[2:] == [
        "             b.0  1001 [000]     0.060000: sched:sched_waking: comm=a.0 pid=1000 prio=120"
        " target_cpu=000"
    ]


def test_what_runs_at_the_end_is_switched_out_there() -> None:
    assert lines_of(3)[-1] == (
        "             b.0  1001 [000]     0.030000: sched:sched_switch: prev_comm=b.0 prev_pid=1001"
        " prev_prio=120 prev_state=R ==> next_comm=swapper/0 next_pid=0 next_prio=120"
    )


def test_ticks_that_are_no_whole_microseconds_are_told_to_the_nanosecond() -> None:
    switches = [line for line in lines_of(hz=3) if "sched_switch" in line]
    assert [line.split()[3] for line in switches][:3] == [
        "0.000000000:",
        "0.666666666:",
        "1.333333333:",
    ]


@pytest.mark.parametrize(
    ("name", "comm"),
    [
        ("web.0", "web.0"),
        ("A_LONG_NAME_.10", "A_LONG_NAME_.10"),
        ("A_VERY_LONG_NAME.10", "A_VERY_LONG_.10"),
    ],
)
def test_a_comm_is_no_longer_than_linux_has_it_and_keeps_its_number(name: str, comm: str) -> None:
    assert cut_comm(name) == comm


def test_an_lwp_leaves_a_cpu_before_it_starts_on_another() -> None:
    first = Switch(5, 0, 1, "R+", 2)
    second = Switch(5, 1, 2, "R+", 3)
    third = Switch(5, 2, 3, "S", -1)
    assert order_switches([first, second, third]) == [third, second, first]
    circle = [Switch(5, 0, 1, "R+", 2), Switch(5, 1, 2, "R+", 1)]
    assert sorted(order_switches(circle)) == circle


_LINE = re.compile(
    r" *(.+?) +(\d+) \[(\d{3})\] +(\d+)\.(\d{6}): sched:sched_switch: prev_comm=(.+) "
    r"prev_pid=(\d+) prev_prio=120 prev_state=(R|R\+|S|X) ==> next_comm=(.+) next_pid=(\d+) "
    r"next_prio=120"
)


_WAKING = re.compile(
    r" *(.+?) +(\d+) \[(\d{3})\] +\d+\.\d{6}: sched:sched_waking: comm=(.+) pid=\d+ prio=120 "
    r"target_cpu=\3"
)


def segments_of(run: Run) -> list[tuple[int, int, int, int]]:
    """cpu, start, end, lwp."""
    return [
        (cpu, start, end, lwp)
        for cpu in run.timeline.cpus()
        for start, end, lwp in run.timeline.on_cpu(cpu)
    ]


def test_the_segments_of_many_runs_can_be_read_from_it() -> None:
    read = 0
    for timetable, _, run, _ in runs_of(range(30)):
        if 10**6 % run.hz:
            continue
        began: dict[int, tuple[int, int]] = {}
        found = []
        last = 0
        for line in "".join(format_switches(timetable, run)).splitlines():
            match = _LINE.fullmatch(line)
            assert match or _WAKING.fullmatch(line), line
            if not match:
                continue
            micros = int(match[4]) * 10**6 + int(match[5])
            assert micros >= last
            last = micros
            tick, cpu = micros * run.hz // 10**6, int(match[3])
            if match[7] != "0":
                start, pid = began.pop(cpu)
                assert pid == int(match[7])
                found.append((cpu, start, tick, pid - 1000))
            if match[10] != "0":
                began[cpu] = tick, int(match[10])
        assert not began
        assert sorted(found) == segments_of(run)
        read += len(found)
    assert read > 300


def test_the_importer_reads_the_same_segments() -> None:
    read = 0
    for timetable, _, run, _ in runs_of(range(30)):
        text = "".join(format_switches(timetable, run))
        if not text:
            continue
        form, lines = recognise(text.splitlines(keepends=True), "run")
        assert form is PERF
        counts = TraceCounts("run", form)
        events = list(read_events(lines, counts))
        assert (counts.unread, counts.others) == (0, {})
        replayer = Replayer()
        replayer.take_all(iter(events))
        recording = replayer.finish()
        assert recording.switches == sum(isinstance(event, Recorded) for event in events)
        began: dict[int, tuple[int, int]] = {}
        found = []
        for event in events:
            if not isinstance(event, Recorded):
                assert isinstance(event, Wake)
                continue
            tick = round(event.at * run.hz / 10**9)
            if event.prev:
                start, pid = began.pop(event.cpu)
                assert pid == event.prev
                found.append((event.cpu, start, tick, pid - 1000))
            if event.next:
                began[event.cpu] = tick, event.next
        assert sorted(found) == segments_of(run)
        read += len(found)
    assert read > 300


def test_the_workload_can_be_imported_from_its_run(tmp_path: Path) -> None:
    """Waiting is not sleeping: what lwps wanted comes back, however long they waited for it."""
    script = "N on cpu0 lwktpri 5 quantum 2\nHIGH on cpu0 lwktpri 9"
    programs = """
        - {name: a, scheduler: N, rforks: 2, bursts: [[3, 4], [5, 1]], repeat: 3}
        - {name: b, scheduler: N, at: 4, run: 9}
        - {name: h, scheduler: HIGH, run: 1, sleep: 3, repeat: 9}
        """
    timetable = plan(1, script, programs)
    run = simulate(timetable)
    assert sum(lwp.waited for lwp in run.lwps) > 50
    path = tmp_path / "run.txt"
    path.write_text("".join(format_switches(timetable, run)))
    imported = import_file(str(path), ImportOptions((), "N", 10_000, with_kernel=False))
    found = {each.name.rpartition("-")[0]: each for each in imported.workload.programs}
    whole = [(3, 4), (5, 1)] * 3
    for name in ("a_0", "a_1"):
        bursts = [*found[name].bursts]
        assert [bursts[n % len(bursts)] for n in range(5)] == whole[:5]
        assert sum(run for run, _ in bursts) * (found[name].repeat or 0) == 24
    assert (found["b_0"].at, found["b_0"].bursts) == (4, ((9, 0),))
    assert found["h_0"].bursts[0] == (1, 3)
