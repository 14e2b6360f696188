"""What there is of control groups (cgroup v2) below any root.

Whoever holds a group makes what he likes beneath it, and takes it away while it is read: so much of
it is read and no more, what vanishes was never there, and no link is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from usched.meaning.grants import MAX_PART
from usched.plan.difference import EFFECTIVE, PROCESSES, UNREAD
from usched.plan.kernel import FRESH, SUBTREE
from usched.plan.owners import LIMITS, OWNER, Owner, format_owner
from usched.plan.readings import CPU_LISTS, find_nonsense
from usched.plan.wanted import OUTSIDE
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.linux.controllers import explain_absence, explain_missing
from usched.world.linux.ownership import FOLDER, Base, base_of, open_file, read_owner
from usched.world.snapshot import open_folder

MOUNT = "sys/fs/cgroup"
_MOUNT_STEPS = tuple(MOUNT.split("/"))

#: Groups beneath ours that are read. There are as many as schedulers, and some leaves.
_MOST = 100_000

#: Of each that somebody holds: what is beneath it, and so many levels of that.
_MOST_HELD, _DEEPEST_HELD = 4 * MAX_PART, 40

#: A file, or a folder, that is not there: this kernel has none, or it went while it was read.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.EOPNOTSUPP, errno.ENODEV)


def folders_in(folder: int | str) -> list[str]:
    """The names of the groups in one, which is open, or at a path. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))


def _from_mount(top: str, path: str) -> str:
    return os.path.dirname(top) if path == OUTSIDE else os.path.join(top, path)


@contextmanager
def open_group(root: str, top: str, path: str) -> Iterator[int]:
    """A descriptor of a group's folder. Raises OSError."""
    steps = tuple(filter(None, _from_mount(top, path).split("/")))
    if ".." in steps:
        raise OSError(errno.EINVAL, "no group is called ..")
    with open_folder(root, (*_MOUNT_STEPS, *steps)) as folder:
        yield folder


def say(root: str, top: str, path: str, file: str) -> str | None:
    """What a file of a group says; None where there is none."""
    try:
        with open_group(root, top, path) as folder:
            return _read(folder, file)[0]
    except OSError as error:
        if error.errno in _GONE:
            return None
        where = os.path.join(root, MOUNT, _from_mount(top, path), file)
        raise EnvironmentFailed(f"{where} cannot be read: {error.strerror}") from error


def read_groups(root: str, top: str, within: str = "") -> dict[str, dict[str, str]]:
    """What the groups beneath `top` say (their paths from there; its own is ""), parents first, and
    the one above it. within: only this one of them, and those beneath it.

    Raises EnvironmentFailed where there is no cgroup v2, or no cpuset or cpu controller in it.
    """
    mount = os.path.join(root, MOUNT)
    _check_controllers(root, mount)
    found = {OUTSIDE: {SUBTREE: say(root, top, OUTSIDE, SUBTREE) or ""}}
    try:
        with open_group(root, top, OUTSIDE) as outside:
            base = base_of(outside)
        with open_group(root, top, within) as folder:
            _Walk(os.path.join(mount, top), base, found).look(folder, within, None)
    except OSError as error:
        _refuse_obstacle(mount, os.path.join(top, within))
        if error.errno not in _GONE:
            what = f"{os.path.join(mount, top, within)} cannot be read: {error.strerror}"
            raise EnvironmentFailed(what) from error
    return found


