"""usched in the guest, and what it is told about control groups.

The modules are imported once, and each command is a fork: to start Python takes a second here.
"""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import usched
from usched.face.app import run
from usched.plan.difference import PROCESSES

MOUNT = Path("/sys/fs/cgroup")
OURS = MOUNT / "usched"

for _each in pkgutil.walk_packages(usched.__path__, "usched."):
    if _each.name != "usched.__main__":
        importlib.import_module(_each.name)


class Said(NamedTuple):
    status: int
    out: str
    err: str


def fork(action: Callable[[], int]) -> int:
    """The pid of a process that ends with the status that the action gives."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = action()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


class Command:
    """A command that was begun. before: what its process does first."""

    def __init__(self, *words: str, before: Callable[[], None] = lambda: None) -> None:
        self._heard = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115 - closed by end

        def speak() -> int:
            for number, heard in enumerate(self._heard, 1):
                os.dup2(heard.fileno(), number)
            before()
            return run(list(words))

        self.pid = fork(speak)

    @property
    def out(self) -> str:
        """What it has printed until now."""
        heard = self._heard[0]
        return os.pread(heard.fileno(), os.fstat(heard.fileno()).st_size, 0).decode()

    def end(self) -> Said:
        """Waits for it. The status of who was killed is the signal's number, negative."""
        _, status = os.waitpid(self.pid, 0)
        said = []
        for heard in self._heard:
            heard.seek(0)
            said.append(heard.read())
            heard.close()
        return Said(os.waitstatus_to_exitcode(status), said[0], said[1])


def usched_says(*words: str) -> Said:
    return Command(*words).end()


def done(*words: str) -> str:
    """What a command prints that must succeed."""
    said = usched_says(*words)
    assert said.status == 0, (words, said)
    return said.out


def declare(script: str) -> None:
    """The registry is what the script says, and nothing else."""
    path = Path("/run/script.usched")
    path.write_text(script)
    if usched_says("rollback", "1").status:
        done("topology", "detect")
    done("batch", "-q", str(path))


def enter(group: Path) -> None:
    """The calling process moves there."""
    (group / PROCESSES).write_text("0")


def read(path: Path) -> str:
    return path.read_text().strip()


def groups() -> dict[str, dict[str, str]]:
    """What all groups of ours say, by path from the top one; none that is gone meanwhile."""
    found = {}
    for folder in (Path(each) for each, _, _ in os.walk(OURS)):
        files = [*folder.glob("cpuset.cpus*"), *folder.glob("cpu.[wmi]*")]
        name = "" if folder == OURS else str(folder.relative_to(OURS))
        try:
            found[name] = {file.name: read(file) for file in files}
        except OSError as error:  # with ENODEV between open and read
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise
    return found
