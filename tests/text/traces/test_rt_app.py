"""rt-app's files (usched.5, "Traces"), and every way to get them wrong."""

from __future__ import annotations

import pytest

from usched.text.traces.rt_app import parse_rt_app
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.problems import Refused, format_problem
from usched.words.rt_app import RtApp, Task


def read(tasks: str, settings: str = "{}") -> RtApp:
    return parse_rt_app(f'{{"tasks": {{{tasks}}}, "global": {settings}}}', "r.json")


def one(body: str, settings: str = "{}") -> Task:
    app = read(f'"t": {{{body}}}', settings)
    assert (app.dropped, app.told) == ({}, ())
    (task,) = app.tasks
    return task


def shape(body: str, settings: str = "{}") -> tuple[int, tuple[tuple[int, int], ...], int | None]:
    task = one(body, settings)
    return task.at, task.bursts, task.repeat


def test_run_and_sleep_for_ever() -> None:
    assert one('"run": 2000, "sleep": 8000') == Task(
        "t", 1, 0, ((2000, 8000),), None, None, None, "SCHED_OTHER", NO_CPUS
    )


def test_runs_behind_one_another_are_one_burst() -> None:
    body = '"loop": 3, "run": 5, "runtime": 7, "sleep": 1, "sleep1": 2, "run0": 4'
    assert shape(body) == (0, ((12, 3), (4, 0)), 3)


def test_a_sleep_in_front_delays_and_comes_again() -> None:
    assert shape('"delay": 100, "sleep": 30, "run": 5') == (130, ((5, 30),), None)
    assert shape('"loop": 1, "sleep": 30, "run": 5, "sleep": 2') == (30, ((5, 2),), 1)


def test_phases_one_behind_the_other_each_as_often_as_it_loops() -> None:
    light, heavy = '{"loop": 2, "run": 1, "sleep": 9}', '{"run": 4, "sleep": 6}'
    body = f'"loop": 5, "phases": {{"light": {light}, "heavy": {heavy}}}'
    assert shape(body) == (0, ((1, 9), (1, 9), (4, 6)), 5)


def test_one_burst_at_each_turn_of_a_timer_is_a_period() -> None:
    timer = '"timer": {"ref": "unique", "period": 50}'
    task = one(f'"instance": 3, "run": 20, {timer}')
    assert (task.instances, task.bursts, task.period, task.repeat) == (3, ((20, 0),), 50, None)
    task = one(f'"run": 15, "sleep": 0, "run": 5, {timer}')
    assert (task.bursts, task.period) == (((20, 0),), 50)
    phases = f'"loop": 2, "phases": {{"a": {{"loop": 4, "run": 20, {timer}}}}}'
    assert (one(phases).period, one(phases).repeat) == (50, 8)
    task = one(f'"policy": "SCHED_DEADLINE", "dl-deadline": 40, "run": 20, {timer}')
    assert (task.deadline, task.policy) == (40, "SCHED_DEADLINE")


def test_a_timer_of_no_period_is_none() -> None:
    assert shape('"run": 5, "sleep": 9, "timer": {"ref": "t", "period": 0}')[1] == ((5, 9),)


def test_other_timers_are_the_sleep_that_is_left_of_them() -> None:
    timer = '"timer": {"ref": "unique", "period": 50}'
    app = read(
        f'"t": {{"run": 20, "sleep": 10, {timer}, "run": 70, {timer}, "run": 1, "sleep": 1}}'
    )
    assert app.tasks[0].bursts == ((20, 30), (71, 1))
    assert app.told == (
        "the timers of task 't' are replayed as the sleeps that they are where nothing is late",
    )


def test_a_task_that_never_sleeps_is_one_long_burst() -> None:
    assert shape('"loop": 7, "run": 30') == (0, ((210, 0),), 1)
    _, ((run, sleep),), repeat = shape('"run": 300')
    assert run >= 10**9
    assert (run % 300, sleep, repeat) == (0, 0, None)


def test_an_endless_phase_behind_others_comes_as_often_as_the_duration_takes() -> None:
    phases = (
        '"phases": {"a": {"run": 5, "sleep": 5}, "b": {"loop": -1, "run": 100000, "sleep": 300000}}'
    )
    at, bursts, repeat = shape(phases, '{"duration": 2}')
    assert (at, bursts[0], set(bursts[1:]), len(bursts), repeat) == (
        0, (5, 5), {(100_000, 300_000)}, 7, 1,
    )  # fmt: skip
    assert refusal(f'{{"tasks": {{"t": {{{phases}}}}}}}').splitlines()[0] == (
        "r.json:1:63: a phase of task 't' loops for ever behind others"
    )


