"""Somebody else's store, read as data: bounded in size and time, and nothing in it is obeyed.

The file is looked at before it is opened, and its folders are entered without following a link.
Its bytes are copied; the copy is a database in memory, whose schema must be, word for word, the one
that this program makes. So nothing in it is carried out, no lock is waited for, and a change of the
file meanwhile changes nothing that is read. What its rows say is for others to judge.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial

from usched.meaning.grants import Granted
from usched.words.problems import EnvironmentFailed, UschedError
from usched.world.accounts import find_user_name, is_member
from usched.world.part_files import locate_part
from usched.world.registry_file import APPLICATION_ID, SCHEMA_VERSION, make_schema, settle
from usched.world.snapshot import PATIENCE, NoSnapshot, open_folder, take_snapshot
from usched.world.store import Store
from usched.world.strangers import is_trusted

MAX_BYTES = 64 * 1024 * 1024

#: Seconds of the cpu that reading may take, and that there always are; the longest text or key in
#: a store, in bytes.
MAX_SECONDS, LEAST_SECONDS, MAX_TEXT = 0.4, 0.004, 100_000

#: So many seconds it may take to open a store that holds.
_OPENED = 0.005

#: So many bytes are copied in a second even by a slow machine, once to look and once to compare.
_BYTES_PER_SECOND = 500 * 2**20

#: Who writes a part puts another file in its place: what is open stays as it is.
_LOOKS = 2

#: The same for a registry of somebody else's that this user names himself: all of what he sees.
MAX_NAMED_SECONDS, MAX_NAMED_TEXT = 10, 16 * 1024 * 1024

_TOO_LONG = "it takes too long to read"

#: How many virtual machine steps SQLite makes between two looks at the clock.
_STEPS = 2000


class Allowance:
    """How long reading may take.

    Time of the cpu, so that a busy machine takes nothing away from anybody; by the clock only the
    waiting for a moment at which nobody writes.
    """

    def __init__(self, seconds: float = MAX_SECONDS, patience_ends: float | None = None) -> None:
        self._began = time.thread_time()
        self._ends = self._began + seconds
        self.patience_ends = patience_ends or time.monotonic() + PATIENCE

    def is_spent(self) -> bool:
        return time.thread_time() > self._ends

    def spent(self) -> float:
        return time.thread_time() - self._began

    def left(self) -> float:
        return self._ends - time.thread_time()

    def half(self) -> Allowance:
        """Another one, of half of what is left."""
        return Allowance(self.left() / 2, self.patience_ends)


class Waste:
    """How long one command may take to read stores in vain, all of them together: those that do not
    hold, and of the others what they take before a declaration of theirs is read.

    What rows take is not counted, which is bounded by what a part may have. When all is spent there
    is still a little for each, more than a part of a hundred schedulers takes.
    """

    def __init__(self) -> None:
        self._left = MAX_SECONDS
        self._least = MAX_SECONDS
        self._patience_ends = time.monotonic() + PATIENCE

    def expect(self, grants: int) -> None:
        """How many grants of the registry's there are."""
        self._least = max(LEAST_SECONDS, MAX_SECONDS / max(1, grants))

    def allow(self) -> Allowance:
        """For all that comes from one grant of the registry's."""
        return Allowance(max(self._least, self._left), self._patience_ends)

    def note_opened(self, allowance: Allowance) -> None:
        self._left -= max(0, allowance.spent() - _OPENED)

    def note_in_vain(self, allowance: Allowance) -> None:
        self._left -= allowance.spent()


class DoesNotHold(Exception):
    """Why a store is not taken, in words that end a sentence."""


class FolderGone(DoesNotHold):
    """Where a holder's store would be, there is no folder any more."""


@contextmanager
def open_foreign(
    registry: str, chain: Sequence[Granted], allowance: Allowance
) -> Iterator[Store | None]:
    """The store of the last of a chain of grants, which begins in the registry; None where its
    holder never declared anything. Raises DoesNotHold, also for what is found out in the block.
    """
    try:
        data = _read(registry, chain, allowance)
        if not data:
            yield None
            return
        connection = open_bytes(data, allowance)
        try:
            connection.execute("PRAGMA query_only = ON")
            yield Store(connection, registry)
        finally:
            connection.close()
    except NoSnapshot as trouble:
        raise DoesNotHold(str(trouble)) from trouble
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise DoesNotHold(_TOO_LONG) from error
        raise DoesNotHold(f"it is damaged: {error}") from error
    except (ValueError, OverflowError, RecursionError) as error:  # sqlite3's own decoding, too
        raise DoesNotHold("it is damaged: what it holds cannot be read") from error
    except UschedError as error:
        raise DoesNotHold(f"it is damaged: {error}") from error


