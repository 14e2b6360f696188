"""The lines of perf script, ftrace and trace-cmd (usched.5, "Traces")."""

from __future__ import annotations

import pytest

from tests.text.language.texts import block
from tests.text.traces.recordings import FTRACE, PERF, TRACE_CMD, read
from usched.text.traces.sched_events import Malformed, name_state
from usched.words.problems import Refused, format_problem
from usched.words.trace import Exit, Fork, InCgroup, Lost, Migrate, Ran, Switch, Wake

HEAD = "bash   100 [002]    10.000001: "


def one(rest: str, head: str = HEAD) -> object:
    events, counts = read(head + rest)
    assert counts.unread == 0
    (event,) = events
    return event


def test_each_tool_tells_of_the_same_events() -> None:
    events, counts = read(PERF)
    assert counts.format.name == "perf script"
    assert len(events) == counts.events == counts.lines == 7
    assert read(FTRACE)[0] == events
    assert read(TRACE_CMD)[0] == events
    assert read(FTRACE)[1].unread == read(TRACE_CMD)[1].unread == 0
    assert read(FTRACE)[1].overwritten == 0
    assert read(FTRACE.replace("written: 7/7", "written: 7/1007"))[1].overwritten == 1000


def test_a_switch() -> None:
    text = (
        "sched:sched_switch: prev_comm=CPU 0/KVM prev_pid=7 prev_prio=120 prev_state=D|K ==> "
        "next_comm=a ==> b next_pid=8 next_prio=19"
    )
    assert one(text) == Switch(10_000_001_000, 2, 7, "CPU 0/KVM", "sleep", False, 8, "a ==> b")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("sched_waking: comm=a b pid=7 prio=-5 target_cpu=003", Wake(0, 7, "a b", False)),
        ("sched_wakeup: comm=a pid=7 prio=120 success=1 target_cpu=003", Wake(0, 7, "a", False)),
        ("sched_wakeup: comm=a pid=7 prio=120 success=0 target_cpu=003", Migrate(0, 7)),
        ("sched_wakeup: a:b:7 [120] success=1 CPU:003", Wake(0, 7, "a:b", False)),
        ("sched_wakeup_new: comm=a pid=7 prio=120 target_cpu=003", Wake(0, 7, "a", True)),
        (
            "sched_process_fork: comm=a pid=7 child_comm=b c child_pid=8",
            Fork(0, 7, "a", 8, "b c"),
        ),
        ("sched_process_exit: comm=a pid=7 prio=120 group_dead=true", Exit(0, 7, "a")),
        ("sched_stat_runtime: comm=a pid=7 runtime=450 [ns]", Ran(0, 7, "a", 450)),
        ("sched_stat_runtime: comm=a pid=7 runtime=450 [ns] vruntime=9 [ns]", Ran(0, 7, "a", 450)),
        ("sched_migrate_task: comm=a pid=7 prio=120 orig_cpu=1 dest_cpu=2", Migrate(0, 7)),
    ],
)
def test_events(text: str, event: tuple[object, ...]) -> None:
    expected = event._replace(at=10_000_001_000)  # type: ignore[attr-defined]
    assert one(f"sched:{text}") == expected
    assert one(text, "bash-100 ( 90) [002] d..2 10.000001: ") == expected


@pytest.mark.parametrize(
    "head",
    [
        "bash 90/100 [002] 10.000001: ",
        ":-1    -1 [002] 10.000001: ",
        "a b c 100 [002] 10.000001:       1 ",
        "bash   100 [002]    10.000001000: ",
        "100 [002] 10.000001: ",
        "  90/100   [002] 10.000001: ",
        "bash   100 [002] K      10.000001: ",
        "bash   100 [002]    10,000001: ",
    ],
)
def test_heads_of_perf_script(head: str) -> None:
    assert one("sched:sched_stat_runtime: comm=a pid=7 runtime=450 [ns]", head) == Ran(
        10_000_001_000, 7, "a", 450
    )


@pytest.mark.parametrize(
    "head", ["a-b-100 [002] 10.000001: ", "<...>-100 (-----) [002] .... 10.000001: "]
)
def test_heads_of_ftrace(head: str) -> None:
    assert one("sched_waking: comm=a pid=7 prio=120", head) == Wake(10_000_001_000, 7, "a", False)


def test_seconds_since_1970() -> None:
    """perf record -k CLOCK_REALTIME, trace-cmd report --date."""
    for head in ("bash 100 [002] 1764157645.531556: ", "bash-100 [002] d..2. 1764157645.531556: "):
        event = one("sched_stat_runtime: comm=a pid=7 runtime=450 [ns]", head)
        assert event == Ran(1_764_157_645_531_556_000, 7, "a", 450)


def test_a_cgroup_stands_behind_the_fields() -> None:
    text = HEAD + "sched:sched_waking: comm=a pid=7 prio=120 target_cpu=003 /system.slice/x.service"
    at = 10_000_001_000
    assert read(text)[0] == [
        Wake(at, 7, "a", False),
        InCgroup(at, 100, "/system.slice/x.service"),
    ]


