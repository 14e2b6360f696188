"""A registry of one's own: a fake machine, and the command run here, forked or for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

import usched
from tests.machines import lay_machine
from usched.actions.change import carry_out
from usched.actions.context import Context
from usched.face.app import run
from usched.text.language.grammar import parse_script

SOURCE = Path(usched.__file__).parent.parent
COMMAND = (sys.executable, "-m", "usched")


@dataclass(frozen=True)
class Scratch:
    """A registry's file and the root of a machine, as options of the command and as a context."""

    path: Path
    machine: Path

    @property
    def options(self) -> list[str]:
        return ["--registry", str(self.path), "--root", str(self.machine)]

    @property
    def journal(self) -> Path:
        return Path(f"{self.path}-journal")

    def context(self, wait: float = 10.0) -> Context:
        return Context(str(self.path), lambda _: None, root=str(self.machine), wait=wait)

    def declare(self, *lines: str) -> None:
        carry_out(self.context(), parse_script("\n".join(lines), "test"))


def make_scratch(folder: Path, cpus: int = 8) -> Scratch:
    """A registry in the folder, which is yet to be made, of a machine that is only read."""
    return Scratch(folder / "registry.db", Path(_machine(cpus).name))


@cache
def _machine(cpus: int) -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    os.chmod(folder.name, 0o755)  # also for who is not root
    lay_machine(Path(folder.name), cpus)
    return folder


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(SOURCE), **more}


def start(words: Sequence[str]) -> subprocess.Popen[str]:
    """The real command, in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )


def fork(action: Callable[[], int], out: IO[str] | None = None, err: IO[str] | None = None) -> int:
    """The pid of a child with everything imported; it exits with the action's status, 70 where it
    raises. out, err: where it says what, a traceback too; nowhere without."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        nowhere = open(os.devnull, "w")  # noqa: SIM115 - until the child exits
        sys.stdout, sys.stderr = out or nowhere, err or nowhere
        status = action()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def fork_run(words: Sequence[str]) -> int:
    """The command in such a child."""
    return fork(lambda: run(list(words)))


def wait_for(pid: int) -> int:
    """How a child ended: its status, or less the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)
    return wait_for(pid)


def fork_and_listen(action: Callable[[], int]) -> tuple[int, str, str]:
    """What an action in a child said, also when it may not write: the files are open before."""
    files = [TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115 - closed below
    pid = fork(action, *files)
    status = wait_for(pid)
    texts = []
    for file in files:
        with file:
            file.seek(0)
            texts.append(file.read())
    return status, texts[0], texts[1]
