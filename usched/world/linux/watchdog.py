"""A process of its own, that outlives the command, its terminal and its session."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from usched.words.problems import EnvironmentFailed
from usched.world.linux.group_reading import MOUNT

#: Opens a file with these flags of open(2). Raises OSError.
OpenLock = Callable[[int], int]

#: Above what schedulers give their threads (31 at most), so that these cannot keep it from a cpu.
_PRIORITY = 50


def start_watchdog(root: str, open_lock: OpenLock, work: Callable[[], None]) -> None:
    """Have a process of its own do the work; it is there when this returns.

    open_lock: the file on which it holds a lock for as long as it lives, with its pid in it. Raises
    EnvironmentFailed.
    """
    hears, says = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(hears)
            os.setsid()
            if os.fork() == 0:  # no leader of its session: no terminal can become its own
                _live(root, open_lock, says, work)
            status = 0
        finally:
            os._exit(status)
    os.close(says)
    with os.fdopen(hears, "rb") as pipe:
        heard = pipe.read()
    os.waitpid(child, 0)
    if heard != b"ready":
        why = heard.decode("utf-8", "replace") or "it ended"
        raise EnvironmentFailed(f"the process that would undo it could not be started: {why}")


def is_watched(open_lock: OpenLock) -> bool:
    """Whether there is such a process; who may not find out has to believe it."""
    try:
        descriptor = open_lock(os.O_RDONLY)
    except PermissionError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _live(root: str, open_lock: OpenLock, says: int, work: Callable[[], None]) -> None:
    """Does not come back."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _let_go(says)
        if os.path.isabs(root):  # else it is found from here only
            os.chdir("/")
        descriptor = open_lock(os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        _stand_aside(root)
        os.write(says, b"ready")
        os.close(says)
        work()
        status = 0
    except OSError as error:
        with suppress(OSError):
            os.write(says, (error.strerror or str(error)).encode())
    finally:
        os._exit(status)


def _let_go(says: int) -> None:
    """Of everything that was open: whose lock is held as long as anybody has the file open."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != says:
            with suppress(OSError):  # the folder itself is closed by then
                os.close(int(name))


def _stand_aside(root: str) -> None:
    """As far as that is permitted: out of any group that is changed, or that ends with a login, and
    before every thread of a scheduler."""
    with suppress(OSError):
        procs = os.open(os.path.join(root, MOUNT, "cgroup.procs"), os.O_WRONLY)
        try:
            os.write(procs, f"{os.getpid()}\n".encode())
        finally:
            os.close(procs)
    with suppress(OSError):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
