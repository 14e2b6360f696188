"""The real command in a folder and on a registry of its own."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from usched.face.app import run

ROOT = Path(__file__).parents[2]

EIGHT = "machine: eight\nsockets: 2\ncores: 2\nthreads: 2\n"

SCRIPT = """
NORM on cpu* lwktpri 6
POOL on node0 lwktpri 6 vcpus 4
POOL/WEB on cpu0-1 lwktpri 4
X on core3 lwktpri 8 exclusive
"""

WORKLOAD = """
workload: mail
programs:
  - {name: web, scheduler: NORM, run: 5, sleep: 3, rforks: 3, repeat: 4}
  - {name: db, scheduler: POOL/WEB, run: 7, repeat: 2}
"""


def block(text: str) -> str:
    """An indented text as it is meant, without its margin."""
    return textwrap.dedent(text).strip("\n").rstrip(" ")


def page(text: str) -> str:
    """An indented text as a command prints it."""
    return block(text) + "\n"


def less_warnings(text: str) -> str:
    """What is said on standard error, without the warnings of a change."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("usched: warning: "))


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


@contextmanager
def _reading(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


class Session:
    """A folder that is the working directory, and in it a registry, `r.db`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = folder / "r.db"

    def write(self, name: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        (self.folder / name).write_bytes(data)

    def run(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
        """The command in this process, its output captured as a pipe would be."""
        with patch.dict(os.environ, env or {}):
            return self._run(args, stdin)

    def _run(self, args: Sequence[str], stdin: bytes) -> Result:
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        # as Python opens the real one
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
        with redirect_stdout(out), redirect_stderr(err), _reading(stdin):
            status = run(["--registry", "r.db", *args])
        texts = []
        for stream in (out, err):
            stream.flush()
            assert isinstance(stream.buffer, io.BytesIO)
            texts.append(stream.buffer.getvalue().decode())
        return Result(status, *texts)

    def files(self) -> dict[str, bytes]:
        """Everything in the folder, byte by byte."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def done(self, *args: str, stdin: bytes = b"") -> str:
        """What a command prints that succeeds, and has nothing else to say, warnings aside."""
        result = self.run(*args, stdin=stdin)
        assert (result.status, less_warnings(result.err)) == (0, "")
        return result.out

    def refused(self, status: int, *args: str, stdin: bytes = b"") -> str:
        """What a command says that fails: on standard error only, and nothing has changed."""
        before = self.files()
        result = self.run(*args, stdin=stdin)
        assert self.files() == before
        assert "Traceback" not in result.err
        assert (result.status, result.out) == (status, "")
        return result.err.removesuffix("\n")

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "usched", "--registry", "r.db", *args]

    def environment(self, **more: str) -> dict[str, str]:
        kept: Mapping[str, str] = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "COLUMNS", "USCHED_REGISTRY")
        }
        return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}

    def spawn(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """The command in a process of its own."""
        done = subprocess.run(
            self.command(*args),
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env=self.environment(**(env or {})),
            check=False,
            timeout=60,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def at_desk(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str],
    machine: str = "eight.yaml",
) -> Session:
    """In a folder with these files, on the machine of one of them, and 80 columns of width."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    session = Session(folder)
    for name, text in {"eight.yaml": EIGHT, **files}.items():
        session.write(name, text)
    session.done("topology", "load", machine)
    return session


def on_terminal(session: Session, *args: str, **more: str) -> str:
    """What a command prints on a terminal of 80 columns, or as `more` of the environment says."""
    main, side = pty.openpty()
    screen = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    env = session.environment(**{**screen, **more})
    with subprocess.Popen(
        session.command(*args), stdout=side, stderr=subprocess.PIPE, cwd=session.folder, env=env
    ) as process:
        os.close(side)
        data = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            data += piece
        _, err = process.communicate(timeout=60)
    os.close(main)
    assert process.returncode == 0, err
    return data.decode().replace("\r\n", "\n")
