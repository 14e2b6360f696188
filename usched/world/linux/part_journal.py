"""The journal of who holds a part: beside the part's store, where he may write, and only he.

Who granted the part may own the folder, and a group's is written by all its members: what is read
there must be the holder's, and about groups of the part.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from usched.meaning.grants import Granted
from usched.words.cpuset import parse_cpu_list
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem, UschedError
from usched.words.statement import is_beneath
from usched.world.accounts import is_member
from usched.world.linux.journal import Before, Journal
from usched.world.part_files import locate_part
from usched.world.snapshot import open_folder


class PartJournal(Journal):
    """chain: the grants that lead to the part. group: the path of what is granted."""

    def __init__(self, root: str, registry: str, chain: Sequence[Granted], group: str) -> None:
        base, steps, name = locate_part(registry, chain)
        super().__init__(root)
        self._roots = Journal(root)
        self.folder = os.path.join(base, *steps)
        self._base, self._steps = base, steps
        self._store = name
        self._granted = chain[-1]
        self._group = group

    def _name(self, file: str) -> str:
        return f"{self._store}-apply-{file}"

    def _open(self) -> AbstractContextManager[int]:
        return open_folder(self._base, self._steps)

    def _open_lock(self) -> int:
        return self._open_own("lock", os.O_RDWR | os.O_CREAT)

    def _open_own(self, file: str, flags: int, mode: int = 0o600) -> int:
        return super()._open_own(file, flags, 0o660 if self._granted.is_for_group else mode)

    def _refuse(self, error: OSError) -> UschedError:
        what = f"your part of {self._granted.name}: {self.folder} cannot be written"
        remedy = "its folder is made anew by who granted it: revoke and grant"
        kind = NotPermitted if isinstance(error, PermissionError) else EnvironmentFailed
        return kind(Problem(f"{what}: {error.strerror}", None, remedy))

    def above(self) -> str:
        """Root's, in the system that is running: after a boot nothing of before is there."""
        return f"{_boot()} {self._roots.stamp()}"

    def _check(self, status: os.stat_result) -> None:
        granted, uid = self._granted, status.st_uid
        if uid == os.geteuid() or (granted.is_for_group and is_member(uid, granted.number)):
            return
        raise OSError(0, "it is somebody else's")

    def _parse(self, file: str, raw: dict[str, Any]) -> Before:
        before = super()._parse(file, raw)
        try:
            for path in (*before.groups, *before.processes):
                self._require_beneath(path)
            for files in before.groups.values():
                for name, text in files.items():
                    if name.startswith("cpuset.cpus") and not name.endswith("partition"):
                        parse_cpu_list(text)
        except (ValueError, AttributeError, TypeError) as error:
            raise self._damaged(file, error) from error
        return before

    def _require_beneath(self, path: str) -> None:
        steps = path.split("/")
        if not is_beneath(path, self._group) or any(each in ("", ".", "..") for each in steps):
            raise ValueError(path)


def _boot() -> str:
    """Which boot of the machine this is: a journal that outlives it is about what is gone."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().decode().strip()
    except OSError:
        return ""
