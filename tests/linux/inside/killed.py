"""apply, killed at each system call that changes something: the next one goes back, or on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.linux.inside.commands import MOUNT, OURS, Command, Said, enter, fork, groups, read
from tests.linux.inside.cutting import find_changes, kill_at, stop
from tests.linux.inside.report import report
from tests.plan.trees import FIRST

SECOND = """
IDLE on cpu* lwktpri 4
IDLE/A on cpu0 lwktpri 3
X on cpu1 cpu2 lwktpri 8 exclusive
Y on cpu3 lwktpri 7 exclusive locked
"""

#: Where a process is from the first registry on.
INHABITED = ["IDLE", "POOL/:own", "POOL/WEB", "X"]


def _usched(registry: str, *words: str, stopped: bool = False) -> Command:
    before = stop if stopped else (lambda: None)
    return Command("--registry", f"/run/{registry}.db", *words, before=before)


def _apply(registry: str) -> Said:
    return _usched(registry, "apply", "-q").end()


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
    changes = find_changes(_usched("second", "apply", "-q", stopped=True))
    new = _state()
    assert _apply("first").status == 0
    _put_back(places)
    assert _state() == old

    seen = []
    for place, (call, number) in enumerate(changes):
        victim = kill_at(_usched("second", "apply", "-q", stopped=True), call, number)
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
