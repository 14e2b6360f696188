"""A file that a command writes: whole, or not at all."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import IO

from usched.words.problems import EnvironmentFailed
from usched.world.files import STANDARD_INPUT


class OutputFile:
    """Opened before the work that fills it, so that a path that cannot be written is found first.

    A file has its name only when all of it is written; until then what stood there stands. What is
    no regular file (a pipe, a terminal, `-` for standard output) is written as it comes, and so is
    a file in a folder in which none may be made. Raises EnvironmentFailed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._target = os.path.realpath(path.replace("\0", ""))
        self._partial = ""
        try:
            self._file = self._open()
        except (OSError, ValueError) as error:
            raise self._failed(error) from error

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Without `commit` nothing is left of it."""
        with suppress(OSError):  # of what is thrown away, or is flushed already
            if self._file is not sys.stdout:
                self._file.close()
        if self._partial:
            os.unlink(self._partial)

    def write(self, pieces: Iterable[str]) -> None:
        """All of it; what stood in a file that is written in place goes first."""
        if self._file is sys.stdout:  # whose failing is told in one place for all commands
            self._file.writelines(pieces)
            return
        try:
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                self._file.truncate(0)
            self._file.writelines(pieces)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from error

    def commit(self) -> None:
        """All is written: give the file its name."""
        if not self._partial:
            return
        try:
            self._file.close()
            os.replace(self._partial, self._target)
        except OSError as error:
            raise self._failed(error) from error
        self._partial = ""

    def _open(self) -> IO[str]:
        if self.path == STANDARD_INPUT:
            return sys.stdout
        try:
            there: os.stat_result | None = os.stat(self.path)
        except FileNotFoundError:
            there = None
        if there is None or _is_replaceable(there):
            if there is not None:
                os.close(os.open(self.path, os.O_WRONLY))  # whether it may be written at all
            try:
                return self._open_partial(there)
            except PermissionError:
                if there is None:
                    raise
        return os.fdopen(os.open(self.path, os.O_WRONLY), "w", encoding="utf-8")

    def _open_partial(self, there: os.stat_result | None) -> IO[str]:
        folder, name = os.path.split(self._target)
        partial = os.path.join(folder, f".{name[:200]}.{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._partial = partial
        if there is not None:
            os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
        return os.fdopen(descriptor, "w", encoding="utf-8")

    def _failed(self, error: OSError | ValueError) -> EnvironmentFailed:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return EnvironmentFailed(f"{self.path} cannot be written: {reason}")


def write_folder(folder: str, files: Iterable[tuple[str, str]]) -> None:
    """Files into a folder that is there: none has its name before all are written."""
    with ExitStack() as stack:
        opened = []
        for name, text in files:
            target = stack.enter_context(OutputFile(os.path.join(folder, name)))
            target.write([text])
            opened.append(target)
        for target in opened:
            target.commit()


def _is_replaceable(there: os.stat_result) -> bool:
    """Whether another file may take its name: no second name, and no other owner, would be lost."""
    own = (there.st_uid, there.st_gid) == (os.geteuid(), os.getegid())
    return stat.S_ISREG(there.st_mode) and there.st_nlink == 1 and own


def is_same_file(path: str, other: str) -> bool:
    """Whether both name one regular file that is there."""
    try:
        return os.path.isfile(path) and os.path.samefile(path, other)
    except (OSError, ValueError):  # the other one is not there yet
        return False
