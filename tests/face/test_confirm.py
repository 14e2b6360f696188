"""usched apply --confirm: a real process that undoes it, on groups that are plain files."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from tests.face.fake_linux import put
from tests.face.sessions import Session, block, on_terminal, page

GROUP = "sys/fs/cgroup/usched/NORM"


@pytest.fixture
def applied(linux: Session) -> Session:
    """With all as the registry says but one weight, which is as long a word as the right one."""
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    put(linux.folder, "sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu\n")
    put(linux.folder, "sys/fs/cgroup/cgroup.procs", "")
    put(linux.folder, "sys/fs/cgroup/usched/cgroup.subtree_control", "cpuset cpu\n")
    for file, text in (
        ("cpuset.cpus", "1-7"),
        ("cpuset.cpus.partition", "member"),
        ("cpu.idle", "0"),
        ("cpu.weight", "10001"),
        ("cpu.max", "max 100000"),
    ):
        put(linux.folder, f"{GROUP}/{file}", f"{text}\n")
    return linux


def weight(session: Session) -> str:
    return (session.folder / "root" / GROUP / "cpu.weight").read_text().strip()


def wait_until_unwatched(session: Session) -> Path:
    path = session.folder / "root/run/usched/watchdog"
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    return path


def test_it_outlives_its_terminal_and_undoes(applied: Session) -> None:
    said = on_terminal(applied, "--root", "root", "apply", "--confirm", "1s")
    assert said == page("""
    # 1 step done beneath /sys/fs/cgroup/usched
    # undone in 1s, unless you type: usched --registry r.db confirm
    """)
    wait_until_unwatched(applied)
    assert weight(applied) == "10001"
    assert applied.done("--root", "root", "apply") == (
        "# 1 step done beneath /sys/fs/cgroup/usched\n"
    )


def test_it_is_confirmed(applied: Session) -> None:
    applied.spawn("--root", "root", "apply", "--confirm", "50s")
    assert weight(applied) == "10000"
    result = applied.run("--root", "root", "verify")
    assert result.status == 0
    assert result.err.startswith("usched: an apply waits to be confirmed, and is undone in ")
    assert applied.done("--root", "root", "confirm") == "# confirmed: it stays\n"
    wait_until_unwatched(applied)
    assert weight(applied) == "10000"


def test_who_watches_is_killed_and_the_next_command_undoes(applied: Session) -> None:
    result = applied.spawn("--root", "root", "apply", "-q", "--confirm", "60s")
    assert (result.status, result.out, result.err) == (0, "", "")
    path = applied.folder / "root/run/usched/watchdog"
    os.kill(int(path.read_text()), 9)
    wait_until_unwatched(applied)
    assert weight(applied) == "10000"
    result = applied.run("--root", "root", "release")
    assert (result.status, result.out) == (3, "")
    assert "the process that would undo it is gone" in result.err
    trial = applied.folder / "root/run/usched/trial"
    record = json.loads(trial.read_text())
    trial.write_text(json.dumps({**record, "until": 0}))  # as if that were long ago
    result = applied.run("--root", "root", "confirm")
    assert result.status == 3
    assert result.err.splitlines() == [
        f"usched: an apply by process {record['pid']} was not confirmed in time: it is undone",
        "usched: nothing waits to be confirmed",
        "  what is not confirmed in time is undone: usched --registry r.db apply --confirm 60s",
    ]
    assert weight(applied) == "10001"


def test_error_times(applied: Session) -> None:
    assert applied.refused(2, "--root", "root", "apply", "--confirm", "soon") == block("""
    usched: --confirm:1:1: 'soon' is no time
        soon
        ^^^^
      a whole number, then ms or s without a blank: --confirm 60s
    """)
    said = applied.refused(2, "--root", "root", "apply", "--confirm", "90")
    assert said.endswith("\n  a whole number, then ms or s without a blank: --confirm 90s")
    assert applied.refused(2, "--root", "root", "apply", "--confirm", "999ms") == block("""
    usched: --confirm:1:1: it is 1s to 86400s, not 999ms
        999ms
        ^^^^^
    """)


def test_error_nothing_waits(applied: Session) -> None:
    result = applied.run("--root", "root", "confirm")
    assert (result.status, result.err) == (
        3,
        "usched: nothing waits to be confirmed\n"
        "  what is not confirmed in time is undone: usched --registry r.db apply --confirm 60s\n",
    )
