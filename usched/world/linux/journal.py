"""What was there before an apply, until it is over: so that whoever comes next can go back.

In /run, which a boot empties as it does the control groups.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from usched.plan.readings import CPU_LISTS, find_nonsense
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem, UschedError
from usched.world.flocks import try_lock
from usched.world.linux.ownership import SAFELY
from usched.world.snapshot import open_folder

FOLDER = "run/usched"
_STEPS = tuple(FOLDER.split("/"))

#: Bytes of a journal that are read.
_MOST = 256 * 2**20

Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Before:
    """groups: what they said. processes: the pids in each. pid: who applies. above: the stamp of
    who may change the same groups, as it was then."""

    groups: Groups
    processes: Mapping[str, tuple[int, ...]]
    pid: int
    above: str = ""


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


def _parse_files(raw: Any) -> dict[str, str]:
    """What one group said. Raises ValueError and TypeError for what none says."""
    files = {str(file): text for file, text in raw.items() if isinstance(text, str)}
    lists = {file: text for file, text in files.items() if file in CPU_LISTS}
    if len(files) < len(raw) or any(find_nonsense(lists)):
        raise ValueError(files)
    return files


class Journal:
    """Root's. In a folder that nobody else may write."""

    #: What the files are called.
    _NAMES: ClassVar = {each: each for each in ("lock", "journal", "trial", "watchdog")}

    def __init__(self, root: str) -> None:
        self._root = root
        self.folder = os.path.join(root, FOLDER)

    @property
    def path(self) -> str:
        return os.path.join(self.folder, self._name("journal"))

    def _name(self, file: str) -> str:
        return self._NAMES[file]

    def _open(self) -> AbstractContextManager[int]:
        """The folder, to which no link leads from the root. Raises OSError."""
        return open_folder(self._root, _STEPS)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One at a time. Raises EnvironmentFailed where another one is at it."""
        try:
            descriptor = self._open_lock()
        except OSError as error:
            raise self._refuse(error) from error
        try:
            if not try_lock(descriptor):
                what = "another usched is changing the control groups at this moment"
                raise EnvironmentFailed(Problem(what, None, "try again when it is done"))
            os.utime(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        for number, step in enumerate(_STEPS):
            with open_folder(self._root, _STEPS[:number]) as above, suppress(FileExistsError):
                os.mkdir(step, 0o755, dir_fd=above)
        with self._open() as folder:
            status = os.fstat(folder)
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & stat.S_IWOTH:
            raise OSError(errno.EPERM, "others may write there")
        return self._open_own("lock", os.O_RDWR | os.O_CREAT)

    def _open_own(self, file: str, flags: int, mode: int = 0o600) -> int:
        """A file that only those may open who may have it locked, and keep it so."""
        with self._open() as folder:
            descriptor = os.open(self._name(file), flags | SAFELY, mode, dir_fd=folder)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            os.close(descriptor)
            raise OSError(errno.ELOOP, f"{self._name(file)} is no plain file")
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != mode:
            os.fchmod(descriptor, mode)
        return descriptor

    def open_watchdog(self, flags: int) -> int:
        """What a process holds that watches over a trial. Raises OSError."""
        return self._open_own("watchdog", flags)

    def _refuse(self, error: OSError) -> UschedError:
        what = f"{self.folder} cannot be written: {error.strerror}"
        if not isinstance(error, PermissionError):
            return EnvironmentFailed(what)
        if os.geteuid() == 0:
            return NotPermitted(what)
        remedy = "Linux lets root change control groups"
        return NotPermitted(Problem(f"not permitted: {what}", None, remedy, for_root=True))

    def stamp(self) -> str:
        """Another one whenever something was begun here since; "" where nothing ever was."""
        try:
            with self._open() as folder:
                return str(os.stat(self._name("lock"), dir_fd=folder).st_mtime_ns)
        except OSError:
            return ""

    def above(self) -> str:
        """The stamp of who may change the same groups at any moment; "" where nobody may."""
        return ""

    def is_stale(self, before: Before) -> bool:
        """Whether those above have changed the groups since, so that it is theirs that stands."""
        return before.above != self.above()

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def load(self) -> Before | None:
        """What is written down; None where nothing goes on."""
        raw = self._load("journal")
        return None if raw is None else self._parse("journal", raw)

    def save(self, before: Before) -> None:
        """On the disk, before anything else is done."""
        self._save("journal", asdict(before))
        with self._open() as folder:
            os.utime(self._name("lock"), dir_fd=folder)

    def close(self) -> None:
        """It is over."""
        self._unlink("journal")

    def load_trial(self) -> Trial | None:
        """The apply that waits to be confirmed; None where none does."""
        raw = self._load("trial")
        if raw is None:
            return None
        try:
            until = float(raw["until"])
            if not math.isfinite(until):
                raise ValueError(until)
            return Trial(self._parse("trial", raw), until)
        except (ValueError, OverflowError, KeyError, TypeError) as error:
            raise self._damaged("trial", error) from error

    def save_trial(self, trial: Trial) -> None:
        self._save("trial", {**asdict(trial.before), "until": trial.until})

    def close_trial(self) -> None:
        self._unlink("trial")

    def _parse(self, file: str, raw: dict[str, Any]) -> Before:
        try:
            return Before(
                {path: _parse_files(files) for path, files in raw["groups"].items()},
                {path: tuple(map(int, pids)) for path, pids in raw["processes"].items()},
                int(raw["pid"]),
                str(raw.get("above", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(file, error) from error

    def _load(self, file: str) -> dict[str, Any] | None:
        try:
            with self._open() as folder:
                descriptor = os.open(self._name(file), os.O_RDONLY | SAFELY, dir_fd=folder)
            with open(descriptor, "rb") as opened:
                self._check(os.fstat(descriptor))
                raw = json.loads(opened.read(_MOST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(file, error) from error
        if not isinstance(raw, dict):
            raise self._damaged(file, TypeError())
        return raw

    def _check(self, status: os.stat_result) -> None:
        """Raises OSError for what may not be trusted."""

    def _damaged(self, file: str, error: Exception) -> EnvironmentFailed:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        path = os.path.join(self.folder, self._name(file))
        what = f"{path}, which says what was there before an apply, cannot be read: {why}"
        remedy = "usched plan shows what there is; remove the file to go on from there"
        return EnvironmentFailed(Problem(what, None, remedy))

    def _save(self, file: str, record: dict[str, object]) -> None:
        name = self._name(file)
        partial = f"{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY
        try:
            with self._open() as folder:
                try:
                    descriptor = os.open(partial, flags, 0o644, dir_fd=folder)
                except FileExistsError:  # of one who was killed
                    os.unlink(partial, dir_fd=folder)
                    descriptor = os.open(partial, flags, 0o644, dir_fd=folder)
                with open(descriptor, "w", encoding="utf-8") as opened:
                    opened.write(json.dumps(record))
                    opened.flush()
                    os.fsync(descriptor)
                os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            path = os.path.join(self.folder, name)
            raise EnvironmentFailed(f"{path} cannot be written: {error.strerror}") from error

    def _unlink(self, file: str) -> None:
        with self._open() as folder:
            with suppress(FileNotFoundError):
                os.unlink(self._name(file), dir_fd=folder)
            os.fsync(folder)
