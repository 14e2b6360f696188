"""usched move: real processes and threads, in groups that are plain files."""

from __future__ import annotations

import errno
import getpass
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.face.live import CPUS, add_group, open_to_all, running, threaded
from tests.face.sessions import Result, Session, block
from tests.people import ALICE, People, import_everything, make_users
from usched.actions import family
from usched.actions import move as moving
from usched.face.app import run
from usched.plan.difference import PROCESSES, Step
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.threads import (
    clock_now,
    is_zombie,
    read_processes,
    read_thread,
    threads_of,
)

ALONE = (
    "usched: NORM is not applied (sudo usched --registry r.db apply): its cpus are set by "
    "affinity, and its share by nice\n"
)

#: Forks for as long as it is let, each child a moment before it ends, and says so after a few.
FORKING = """
import os, select, sys, time
made, end = 0, time.monotonic() + 60
while not select.select([sys.stdin], [], [], 0.02)[0]:
    if os.fork() == 0:
        if os.fork() == 0:
            select.select([], [], [], 60)
        select.select([], [], [], made % 2)
        os._exit(0)
    made += 1
    if made == 10:
        print("ready", flush=True)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    if time.monotonic() > end:
        sys.exit("nobody stopped it")
"""


def move(session: Session, *words: str) -> Result:
    return session.run("--root", "root", "move", *words)


def moved(session: Session, *words: str) -> str:
    result = move(session, *words)
    assert (result.status, result.err) == (0, "")
    return result.out


def refused(session: Session, status: int, *words: str) -> str:
    return session.refused(status, "--root", "root", "move", *words)


def affinities(pid: int) -> list[list[int]]:
    return [sorted(os.sched_getaffinity(tid)) for tid in threads_of("/", pid)]


