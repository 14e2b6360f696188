"""What was there before an apply, until it is over: so that whoever comes next can go back.

In /run, which a boot empties as it does the control groups.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from usched.words.problems import EnvironmentFailed, NotPermitted, Problem

FOLDER = "run/usched"

Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Before:
    """groups: what they said. processes: the pids in each. pid: who applies."""

    groups: Groups
    processes: Mapping[str, tuple[int, ...]]
    pid: int


@dataclass(frozen=True, slots=True)
class Trial:
    """An apply that is to be confirmed. until: when it is undone, as of `boot_seconds`."""

    before: Before
    until: float

    @property
    def is_over(self) -> bool:
        return boot_seconds() >= self.until

    @property
    def left(self) -> int:
        """Seconds, rounded up."""
        return max(0, -int(-(self.until - boot_seconds()) // 1))


def boot_seconds() -> float:
    """Since the machine was booted, also while it slept; whoever sets the clock changes nothing."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Journal:
    def __init__(self, root: str) -> None:
        self.folder = os.path.join(root, FOLDER)
        self.path = os.path.join(self.folder, "journal")
        self._trial = os.path.join(self.folder, "trial")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One at a time. Raises EnvironmentFailed where another one is at it."""
        try:
            os.makedirs(self.folder, mode=0o755, exist_ok=True)
            descriptor = os.open(
                os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
            )
        except OSError as error:
            what = f"{self.folder} cannot be written: {error.strerror}"
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
        raw = self._load(self.path)
        return None if raw is None else self._parse(self.path, raw)

    def save(self, before: Before) -> None:
        """On the disk, before anything else is done."""
        self._save(self.path, asdict(before))

    def close(self) -> None:
        """It is over."""
        os.unlink(self.path)
        self._sync_folder()

    def load_trial(self) -> Trial | None:
        """The apply that waits to be confirmed; None where none does."""
        raw = self._load(self._trial)
        if raw is None:
            return None
        try:
            return Trial(self._parse(self._trial, raw), float(raw["until"]))
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(self._trial, error) from error

    def save_trial(self, trial: Trial) -> None:
        self._save(self._trial, {**asdict(trial.before), "until": trial.until})

    def close_trial(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._trial)
        self._sync_folder()

    def _parse(self, path: str, raw: dict[str, Any]) -> Before:
        try:
            return Before(
                {path: dict(files) for path, files in raw["groups"].items()},
                {path: tuple(map(int, pids)) for path, pids in raw["processes"].items()},
                int(raw["pid"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(path, error) from error

    def _load(self, path: str) -> dict[str, Any] | None:
        try:
            with open(path, encoding="utf-8") as file:
                raw = json.load(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(path, error) from error
        if not isinstance(raw, dict):
            raise self._damaged(path, TypeError())
        return raw

    def _damaged(self, path: str, error: Exception) -> EnvironmentFailed:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        what = f"{path}, which says what was there before an apply, cannot be read: {why}"
        remedy = "usched plan shows what there is; remove the file to go on from there"
        return EnvironmentFailed(Problem(what, None, remedy))

    def _save(self, path: str, record: dict[str, object]) -> None:
        partial = f"{path}.new"
        try:
            with open(partial, "w", encoding="utf-8") as file:
                file.write(json.dumps(record))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            self._sync_folder()
        except OSError as error:
            raise EnvironmentFailed(f"{path} cannot be written: {error.strerror}") from error

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
