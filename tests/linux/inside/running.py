"""Programs run in applied schedulers, while watch looks after them; and a trial that runs out."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.linux.inside.commands import MOUNT, OURS, Command, declare, done, groups, usched_says
from tests.linux.inside.load import hogs, trace_cpus
from tests.linux.inside.report import report
from tests.linux.inside.waiting import await_that

SCRIPT = """
LOCK on cpu4-6 lwktpri 6 locked
RT on cpu2 cpu3 lwktpri 8 exclusive
NORM on cpu0 cpu1 lwktpri 5
"""

#: Three threads that want a cpu all the time.
THREADS = """
import threading
def burn():
    while True: pass
for _ in range(2): threading.Thread(target=burn).start()
burn()
"""


def _end(command: Command, number: int) -> list[object]:
    os.kill(command.pid, number)
    return list(command.end())


def _threads(pid: int) -> list[int]:
    return [int(each) for each in os.listdir(f"/proc/{pid}/task")]


def locked_threads() -> object:
    """In a second of the kernel's trace: the cpus of each of three, which watch has pinned."""
    declare(SCRIPT)
    done("apply", "-q")
    watch = Command("watch")
    program = Command("exec", "LOCK", "--", "python3", "-c", THREADS)
    await_that(lambda: len(_threads(program.pid)) == 3)
    pinned = lambda tid: len(os.sched_getaffinity(tid)) == 1  # noqa: E731 - of this moment
    await_that(lambda: all(map(pinned, _threads(program.pid))))
    await_that(lambda: len({min(os.sched_getaffinity(tid)) for tid in _threads(program.pid)}) == 3)
    ran = trace_cpus(1)
    seen = [sorted(ran.get(tid, ())) for tid in _threads(program.pid)]
    said = _end(program, signal.SIGKILL)
    return [sorted(seen), said, _end(watch, signal.SIGTERM)]


def real_time() -> object:
    """exec gives it the policy, and a group with the cpus."""
    program = Command("exec", "RT", "--", "sleep", "1000")
    await_that(lambda: Path(f"/proc/{program.pid}/comm").read_text() == "sleep\n")
    policy = os.sched_getscheduler(program.pid) & ~os.SCHED_RESET_ON_FORK
    priority = os.sched_getparam(program.pid).sched_priority
    cpus = sorted(os.sched_getaffinity(program.pid))
    (listed,) = json.loads(done("ps", "RT", "--json"))
    return [
        *(policy == os.SCHED_RR, priority, cpus, listed["pid"] == program.pid, listed["command"]),
        _end(program, signal.SIGKILL),
    ]


def moved() -> object:
    """A process that runs already."""
    with hogs(MOUNT) as (pid,):
        said = usched_says("move", str(pid), "into", "NORM")
        where = Path(f"/proc/{pid}/cgroup").read_text()
        return [said, where, sorted(os.sched_getaffinity(pid)), trace_cpus(0.5)[pid] <= {0, 1}]


def a_trial_runs_out() -> object:
    """Nobody confirms, and after two seconds it is as it was."""
    before = groups()
    done("destroy", "RT")
    said = usched_says("apply", "--confirm", "2s")
    during = "RT" in groups()
    await_that(lambda: groups() == before)
    return [said.status, during, usched_says("verify").status]


def a_trial_is_confirmed() -> object:
    said = usched_says("apply", "--confirm", "30s")
    return [said.status, usched_says("confirm"), usched_says("verify"), sorted(groups())]


def nothing_is_left() -> object:
    return [usched_says("release", "-q"), OURS.exists()]


if __name__ == "__main__":
    report(
        *(locked_threads, real_time, moved),
        *(a_trial_runs_out, a_trial_is_confirmed, nothing_is_left),
    )