def _refuse_obstacle(mount: str, path: str) -> None:
    """Raises EnvironmentFailed where something that is no group stands on a path to one."""
    for step in filter(None, path.split("/")):
        mount = os.path.join(mount, step)
        try:
            mode = os.lstat(mount).st_mode
        except OSError:
            return
        if not stat.S_ISDIR(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
            what = f"{mount} is {kind}, where the folder of a control group should be"
            remedy = f"usched made none: see what it is, and take it away: rm {mount}"
            raise EnvironmentFailed(Problem(what, None, remedy))


def _check_controllers(root: str, mount: str) -> None:
    try:
        with open_folder(root, _MOUNT_STEPS) as folder:
            controllers = _read(folder, "cgroup.controllers")[0]
    except OSError as error:
        if error.errno not in _GONE:
            raise EnvironmentFailed(f"{mount} cannot be read: {error.strerror}") from error
        controllers = None
    if controllers is None:
        raise EnvironmentFailed(explain_absence(root, mount))
    missing = [each for each in ("cpuset", "cpu") if each not in controllers.split()]
    if missing:
        raise EnvironmentFailed(explain_missing(root, mount, missing))


class _Held(NamedTuple):
    """What somebody holds, that one is in. first: how many groups were found before."""

    path: str
    first: int


class _Walk:
    def __init__(self, where: str, base: Base, found: dict[str, dict[str, str]]) -> None:
        self._where = where
        self._base = base
        self._found = found

    def look(self, folder: int, path: str, held: _Held | None) -> None:
        if len(self._found) >= _MOST:
            raise EnvironmentFailed(f"{self._where} holds more than {_MOST} groups")
        try:
            said, inside = self._read_one(folder, path, held)
        except OSError as error:
            if held is not None or error.errno in _GONE:
                return
            file = error.filename if isinstance(error.filename, str) else ""
            where = os.path.join(self._where, path, file).rstrip("/")
            raise EnvironmentFailed(f"{where} cannot be read: {error.strerror}") from error
        if held is None and OWNER in said:
            held = _Held(path, len(self._found))
        for name in inside:
            beneath = f"{path}/{name}" if path else name
            if held is not None and self._has_enough(held, beneath):
                self._found[held.path][UNREAD] = "1"
                return
            self._enter(folder, name, beneath, held)

    def _read_one(
        self, folder: int, path: str, held: _Held | None
    ) -> tuple[dict[str, str], list[str]]:
        inside = folders_in(folder)
        said: dict[str, str] = {}
        seen: dict[str, os.stat_result] = {}
        for file in (*FRESH, EFFECTIVE, PROCESSES):
            text, status = _read(folder, file)
            if text is not None:
                said[file] = text
            if status is not None:
                seen[file] = status
        said[PROCESSES] = str(len(said.get(PROCESSES, "").split()))
        owner = read_owner(folder, self._base, seen)
        if owner != Owner():
            said[OWNER] = format_owner(owner)
            said |= {file: text for file in LIMITS if (text := _read(folder, file)[0])}
        nonsense = [each for each in find_nonsense(said) if each[0] in CPU_LISTS]
        if held is None and OWNER not in said:
            refuse_nonsense(os.path.join(self._where, path), nonsense)
        for file, *_ in nonsense:  # others made it, in a tree that is no kernel's
            del said[file]
        self._found[path] = said
        return said, inside

    def _has_enough(self, held: _Held, path: str) -> bool:
        levels = path.count("/") - held.path.count("/")
        return len(self._found) - held.first >= _MOST_HELD or levels > _DEEPEST_HELD

    def _enter(self, folder: int, name: str, path: str, held: _Held | None) -> None:
        try:
            inner = os.open(name, FOLDER, dir_fd=folder)
        except OSError as error:
            if held is not None or error.errno in _GONE:
                return
            what = f"{os.path.join(self._where, path)} cannot be read: {error.strerror}"
            raise EnvironmentFailed(what) from error
        try:
            self.look(inner, path, held)
        finally:
            os.close(inner)


def refuse_nonsense(folder: str, found: Iterable[tuple[str, str, str]]) -> None:
    """Raises EnvironmentFailed for what `find_nonsense` finds in the files of a folder."""
    problems = [
        Problem(f"{os.path.join(folder, file)} {what}", None, should)
        for file, what, should in found
    ]
    if problems:
        raise EnvironmentFailed(problems)


def _read(folder: int, file: str) -> tuple[str | None, os.stat_result | None]:
    """What it says and whose it is; None where there is no such file, which a kernel of another
    version may not have. Raises OSError with the file's name."""
    try:
        descriptor = open_file(folder, file, os.O_RDONLY)
        with open(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            text = opened.read(1 << 20)
    except OSError as error:
        if error.errno in _GONE:
            return None, None
        raise OSError(error.errno, error.strerror, file) from error
    return text.decode("utf-8", "replace").strip(), status
