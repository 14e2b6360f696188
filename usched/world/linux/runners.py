"""Processes that do what the lwps of a workload do: burn bursts, sleep, and nothing else.

They are forked before anything is measured, wait for one moment at which all begin, and are gone
when the command is, whichever way it ends.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import NamedTuple, NoReturn

from usched.words.problems import EnvironmentFailed
from usched.words.trace import SECOND

#: From include/uapi/linux/prctl.h.
_PR_SET_PDEATHSIG = 1

#: ns from the word to begin until they do: so many of them have time to hear it.
_LEAD, _LEAD_OF_EACH = 200_000_000, 10_000_000

#: Seconds in which all say that they are done. Who starved hears of it last.
_PATIENCE = 30.0

#: Rounds of an empty loop between two looks at the clock, which are calls of the kernel.
_ROUNDS = 200

#: In front of the threads of all schedulers, so that these cannot keep it from its work.
_PRIORITY = 50


class Role(NamedTuple):
    """What a process is to do; times are ns. start: from the moment at which all begin. bursts,
    repeat, period: as of a Program."""

    name: str
    start: int
    bursts: tuple[tuple[int, int], ...]
    repeat: int | None
    period: int | None


class Act(NamedTuple):
    """due: ns after all began. do: takes by how many ns it is late."""

    due: int
    do: Callable[[int], None]


class Ended(Exception):
    """This process is to do no more of its role."""


class Runners:
    """The processes of some roles, in that order, which wait to begin. To be left as a context:
    then they are gone."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self.pids: list[int] = []
        self._roles = roles
        self._hear, self._say = os.pipe()
        self._end_read, self._end_write = os.pipe()

    def __enter__(self) -> Runners:
        try:
            own = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            try:
                for role in self._roles:
                    self._fork(role)  # each hears of its end when it can
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, own)
        except BaseException as error:
            self._end()
            if isinstance(error, OSError):
                what = f"a process cannot be forked: {error.strerror}"
                raise EnvironmentFailed(what) from error
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def run(self, length: int, acts: Sequence[Act] = ()) -> int:
        """Have them run for so many ns; the moment at which they began, as of time.monotonic_ns().

        acts: what is done meanwhile, in order; what is due at once, before they begin. Raises
        EnvironmentFailed where one of them ends.
        """
        own = os.sched_getscheduler(0), os.sched_getparam(0)
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
        except PermissionError:  # then the fair class has to do
            own = (-1, own[1])
        try:
            first = [act for act in acts if act.due == 0]
            for act in first:
                act.do(0)
            begin = time.monotonic_ns() + _LEAD + _LEAD_OF_EACH * len(self.pids)
            word = b"".join(each.to_bytes(8, "little") for each in (begin, begin + length))
            for _ in self.pids:  # each takes one, and a pipe gives nobody a role of it
                os.write(self._say, word)
            for act in acts[len(first) :]:
                _sleep_until(begin + act.due)
                act.do(time.monotonic_ns() - begin - act.due)
            _sleep_until(begin + length)
            self._wait_for_all()
        finally:
            if own[0] >= 0:
                os.sched_setscheduler(0, *own)
        return begin

    def _wait_for_all(self) -> None:
        over = time.monotonic() + _PATIENCE
        done = 0
        while done < len(self.pids):
            ready, _, _ = select.select([self._end_read], [], [], max(0, over - time.monotonic()))
            if not ready:
                what = f"{len(self.pids) - done} of its processes did not come to their end"
                raise EnvironmentFailed(what)
            done += len(os.read(self._end_read, len(self.pids)))
        for pid, role in zip(self.pids, self._roles, strict=True):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                raise EnvironmentFailed(f"somebody ended {role.name}, process {pid}, meanwhile")

    def _fork(self, role: Role) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.pids.append(pid)
            return
        self._be(role, parent)

    def _be(self, role: Role, parent: int) -> NoReturn:
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it had ended before that
                os._exit(1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one at the terminal decides
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with open("/proc/self/comm", "w") as file:
                file.write(role.name)
            gc.disable()
            os.close(self._say)
            with suppress(Ended):
                signal.signal(signal.SIGUSR1, _end_role)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
                word = os.read(self._hear, 16)
                play(role, *(int.from_bytes(word[at : at + 8], "little") for at in (0, 8)))
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            os.write(self._end_write, b".")
            while True:
                signal.pause()
        finally:
            os._exit(1)

    def _end(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            os.waitpid(pid, 0)
        self.pids.clear()
        for descriptor in (self._hear, self._say, self._end_read, self._end_write):
            os.close(descriptor)


def _end_role(_number: int, _frame: object) -> NoReturn:
    raise Ended


def play(role: Role, begin: int, end: int) -> None:
    """From one moment to another, as of time.monotonic_ns(), in this process.

    What looking at clocks costs is taken off the next burst.
    """
    forked = begin + role.start
    total = None if role.repeat is None else role.repeat * len(role.bursts)
    if forked >= end:
        return
    _sleep_until(forked)
    burnt = time.thread_time_ns()
    for number in count(1):
        run, sleep = role.bursts[(number - 1) % len(role.bursts)]
        burnt += run
        if not _burn(burnt, end) or number == total:
            return
        now = time.monotonic_ns()
        due = now + sleep if role.period is None else forked + number * role.period
        if due >= end:
            return
        if due > now:
            _sleep_until(due)
        else:
            os.sched_yield()  # it leaves, and arrives at the tail


def _burn(until: int, end: int) -> bool:
    """Until this thread has so many ns of cpu; whether it came to that before the end."""
    while time.thread_time_ns() < until:
        if time.monotonic_ns() >= end:
            return False
        for _ in range(_ROUNDS):
            pass
    return True


def _sleep_until(moment: int) -> None:
    left = moment - time.monotonic_ns()
    if left > 0:
        time.sleep(left / SECOND)
