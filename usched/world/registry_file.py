"""The registry's file: what must be true of it before a transaction may begin.

SQLite takes nearly every file for a database that it has not looked at yet, and makes one where
there is none. What is no registry is found out here and told apart: another program's database,
a newer one's, a folder, a pipe, a file that was cut short, one that is locked, read-only, damaged.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time

from usched.words.phrases import as_typed
from usched.words.problems import EnvironmentFailed, Problem, UschedError
from usched.world.strangers import forbid, may_be_tampered_with, require_trusted

SCHEMA_VERSION = 1
APPLICATION_ID = 0x75736368  # "usch"

#: Tables that versions before 0.2.0 made registries without. moved: schedulers whose real cpus a
#: revision changed, in the kernel's list format. granted: what is in whose hands; granting: how
#: revisions changed that.
_LATER = (
    """CREATE TABLE IF NOT EXISTS moved (
    revision INTEGER NOT NULL, name TEXT NOT NULL, had TEXT NOT NULL, has TEXT NOT NULL,
    PRIMARY KEY (revision, name)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS granted (
    name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS granting (
    revision INTEGER NOT NULL, name TEXT NOT NULL, before TEXT, after TEXT,
    PRIMARY KEY (revision, name)) WITHOUT ROWID""",
)

_SCHEMA = f"""
CREATE TABLE scheduler (
    name TEXT PRIMARY KEY, parent TEXT NOT NULL, place INTEGER NOT NULL,
    exclusive INTEGER NOT NULL, statement TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX scheduler_children ON scheduler (parent, place);
CREATE INDEX scheduler_exclusive ON scheduler (parent, place) WHERE exclusive;
CREATE TABLE revision (
    number INTEGER PRIMARY KEY, time TEXT NOT NULL, uid INTEGER NOT NULL, user TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE TABLE change (
    revision INTEGER NOT NULL, name TEXT NOT NULL, before TEXT, before_place INTEGER,
    after TEXT, after_place INTEGER, PRIMARY KEY (revision, name)) WITHOUT ROWID;
CREATE INDEX change_name ON change (name);
CREATE TABLE topology (revision INTEGER PRIMARY KEY, record TEXT);
{";".join(_LATER)};
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


def begin(path: str, write: bool, wait: float) -> sqlite3.Connection:
    """A connection in a transaction, on a file that has proved to be a registry."""
    if is_new(path) and not write:
        return _open_empty()
    if write:
        require_trusted(path)
    elif may_be_tampered_with(path):
        from usched.world.foreign import open_strangers

        return open_strangers(path, wait)
    elif _is_cut_short(path):
        return _open_copy(path, wait)
    connection = _connect(path, write, wait)
    try:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        blank = _is_blank(connection, path)
    except sqlite3.OperationalError:
        connection.close()
        if write or not _is_cut_short(path):
            raise  # else its writer was killed since
        return _open_copy(path, wait)
    except BaseException:
        connection.close()
        raise
    return _prepare(connection, path, write, blank)


def _prepare(
    connection: sqlite3.Connection, path: str, write: bool, blank: bool
) -> sqlite3.Connection:
    """A transaction has begun: what must still be true, or made so."""
    try:
        if write and connection.execute("PRAGMA journal_mode").fetchone()[0] != "delete":
            connection.execute("ROLLBACK")  # somebody set another one, which only
            connection.execute("PRAGMA journal_mode = DELETE")  # changes between transactions
            connection.execute("BEGIN IMMEDIATE")
            blank = _is_blank(connection, path)  # others had their turn in between
        if blank and not write:
            connection.close()
            return _open_empty()
        if blank:
            make_schema(connection)
        else:
            _check_length(connection, path, os.stat(path).st_size)
            if write:
                for table in _LATER:
                    connection.execute(table)
    except BaseException:
        connection.close()
        raise
    return connection


def is_new(path: str) -> bool:
    """Whether there is no registry yet: no file, or an empty one. Refuses what is no file.

    Nothing may open the file for itself while a connection has it: closing any descriptor of a
    file gives up all POSIX locks that the process holds on it (fcntl(2), sqlite.org/howtocorrupt).
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            remedy = f"name a file, such as {os.path.join(path, 'registry.db')}"
            raise EnvironmentFailed(Problem(f"registry {path} is a directory", None, remedy))
        if not stat.S_ISREG(status.st_mode):
            raise EnvironmentFailed(f"registry {path} is not a regular file")
        if status.st_size == 0:
            return True
        with open(path, "rb") as file:
            header = file.read(16)
    except FileNotFoundError:
        return True
    except PermissionError as error:
        check_folder(path)
        remedy = f"{_find_owner(path)} lets others read it by: chmod a+r {as_typed(path)}"
        raise forbid(f"registry {path} may not be read", remedy) from error
    except NotADirectoryError as error:
        check_folder(path)
        raise EnvironmentFailed(f"registry {path} cannot be read: {error.strerror}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentFailed(f"registry {path} cannot be read: {reason}") from error
    if header != b"SQLite format 3\0":
        raise EnvironmentFailed(f"{path} is not a registry: not a SQLite file")
    return False


def _find_owner(path: str) -> str:
    from usched.world.accounts import find_user_name  # only where something is wrong

    return find_user_name(os.stat(path).st_uid)


def _open_empty() -> sqlite3.Connection:
    """A registry without schedulers, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    make_schema(connection)
    return connection


def _is_cut_short(path: str) -> bool:
    """Whether a change has begun, and maybe never ends, that this user could not take back."""
    real = os.path.realpath(path)
    may_write = os.access(real, os.W_OK) and os.access(os.path.dirname(real), os.W_OK)
    return not may_write and _has_journal(real)


def _open_copy(path: str, wait: float) -> sqlite3.Connection:
    """The registry as it was before the change that has begun, in memory. wait: seconds that others
    may go on changing it."""
    from usched.world.snapshot import PATIENCE, NoSnapshot, open_folder, take_snapshot

    folder, name = os.path.split(os.path.realpath(path))
    try:
        with open_folder(folder) as descriptor:
            until = time.monotonic() + max(wait, PATIENCE)
            data = take_snapshot(descriptor, name, sys.maxsize, lambda _: "", until)
    except NoSnapshot as trouble:
        raise EnvironmentFailed(f"registry {path} cannot be read: {trouble}") from trouble
    if not data:
        return _open_empty()
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(data)
        settle(connection)
        connection.execute("BEGIN")
        if not _is_blank(connection, path):
            _check_length(connection, path, len(data))
    except BaseException:
        connection.close()
        raise
    return connection


def check_folder(path: str) -> None:
    """Refuse a registry in a folder that is not there, that is none, or that may not be entered;
    of a link, the folder where it leads."""
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    try:
        status = os.stat(folder)
        if not stat.S_ISDIR(status.st_mode):
            wrong = "is not a folder"
        else:
            wrong = "" if os.access(folder, os.X_OK) else "may not be entered"
    except FileNotFoundError:
        wrong = "is not there"
    except PermissionError:
        wrong = "may not be entered"
    except (OSError, ValueError) as error:
        wrong = f"cannot be entered: {getattr(error, 'strerror', None) or error}"
    if wrong:
        led = f"it is a link to {real}, and " if os.path.islink(path) else ""
        what = f"registry {path} cannot be opened: {led}{folder} {wrong}"
        raise forbid(what) if wrong == "may not be entered" else EnvironmentFailed(what)


def _connect(path: str, write: bool, wait: float) -> sqlite3.Connection:
    # a reader that may write can also roll back what a killed writer left
    mode = "rwc" if write else "rw" if os.access(path, os.W_OK) else "ro"
    uri = f"file:{_quote(os.path.abspath(path))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    settle(connection)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def settle(connection: sqlite3.Connection) -> None:
    """What holds wherever a registry is read from."""
    # text that is no UTF-8 costs the row that it stands in, and not the whole answer
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA trusted_schema = OFF")


def _quote(path: str) -> str:
    """A path inside a URI (sqlite.org/uri.html); urllib's would cost every command its import."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _is_blank(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the database is empty. Refuses one that is another program's, or a newer one's."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not (tables or version or application):
        return True
    if application != APPLICATION_ID:
        raise EnvironmentFailed(f"{path} is a SQLite database, but no usched registry")
    if version > SCHEMA_VERSION:
        schemas = f"schema {version}, this one: {SCHEMA_VERSION}"
        what = f"{path} was written by a newer usched ({schemas})"
        remedy = (
            "use that version; `usched export` there and `usched batch` here moves the statements"
        )
        raise EnvironmentFailed(Problem(what, None, remedy, "version"))
    return False


def make_schema(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):  # executescript would commit
        connection.execute(statement)


def _check_length(connection: sqlite3.Connection, path: str, size: int) -> None:
    """Whether the file is as long as its header says: a lock is held, nobody is writing.

    SQLite itself takes the file's length for granted and fails on the first page it misses.
    """
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    expected = pages * connection.execute("PRAGMA page_size").fetchone()[0]
    if size < expected:
        what = f"registry {path} is truncated: {size} of {expected} bytes are there"
        raise EnvironmentFailed(Problem(what, None, "put it back from a copy", "truncated"))


def may_write(path: str) -> bool:
    """Whether the system lets this user write a registry's file, if it is there."""
    real = os.path.realpath(path)
    return os.access(real, os.W_OK) or not os.path.lexists(real)


def require_writable(path: str) -> None:
    """Raises, for a change that is only tried, what it would fail with for want of a right."""
    require_trusted(path)
    if wrong := _find_wrong_rights(path):
        raise wrong


def _find_wrong_rights(path: str) -> UschedError | None:
    """What may not be written: the file, or the folder, which has the journal of a change."""
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    there = os.path.exists(real)
    if there and not os.access(real, os.W_OK):
        what, remedy = f"registry {path} is read-only", ""
        if os.stat(real).st_uid == os.geteuid():
            remedy = f"chmod u+w {as_typed(path)}"
    elif not os.path.isdir(folder) or os.access(folder, os.W_OK | os.X_OK):
        return None
    elif there:
        what = f"registry {path} cannot be changed: it may be written, but not its folder {folder}"
        remedy = "a change needs a journal beside the file"
    else:
        what, remedy = f"registry {path} cannot be made: {folder} may not be written", ""
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return EnvironmentFailed(Problem(what, None, "its file system is read-only"))
    return forbid(what, remedy)


def _has_journal(real: str) -> bool:
    return os.path.exists(f"{real}-journal")


def damaged(path: str, how: str) -> EnvironmentFailed:
    what = f"registry {path} is damaged: {how}"
    return EnvironmentFailed(Problem(what, None, "put it back from a copy", "damaged"))


def locked(path: str, lock: str, waited: float) -> EnvironmentFailed:
    """lock: the file that the lock is on."""
    from usched.world.lock_holders import find_holders

    holders = find_holders(lock)
    held = "held by " + ", ".join(holders) if holders else "nobody found in /proc/locks now"
    what = f"registry {path} is locked: waited {waited:.1f} s"
    return EnvironmentFailed(Problem(what, None, f"{held}\ntry again, or --wait longer"))


def explain(error: sqlite3.Error, path: str, waited: float) -> UschedError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return locked(path, path, waited)
    # that a journal cannot be taken away, where a change was cut short, is an I/O error
    unremoved = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_DELETE
    if unremoved or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        check_folder(path)
        wrong = _find_wrong_rights(path)
        return wrong or EnvironmentFailed(f"registry {path} cannot be opened: {error}")
    if code == sqlite3.SQLITE_INTERRUPT:
        return EnvironmentFailed(f"registry {path} cannot be read: it takes too long")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    return EnvironmentFailed(f"registry {path}: {error}")
