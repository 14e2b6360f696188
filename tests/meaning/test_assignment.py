"""Threads to programs: rules, names, and times as whole ticks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usched.meaning.assignment import (
    assign,
    assign_tasks,
    exact_tick,
    name_program,
    round_bursts,
)
from usched.text.traces.rules import parse_rule
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.rt_app import RtApp, Task
from usched.words.trace import TracedThread
from usched.words.workload import Program

TICK = 100_000
MS = 1_000_000


def thread(
    comm: str, pid: int = 1, generation: int = 0, cpu: int = 0, cgroup: str = ""
) -> TracedThread:
    return TracedThread(pid, generation, comm, 1, cpu, cgroup, False, 0, ((MS, 0),), MS)


def homes(threads: list[TracedThread], *rules: str, default: str | None = "NORM") -> dict[str, str]:
    assigned = assign(threads, [parse_rule(rule) for rule in rules], default, TICK)
    assert assigned.homeless == ()
    return {program.name: program.scheduler for program in assigned.programs}


def test_the_first_rule_that_fits_counts_then_the_default() -> None:
    threads = [thread("redis-server", 1), thread("cc1", 2), thread("ld", 3), thread("bash", 4)]
    assert homes(threads, "redis*=REAL", "cc1|as|ld=POOL/BATCH", "*d=OTHER") == {
        "redis-server-1": "REAL",
        "cc1-2": "POOL/BATCH",
        "ld-3": "POOL/BATCH",
        "bash-4": "NORM",
    }


def test_rules_by_pid_cgroup_and_cpu() -> None:
    threads = [
        thread("a", 1), thread("a", 2, cgroup="/system.slice/x"), thread("a", 3, cpu=5),
        thread("a=b", 4), thread("pid:9", 5),
    ]  # fmt: skip
    rules = "pid:1|7=A", "cgroup:/system.slice/*=B", "cpu:4-6=C", "a=b=D", "comm:pid:9=E"
    assert list(homes(threads, *rules).values()) == ["A", "B", "C", "D", "E"]


def test_who_has_no_scheduler_and_which_rules_fit_nobody_is_told() -> None:
    rules = [parse_rule("b=B"), parse_rule("c=C")]
    assigned = assign([thread("a"), thread("b", 2)], rules, None, TICK)
    assert [each.comm for each in assigned.homeless] == ["a"]
    assert assigned.unused == (rules[1],)
    assert [program.name for program in assigned.programs] == ["b-2"]


def test_a_thread_that_comes_to_no_tick_is_left_out() -> None:
    assigned = assign([thread("a")], [], "NORM", 3 * MS)
    assert (assigned.programs, assigned.short) == ((), (thread("a"),))


def test_names_of_programs() -> None:
    assert name_program(thread("redis-server", 26341)) == "redis-server-26341"
    assert name_program(thread("bash", 311, 1)) == "bash-311_2"
    assert name_program(thread("kworker/0:1H-x y", 7)) == "kworker_0_1H-x_y-7"
    assert name_program(thread("9p", 7)) == "_9p-7"
    assert name_program(thread("", 7)) == "_-7"
    assert name_program(thread("é" * 40, 1234567890, 3)) == "_" * 18 + "-1234567890_4"


def test_rounding_is_carried_from_one_burst_to_the_next() -> None:
    """Ten bursts of 0.4 ticks are four ticks; each sleeps 1.3."""
    at, bursts = round_bursts(250_000, [(40_000, 130_000)] * 10, TICK)
    assert sum(run for run, _ in bursts) == 4
    assert at - 3 + sum(sleep for _, sleep in bursts) == 13
    assert (at, bursts) == (4, ((1, 3), (1, 4), (1, 2), (1, 3)))


def test_a_sleep_of_no_tick_stays_an_arrival() -> None:
    assert round_bursts(0, [(300_000, 20_000), (200_000, 0)], TICK) == (0, ((3, 0), (2, 0)))


_NS = st.integers(0, 10 * MS)


@given(_NS, st.lists(st.tuples(_NS, _NS)), st.sampled_from((1_000, TICK, 10 * MS)))
def test_what_a_thread_ran_and_slept_is_kept_to_half_a_tick(
    arrived: int, bursts: list[tuple[int, int]], tick: int
) -> None:
    at, rounded = round_bursts(arrived, bursts, tick)
    ran = sum(run for run, _ in rounded) * tick
    slept = sum(sleep for _, sleep in rounded) * tick
    assert abs(ran - sum(run for run, _ in bursts)) * 2 <= tick
    whole = arrived + sum(sleep for _, sleep in bursts)
    assert abs(at * tick + slept - whole) <= tick
    assert all(run >= 1 and sleep >= 0 for run, sleep in rounded)


def task(name: str, *bursts: tuple[int, int], **facts: object) -> Task:
    plain: dict[str, object] = {
        "instances": 1, "at": 0, "repeat": 1, "period": None, "deadline": None,
        "policy": "SCHED_OTHER", "cpus": NO_CPUS,
    }  # fmt: skip
    return Task(name=name, bursts=bursts or ((1_000, 0),), **{**plain, **facts})  # type: ignore[arg-type]


def app_of(*tasks: Task) -> RtApp:
    return RtApp(tasks, None, {}, ())


def test_tasks_go_by_name_policy_and_affinity() -> None:
    app = app_of(
        task("web"), task("fifo", policy="SCHED_FIFO"), task("bound", cpus=CpuSet.of((0, 1))),
        task("loose", cpus=CpuSet.of((0, 9))), task("rr", policy="SCHED_RR"),
    )  # fmt: skip
    rules = [parse_rule(rule) for rule in ("w*=A", "policy:fifo=B", "cpu:0-3=C", "pid:1=D")]
    assigned = assign_tasks(app, rules, "NORM", 100)
    assert [(each.name, each.scheduler) for each in assigned.programs] == [
        ("web", "A"), ("fifo", "B"), ("bound", "C"), ("loose", "NORM"), ("rr", "NORM"),
    ]  # fmt: skip
    assert assigned.loose == {"cpus": 1, "policy": 1}
    assert assigned.unused == (rules[3],)
    assert [each.name for each in assign_tasks(app, rules, None, 100).homeless] == ["loose", "rr"]


def test_names_of_tasks_stay_apart() -> None:
    app = app_of(task("a b"), task("a_b"), task("a b"), task("x" * 40), task("x" * 31))
    names = [each.name for each in assign_tasks(app, [], "NORM", 100).programs]
    assert names == ["a_b", "a_b_2", "a_b_3", "x" * 31, "x" * 29 + "_2"]


def test_the_exact_tick_and_what_another_one_rounds() -> None:
    app = app_of(
        task("a", (275, 4_725), at=50, repeat=None, instances=2), task("b", (300, 0), period=6_000)
    )
    assert exact_tick(app, 100) == 25
    exact = assign_tasks(app, [], "NORM", 25)
    assert (exact.rounded, exact.error_us) == (0, 0)
    assert exact.programs == (
        Program("a", "NORM", ((11, 189),), 2, 2, 0, None),
        Program("b", "NORM", ((12, 0),), 1, 0, 0, 1, 240, 240),
    )
    rough = assign_tasks(app, [], "NORM", 1_000)
    assert (rough.rounded, rough.error_us) == (2, 700)
    assert [each.name for each in rough.short] == ["a"]