def test_what_has_no_equivalent_is_counted() -> None:
    app = read(
        '"t": {"priority": 5, "lock": "m", "run": 5, "unlock": "m", "lock": "m", "frob": 1, "sleep": 1,'
        ' "util_min": 3, "mem": 4096, "dl-deadline": 7},'
        '"p": {"run": 7, "phases": {"a": {"cpus": [1], "run": 1, "sleep": 1}}}'
    )
    assert app.dropped == {
        "priority": 1, "lock": 2, "unlock": 1, "frob": 1, "util_min": 1, "mem": 1, "dl-deadline": 1,
        "run beside phases": 1, "cpus of a phase": 1,
    }  # fmt: skip


def test_suspend_needs_no_value() -> None:
    """As in rt-app's doc/examples/video-short.json; workgen writes the task's own name there."""
    for bare in ('"suspend"', '"suspend1", "sleep": 0'):
        app = read('"a": {"loop": 3, "run": 2000, "sleep": 1000, ' + bare + "}")
        assert app.tasks[0].bursts == ((2000, 1000),)
        assert app.dropped == {"suspend": 1}


def test_tasks_that_cannot_be_in_a_workload_are_left_out_and_named() -> None:
    app = read(
        '"a": {"suspend": "x", "run": 5}, "b": {"timer": {"ref": "t", "period": 5}},'
        '"c": {"instance": 0, "run": 5}, "d": {"loop": 0, "run": 5}, "e": {"run": 5, "sleep": 1}'
    )
    assert [task.name for task in app.tasks] == ["e"]
    assert app.told == (
        "task 'a' is left out: it waits for other tasks only, and would run for ever",
        "task 'b' is left out: it never runs",
        "task 'c' is left out: it has no instance",
        "task 'd' is left out: it has no loop",
    )


def test_global_and_affinity() -> None:
    settings = '{"duration": 6, "default_policy": "SCHED_RR", "calibration": "CPU0"}'
    app = read('"t": {"cpus": [0, 2], "run": 5, "sleep": 5}', settings)
    assert app.duration == 6_000_000
    assert (app.tasks[0].policy, app.tasks[0].cpus) == ("SCHED_RR", CpuSet.of((0, 2)))
    assert read('"t": {"run": 5}', '{"duration": -1}').duration is None


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        parse_rt_app(text, "r.json")
    return "\n".join(map(format_problem, refused.value.problems))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "1:1: an rt-app file is an object, not an array"),
        ("{}", "1:1: this JSON has no 'tasks', so it is no rt-app file"),
        ('{"tasks": 3}', "1:11: tasks must be an object, not 3"),
        ('{"tasks": {"t": 3}}', "1:17: task 't' must be an object, not 3"),
        ('{"tasks": {"t": {"run": -1}}}', "1:25: run of task 't' must be 0 to 1000000000000000, not -1"),
        ('{"tasks": {"t": {"run": 1.5}}}', "1:25: run of task 't' must be a whole number, not 1.5"),
        ('{"tasks": {"t": {"loop": -2}}}', "1:26: loop of task 't' must be -1 to 1000000000000000, not -2"),
        (
            '{"tasks": {"t": {"exec": 5, "period": 9}}}',
            "1:17: task 't' is in rt-app's first grammar (exec, lock_order), which is not read",
        ),
        ('{"tasks": {"t": {"timer": 5}}}', "1:27: timer of task 't' must be an object, not 5"),
        ('{"tasks": {"t": {"timer": {}}}}', "1:27: timer of task 't' has no 'period'"),
        ('{"tasks": {"t": {"phases": []}}}', "1:28: phases of task 't' must be an object, not an array"),
        (
            '{"tasks": {"t": {"phases": {"p": 1}}}}',
            "1:34: phase 'p' of task 't' must be an object, not 1",
        ),
        ('{"tasks": {"t": {"cpus": 1}}}', "1:26: cpus of task 't' must be an array, not 1"),
        ('{"tasks": {"t": {"cpus": [-1]}}}', "1:27: a cpu of task 't' must be 0 to 65535, not -1"),
        (
            '{"tasks": {"t": {"policy": "FIFO"}}}',
            "1:28: policy of task 't' must be one of SCHED_OTHER, SCHED_IDLE, SCHED_BATCH, SCHED_RR, "
            "SCHED_FIFO, SCHED_DEADLINE, not the text 'FIFO'",
        ),
        (
            '{"tasks": {"t": {"phases": {"p": {"loop": 300000, "run": 1, "sleep": 1}}}}}',
            "1:34: task 't' comes to over 200000 steps before it repeats",
        ),
        ('{"tasks": {}, "global": []}', "1:25: global must be an object, not an array"),
        ('{"tasks": {}, "global": {"duration": "6"}}', "1:38: duration of global must be a whole number, not the text '6'"),
    ],
)  # fmt: skip
def test_error_wrong(text: str, message: str) -> None:
    assert refusal(text).splitlines()[0] == f"r.json:{message}"
