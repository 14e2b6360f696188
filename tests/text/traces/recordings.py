"""Small traces as they are written, and what is read of them."""

from __future__ import annotations

from usched.meaning.replay import Replayer
from usched.text.traces.formats import recognise
from usched.text.traces.lines import TraceCounts, read_events
from usched.words.trace import Recording, TraceEvent

#: A moment's work of two threads on one cpu, as each tool writes it.
PERF = """\
            bash   100 [000]    10.000000: sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=bash next_pid=100 next_prio=120
            bash   100 [000]    10.002000: sched:sched_waking: comm=cc1 pid=200 prio=120 target_cpu=000
            bash   100 [000]    10.003000: sched:sched_switch: prev_comm=bash prev_pid=100 prev_prio=120 prev_state=S ==> next_comm=cc1 next_pid=200 next_prio=120
             cc1   200 [000]    10.010000: sched:sched_waking: comm=bash pid=100 prio=120 target_cpu=000
             cc1   200 [000]    10.012000: sched:sched_switch: prev_comm=cc1 prev_pid=200 prev_prio=120 prev_state=R+ ==> next_comm=bash next_pid=100 next_prio=120
            bash   100 [000]    10.013000: sched:sched_switch: prev_comm=bash prev_pid=100 prev_prio=120 prev_state=X ==> next_comm=cc1 next_pid=200 next_prio=120
             cc1   200 [000]    10.015000: sched:sched_switch: prev_comm=cc1 prev_pid=200 prev_prio=120 prev_state=Z ==> next_comm=swapper/0 next_pid=0 next_prio=120
"""

FTRACE = """\
# tracer: nop
#
# entries-in-buffer/entries-written: 7/7   #P:1
#
#                                _-----=> irqs-off/BH-disabled
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
          <idle>-0       [000] d..2.    10.000000: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=bash next_pid=100 next_prio=120
            bash-100     [000] dN.3.    10.002000: sched_waking: comm=cc1 pid=200 prio=120 target_cpu=000
            bash-100     [000] d..2.    10.003000: sched_switch: prev_comm=bash prev_pid=100 prev_prio=120 prev_state=S ==> next_comm=cc1 next_pid=200 next_prio=120
             cc1-200     [000] d.h3.    10.010000: sched_waking: comm=bash pid=100 prio=120 target_cpu=000
             cc1-200     [000] d..2.    10.012000: sched_switch: prev_comm=cc1 prev_pid=200 prev_prio=120 prev_state=R+ ==> next_comm=bash next_pid=100 next_prio=120
            bash-100     [000] d..2.    10.013000: sched_switch: prev_comm=bash prev_pid=100 prev_prio=120 prev_state=X ==> next_comm=cc1 next_pid=200 next_prio=120
             cc1-200     [000] d..2.    10.015000: sched_switch: prev_comm=cc1 prev_pid=200 prev_prio=120 prev_state=Z ==> next_comm=swapper/0 next_pid=0 next_prio=120
"""

TRACE_CMD = """\
version = 6
CPU 1 is empty
cpus=2
          <idle>-0     [000]    10.000000000: sched_switch:         swapper/0:0 [120] R ==> bash:100 [120]
            bash-100   [000]    10.002000000: sched_waking:         cc1:200 [120] CPU:000
            bash-100   [000]    10.003000000: sched_switch:         bash:100 [120] S ==> cc1:200 [120]
             cc1-200   [000]    10.010000000: sched_waking:         bash:100 [120] CPU:000
             cc1-200   [000]    10.012000000: sched_switch:         cc1:200 [120] R ==> bash:100 [120]
            bash-100   [000]    10.013000000: sched_switch:         bash:100 [120] X ==> cc1:200 [120]
             cc1-200   [000]    10.015000000: sched_switch:         cc1:200 [120] Z ==> swapper/0:0 [120]
"""


def read(text: str, label: str = "t.txt") -> tuple[list[TraceEvent], TraceCounts]:
    """The events of a trace, and what the reading came across."""
    trace_format, lines = recognise(text.splitlines(keepends=True), label)
    assert trace_format is not None
    counts = TraceCounts(label, trace_format)
    return list(read_events(lines, counts)), counts


def record(text: str) -> Recording:
    replayer = Replayer()
    replayer.take_all(read(text)[0])
    return replayer.finish()


def switch(ms: float, was: str, state: str, becomes: str, cpu: int = 0) -> str:
    """A line of perf script; a thread is `comm/pid`, idle is `-`."""
    (before, prev), (after, following) = _task(was, cpu), _task(becomes, cpu)
    fields = (
        f"prev_comm={before} prev_pid={prev} prev_prio=120 prev_state={state} ==> "
        f"next_comm={after} next_pid={following} next_prio=120"
    )
    return line(ms, was, "sched_switch", fields, cpu)


def waking(ms: float, whom: str, event: str = "sched_waking") -> str:
    comm, pid = _task(whom, 0)
    return line(ms, "-", event, f"comm={comm} pid={pid} prio=120 target_cpu=000")


def ran(ms: float, whom: str, ns: int) -> str:
    comm, pid = _task(whom, 0)
    return line(ms, whom, "sched_stat_runtime", f"comm={comm} pid={pid} runtime={ns} [ns]")


def fork(ms: float, parent: str, child: str) -> str:
    (comm, pid), (new, child_pid) = _task(parent, 0), _task(child, 0)
    fields = f"comm={comm} pid={pid} child_comm={new} child_pid={child_pid}"
    return line(ms, parent, "sched_process_fork", fields)


def line(ms: float, current: str, event: str, fields: str, cpu: int = 0) -> str:
    comm, pid = _task(current, cpu)
    return f"{comm:>16} {pid:5} [{cpu:03}] {ms / 1000:12.6f}: sched:{event}: {fields}"


def _task(written: str, cpu: int) -> tuple[str, int]:
    if written == "-":
        return f"swapper/{cpu}", 0
    comm, _, pid = written.rpartition(":")
    return comm, int(pid)


def trace(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def bursts(recording: Recording) -> dict[str, list[tuple[float, float]]]:
    """Of each thread, (ran, slept) in ms."""
    return {
        thread.comm: [(ran / 1e6, slept / 1e6) for ran, slept in thread.bursts]
        for thread in recording.threads
    }
