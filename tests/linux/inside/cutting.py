"""A command that strace follows, and kills at one of its calls that change things."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.linux.inside.commands import Command, Said

CHANGES = ["mkdir", "mkdirat", "unlinkat", "renameat", "write", "fsync"]

_TRACE = "/run/trace"


def stop() -> None:
    """What a command that is to be followed does first."""
    os.kill(os.getpid(), signal.SIGSTOP)


def trace(command: Command, *more: str) -> Said:
    """A command that is stopped goes on, with what it changes written down."""
    os.waitpid(command.pid, os.WUNTRACED)
    words = ["strace", "-qq", "-o", _TRACE, "-e", "trace=" + ",".join(CHANGES)]
    with subprocess.Popen([*words, *more, "-p", str(command.pid)]):
        while "TracerPid:\t0\n" in Path(f"/proc/{command.pid}/status").read_text():
            time.sleep(0.01)
        os.kill(command.pid, signal.SIGCONT)
        return command.end()


def kill_at(command: Command, call: str, number: int) -> Said:
    return trace(command, "-e", f"inject={call}:signal=KILL:when={number}")


def find_changes(command: Command) -> list[tuple[str, int]]:
    """All that a command does that is stopped: a system call, and its how manieth that is."""
    assert trace(command).status == 0
    calls = [line.partition("(")[0] for line in Path(_TRACE).read_text().splitlines()]
    calls = [call for call in calls if call in CHANGES]
    return [(call, calls[: place + 1].count(call)) for place, call in enumerate(calls)]