def open_strangers(path: str, wait: float) -> sqlite3.Connection:
    """A registry that somebody else could have written to, or beside, in a transaction. wait:
    seconds that others may go on changing it. Raises EnvironmentFailed.
    """
    folder, name = os.path.split(os.path.realpath(path))
    most = MAX_BYTES
    allowance: Allowance | None = Allowance(MAX_NAMED_SECONDS)
    whose = ""
    until = time.monotonic() + max(wait, PATIENCE)
    try:
        named = os.stat(os.path.join(folder, name))
        if is_trusted(named.st_uid):  # his own may be as large as he likes
            most, allowance = sys.maxsize, None
        else:
            whose = f", which is {find_user_name(named.st_uid)}'s,"
        with open_folder(folder) as number:
            data = take_snapshot(number, name, most, partial(_check_writer, named), until)
        connection = open_bytes(data or b"", allowance, named=True)
    except (NoSnapshot, DoesNotHold) as trouble:
        raise EnvironmentFailed(f"registry {path}{whose} cannot be read: {trouble}") from trouble
    except OSError as error:
        what = f"registry {path}{whose} cannot be read: {error.strerror}"
        raise EnvironmentFailed(what) from error
    connection.execute("BEGIN")
    return connection


def _check_writer(registry: os.stat_result, status: os.stat_result) -> str:
    """What is wrong with who has the file, or a journal of it: only who may write a registry says
    what is in there."""
    writer = status.st_uid
    shared = registry.st_mode & stat.S_IWOTH or (
        registry.st_mode & stat.S_IWGRP and is_member(writer, registry.st_gid)
    )
    if shared or writer == registry.st_uid or is_trusted(writer):
        return ""
    return f"what stands there now is {find_user_name(writer)}'s"


def _read(registry: str, chain: Sequence[Granted], allowance: Allowance) -> bytes | None:
    base, steps, name = locate_part(registry, chain)
    try:
        with open_folder(base, steps) as folder:
            size = min(MAX_BYTES, _size_of(folder, name)) + _size_of(folder, f"{name}-journal")
            if size > allowance.left() * _BYTES_PER_SECOND:
                raise DoesNotHold(_TOO_LONG)
            until = allowance.patience_ends
            check = partial(check_owner, chain[-1])
            return take_snapshot(folder, name, MAX_BYTES, check, until, attempts=_LOOKS)
    except FileNotFoundError as error:  # a grant makes it
        raise FolderGone("its folder is gone: to revoke and grant it makes a new one") from error
    except OSError as error:
        raise DoesNotHold(f"its folder cannot be entered: {error.strerror}") from error


def store_size(registry: str, chain: Sequence[Granted]) -> int:
    """In bytes, with its journal, whatever these are; 0 where nothing can be reached."""
    base, steps, name = locate_part(registry, chain)
    with suppress(OSError), open_folder(base, steps) as folder:
        return _size_of(folder, name) + _size_of(folder, f"{name}-journal")
    return 0


def _size_of(folder: int, name: str) -> int:
    with suppress(OSError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    return 0


def check_owner(granted: Granted, status: os.stat_result) -> str:
    """What is wrong with who has a store's file, in words; "" for nothing."""
    whose = find_user_name(status.st_uid)
    if granted.is_for_group:
        if not is_member(status.st_uid, granted.number):
            return f"its file is {whose}'s, who is not in {granted.user}"
    elif status.st_uid != granted.number:
        return f"its file is {whose}'s, not {find_user_name(granted.number)}'s"
    if status.st_nlink > 1:  # none is left where another file took its place
        return f"its file has {status.st_nlink} names (hard links)"
    return ""


def open_bytes(
    data: bytes, allowance: Allowance | None = None, named: bool = False
) -> sqlite3.Connection:
    """A store's bytes as a database in memory, none of which is carried out. named: it is a
    registry that somebody named, which may be large, and an older one. Raises DoesNotHold."""
    if data[:16] != b"SQLite format 3\0":
        raise DoesNotHold("it is not a SQLite file")
    if data[18:20] != b"\1\1":  # a write-ahead log is another file, which nobody reads
        raise DoesNotHold("it is not in rollback journal mode")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_NAMED_TEXT if named else MAX_TEXT)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        if allowance is not None:
            connection.set_progress_handler(allowance.is_spent, _STEPS)
        connection.deserialize(data)
        settle(connection)
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        expected = pages * connection.execute("PRAGMA page_size").fetchone()[0]
        if len(data) < expected:
            raise DoesNotHold(f"it is truncated: {len(data)} of {expected} bytes are there")
        _check_schema(connection, named)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_schema(connection: sqlite3.Connection, may_be_older: bool) -> None:
    """Whether there is nothing but the tables and indexes of a registry, of which an older one has
    fewer: no view, no trigger."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise DoesNotHold("it is no usched registry")
    if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
        raise DoesNotHold("another version of usched wrote it")
    seen, known = _list_schema(connection), _list_own_schema()
    if seen != known and not (may_be_older and set(seen) < set(known)):
        raise DoesNotHold("its schema is not a registry's")


@cache
def _list_own_schema() -> list[str]:
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        make_schema(model)
        return _list_schema(model)
    finally:
        model.close()


def _list_schema(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT 100")
    return sorted(map(repr, rows))
