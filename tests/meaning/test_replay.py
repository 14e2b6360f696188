"""What a trace says of its threads: what ran, what slept, and what is in doubt."""

from __future__ import annotations

from tests.text.traces.recordings import (
    FTRACE,
    PERF,
    TRACE_CMD,
    bursts,
    fork,
    line,
    ran,
    record,
    switch,
    trace,
    waking,
)
from usched.words.trace import Doubts


def test_to_be_preempted_and_to_wait_is_no_sleep() -> None:
    """bash runs 3 ms, sleeps from 3 to 10, waits until 12, and runs 1; cc1 runs 9 + 2."""
    recording = record(PERF)
    assert bursts(recording) == {"bash": [(3, 7), (1, 0)], "cc1": [(11, 0)]}
    assert [thread.arrived / 1e6 for thread in recording.threads] == [0, 2]
    assert (recording.span, recording.switches, recording.cpus) == (15_000_000, 5, 1)
    assert recording.doubts == Doubts(cut_start=1)
    assert record(FTRACE) == record(TRACE_CMD) == recording


def test_a_sleep_without_a_waking_lasts_until_the_thread_runs() -> None:
    text = trace(
        switch(0, "-", "R", "a:1"), switch(2, "a:1", "S", "-"),
        switch(9, "-", "R", "a:1"), switch(10, "a:1", "S", "-"),
    )  # fmt: skip
    recording = record(text)
    assert bursts(recording) == {"a": [(2, 7), (1, 0)]}
    assert recording.doubts == Doubts(unwoken=1)


def test_who_is_woken_on_the_way_to_sleep_does_not_sleep() -> None:
    text = trace(
        waking(0, "a:1"), switch(0, "-", "R", "a:1"),
        waking(1.9, "a:1"), switch(2, "a:1", "S", "-"),
        switch(9, "-", "R", "a:1"), switch(10, "a:1", "S", "-"),
    )  # fmt: skip
    assert bursts(record(text)) == {"a": [(2, 0), (1, 0)]}
    assert record(text).doubts == Doubts()


def test_the_first_waking_ends_a_sleep() -> None:
    text = trace(
        waking(0, "a:1"), switch(0, "-", "R", "a:1"), switch(2, "a:1", "S", "-"),
        waking(5, "a:1"), waking(6, "a:1", "sched_wakeup"),
        switch(9, "-", "R", "a:1"), switch(10, "a:1", "S", "-"),
    )  # fmt: skip
    assert bursts(record(text)) == {"a": [(2, 3), (1, 0)]}


def test_a_cpu_of_its_own_for_each_interval() -> None:
    text = trace(
        waking(0, "a:1"), waking(0, "b:2"),
        switch(0, "-", "R", "a:1", cpu=0), switch(1, "-", "R", "b:2", cpu=1),
        switch(2, "a:1", "R", "-", cpu=0), switch(3, "b:2", "R", "a:1", cpu=1),
        switch(7, "a:1", "S", "-", cpu=1),
    )  # fmt: skip
    recording = record(text)
    assert bursts(recording) == {"a": [(6, 0)], "b": [(2, 0)]}
    assert {thread.comm: thread.cpu for thread in recording.threads} == {"a": 1, "b": 1}


DIRTY = trace(
    waking(0, "a:1"),
    switch(0, "-", "R", "a:1"),
    ran(2, "a:1", 2_100_000),
    switch(2, "a:1", "S", "-"),
    waking(5, "a:1"),
    ran(9, "a:1", 3_900_000),
    switch(9, "a:1", "S", "-"),
    waking(10, "b:2"),
    switch(10, "-", "R", "b:2"),
    switch(12, "b:2", "S", "-"),
)


def test_where_switches_are_missing_the_kernels_account_is_taken() -> None:
    """From idle to a at 5, or a bit later, is not there."""
    recording = record(DIRTY)
    assert recording.doubts == Doubts(from_idle=1, counted=1)
    assert bursts(recording) == {"a": [(2.1, 3), (3.9, 0)], "b": [(2, 0)]}


def test_without_a_waking_the_account_says_when_a_thread_came_back() -> None:
    lines = [each for each in DIRTY.splitlines() if "sched_waking: comm=a" not in each]
    recording = record(trace(waking(0, "a:1"), *lines))
    assert recording.doubts == Doubts(from_idle=1, counted=1, unwoken=1)
    assert bursts(recording)["a"] == [(2.1, 3.1), (3.9, 0)]


def test_without_that_account_what_was_not_seen_is_not_counted() -> None:
    lines = DIRTY.splitlines()
    recording = record(trace(*(each for each in lines if "stat_runtime" not in each)))
    assert recording.doubts == Doubts(from_idle=1)
    assert bursts(recording) == {"a": [(2, 3)], "b": [(2, 0)]}


def test_an_account_that_is_not_half_of_what_was_seen_is_not_whole() -> None:
    recording = record(DIRTY.replace("runtime=3900000", "runtime=3").replace("2100000", "9"))
    assert recording.doubts == Doubts(from_idle=1)


def test_an_account_beyond_all_bounds_is_the_longest_burst_there_can_be() -> None:
    lines = [ran(1, "a:1", 10**18 - 1)] * 20
    (thread,) = record(trace(*lines, switch(2, "-", "R", "-"))).threads
    assert thread.bursts == ((10**18, 0),)


