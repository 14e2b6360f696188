"""Threads below any root: what they run as, where they are, and how that is changed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import NamedTuple

from usched.words.cpuset import MAX_CPU, NO_CPUS, CpuSet, parse_cpu_list
from usched.words.kernel_count import parse_count
from usched.world.sys_files import CPUS, SysFiles

#: Of a thread of the kernel's own (PF_KTHREAD, include/linux/sched.h).
_KERNEL_THREAD = 0x0020_0000

#: The largest number of a user, which is larger than that of a process, and than any flags.
_MOST = 2**32 - 1

#: The number of a process or thread; the kernel's largest has seven digits. 0 is none: control
#: groups say so of all that are not in the pid namespace of who reads, and who writes it is moved
#: himself.
PID = re.compile("[1-9][0-9]{0,8}")

#: By number; 7 is sched_ext's.
POLICIES = {0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}


class Thread(NamedTuple):
    """A thread as it was a moment ago.

    pid: its process. parent: that of the process. family: its process group. user: who it acts
    as. cpu: where it last ran. terminal: whether it leads a session on a terminal. born: in clock
    ticks since the machine was booted.
    """

    tid: int
    pid: int
    parent: int
    family: int
    user: int
    comm: str
    is_kernel: bool
    terminal: bool
    born: int
    policy: str
    priority: int
    nice: int
    cpu: int
    affinity: CpuSet


def is_live(root: str) -> bool:
    """Whether the processes beneath a root are those of this system, and their numbers ours."""
    try:
        return os.readlink(os.path.join(root, "proc/self")) == str(os.getpid())
    except OSError:
        return False


def read_thread(root: str, tid: int) -> Thread | None:
    """None where there is none any more."""
    folder = os.path.join(root, "proc", str(tid))
    stat = _read(os.path.join(folder, "stat"))
    status = _read(os.path.join(folder, "status"))
    try:
        start, end = stat.index("("), stat.rindex(")")
        fields = stat[end + 2 :].split()
        said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if fields[0] in "ZX":
            return None
        return Thread(
            tid=tid,
            pid=parse_count(said["Tgid"], _MOST),
            parent=parse_count(fields[1], _MOST),
            family=parse_count(fields[2], _MOST),
            user=parse_count(said["Uid"].split()[1], _MOST),
            comm=stat[start + 1 : end],
            is_kernel=bool(parse_count(fields[6], _MOST) & _KERNEL_THREAD),
            terminal=fields[4] != "0" and fields[3] == str(tid),
            born=parse_count(fields[19]),
            policy=POLICIES.get(parse_count(fields[38], _MOST), fields[38]),
            priority=parse_count(fields[37], _MOST),
            nice=int(fields[16]),
            cpu=parse_count(fields[36], MAX_CPU),
            affinity=parse_cpu_list(said.get("Cpus_allowed_list", "")),
        )
    except (ValueError, IndexError, KeyError):  # it ended while it was read
        return None


def is_zombie(root: str, tid: int) -> bool:
    """Whether it has ended, and its parent has not taken note of it."""
    stat = _read(os.path.join(root, "proc", str(tid), "stat"))
    return stat[stat.rfind(")") + 1 :].split()[:1] == ["Z"]


def read_all(root: str, tids: list[int]) -> list[Thread]:
    """Those that there are, the oldest first."""
    found = (read_thread(root, tid) for tid in tids)
    return sorted((each for each in found if each), key=lambda each: (each.born, each.tid))


def read_processes(root: str) -> Iterator[Thread]:
    """The first thread of each process, by pid."""
    for pid in sorted(_numbers(os.path.join(root, "proc"))):
        thread = read_thread(root, pid)
        if thread is not None:
            yield thread


def threads_of(root: str, pid: int) -> list[int]:
    """The threads of a process, ascending; none where it is gone."""
    return sorted(_numbers(os.path.join(root, "proc", str(pid), "task")))


def group_path(root: str, pid: int) -> str | None:
    """The control group of a process, from the mount point, "" for the root group; None where it
    is gone."""
    for line in _read(os.path.join(root, "proc", str(pid), "cgroup")).splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::/")
    return None


def clock_now() -> int:
    """Clock ticks since the machine was booted."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def possible_cpus(root: str) -> CpuSet:
    """No cpu where Linux does not say."""
    return SysFiles(root).cpu_list(f"{CPUS}/possible") or NO_CPUS


def online_cpus(root: str) -> CpuSet:
    """No cpu where Linux does not say."""
    return SysFiles(root).cpu_list(f"{CPUS}/online") or NO_CPUS


class Live:
    """The threads of this system, to be changed. Every method raises OSError, and takes 0 for the
    thread that calls it."""

    def pin(self, tid: int, cpus: CpuSet) -> None:
        os.sched_setaffinity(tid, cpus)

    def set_policy(self, tid: int, policy: str, priority: int = 0) -> None:
        number = next(number for number, name in POLICIES.items() if name == policy)
        os.sched_setscheduler(tid, number, os.sched_param(priority))

    def set_nice(self, tid: int, nice: int) -> None:
        os.setpriority(os.PRIO_PROCESS, tid, nice)


def _numbers(folder: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(folder) if PID.fullmatch(name)]
    except OSError:
        return []


def _read(path: str) -> str:
    """ "" where there is no such file, or no such process any more."""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "replace").strip("\n")
    except OSError:
        return ""
