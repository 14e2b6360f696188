"""watch beside a release, another watch and a rival; killed; when forks are lost; and hotplug."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from tests.linux.inside.commands import (
    OURS,
    Command,
    Said,
    declare,
    done,
    groups,
    read,
    usched_says,
)
from tests.linux.inside.waiting import await_that
from usched.actions import exec as entering
from usched.actions import places
from usched.world.linux import connector

SCRIPT = """
LOCK on cpu4-6 lwktpri 6 locked
RT on cpu2 cpu3 lwktpri 8
NORM on cpu0 cpu1 lwktpri 5
"""

#: Makes as many threads more as each line that it is sent says, and says that they are there.
THREADS = """
import sys, threading
for line in sys.stdin:
    for _ in range(int(line)):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("ready", flush=True)
"""


_BEGAN = "watching over 3 schedulers\n"


class Program:
    """A process in a scheduler that makes threads when it is told to."""

    def __init__(self, name: str) -> None:
        hears, self._says = os.pipe()
        self._hears, says = os.pipe()

        def connect() -> None:
            # beneath the command, whose standard output is a file by now
            os.dup2(hears, 0)
            os.dup2(says, 1)

        self._command = Command("exec", name, "--", "python3", "-c", THREADS, before=connect)
        self.pid = self._command.pid
        os.close(hears)
        os.close(says)
        self.make(0)

    def make(self, threads: int) -> None:
        os.write(self._says, f"{threads}\n".encode())
        assert os.read(self._hears, 64) == b"ready\n"

    @property
    def homes(self) -> dict[int, list[int]]:
        """By thread, the oldest first: the cpus that it may run on."""
        tids = sorted(int(each) for each in os.listdir(f"/proc/{self.pid}/task"))
        return {tid: sorted(os.sched_getaffinity(tid)) for tid in tids}

    def is_spread(self, *numbers: int) -> bool:
        """Whether each thread has one cpu, and so many threads have the same."""
        homes = list(self.homes.values())
        loads = Counter(home[0] for home in homes if len(home) == 1)
        return sum(loads.values()) == len(homes) and sorted(loads.values()) == sorted(numbers)

    def end(self) -> Said:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._says)
        os.close(self._hears)
        return self._command.end()


def _start(*more: str) -> Command:
    """A watch that has begun."""
    watch = Command("watch", "--every", "200ms", *more)
    await_that(lambda: _BEGAN in watch.out)
    return watch


def _await_look(watch: Command) -> None:
    """Until it has looked at all threads since: it does so behind the groups, each time."""
    for _ in range(2):
        before = watch.out.count("applied again:")
        (OURS / "NORM/cpu.max").write_text("50000 100000")
        await_that(lambda: watch.out.count("applied again:") > before)  # noqa: B023 - at once


def _stop(watch: Command, number: int = signal.SIGTERM) -> Said:
    os.kill(watch.pid, number)
    return watch.end()


def _apply() -> None:
    declare(SCRIPT)
    done("apply", "-q")


def programs_at_once() -> object:
    """Twelve that are put into a locked scheduler at the same moment, on three cpus."""

    def be_patient() -> None:
        # each waits for those before it, which on a busy machine takes them longer than 3 s
        homes = partial(places.giving_homes, patience=600)
        setattr(entering, "giving_homes", homes)  # noqa: B010 - in this process alone

    _apply()
    words = ("exec", "LOCK", "--", "sleep", "1000")
    commands = [Command(*words, before=be_patient) for _ in range(12)]
    comms = [Path(f"/proc/{each.pid}/comm") for each in commands]
    await_that(lambda: all(comm.read_text() == "sleep\n" for comm in comms))
    homes = Counter(str(sorted(os.sched_getaffinity(each.pid))) for each in commands)
    for each in commands:
        os.kill(each.pid, signal.SIGKILL)
    return [homes, [each.end() for each in commands]]


def two_watches() -> object:
    """The second is refused, or only looks on; nine threads are looked after all the same."""
    first = _start()
    second = usched_says("watch")
    third = _start("--report-only")
    program = Program("LOCK")
    program.make(8)
    await_that(lambda: program.is_spread(3, 3, 3))
    program.end()
    said = [_stop(each) for each in (first, third)]
    return [str(first.pid), second, [[each.status, each.err] for each in said]]


def killed_and_begun_again() -> object:
    """kill -9, and threads are made meanwhile: who has a home keeps it, and the others get one."""
    watch = _start()
    program = Program("LOCK")
    program.make(5)
    await_that(lambda: program.is_spread(2, 2, 2))
    killed = _stop(watch, signal.SIGKILL).status
    had = program.homes
    program.make(3)
    unspread = program.is_spread(3, 3, 3)
    watch = _start()
    await_that(lambda: program.is_spread(3, 3, 3))
    kept = {tid: home for tid, home in program.homes.items() if tid in had} == had
    program.end()
    return [killed, unspread, kept, _stop(watch).err]


def forks_are_lost() -> object:
    """The kernel keeps few forks for who does not listen, and 300 are made at once."""

    class Told(connector.Lost):
        def __init__(self) -> None:
            print("lost", file=sys.stderr, flush=True)

    def listen_badly() -> None:
        connector._BUFFER = 1 << 12
        setattr(connector, "Lost", Told)  # noqa: B010 - what is raised by this name says so

    watch = Command("watch", before=listen_badly)
    await_that(lambda: _BEGAN in watch.out)
    program = Program("LOCK")
    await_that(lambda: program.is_spread(1))
    os.kill(watch.pid, signal.SIGSTOP)
    os.waitpid(watch.pid, os.WUNTRACED)
    program.make(299)
    os.kill(watch.pid, signal.SIGCONT)
    await_that(lambda: program.is_spread(100, 100, 100))  # which no look that is not the first does
    await_that(lambda: len(watch.out.splitlines()) > 200)  # it says so when it is done
    said = _stop(watch)  # before what is told of 300 ends is lost as well, and the rest looked at
    program.end()
    return [said.status, said.err, len(said.out.splitlines())]


def cpus_come_and_go() -> object:
    """Threads of a cpu that goes get another one, and stay there when it is back."""
    online = Path("/sys/devices/system/cpu/cpu5/online")
    program = Program("LOCK")
    program.make(5)
    watch = _start()  # when it has begun, no fork is left for it to hear of
    had = program.homes
    assert program.is_spread(2, 2, 2), had
    online.write_text("0")
    await_that(lambda: program.is_spread(3, 3))
    without = program.homes
    stayed = all(without[tid] == home for tid, home in had.items() if home != [5])
    verified = usched_says("verify")
    online.write_text("1")
    await_that(lambda: "cpus 0-7 are online" in watch.out)
    _await_look(watch)
    again = program.homes == without
    program.end()
    said = _stop(watch)
    lines = [line for line in said.out.splitlines() if "online" in line]
    return [stayed, verified, again, lines, said.err]


def released_and_applied() -> object:
    """A release is not undone; when it is applied anew, threads get homes as before."""
    watch = _start()
    done("release", "-q")
    await_that(lambda: "nothing is applied" in watch.out)
    time.sleep(0.5)
    gone = not OURS.exists()
    done("apply", "-q")
    program = Program("LOCK")
    program.make(2)
    await_that(lambda: program.is_spread(1, 1, 1))
    await_that(lambda: watch.out.count(" of LOCK: ") > 1)  # it says so when it is done
    program.end()
    return [gone, _stop(watch)]


def rival() -> object:
    """Somebody who writes what he wants, as often as it is written back: three times, and then it
    is his for a while."""
    file = OURS / "NORM/cpu.max"
    watch = _start()
    for number in range(1, 4):
        file.write_text("50000 100000")
        await_that(lambda: watch.out.count("applied again:") == number)  # noqa: B023 - at once
    file.write_text("50000 100000")
    await_that(lambda: "is left as it is" in watch.out)
    time.sleep(0.5)
    left = read(file)
    said = _stop(watch)
    return [left, said, usched_says("verify").status, usched_says("apply", "-q").status]


def reporting_only() -> object:
    """Nothing is changed: threads without homes or policy, and a file of somebody else's."""
    program = Program("LOCK")
    watch = _start("--report-only")
    program.make(2)
    await_that(lambda: watch.out.count(" of LOCK ") == 2)
    other = Program("RT")
    os.sched_setscheduler(other.pid, os.SCHED_OTHER, os.sched_param(0))
    (OURS / "NORM/cpu.max").write_text("50000 100000")
    before = groups(), program.homes
    await_that(lambda: "cpu.max" in watch.out and "SCHED_RR" in watch.out)
    same = (groups(), program.homes) == before
    policy = os.sched_getscheduler(other.pid)
    said = _stop(watch)
    verified = usched_says("verify")
    names = {str(tid): f"LOCK.{number}" for number, tid in enumerate(program.homes)}
    names[str(other.pid)] = "RT"
    done("apply", "-q")
    moved = [usched_says("move", str(program.pid), "into", "LOCK")]
    moved += [usched_says("move", str(other.pid), "into", "RT"), usched_says("verify")]
    program.end()
    other.end()
    return [same, policy, names, said, verified, moved]


CHECKS = (
    *(programs_at_once, two_watches, killed_and_begun_again, forks_are_lost, cpus_come_and_go),
    *(released_and_applied, rival, reporting_only),
)
