"""What a tracepoint of the scheduler says behind its name: the kernel's own words, and the short
ones of trace-cmd's plugins (include/trace/events/sched.h, libtraceevent's plugin_sched_switch.c).

    sched_switch: prev_comm=A prev_pid=1 prev_prio=120 prev_state=S ==> next_comm=B next_pid=2 ...
    sched_switch: A:1 [120] S ==> B:2 [120]
"""

from __future__ import annotations

import re
from collections.abc import Callable

from usched.words.trace import Exit, Fork, Lost, Migrate, Ran, Switch, TraceEvent, Wake

#: Of Linux, and more than it ever gives out.
_PID = "([0-9]{1,10})"

_SWITCH = re.compile(
    rf"prev_comm=(.*) prev_pid={_PID} prev_prio=-?[0-9]+ prev_state=(\S+) ==> "
    rf"next_comm=(.*) next_pid={_PID}\b"
)
_SHORT_SWITCH = re.compile(rf"(.*):{_PID} \[-?[0-9]+\] ([A-Za-z|+]+) ==> (.*):{_PID} \[-?[0-9]+\]")
_TASK = re.compile(rf"comm=(.*) pid={_PID}\b(.*)")
_SHORT_TASK = re.compile(rf"(.*):{_PID} \[-?[0-9]+\](.*)")
_FORK = re.compile(rf"comm=(.*) pid={_PID} child_comm=(.*) child_pid={_PID}\b")
_RUNTIME = re.compile(rf"comm=(.*) pid={_PID} runtime=([0-9]{{1,18}})\b")
_MIGRATE = re.compile(rf"comm=(.*) pid={_PID} prio=-?[0-9]+ orig_cpu=[0-9]+ dest_cpu=[0-9]+")
_NOT_WOKEN = "success=0"

#: A state as a number: trace-cmd report -R. TASK_REPORT_MAX marks who is preempted.
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,9}")
_EXITING = 0x10 | 0x20 | 0x40 | 0x80
_SLEEPING = 0x1 | 0x2 | 0x4 | 0x8

_LETTERS = frozenset("RSDTtXZxPIKWNL")


class Malformed(ValueError):
    """A line is not what it should be. Its one argument: what was expected."""


def name_state(written: str) -> str:
    """`run`, `sleep` or `exit`, of a prev_state: `R`, `R+`, `S`, `D|K`, `Z`, `0x1`."""
    if _NUMBER.fullmatch(written):
        number = int(written, 0 if written.startswith("0x") else 10)
        if number & _EXITING and not number & _SLEEPING:
            return "exit"
        return "sleep" if number & 0xFF else "run"
    letters = written.rstrip("+")
    if not letters or not _LETTERS.issuperset(letters.replace("|", "")):
        raise Malformed(f"a prev_state such as R, S, D, I or Z, not '{written[:20]}'")
    if written[-1] == "+" or letters == "R":
        return "run"
    return "exit" if letters[0] in "XZx" else "sleep"


_STATES: dict[str, str] = {}


def _parse_switch(at: int, cpu: int, text: str) -> TraceEvent:
    found = _SWITCH.match(text) or _SHORT_SWITCH.match(text)
    if found is None:
        raise Malformed("prev_comm= prev_pid= prev_prio= prev_state= ==> next_comm= next_pid=")
    prev_comm, prev, written, next_comm, following = found.groups()
    state = _STATES.get(written)
    if state is None:
        state = name_state(written)
        if len(_STATES) < 1000:
            _STATES[written] = state
    is_idle_wait = written == "I"
    return Switch(at, cpu, int(prev), prev_comm, state, is_idle_wait, int(following), next_comm)


def _parse_task(text: str) -> tuple[str, int, str]:
    found = _TASK.match(text) or _SHORT_TASK.match(text)
    if found is None:
        raise Malformed("comm= pid=")
    return found[1], int(found[2]), found[3]


def _parse_waking(at: int, _cpu: int, text: str) -> TraceEvent:
    comm, pid, rest = _parse_task(text)
    return Migrate(at, pid) if _NOT_WOKEN in rest else Wake(at, pid, comm, False)


def _parse_wakeup_new(at: int, _cpu: int, text: str) -> TraceEvent:
    comm, pid, _ = _parse_task(text)
    return Wake(at, pid, comm, True)


def _parse_fork(at: int, _cpu: int, text: str) -> TraceEvent:
    found = _FORK.match(text)
    if found is None:
        raise Malformed("comm= pid= child_comm= child_pid=")
    return Fork(at, int(found[2]), found[1], int(found[4]), found[3])


def _parse_exit(at: int, _cpu: int, text: str) -> TraceEvent:
    comm, pid, _ = _parse_task(text)
    return Exit(at, pid, comm)


def _parse_runtime(at: int, _cpu: int, text: str) -> TraceEvent:
    found = _RUNTIME.match(text)
    if found is None:
        raise Malformed("comm= pid= runtime=")
    return Ran(at, int(found[2]), found[1], int(found[3]))


def _parse_migrate(at: int, _cpu: int, text: str) -> TraceEvent:
    found = _MIGRATE.match(text)
    if found is None:
        raise Malformed("comm= pid= prio= orig_cpu= dest_cpu=")
    return Migrate(at, int(found[2]))


def _parse_lost(at: int, cpu: int, text: str) -> TraceEvent:
    """`perf script --show-lost-events`: `PERF_RECORD_LOST lost 12`."""
    found = re.search(r"lost\s+([0-9]{1,18})", text)
    return Lost(at, cpu, int(found[1]) if found else None)


#: By the tracepoint's name; each takes the time in ns, the cpu, and the text behind the name.
PARSERS: dict[str, Callable[[int, int, str], TraceEvent]] = {
    "sched_switch": _parse_switch,
    "sched_waking": _parse_waking,
    "sched_wakeup": _parse_waking,
    "sched_wakeup_new": _parse_wakeup_new,
    "sched_process_fork": _parse_fork,
    "sched_process_exit": _parse_exit,
    "sched_stat_runtime": _parse_runtime,
    "sched_migrate_task": _parse_migrate,
    "PERF_RECORD_LOST": _parse_lost,
}
