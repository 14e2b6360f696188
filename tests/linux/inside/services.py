"""The unit that watches, and services whose programs run in schedulers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.linux.inside.commands import OURS, read, usched_says
from tests.linux.inside.slices import run
from tests.linux.inside.waiting import await_that
from tests.linux.inside.watched import Program

#: What the unit that watches says.
_WATCHED = Path("/run/watched")

_UNITS = Path("/run/systemd/system")

#: A service as usched(8) says.
_SERVICE = """
[Unit]
Wants=usched.service
After=usched.service

[Service]
ExecStart=/usr/local/bin/usched exec BACK -- /bin/sh -c "sleep 1111 & exec sleep 2222"
SuccessExitStatus=143
Restart=on-failure
"""

_RID = 'ExecStopPost=-/bin/sh -c "echo 1 >/sys/fs/cgroup/usched/BACK/cgroup.kill"\n'


def let_watch_be_heard() -> None:
    """Before the machine boots."""
    dropped = Path("/etc/systemd/system/usched-watch.service.d/said.conf")
    dropped.parent.mkdir()
    dropped.write_text(f"[Service]\nStandardOutput=append:{_WATCHED}\n")


def a_unit_that_watches() -> object:
    """Threads have homes as they are forked; when it is killed meanwhile; when a cpu comes and
    goes; and when our other unit is begun again. What somebody changes is as it was again. At last
    it is stopped: what it said, how it ended, and what is left."""
    began = _count_beginnings()
    run("systemctl start usched-watch")
    await_that(lambda: _count_beginnings() == began + 1, 60)
    program = Program("LOCK-1")
    program.make(5)
    await_that(lambda: program.is_spread(3, 3), 60)
    run("systemctl kill --signal=KILL usched-watch")
    program.make(2)
    await_that(lambda: _count_beginnings() == began + 2, 60)
    await_that(lambda: program.is_spread(4, 4), 60)
    restarts = run("systemctl show usched-watch --value -p NRestarts")
    online = Path("/sys/devices/system/cpu/cpu7/online")
    online.write_text("0")
    # the kernel has put four on cpu 6 before, and would take them back with their cpu
    await_that(lambda: _said_since("cpus 0-6 are online").count("its home is 6\n") == 4, 60)
    online.write_text("1")
    await_that(lambda: "cpus 0-7 are online" in read(_WATCHED), 60)
    await_that(lambda: program.is_spread(8), 60)
    run("systemctl restart usched")
    # who watches anew cannot know that all but the youngest were to stay: it spreads them
    await_that(lambda: _count_beginnings() == began + 3, 60)
    program.make(4)
    await_that(lambda: program.is_spread(6, 6), 60)
    (OURS / "NARROW/cpu.max").write_text("50000 100000")
    await_that(lambda: read(OURS / "NARROW/cpu.max") == "100000 100000", 60)
    had = program.homes
    state = run("systemctl is-active usched-watch")
    run("systemctl stop usched-watch")
    result = run("systemctl show usched-watch --value -p Result")
    left = program.homes == had
    verified = usched_says("verify")
    program.end()
    return [restarts, state, result, read(_WATCHED), left, verified]


def a_unit_is_stopped_as_it_begins() -> object:
    """Ever later after it was begun, until it says that it watches: each result of that."""
    results = set()
    for tenth in range(100):
        began = _count_beginnings()
        run("systemctl start usched-watch")
        time.sleep(tenth / 10)
        run("systemctl stop usched-watch")
        results.add(run("systemctl show usched-watch --value -p Result"))
        run("systemctl reset-failed usched-watch")
        if _count_beginnings() > began:
            break
    return [sorted(results), tenth]


def _count_beginnings() -> int:
    return read(_WATCHED).count("watching over")


def _said_since(line: str) -> str:
    return read(_WATCHED).partition(line)[2] + "\n"


def what_a_service_forks() -> object:
    """A service that runs its program by exec: who is in the scheduler, then when it is stopped."""
    _begin("forks", _SERVICE)
    running = _sleepers(), run("systemctl is-active forks")
    run("systemctl stop forks")
    left = _sleepers()
    for pid in read(OURS / "BACK/cgroup.procs").split():
        os.kill(int(pid), signal.SIGKILL)
    return [running, left]


def a_service_is_rid_of_what_it_forks() -> object:
    """When its first process is killed, and systemd begins it again; and when it is stopped."""
    _begin("rid", _SERVICE + _RID)
    first = read(OURS / "BACK/cgroup.procs").split()
    run("systemctl kill --signal=KILL rid")
    await_that(lambda: not any(Path(f"/proc/{pid}").exists() for pid in first))
    await_that(lambda: len(_sleepers()) == 2, 60)
    again = _sleepers(), run("systemctl show rid --value -p NRestarts")
    run("systemctl stop rid")
    await_that(lambda: not read(OURS / "BACK/cgroup.procs"))
    return [again, run("systemctl show rid --value -p Result")]


def _begin(name: str, unit: str) -> None:
    (_UNITS / f"{name}.service").write_text(unit)
    run("systemctl daemon-reload")
    run(f"systemctl start {name}")
    await_that(lambda: len(_sleepers()) == 2, 60)


def _sleepers() -> list[str]:
    """Those in BACK."""
    pids = read(OURS / "BACK/cgroup.procs").split()
    said = [read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ").strip() for pid in pids]
    return sorted(each for each in said if each.startswith("sleep"))
