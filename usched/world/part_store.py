"""The store of a part, for its holder.

Whoever granted the part may own the folder, and put links, journals or other files into it at any
moment; so SQLite never opens a file there. A store is read whole, changed in memory, and written
whole beside itself, under a lock; its name then goes over to the new file in one step. Readers see
the old one or the new one, and need no lock; a writer that is killed leaves the old one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial

from usched.meaning.grants import Granted
from usched.words.phrases import as_typed
from usched.words.problems import EnvironmentFailed, Problem, UschedError
from usched.world.foreign import MAX_BYTES, DoesNotHold, check_owner, open_bytes
from usched.world.part_files import locate_part, part_path
from usched.world.part_gates import Gates, Overtaken
from usched.world.registry_file import explain, locked, make_schema, settle
from usched.world.snapshot import NoSnapshot, open_folder, take_snapshot
from usched.world.store import Store
from usched.world.strangers import forbid

_PAUSE = 0.005

_NEW = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@contextmanager
def open_part_store(
    registry: str, chain: Sequence[Granted], wait: float = 0, gates: Gates | None = None
) -> Iterator[Store]:
    """The store of the last of a chain of grants, for one transaction; what is recorded is there
    when the block ends without an error. gates: of the change that it is for; None: it is only
    read. wait: seconds that a change waits for another writer.

    Raises EnvironmentFailed: it cannot be read or written, is somebody else's, or stays locked;
    Overtaken where what it was held against was changed meanwhile, and then changes nothing.
    """
    base, steps, name = locate_part(registry, chain)
    path = part_path(registry, chain)
    try:
        lock = _Lock(path, gates is not None, wait, 0o660 if chain[-1].is_for_group else 0o600)
        with open_folder(base, steps) as folder, lock.hold(folder):
            connection = _load(folder, name, chain[-1])
            marks = gates.take_marks() if gates else []
            try:
                store = Store(connection, path)
                before = store.last_revision()
                yield store
                if gates and store.last_revision() != before:
                    connection.execute("COMMIT")
                    if gates.take_marks() != marks:  # before it is written for nothing
                        raise Overtaken
                    _replace(folder, name, connection.serialize(), gates.pass_all(marks))
            finally:
                connection.close()
    except (NoSnapshot, DoesNotHold) as trouble:
        raise _explain_unread(chain[-1], path, trouble) from trouble
    except sqlite3.Error as error:
        raise explain(error, path, 0) from error
    except OSError as error:
        raise _explain_unwritten(chain[-1], path, error) from error


def require_writable_part(registry: str, chain: Sequence[Granted]) -> None:
    """Raises, for a change that is only tried, what it would fail with for want of a right."""
    base, steps, _ = locate_part(registry, chain)
    try:
        with open_folder(base, steps) as folder:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
                is_fixed = os.statvfs(folder).f_flag & os.ST_RDONLY
                code = errno.EROFS if is_fixed else errno.EACCES
                raise OSError(code, os.strerror(code))
    except OSError as error:
        raise _explain_unwritten(chain[-1], part_path(registry, chain), error) from error


def _explain_unread(granted: Granted, path: str, trouble: Exception) -> UschedError:
    what = f"your part of {granted.name} cannot be read: {trouble}"
    remedy = f"it is {path}: put it back from a copy, or move it away"
    if granted.is_for_group:  # who wrote it last may have left
        file, copy = as_typed(path), as_typed(f"{path}-mine")
        remedy += f"\nor take it over as it is: cp {file} {copy} && mv -f {copy} {file}"
    return EnvironmentFailed(Problem(what, None, remedy, "part"))


def _explain_unwritten(granted: Granted, path: str, error: OSError) -> UschedError:
    folder, name = os.path.split(path)
    what = f"your part of {granted.name} cannot be written: "
    refused = isinstance(error, PermissionError)
    if refused and not os.access(folder, os.W_OK | os.X_OK):
        return forbid(f"{what}{path}: {error.strerror}", _describe_right(folder))
    wrong = str(error.filename or "")  # as it was opened, in its folder
    where = os.path.join(folder, wrong) if wrong.startswith(name) else path
    what += f"{where}: {error.strerror}"
    if refused:
        return forbid(what, f"{where} is not yours: take it away: rm -f {as_typed(where)}")
    remedy = ""
    if error.errno == errno.ENOENT:
        remedy = "its folder is gone: who granted it makes a new one by revoke and grant"
    return EnvironmentFailed(Problem(what, None, remedy))


def _describe_right(folder: str) -> str:
    """Who gives a holder the right to write in the folder of his part."""
    try:
        is_his = os.stat(folder).st_uid == os.geteuid()
    except OSError:
        is_his = False
    return f"chmod u+rwx {as_typed(folder)}" if is_his else "the folder is of who granted it"


def _load(folder: int, name: str, granted: Granted) -> sqlite3.Connection:
    """In a transaction; a new one where there is none yet."""
    data = take_snapshot(folder, name, MAX_BYTES, partial(check_owner, granted))
    if data:
        connection = open_bytes(data)
    else:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        settle(connection)
        make_schema(connection)
    connection.execute("BEGIN")
    return connection


def _replace(folder: int, name: str, data: bytes, passing: AbstractContextManager[None]) -> None:
    """Put a new file in the place of a store's. passing: in which that may be done; Overtaken
    leaves the old one."""
    new = _write_beside(folder, name, data)
    try:
        with passing:
            os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except Overtaken:
        os.unlink(new, dir_fd=folder)
        raise
    os.fsync(folder)


def _write_beside(folder: int, name: str, data: bytes) -> str:
    """Write a file that everybody may read, whatever the umask, to take the old one's place;
    its name."""
    if len(data) > MAX_BYTES:
        raise OSError(0, f"it would be larger than {MAX_BYTES // 2**20} MiB: its log is full")
    new = f"{name}-new"
    with suppress(FileNotFoundError):  # a writer was killed
        os.unlink(new, dir_fd=folder)
    file = os.open(new, _NEW | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
        os.fchmod(file, 0o644)
        os.fsync(file)
    except BaseException:  # what is half written takes up room, where that may be what is missing
        os.unlink(new, dir_fd=folder)
        raise
    finally:
        os.close(file)
    return new


class _Lock:
    """What keeps two writers of a store from each other; nobody else can even open it."""

    def __init__(self, path: str, write: bool, wait: float, mode: int) -> None:
        self._path = f"{path}-lock"
        self._name = os.path.basename(self._path)
        self._write = write
        self._wait = wait
        self._mode = mode

    @contextmanager
    def hold(self, folder: int) -> Iterator[None]:
        file = self._take(folder) if self._write else None
        try:
            yield
        finally:
            if file is not None:
                os.close(file)

    def _take(self, folder: int) -> int:
        started = time.monotonic()
        while True:
            file = os.open(self._name, _NEW, 0o600, dir_fd=folder)
            try:
                if self._is_ours(file, folder):
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)
            if time.monotonic() - started > self._wait:
                raise locked(
                    self._path.removesuffix("-lock"), self._path, time.monotonic() - started
                )
            time.sleep(_PAUSE)

    def _is_ours(self, file: int, folder: int) -> bool:
        """Whether the lock could be had, and is still the one that others would find."""
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, f"{self._name} is not a regular file")
        if status.st_nlink > 1:  # by a hard link it would be another file's mode that changes
            raise OSError(0, f"{self._name} has {status.st_nlink} names (hard links)")
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != self._mode:
            os.fchmod(file, self._mode)  # a group's is for all of it, whatever the umask
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            named = os.stat(self._name, dir_fd=folder, follow_symlinks=False)
        except (BlockingIOError, FileNotFoundError):
            return False
        return named.st_ino == status.st_ino