def test_a_process_with_all_its_threads(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    group = add_group(live.folder / "root", "NORM")
    with threaded(2) as process:
        for tid in threads_of("/", process.pid):
            os.sched_setaffinity(tid, {CPUS[0]})
        assert moved(live, str(process.pid), "into", "NORM") == (
            "# 1 process with 3 threads moved into NORM\n"
        )
        assert (group / "cgroup.procs").read_text() == f"{process.pid}\n"
        assert affinities(process.pid) == [CPUS] * 3
        assert moved(live, "-q", str(process.pid), "into", "NORM") == ""


def test_threads_of_a_locked_scheduler_each_have_a_home(live: Session) -> None:
    live.done("LOCK", "on", f"cpu{CPUS[0]}", f"cpu{CPUS[1]}", "lwktpri", "6", "locked")
    add_group(live.folder / "root", "LOCK")
    with threaded(3) as process:
        moved(live, str(process.pid), "into", "LOCK")
        assert affinities(process.pid) == [[CPUS[0]], [CPUS[1]]] * 2


def test_from_lwktpri_8_on_they_are_real_time_threads(live: Session) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give SCHED_RR")
    live.done("REAL", "on", "cpu*", "lwktpri", "8")
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    for name in ("REAL", "NORM"):
        add_group(live.folder / "root", name)
    with threaded(1) as process:
        moved(live, str(process.pid), "into", "REAL")
        found = [os.sched_getscheduler(tid) for tid in threads_of("/", process.pid)]
        assert found == [os.SCHED_RR] * 2
        moved(live, str(process.pid), "into", "NORM")
        assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER


def test_a_program_that_forks_all_the_time_is_moved_wholly(
    live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its children fork and end, so that there are orphans, too."""
    looked: list[int] = []

    def note() -> int:
        looked.append(clock_now())
        return looked[-1]

    monkeypatch.setattr(family, "clock_now", note)
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    with running(sys.executable, "-c", FORKING) as process:
        result = move(live, str(process.pid), "into", "NORM")
        assert (result.status, result.err) == (0, ALONE)
        found = [each for each in read_processes("/") if each.family == process.pid]
        assert len(found) > 8
        # what had lost its parent before anybody looked is nobody's
        strays = [each for each in found if list(each.affinity) != [CPUS[1]]]
        assert [each for each in strays if each.born >= looked[0]] == []
        assert len(found) - len(strays) > 3
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


def test_single_threads_keep_their_group_and_get_cpus_and_policy(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    with threaded(2) as process:
        first, second, third = threads_of("/", process.pid)
        result = move(live, str(second), "into", "NORM")
        assert (result.status, result.out) == (0, "# 1 thread moved into NORM\n")
        assert result.err.startswith(
            f"usched: thread {second} stays in the group of its process {process.pid}, /"
        )
        assert result.err.endswith(
            ": Linux moves whole processes, and of a thread only its cpus and its policy\n"
        )
        assert os.sched_getaffinity(second) == {CPUS[1]}
        assert os.sched_getaffinity(first) == os.sched_getaffinity(third) == set(CPUS)


@contextmanager
def named(folder: Path, name: str, number: int = 1) -> Iterator[list[int]]:
    """Processes that are called so."""
    (folder / name).symlink_to("/bin/sleep")
    started = [subprocess.Popen([str(folder / name), "60"]) for _ in range(number)]
    try:
        for each in started:  # it is called so when it has become the program
            while (read_thread("/", each.pid) or pytest.fail("it ended")).comm != name[:15]:
                pass
        yield [each.pid for each in started]
    finally:
        for each in started:
            each.kill()
            each.wait()


def test_patterns_are_of_what_processes_are_called(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    with named(live.folder, "us-worker", 2) as pids, named(live.folder, "us-other") as others:
        result = move(live, "us-wor*|nonesuch", "into", "NORM")
        assert result.out == "# 2 processes with 2 threads moved into NORM\n"
        assert [os.sched_getaffinity(pid) for pid in pids] == [{CPUS[1]}] * 2
        assert os.sched_getaffinity(others[0]) == set(CPUS)
    with named(live.folder, "us-longer-than-fifteen"):
        assert move(live, "us-longer-than-fifteen", "into", "NORM").status == 0
    assert refused(live, 4, "us-nonesuch", "into", "NORM") == block("""
    usched: no process is called 'us-nonesuch'
      ps -e shows how they are called
    """)


def test_a_pattern_does_not_move_what_may_be_a_login(live: Session) -> None:
    """A leader of a session on a terminal; and whoever has called usched, as these tests have."""
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    (live.folder / "us-shell").symlink_to("/bin/sleep")
    pid, side = pty.fork()
    if pid == 0:
        os.execv("us-shell", ["us-shell", "60"])
    try:
        while (read_thread("/", pid) or pytest.fail("it ended")).comm != "us-shell":
            pass
        assert refused(live, 4, "us-shell", "into", "NORM") == block(f"""
        usched: no process is called 'us-shell' but what may be somebody's login
          name its pid: {pid}
        """)
        assert moved(live, str(pid), "into", "NORM") == (
            "# 1 process with 1 thread moved into NORM\n"
        )
        (live.folder / "us-shell").unlink()
        with named(live.folder, "us-shell"):
            result = move(live, "us-shell", "into", "NORM")
            assert result.out == "# 1 process with 1 thread moved into NORM\n"
            assert result.err == (
                f"usched: {pid} (us-shell) stays: it may be somebody's login; name its pid\n"
            )
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(side)


def test_error_what_cannot_be_moved_is_named_and_nothing_is_moved(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    init = read_thread("/", 1)
    assert init is not None
    with threaded(0) as process:
        said = refused(
            live, 3, "1", str(process.pid), "99999999999", str(os.getpid()), "into", "NORM"
        )
        assert said.splitlines() == [
            f"usched: 1 ({init.comm}) is where all processes come from, and stays where it is",
            "usched: there is no process or thread 99999999999",
            "  it has ended, or never was: ps -eL shows all that there are",
            f"usched: {os.getpid()} ({comm_of(os.getpid())}) is this command itself",
            "  usched exec runs a program there",
            "usched: 3 problems",
        ]
        assert os.sched_getaffinity(process.pid) == set(CPUS)
        process.kill()
        process.wait()
        assert refused(live, 4, str(process.pid), "into", "NORM") == (
            f"usched: there is no process or thread {process.pid}\n"
            "  it has ended, or never was: ps -eL shows all that there are"
        )


def test_error_what_has_ended_is_a_zombie_until_somebody_takes_note(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    with running("sh", "-c", "echo ready; read line") as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert refused(live, 4, str(process.pid), "into", "NORM") == block(f"""
        usched: process {process.pid} has ended, and its parent has not taken note of it (a zombie)
          nothing of it runs
        """)


#: Its first thread ends, and another one of it goes on.
HEADLESS = """
import ctypes, threading
threading.Thread(target=input, daemon=True).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def test_error_a_process_whose_first_thread_has_ended(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    with running(sys.executable, "-c", HEADLESS) as process:
        while not is_zombie("/", process.pid):
            pass
        first, other = threads_of("/", process.pid)
        assert refused(live, 4, str(first), "into", "NORM") == block(f"""
        usched: the first thread of process {first} has ended, and others of it run
          name these: {other}
        """)
        assert move(live, str(other), "into", "NORM").status == 0
        assert os.sched_getaffinity(other) == {CPUS[1]}


def test_what_ends_before_it_is_moved_is_told(
    live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    ending: list[subprocess.Popen[str]] = []

    def find_and_end(root: str, words: Sequence[str]) -> family.Meant:
        meant = family.find_meant(root, words)
        ending[-1].kill()
        ending[-1].wait()
        return meant

    monkeypatch.setattr(moving, "find_meant", find_and_end)
    with threaded(0) as one, threaded(0) as other:
        ending.append(one)
        both = move(live, str(one.pid), str(other.pid), "into", "NORM")
        assert both == Result(
            0,
            "# 1 process with 1 thread moved into NORM\n",
            f"usched: {one.pid} ended before it was moved\n",
        )
        ending.append(other)
        assert refused(live, 4, str(other.pid), "into", "NORM") == block(f"""
        usched: {other.pid} ended before it was moved
          ps -eL shows who is there
        """)


def comm_of(pid: int) -> str:
    thread = read_thread("/", pid)
    assert thread is not None
    return thread.comm


def test_error_threads_of_the_kernel(live: Session) -> None:
    kernel = next((each for each in read_processes("/") if each.is_kernel), None)
    if kernel is None:
        pytest.skip("no thread of the kernel is to be seen here")
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    assert refused(live, 3, kernel.comm, "into", "NORM") == (
        f"usched: '{kernel.comm}' is a thread of the kernel, which stays where it is"
    )
    assert refused(live, 3, str(kernel.tid), "into", "NORM") == (
        f"usched: {kernel.tid} ({kernel.comm}) is a thread of the kernel, which stays where it is"
    )


def test_error_a_process_that_the_kernel_refuses_leaves_all_where_they_were(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    (add_group(live.folder / "root", "NORM") / "cgroup.procs").unlink()
    with threaded(0) as process:
        assert refused(live, 1, str(process.pid), "into", "NORM") == (
            f"usched: {process.pid} ({comm_of(process.pid)}): moving it into usched/NORM was "
            "refused: it is gone, or its controller is switched off (ENOENT)\n"
            "  usched plan shows it\n"
            "  all are back where they were"
        )


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EROFS, "cgroup v2 is mounted read-only"),
        (errno.ENOENT, "it is outside of this container"),
    ],
)
def test_where_a_group_cannot_be_entered_affinity_does_what_it_can(
    live: Session, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(_groups: Cgroups, pid: int, path: str) -> None:
        error = OSError(number, os.strerror(number))
        raise StepFailed(Step("move", path, PROCESSES, str(pid)), error)

    monkeypatch.setattr(Cgroups, "move", refuse)
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    with threaded(1) as process:
        result = live.run("--root", "root", "move", str(process.pid), "into", "NORM")
        assert (result.status, result.out) == (0, "# 1 process with 2 threads moved into NORM\n")
        assert result.err == (
            f"usched: usched/NORM cannot be entered, since {why}: its cpus are set by affinity, "
            "and its share by nice\n"
        )
        for tid in threads_of("/", process.pid):
            assert os.sched_getaffinity(tid) == {CPUS[1]}


def test_error_words(live: Session) -> None:
    form = "\n  such as: usched move 4242 into POOL, or usched move 'redis*' into POOL"
    for words, said in (
        ((), "it is not said where to"),
        (("4242",), "it is not said where to"),
        (("into", "NORM"), "it is not said what to move"),
        (("4242", "into"), "behind 'into' stands one scheduler"),
        (("4242", "into", "A", "B"), "behind 'into' stands one scheduler"),
    ):
        assert refused(live, 2, *words) == f"usched: {said}{form}"
    assert refused(live, 4, "4242", "into", "NORM") == block("""
    usched: there is no scheduler NORM
      none is declared yet; declare one: usched NORM on 'cpu*' lwktpri 6
    """)
    live.done("ANY", "on", "cpu*", "lwktpri", "6")
    assert refused(live, 4, "42,43", "into", "ANY") == block("""
    usched: no process is called '42,43'
      pids stand apart: 42 43
    """)


def test_error_somebody_elses(live: Session) -> None:
    make_users()
    import_everything()
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    open_to_all(live.folder)
    options = ["--root", str(live.folder / "root"), "--registry", str(live.registry)]

    alone = ALONE.replace("r.db", str(live.registry))

    def words(pid: int) -> list[str]:
        return [*options, "move", str(pid), "into", "NORM"]

    def act(pid: int) -> Result:
        return People(live.folder).act(ALICE, lambda: run(words(pid)))

    wait = ("sh", "-c", "echo ready; read line")
    with running(*wait) as others, running(*wait, user=ALICE) as hers:
        assert act(others.pid) == Result(
            5,
            "",
            f"usched: not permitted: {others.pid} (sh) is root's\n"
            f"  as root: sudo usched {' '.join(words(others.pid))}\n",
        )
        assert act(hers.pid) == Result(0, "# 1 process with 1 thread moved into NORM\n", alone)
        assert os.sched_getaffinity(hers.pid) == {CPUS[1]}


def test_only_those_that_may_enter_a_group_do(
    live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody holds a part of the groups, and a process of his is outside of it."""
    live.done("TOP", "on", "cpu*", "lwktpri", "7")
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    group = add_group(live.folder / "root", "NORM")
    real = Cgroups.move

    with threaded(0) as inside, threaded(0) as outside:

        def move_one(groups: Cgroups, pid: int, path: str) -> None:
            if pid == outside.pid:
                error = PermissionError(errno.EACCES, "Permission denied")
                raise StepFailed(Step("move", path, "cgroup.procs", str(pid)), error)
            real(groups, pid, path)

        monkeypatch.setattr(Cgroups, "move", move_one)
        result = move(live, str(inside.pid), str(outside.pid), "into", "NORM")
        why = "entering usched/NORM is not permitted (it takes root)"
        what, way = "its cpus are set by affinity, and its share by nice", ""
        if os.geteuid():  # the group is his who runs the tests
            why = "usched/NORM is yours to divide, and what comes from outside enters it by root"
            way = (
                "  root types: usched move PID into NORM\n"
                f"  or: usched exec --user {getpass.getuser()} NORM -- bash\n"
            )
        said = "# 2 processes with 2 threads moved into NORM\n"
        assert result == Result(0, said, f"usched: {why}: {what}\n{way}")
        assert (group / "cgroup.procs").read_text() == f"{inside.pid}\n"
        assert os.sched_getaffinity(inside.pid) == set(CPUS)
        assert os.sched_getaffinity(outside.pid) == {CPUS[1]}
        found = [read_thread("/", each.pid) for each in (inside, outside)]
        assert [each.nice for each in found if each] == [0, 10]
