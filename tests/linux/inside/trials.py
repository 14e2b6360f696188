"""apply --confirm, whatever becomes of who typed it: his terminal, his watchdog, his cpus."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.linux.inside.commands import OURS, Command, declare, done, fork, groups, usched_says
from tests.linux.inside.load import hogs
from tests.linux.inside.waiting import await_that
from usched.world.linux.journal import Journal, boot_seconds

#: RT may keep everybody else from every cpu.
SCRIPT = """
RT on cpu* lwktpri 9
NORM on cpu0-3 lwktpri 6
"""

_WATCHDOG = Path("/run/usched/watchdog")

#: For which an apply waits to be confirmed: time to look at it.
_SECONDS = (2, 10, 60)


def look_in_time(look: Callable[[int], tuple[bool, object]]) -> object:
    """What was seen of an apply while it waited. Where a busy machine took longer to look than it
    did, it is done again, and waits for longer.

    look: is told for how long, and says whether that was long enough, and what it saw.
    """
    for seconds in _SECONDS:
        in_time, saw = look(seconds)
        if in_time:
            break
    return saw


def is_waiting() -> bool:
    """Whether an apply is still to be confirmed."""
    trial = Journal("/").load_trial()
    return trial is not None and not trial.is_over


def _begin() -> dict[str, dict[str, str]]:
    """What is applied; and something is declared that is not."""
    declare(SCRIPT)
    done("apply", "-q")
    done("NEW", "on", "cpu7", "lwktpri", "7")
    return groups()


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _is_back(before: dict[str, dict[str, str]]) -> bool:
    return not (OURS / "NEW").exists() and groups() == before


def terminal_is_closed() -> object:
    """A shell on a terminal of its own types it; then that hangs up, as where ssh is killed."""
    return look_in_time(_close_the_terminal)


def _close_the_terminal(seconds: int) -> tuple[bool, object]:
    before = _begin()
    master, slave = os.openpty()
    hears, says = os.pipe()

    def be_a_shell() -> int:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.write(says, bytes([Command("apply", "-q", "--confirm", f"{seconds}s").end().status]))
        signal.pause()
        return 0

    shell = fork(be_a_shell)
    status = os.read(hears, 1)[0]
    during = "NEW" in groups()
    watchdog = int(_WATCHDOG.read_text())
    os.close(slave)
    os.close(master)
    os.killpg(shell, signal.SIGHUP)
    _, ended = os.waitpid(shell, 0)
    lived = _is_there(watchdog)
    in_time = is_waiting()
    await_that(lambda: _is_back(before))
    await_that(lambda: not _is_there(watchdog))
    os.close(hears)
    os.close(says)
    return in_time, [status, during, os.waitstatus_to_exitcode(ended), lived]


def watchdog_is_killed() -> object:
    """kill -9: what comes next undoes it, if it comes after the time; before that it waits."""
    return look_in_time(_kill_the_watchdog)


def _kill_the_watchdog(seconds: int) -> tuple[bool, object]:
    before = _begin()
    done("apply", "-q", "--confirm", f"{seconds}s")
    watchdog = int(_WATCHDOG.read_text())
    with suppress(ProcessLookupError):  # where this is too late
        os.kill(watchdog, signal.SIGKILL)
    await_that(lambda: not _is_there(watchdog))
    within = [usched_says("plan").err, usched_says("apply")]
    if not is_waiting():
        return False, within
    await_that(lambda: not is_waiting())
    stays = groups() != before
    late = usched_says("confirm")
    return True, [within, stays, late, groups() == before, usched_says("confirm")]


def hogs_have_every_cpu() -> object:
    """Real-time threads of a scheduler on all of them: seconds by which it is undone too late."""
    return look_in_time(_have_every_cpu)


def _have_every_cpu(seconds: int) -> tuple[bool, object]:
    before = _begin()
    done("apply", "-q", "--confirm", f"{seconds}s")
    trial = Journal("/").load_trial()
    if trial is None:
        return False, None
    with hogs(*[OURS / "RT"] * 8) as pids:
        # in front of them, as the watchdog is
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(40))
        for cpu, pid in enumerate(pids):
            os.sched_setaffinity(pid, {cpu})
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(9))
        in_time = is_waiting()
        await_that(lambda: _is_back(before))
        late = boot_seconds() - trial.until
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return in_time, [in_time, late]


def it_is_confirmed() -> object:
    """At once, by one of two; and nothing undoes it then."""
    return look_in_time(_confirm)


def _confirm(seconds: int) -> tuple[bool, object]:
    _begin()
    done("apply", "-q", "--confirm", f"{seconds}s")
    until = boot_seconds() + seconds
    after = groups()
    watchdog = int(_WATCHDOG.read_text())
    said = [usched_says("confirm"), usched_says("confirm")]
    await_that(lambda: not _is_there(watchdog))
    await_that(lambda: boot_seconds() > until)
    stayed = groups() == after
    done("release", "-q")
    return said[0].status == 0, [said, stayed]


CHECKS = (terminal_is_closed, watchdog_is_killed, hogs_have_every_cpu, it_is_confirmed)