def test_lost_events() -> None:
    lost = "perf  1 [001] 11.000000: PERF_RECORD_LOST lost 12"
    assert read(PERF + lost)[0][-1] == Lost(11_000_000_000, 1, 12)
    assert read(FTRACE + "CPU:3 [LOST 45 EVENTS]")[0][-1] == Lost(0, 3, 45)
    assert read(TRACE_CMD + "CPU:3 [EVENTS DROPPED]")[0][-1] == Lost(0, 3, None)
    chunks = "Processed 8 events and lost 3 chunks!\n\nCheck IO/CPU overload!"
    events, counts = read(PERF + chunks)
    assert events[-1] == Lost(0, None, None)
    assert counts.unread == 0


@pytest.mark.parametrize(
    ("states", "meaning"),
    [
        ("R R+ S+ 0 0x100 256", "run"),
        ("S D I T t P D|K S|W D|W N 1 2 0x1 0x402 130", "sleep"),
        ("X Z x X|Z 16 32 0x80", "exit"),
    ],
)
def test_states(states: str, meaning: str) -> None:
    assert {state: name_state(state) for state in states.split()} == dict.fromkeys(
        states.split(), meaning
    )


@pytest.mark.parametrize("state", ["", "+", "Q", "RS?", "0x", "-1"])
def test_states_that_there_are_not(state: str) -> None:
    with pytest.raises(Malformed):
        name_state(state)


def test_other_events_are_counted() -> None:
    other = "bash   100 [002]    10.000001: irq:irq_handler_entry: irq=9 name=x\n"
    events, counts = read(other + PERF + other)
    assert len(events) == 7
    assert (counts.others, counts.unread) == ({"irq_handler_entry": 2}, 0)


def test_call_chains_are_no_mistake() -> None:
    chain = (
        "\tffffffff81a0b1c2 __schedule+0x2a2 ([kernel.kallsyms])\n\t    7f12ab cd (/usr/lib/x)\n\n"
    )
    events, counts = read("".join(f"{line}\n{chain}" for line in PERF.splitlines()))
    assert (len(events), counts.unread) == (7, 0)


def test_what_cannot_be_read_is_counted_with_the_place_of_the_first() -> None:
    cut = HEAD + "sched:sched_switch: prev_comm=bash prev_pid=1"
    events, counts = read(PERF + cut + "\n???\nbash 100 [9999999]\n")
    assert events[-1] == Lost(10_000_001_000, 2, None)
    assert (len(events), counts.unread) == (8, 3)
    assert counts.first is not None
    assert format_problem(counts.first) == block(
        """
        t.txt:8:52: expected sched_switch: prev_comm= prev_pid= prev_prio= prev_state= ==> next_comm= next_pid=
            bash   100 [002]    10.000001: sched:sched_switch: prev_comm=bash prev_pid=1
                                                               ^^^^^^^^^^^^^^^^^^^^^^^^^
        """
    )


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        read(text)
    return "\n".join(map(format_problem, refused.value.problems))


KNOWN = (
    "  usched imports perf script text (perf sched record, then perf script), ftrace's trace or "
    "trace_pipe,\n  trace-cmd report text, or an rt-app file in JSON"
)


def test_error_an_empty_file() -> None:
    assert refusal("") == f"t.txt:1:1: the file is empty\n{KNOWN}"
    assert refusal("\n \n") == f"t.txt:1:1: the file is empty\n{KNOWN}"


def test_error_no_trace() -> None:
    assert refusal("# by hand\nhello\n") == (
        f"t.txt:2:1: this is no trace\n    hello\n    ^^^^^\n{KNOWN}"
    )


def test_error_what_other_commands_print() -> None:
    assert refusal("           time    cpu  task name   wait time\n").splitlines()[0] == (
        "t.txt:1:1: this is the table of perf sched timehist"
    )
    assert refusal("bash 100 10.000001: sched:sched_switch: prev_comm=").splitlines()[-1] == (
        "  type: perf script -F +cpu > trace.txt"
    )
    assert refusal("bash [002] 10.000001: sched:sched_switch: prev_comm=").splitlines()[-1] == (
        "  type: perf script -F comm,tid,cpu,time,event,trace > trace.txt"
    )
    for line in (
        "bash-100   2d..2. 10.000001: sched_switch: x",
        "a-7 0d..2 14us : sched_waking: x",
    ):
        assert refusal(line).splitlines()[0] == "t.txt:1:1: this is a trace in the latency format"
    assert refusal("bash-100 [002] d..2 61234567: sched_switch: prev_comm=").splitlines()[-1] == (
        "  record it with another one: echo mono > trace_clock"
    )
    assert refusal("usched NORM on cpu* lwktpri 6\n").splitlines()[0] == (
        "t.txt:1:1: this is a script of statements"
    )
    assert refusal("# made by hand\nworkload: x\n").splitlines()[0] == (
        "t.txt:2:1: this is a workload already"
    )


def test_error_time_that_goes_back() -> None:
    late = PERF.replace(" 10.0", " 12.0")
    early = HEAD + "sched:sched_stat_runtime: comm=a pid=7 runtime=450 [ns]"
    assert refusal(late + early) == block(
        """
        t.txt:8:21: time goes back by 2.015 s, behind 12.015000
            bash   100 [002]    10.000001: sched:sched_stat_runtime: comm=a pid=7 runtime=450 [ns]
                                ^^^^^^^^^
          one record a file, its lines in the order of time: sort them
        """
    )
