"""usched ps: threads of a fake /proc, in groups that are plain files."""

from __future__ import annotations

import json

import pytest

from tests.face.fake_linux import put
from tests.face.live import add_group
from tests.face.sessions import Session, block, page


def add_thread(
    session: Session, tid: int, pid: int, comm: str, cpu: int, *, policy: str = "0 0", nice: int = 0
) -> None:
    """policy: the priority of a real-time one, and the number of the policy."""
    later = " ".join(["0"] * 16)
    stat = f"{tid} ({comm}) S 1 {pid} {pid} 0 -1 0 0 0 0 0 0 0 0 0 20 {nice} 1 0 {tid} {later}"
    put(session.folder, f"proc/{tid}/stat", f"{stat} {cpu} {policy} 0 0 0\n")
    put(
        session.folder,
        f"proc/{tid}/status",
        f"Name:\t{comm}\nTgid:\t{pid}\nUid:\t0\t0\t0\t0\nCpus_allowed_list:\t{cpu // 4 * 4}-7\n",
    )


@pytest.fixture
def busy(linux: Session) -> Session:
    linux.done("NORM", "on", "cpu*", "lwktpri", "6")
    linux.done("POOL", "on", "cpu*", "lwktpri", "6")
    linux.done("POOL/W.B", "on", "cpu*", "lwktpri", "6")
    add_thread(linux, 21, 21, "web) 1 2", 2)
    add_thread(linux, 22, 21, "worker", 5, policy="8 2")
    add_thread(linux, 23, 21, "worker", 6, policy="8 2")
    add_thread(linux, 31, 31, "nice\x1b", 7, nice=5)
    root = linux.folder / "root"
    add_group(root, "NORM", 31)
    add_group(root, "POOL")
    add_group(root, "POOL/:own", 31, 99)
    add_group(root, "POOL/W:B", 23, 22, 21)
    return linux


def ps(session: Session, *words: str) -> str:
    return session.done("--root", "root", "ps", *words)


def test_a_line_a_process(busy: Session) -> None:
    assert ps(busy) == page("""
    SCHEDULER  PID  THREADS  USER  CPU    POLICY        CPUS  COMMAND
    NORM        31        1  root  7      other nice 5  4-7   nice�
    POOL        31        1  root  7      other nice 5  4-7   nice�
    POOL/W.B    21        3  root  2,5-6  other, rr 8   0-7   web) 1 2
    """)


def test_a_line_a_thread(busy: Session) -> None:
    assert ps(busy, "POOL/W.B", "-t") == page("""
    SCHEDULER  PID  TID  USER  CPU  POLICY  CPUS  COMMAND
    POOL/W.B    21   21  root  2    other   0-7   web) 1 2
    POOL/W.B    21   22  root  5    rr 8    4-7   worker
    POOL/W.B    21   23  root  6    rr 8    4-7   worker
    """)
    assert ps(busy, "POOL", "-t") == ps(busy, "POOL", "--threads")
    assert len(ps(busy, "POOL", "-t").splitlines()) == 5


def test_as_json(busy: Session) -> None:
    (record,) = json.loads(ps(busy, "NORM", "--json"))
    assert record == {
        "scheduler": "NORM",
        "pid": 31,
        "tid": 31,
        "command": "nice\x1b",
        "user": "root",
        "cpu": 7,
        "policy": "other",
        "priority": 0,
        "nice": 5,
        "cpus": "4-7",
    }
    assert [each["tid"] for each in json.loads(ps(busy, "POOL", "--json"))] == [31, 21, 22, 23]


def test_a_group_that_the_registry_knows_nothing_of_is_listed(busy: Session) -> None:
    add_group(busy.folder / "root", "OTHER", 31)
    assert len(ps(busy, "OTHER").splitlines()) == 2


def test_nothing_is_applied_or_nobody_there(linux: Session) -> None:
    linux.done("NORM", "on", "cpu*", "lwktpri", "6")
    result = linux.run("--root", "root", "ps", "NORM")
    assert (result.status, result.err) == (
        0,
        "usched: nothing is applied: Linux has no group usched (sudo usched --registry r.db "
        "apply)\n",
    )
    assert result.out == "SCHEDULER  PID  THREADS  USER  CPU  POLICY  CPUS  COMMAND\n"
    add_group(linux.folder / "root", "NORM")
    assert ps(linux, "--json") == "[]\n"


def test_who_has_no_pid_here_is_said_to_be_there(busy: Session) -> None:
    """Linux writes 0 of processes that are not in the pid namespace of who reads."""
    before = ps(busy)
    groups = busy.folder / "root/sys/fs/cgroup/usched"
    for path in ("NORM", "POOL/W:B"):
        (groups / path / "cgroup.procs").write_text("0\n21\n0\n")
    (groups / "NORM/cgroup.threads").write_text("0\n31\n0\n")
    result = busy.run("--root", "root", "ps")
    assert (result.out, result.err) == (
        before,
        "usched: processes from outside of this pid namespace are in usched/NORM and "
        "usched/POOL/W:B, too: they have no pid here\n",
    )
    assert "usched/POOL/W:B" not in busy.run("--root", "root", "ps", "NORM").err


def test_error_no_such_scheduler(busy: Session) -> None:
    assert busy.refused(4, "--root", "root", "ps", "POL") == block("""
    usched: there is no scheduler POL
      did you mean 'POOL'?
    """)
