"""Programs run in applied schedulers, while watch looks after them; and a trial that runs out."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.linux.inside.commands import MOUNT, OURS, Command, declare, done, groups, usched_says
from tests.linux.inside.load import hogs, trace_until
from tests.linux.inside.report import report
from tests.linux.inside.trials import is_waiting, look_in_time
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
    """In the kernel's trace, until all were seen: the cpus of each of three, which watch has
    pinned."""
    declare(SCRIPT)
    done("apply", "-q")
    watch = Command("watch")
    await_that(lambda: "watching over" in watch.out)
    program = Command("exec", "LOCK", "--", "python3", "-c", THREADS)
    await_that(lambda: len(_threads(program.pid)) == 3)
    pinned = lambda tid: len(os.sched_getaffinity(tid)) == 1  # noqa: E731 - of this moment
    await_that(lambda: all(map(pinned, _threads(program.pid))))
    await_that(lambda: len({min(os.sched_getaffinity(tid)) for tid in _threads(program.pid)}) == 3)
    tids = _threads(program.pid)
    ran = trace_until(lambda ran: ran.keys() >= set(tids))
    seen = [sorted(ran.get(tid, ())) for tid in tids]
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
        ran = trace_until(lambda ran: pid in ran)
        return [said, where, sorted(os.sched_getaffinity(pid)), ran.get(pid, {-1}) <= {0, 1}]


def a_trial_runs_out() -> object:
    """Nobody confirms, and after some seconds it is as it was."""
    before = groups()
    done("destroy", "RT")

    def look(seconds: int) -> tuple[bool, object]:
        said = usched_says("apply", "--confirm", f"{seconds}s")
        during = "RT" in groups()
        in_time = is_waiting()
        await_that(lambda: groups() == before)
        return in_time, [said.status, during, usched_says("verify").status]

    return look_in_time(look)


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
