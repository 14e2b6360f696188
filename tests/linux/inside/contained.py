"""usched in a container, which has a cgroup namespace, and where groups are mounted read-only."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from functools import partial

from tests.linux.inside.commands import MOUNT, Command, declare, done, enter, fork, read
from tests.linux.inside.waiting import await_that

_BOX = MOUNT / "box"

#: From include/uapi/linux/sched.h.
_NEWCGROUP, _NEWNS = 0x0200_0000, 0x0002_0000


_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(what: int) -> None:
    if _libc.unshare(what):
        raise OSError(ctypes.get_errno(), "unshare")


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words, str(MOUNT)], check=True)


def _be_contained() -> None:
    enter(_BOX)
    _unshare(_NEWCGROUP | _NEWNS)
    subprocess.run(["umount", str(MOUNT)], check=True)
    _mount("-t", "cgroup2", "cgroup2")


def _keep_a_container() -> int:
    """In a leaf of it, until it is ended."""
    _be_contained()
    (MOUNT / "init").mkdir()
    enter(MOUNT / "init")
    while True:
        signal.pause()


def _join(pid: int) -> None:
    """The container in which another process is."""
    enter(_BOX / "init")
    for name in ("cgroup", "mnt"):
        with open(f"/proc/{pid}/ns/{name}") as space:
            if _libc.setns(space.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")


def _do_as_told(pid: int) -> int:
    """Without find(1), grep(1) and xargs(1), which this guest has not."""
    _join(pid)
    for file in sorted((MOUNT / "usched").rglob("cgroup.procs")):
        for each in file.read_text().split():
            (MOUNT / "init/cgroup.procs").write_text(each)
    return 0


def _see_the_machine() -> None:
    """And be contained."""
    enter(_BOX / "init")
    _unshare(_NEWCGROUP)


def _write_nothing() -> None:
    _unshare(_NEWNS)
    _mount("-o", "remount,bind,ro")


def in_a_container() -> object:
    """With the command in its root group; with somebody in a scheduler, and nobody there."""
    (MOUNT / "cgroup.subtree_control").write_text("+cpuset +cpu")
    _BOX.mkdir()
    (_BOX / "cpuset.cpus").write_text("0-5")
    declare("NORM on cpu* lwktpri 6\nLAST on cpu6 cpu7 lwktpri 5\n")
    said = [Command("apply", before=_be_contained).end()]
    declare("NORM on cpu* lwktpri 6\nIDLE on cpu4-7 lwktpri 3\n")
    keeper = fork(_keep_a_container)
    await_that(lambda: (_BOX / "init").exists() and not read(_BOX / "cgroup.procs"))

    def begin(*words: str) -> Command:
        return Command(*words, before=lambda: _join(keeper))

    said += [begin("apply", "-q").end(), begin("verify").end()]
    names = ("NORM", "IDLE")
    sleepers = [begin("exec", name, "--", "sleep", "1000") for name in names]
    files = [_BOX / f"usched/{name}/cgroup.procs" for name in names]
    await_that(lambda: list(map(read, files)) == [str(each.pid) for each in sleepers])
    said.append(begin("release").end())
    _, moved = os.waitpid(fork(partial(_do_as_told, keeper)), 0)
    said.append(begin("release", "-q").end())
    for each in sleepers:
        os.kill(each.pid, signal.SIGKILL)
        each.end()
    os.kill(keeper, signal.SIGKILL)
    os.waitpid(keeper, 0)
    return [said, [each.pid for each in sleepers], moved]


def where_a_group_cannot_be_entered() -> object:
    """Out of a container to which all groups are shown; and where they are read-only."""
    done("apply", "-q")
    words = ("exec", "NORM", "--", "cat", "/proc/self/cgroup")
    said = [Command(*words, before=before).end() for before in (_see_the_machine, _write_nothing)]
    done("release", "-q")
    (_BOX / "init").rmdir()
    _BOX.rmdir()
    return said
