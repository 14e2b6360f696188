"""move of processes that fork as fast as they can, of threads, and by who may not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.linux.inside.commands import OURS, Command, declare, done, enter, fork, read, usched_says
from tests.linux.inside.waiting import await_that
from tests.linux.inside.watched import Program
from usched.world.paths import SYSTEM_REGISTRY

SCRIPT = """
POOL on node1 lwktpri 6
POOL/A on cpu0-1 lwktpri 6
POOL/B on cpu2-3 lwktpri 6
LOCK on cpu2-3 lwktpri 6 locked
NORM on cpu1-3 lwktpri 6
"""

ALICE = 1000


def _be_alice() -> None:
    os.setgroups([])
    os.setresgid(ALICE, ALICE, ALICE)
    os.setresuid(ALICE, ALICE, ALICE)
    os.environ.update(HOME="/home/alice", USCHED_REGISTRY=SYSTEM_REGISTRY)


def _fork_on_and_on() -> int:
    """Each child leaves an orphan, which lives for a moment."""
    while True:
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                time.sleep(0.5)
            os._exit(0)
        os.waitpid(child, 0)


@contextmanager
def _forkers(group: Path, be: Callable[[], None] = lambda: None) -> Iterator[int]:
    def begin() -> int:
        Path("/proc/self/comm").write_text("forker")
        os.setpgid(0, 0)
        enter(group)
        be()
        return _fork_on_and_on()

    pid = fork(begin)
    try:
        await_that(lambda: len(_find_forkers()) > 3)
        yield pid
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        await_that(lambda: not _find_forkers())


def _find_forkers() -> list[str]:
    """The group of each."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                if (each / "comm").read_text() == "forker\n":
                    found.append((each / "cgroup").read_text().strip())
            except OSError:  # it ended
                continue
    return [path for path in found if path != "0::/"] + [path for path in found if path == "0::/"]


def _watch_where(seconds: float) -> list[str]:
    """All the groups in which there were any, in that time."""
    until = time.monotonic() + seconds
    seen: set[str] = set()
    while time.monotonic() < until:
        seen.update(_find_forkers())
    return sorted(seen)


def forkers_of_root() -> object:
    """By number, and back into another by what they are called."""
    declare(SCRIPT)
    done("apply", "-q")
    seen = []
    with _forkers(OURS / "NORM") as pid:
        for word, name in ((str(pid), "POOL/A"), ("forker", "POOL/B")):
            said = usched_says("move", word, "into", name)
            seen.append([said.status, said.err, _watch_where(0.5)])
    return seen


def forkers_of_alice() -> object:
    """In a part that is hers, as the kernel says how to delegate one."""
    for file in ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
        for group in ("POOL", "POOL/A", "POOL/B"):
            os.chown(OURS / group / file, ALICE, ALICE)
    with _forkers(OURS / "POOL/A", _be_alice):
        said = Command("move", "forker", "into", "POOL/B", before=_be_alice).end()
        inside = _watch_where(0.5)
        outside = Command("move", "forker", "into", "NORM", before=_be_alice).end()
        return [said, inside, outside, _watch_where(0.2)]


def single_threads() -> object:
    """One of four, by root and by who may not; it stays in its process's group."""
    program = Program("NORM")
    program.make(3)
    first, second, *_ = [tid for tid in program.homes if tid != program.pid]
    said = usched_says("move", str(first), str(second), "into", "LOCK")
    apart = usched_says("move", str(first), "into", "POOL/A")
    homes = {str(n): home for n, home in enumerate(program.homes.values())}
    group = read(Path(f"/proc/{first}/cgroup"))
    refused = Command("move", str(first), "into", "POOL/B", before=_be_alice).end()
    program.end()
    return [str(first), str(program.pid), said, apart, homes, group, refused]


def nothing_is_left() -> object:
    return [usched_says("release", "-q"), OURS.exists()]


CHECKS = (forkers_of_root, forkers_of_alice, single_threads, nothing_is_left)
