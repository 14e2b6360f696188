"""What was there before an apply, until it is over: so that whoever comes next can go back.

In /run, which a boot empties as it does the control groups.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from usched.words.problems import EnvironmentFailed, NotPermitted, Problem

FOLDER = "run/usched"

Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Before:
    """groups: what they said. processes: the pids in each. pid: who applies."""

    groups: Groups
    processes: Mapping[str, tuple[int, ...]]
    pid: int


class Journal:
    def __init__(self, root: str) -> None:
        self._folder = os.path.join(root, FOLDER)
        self.path = os.path.join(self._folder, "journal")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One at a time. Raises EnvironmentFailed where another one is at it."""
        try:
            os.makedirs(self._folder, mode=0o755, exist_ok=True)
            descriptor = os.open(
                os.path.join(self._folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
            )
        except OSError as error:
            what = f"{self._folder} cannot be written: {error.strerror}"
            remedy = "Linux lets root change control groups: sudo usched ..."
            kind = NotPermitted if isinstance(error, PermissionError) else EnvironmentFailed
            raise kind(Problem(what, None, remedy)) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                what = "another usched is changing the control groups at this moment"
                raise EnvironmentFailed(Problem(what, None, "try again when it is done")) from None
            yield
        finally:
            os.close(descriptor)

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def load(self) -> Before | None:
        """What is written down; None where nothing goes on."""
        try:
            with open(self.path, encoding="utf-8") as file:
                raw = json.load(file)
            return Before(
                {path: dict(files) for path, files in raw["groups"].items()},
                {path: tuple(map(int, pids)) for path, pids in raw["processes"].items()},
                int(raw["pid"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            what = f"{self.path}, which says what was there before an apply, cannot be read: {why}"
            remedy = "usched plan shows what there is; remove the file to go on from there"
            raise EnvironmentFailed(Problem(what, None, remedy)) from error

    def save(self, before: Before) -> None:
        """On the disk, before anything else is done."""
        text = json.dumps(asdict(before))
        partial = f"{self.path}.new"
        try:
            with open(partial, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, self.path)
            self._sync_folder()
        except OSError as error:
            raise EnvironmentFailed(f"{self.path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """It is over."""
        os.unlink(self.path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