def test_an_account_alone_is_taken() -> None:
    recording = record(trace(ran(1, "a:1", 5_000_000), switch(2, "-", "R", "-")))
    assert bursts(recording) == {"a": [(5, 0)]}
    assert recording.doubts == Doubts(cut_start=1, cut_end=1, counted=1)


def test_a_thread_that_leaves_a_cpu_which_another_was_on() -> None:
    text = trace(
        waking(0, "a:1"), waking(0, "b:2"), switch(0, "-", "R", "a:1"), switch(4, "b:2", "S", "-"),
    )  # fmt: skip
    assert record(text).doubts == Doubts(other=1, cut_end=1)
    assert bursts(record(text)) == {"a": [], "b": []}


def test_who_was_there_before_and_who_is_there_at_the_end() -> None:
    """a ran before the trace; what it ran until the first switch is not known. b runs on."""
    text = trace(waking(0, "b:2"), switch(3, "a:1", "R", "b:2"), switch(8, "-", "R", "-", cpu=1))
    recording = record(text)
    assert bursts(recording) == {"b": [(5, 0)], "a": []}
    assert recording.doubts == Doubts(cut_start=1, cut_end=2)


def test_lost_events_end_what_was_known() -> None:
    """Of the cpu that lost them; of all where none is named."""
    before = waking(0, "a:1"), switch(0, "-", "R", "a:1")
    after = switch(9, "a:1", "S", "-")
    assert bursts(record(trace(*before, after))) == {"a": [(9, 0)]}
    for lost, many, ran_ms in (
        ("perf 1 [000] 0.005000: PERF_RECORD_LOST lost 45", 45, []),
        ("perf 1 [001] 0.005000: PERF_RECORD_LOST lost 45", 45, [(9, 0)]),
        ("Processed 9 events and lost 1 chunks!", 1, []),
    ):
        recording = record(trace(*before, lost, after))
        assert bursts(recording) == {"a": ran_ms}
        assert recording.doubts == Doubts(lost=many)


def test_forks_exits_and_a_pid_that_is_used_again() -> None:
    text = trace(
        fork(0, "sh:9", "sh:1"), waking(1, "sh:1", "sched_wakeup_new"),
        switch(2, "-", "R", "sh:1"), switch(4, "sh:1", "Z", "-"),
        fork(5, "sh:9", "sh:1"), waking(6, "sh:1", "sched_wakeup_new"),
        switch(7, "-", "R", "ls:1"),
        line(8, "ls:1", "sched_process_exit", "comm=ls pid=1 prio=120"),
        switch(9, "ls:1", "R+", "-"), switch(9, "-", "R", "ls:1"), switch(10, "ls:1", "D", "-"),
        waking(10, "ls:1"), switch(10, "-", "R", "ls:1"), switch(11, "ls:1", "Z", "-"),
        switch(20, "-", "R", "-", cpu=1),
    )  # fmt: skip
    recording = record(text)
    assert [(each.comm, each.generation, each.ran) for each in recording.threads] == [
        ("sh", 0, 2_000_000),
        ("ls", 1, 4_000_000),
    ]
    assert [thread.arrived for thread in recording.threads] == [0, 5_000_000]
    assert recording.doubts == Doubts(reused=1, renamed=1)


def test_a_thread_goes_by_the_comm_under_which_it_ran_longest() -> None:
    text = trace(
        waking(0, "bash:1"), switch(0, "-", "R", "bash:1"), switch(2, "bash:1", "D", "-"),
        waking(3, "bash:1"), switch(3, "-", "R", "bash:1"), switch(9, "cc1:1", "Z", "-"),
    )  # fmt: skip
    (thread,) = record(text).threads
    assert (thread.comm, thread.comms, thread.ran) == ("cc1", 2, 8_000_000)


def test_kernel_threads_are_told_by_their_parent_their_sleep_or_their_name() -> None:
    text = trace(
        fork(0, "kthreadd:2", "odd:1"), switch(0, "-", "R", "odd:1"), switch(1, "odd:1", "S", "-"),
        switch(2, "-", "R", "kworker/0:1:3"), switch(3, "kworker/0:1:3", "S", "-"),
        switch(4, "-", "R", "mine:4"), switch(5, "mine:4", "I", "-"),
        switch(6, "-", "R", "tokio-rt:5"), switch(7, "tokio-rt:5", "S", "-"),
        fork(8, "sh:6", "rcu_fan:7"),
        switch(8, "-", "R", "rcu_fan:7"), switch(9, "rcu_fan:7", "S", "-"),
    )  # fmt: skip
    kinds = {thread.comm: thread.is_kernel for thread in record(text).threads}
    assert kinds == {
        "odd": True, "kworker/0:1": True, "mine": True, "tokio-rt": False, "rcu_fan": False,
    }  # fmt: skip


def test_an_event_behind_a_later_one_is_taken_at_that_ones_time() -> None:
    text = trace(
        waking(0, "a:1"), switch(0, "-", "R", "a:1"), waking(3, "a:1"), switch(2, "a:1", "S", "-"),
    )  # fmt: skip
    recording = record(text)
    assert recording.doubts == Doubts(unordered=1)
    assert bursts(recording) == {"a": [(3, 0)]}
