"""apply, killed at each system call that changes something: the next one goes back, or on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.linux.inside.commands import MOUNT, OURS, Command, Said, enter, fork, groups, read
from tests.linux.inside.report import report

FIRST = """
IDLE on cpu* lwktpri 4
POOL on node1 lwktpri 6 vcpus 2
POOL/WEB on cpu0 lwktpri 6
X on cpu0 cpu1 lwktpri 8 exclusive
"""

SECOND = """
IDLE on cpu* lwktpri 4
IDLE/A on cpu0 lwktpri 3
X on cpu1 cpu2 lwktpri 8 exclusive
Y on cpu3 lwktpri 7 exclusive locked
"""

#: Where a process is from the first registry on.
INHABITED = ["IDLE", "POOL/:own", "POOL/WEB", "X"]

CHANGES = ["mkdir", "rmdir", "write", "fsync", "rename", "unlink"]

TRACE = "/run/trace"


def _usched(registry: str, *words: str, stopped: bool = False) -> Command:
    before = (lambda: os.kill(os.getpid(), signal.SIGSTOP)) if stopped else (lambda: None)
    return Command("--registry", f"/run/{registry}.db", *words, before=before)


def _apply(registry: str) -> Said:
    return _usched(registry, "apply", "-q").end()


def _trace(command: Command, *more: str) -> Said:
    """A command that is stopped goes on, with what it changes written to `TRACE`."""
    os.waitpid(command.pid, os.WUNTRACED)
    words = [
        "strace",
        "-qq",
        "-o",
        TRACE,
        "-e",
        "trace=" + ",".join(CHANGES),
        *more,
        "-p",
        str(command.pid),
    ]
    with subprocess.Popen(words):
        while "TracerPid:\t0\n" in Path(f"/proc/{command.pid}/status").read_text():
            time.sleep(0.01)
        os.kill(command.pid, signal.SIGCONT)
        return command.end()


def _find_changes() -> list[tuple[str, int]]:
    """All that apply of the second registry does: a system call, and its how manieth that is."""
    assert _trace(_usched("second", "apply", "-q", stopped=True)).status == 0
    calls = [line.partition("(")[0] for line in Path(TRACE).read_text().splitlines()]
    calls = [call for call in calls if call in CHANGES]
    return [(call, calls[: place + 1].count(call)) for place, call in enumerate(calls)]


def _state() -> object:
    """What groups say, and which processes are in them."""
    paths = [MOUNT, *(path for path in OURS.rglob("*") if path.is_dir())]
    inhabitants = {
        str(path): [pid for pid in read(path / "cgroup.procs").split() if int(pid) in PIDS]
        for path in paths
    }
    return groups(), {path: pids for path, pids in inhabitants.items() if pids}


PIDS: set[int] = set()


def _sleep_in(path: str) -> int:
    enter(OURS / path)
    signal.pause()
    return 0


def _put_back(places: dict[int, str]) -> None:
    for pid, path in places.items():
        (OURS / path / "cgroup.procs").write_text(str(pid))


def every_change() -> object:
    for name, script in (("first", FIRST), ("second", SECOND)):
        Path("/run/script.usched").write_text(script)
        _usched(name, "topology", "detect").end()
        assert _usched(name, "batch", "-q", "/run/script.usched").end().status == 0
    assert _apply("first").status == 0
    places = {}
    for path in INHABITED:
        pid = fork(lambda path=path: _sleep_in(path))  # type: ignore[misc]
        places[pid] = path
    PIDS.update(places)
    while any(str(pid) not in read(OURS / path / "cgroup.procs") for pid, path in places.items()):
        time.sleep(0.01)
    old = _state()
    changes = _find_changes()
    new = _state()
    assert _apply("first").status == 0
    _put_back(places)
    assert _state() == old

    seen = []
    for place, (call, number) in enumerate(changes):
        kill = f"inject={call}:signal=KILL:when={number}"
        victim = _trace(_usched("second", "apply", "-q", stopped=True), "-e", kill)
        on = "first" if place % 3 and _state() != new else "second"
        following = _apply(on)
        agrees = _state() == (old if on == "first" else new)
        seen.append([call, number, victim.status, on, following, agrees])
        if on == "second":
            _apply("first")
            _put_back(places)
            assert _state() == old, (call, number)
    for pid in places:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return seen


def nothing_is_left() -> object:
    said = _usched("first", "release", "-q").end()
    return [said, OURS.exists(), os.listdir("/run/usched")]


if __name__ == "__main__":
    report(every_change, nothing_is_left)
