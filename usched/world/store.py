"""The registry's store: one SQLite file, rollback journal, synchronous FULL.

A store opened for writing holds the write lock from its first statement to the commit, so that
who waits validates against what the other one wrote. It keeps statements as written, in their
canonical text, and every revision with what it changed; nothing is ever taken out of the log.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from usched.meaning.registry import Placed, Registry
from usched.text.canonical import format_statement
from usched.text.grammar import parse_line
from usched.words.problems import EnvironmentFailed, Line, Misused, Problem, UschedError
from usched.words.statement import Declare, parent_of

SCHEMA_VERSION = 1
APPLICATION_ID = 0x75736368  # "usch"

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
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class Author(NamedTuple):
    """Who makes a change: the real uid, and the name that the log shows."""

    uid: int
    user: str


class Revision(NamedTuple):
    """One numbered change. time: UTC, ISO 8601. text: the canonical statement, or what was done."""

    number: int
    time: str
    uid: int
    user: str
    text: str


class Edit(NamedTuple):
    """What a revision does to one scheduler; None where it is absent."""

    name: str
    before: Placed | None
    after: Placed | None


class Entry(NamedTuple):
    """A revision to be written. topology: the record now declared, "" for none any more."""

    number: int
    text: str
    edits: tuple[Edit, ...]
    topology: str | None = None


class Store:
    """An open registry; a `Source` of declarations. Made by `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db = connection
        self._path = path

    # -- the declarations -----------------------------------------------------

    def find(self, name: str) -> Placed | None:
        rows = self._placed("WHERE name = ?", name)
        return rows[0] if rows else None

    def children(self, name: str) -> Sequence[Placed]:
        return self._placed("WHERE parent = ? ORDER BY place", name)

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        return self._placed("WHERE parent = ? AND exclusive ORDER BY place", name)

    def names(self) -> Iterable[str]:
        return [name for (name,) in self._db.execute("SELECT name FROM scheduler ORDER BY place")]

    def registry(self) -> Registry:
        """All of it, as it is now."""
        return Registry(self._placed(""))

    def _placed(self, where: str, *values: object) -> list[Placed]:
        rows = self._db.execute(f"SELECT name, place, statement FROM scheduler {where}", values)
        return [self._read_placed(*row) for row in rows]

    def _read_placed(self, name: object, place: object, text: object) -> Placed:
        """A declaration from a row, which may hold anything where the file is damaged."""
        if isinstance(place, int) and isinstance(text, str):
            try:
                statement = parse_line(Line("registry", place, text))
            except Misused as error:
                raise _damaged(self._path, f"{text[:60]!r} is no declaration") from error
            if isinstance(statement, Declare) and statement.name == name:
                return Placed(statement, place)
        raise _damaged(self._path, f"{str(text)[:60]!r} does not declare {str(name)[:60]!r}")

    # -- the log --------------------------------------------------------------

    def last_revision(self) -> int:
        """The number of the newest revision; 0 for a registry that was never changed."""
        number = self._db.execute("SELECT max(number) FROM revision").fetchone()[0]
        return number or 0

    def revisions(self, name: str | None = None, limit: int | None = None) -> list[Revision]:
        """The log, newest first; with a name, what changed that scheduler."""
        where = "WHERE number IN (SELECT revision FROM change WHERE name = :name)" if name else ""
        rows = self._db.execute(
            f"SELECT number, time, uid, user, text FROM revision {where} "
            "ORDER BY number DESC LIMIT :limit",
            {"name": name, "limit": -1 if limit is None else limit},
        )
        found = [Revision(*row) for row in rows]
        for each in found:
            if not all(isinstance(text, str) for text in (each.time, each.user, each.text)):
                raise _damaged(self._path, f"revision {each.number} is no text")
        return found

    def registry_at(self, number: int) -> Registry:
        """The registry as it was after that revision: later changes taken back, newest first."""
        entries = {entry.name: entry for entry in self.registry()}
        rows = self._db.execute(
            "SELECT name, before, before_place FROM change WHERE revision > ? "
            "ORDER BY revision DESC",
            (number,),
        )
        for name, before, place in rows:
            if before is None:
                entries.pop(name, None)
            else:
                entries[name] = self._read_placed(name, place, before)
        return Registry(entries.values())

    def topology_record(self, number: int | None = None) -> str | None:
        """The declared topology as recorded, now or after a revision; None for none."""
        row = self._db.execute(
            "SELECT record FROM topology WHERE revision <= ? ORDER BY revision DESC LIMIT 1",
            (self.last_revision() if number is None else number,),
        ).fetchone()
        if row is not None and not isinstance(row[0], (str, type(None))):
            raise _damaged(self._path, "the topology is no text")
        return row[0] if row else None

    # -- writing --------------------------------------------------------------

    def record(self, entries: Iterable[Entry], author: Author) -> None:
        """Write revisions with all that they change; nothing is there before the commit."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        revisions, changes, topologies = [], [], []
        kept: dict[str, tuple[Placed | None, str | None]] = {}
        for entry in entries:
            revisions.append((entry.number, now, author.uid, author.user, entry.text))
            if entry.topology is not None:
                topologies.append((entry.number, entry.topology or None))
            for edit in entry.edits:
                before, after = _write_placed(edit.before), _write_placed(edit.after)
                changes.append((entry.number, edit.name, *before, *after))
                kept[edit.name] = (edit.after, after[0])
        write = self._db.executemany
        write("INSERT INTO revision VALUES (?, ?, ?, ?, ?)", revisions)
        write("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)", changes)
        write("INSERT INTO topology VALUES (?, ?)", topologies)
        gone = [(name,) for name, (placed, _) in kept.items() if placed is None]
        write("DELETE FROM scheduler WHERE name = ?", gone)
        rows = [
            (name, parent_of(name), placed.place, placed.declare.exclusive, text)
            for name, (placed, text) in kept.items()
            if placed is not None
        ]
        write("INSERT OR REPLACE INTO scheduler VALUES (?, ?, ?, ?, ?)", rows)


def _write_placed(placed: Placed | None) -> tuple[str | None, int | None]:
    return (format_statement(placed.declare), placed.place) if placed else (None, None)


# -- opening ------------------------------------------------------------------


@contextmanager
def open_store(path: str, write: bool, wait: float = 10.0) -> Iterator[Store]:
    """Open the registry for one transaction; committed when the block ends without an error.

    A registry that does not exist, or is empty, reads as one without schedulers, and is made by
    the first write. wait: seconds to wait for another writer. Raises EnvironmentFailed, saying
    what to do, when it is no registry, cannot be opened, is newer than this program, or stays
    locked.
    """
    started = time.monotonic()
    try:
        connection = _begin(path, write, wait)
        try:
            yield Store(connection, path)
            connection.execute("COMMIT" if write else "ROLLBACK")
        finally:
            connection.close()  # without a commit, SQLite rolls back
    except sqlite3.Error as error:
        raise _explain(error, path, time.monotonic() - started) from error
    except UnicodeDecodeError as error:  # sqlite3 cannot decode its own message
        raise _damaged(path, "its schema cannot be read") from error


def _begin(path: str, write: bool, wait: float) -> sqlite3.Connection:
    """A connection in a transaction, on a file that has proved to be a registry."""
    if is_new(path) and not write:
        return _open_empty()
    connection = _connect(path, write, wait)
    try:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        blank = _is_blank(connection, path)
        if blank and not write:
            connection.close()
            return _open_empty()
        if blank:
            _make_schema(connection)
        else:
            _check_length(connection, path)
        if write and connection.execute("PRAGMA journal_mode").fetchone()[0] != "delete":
            connection.execute("ROLLBACK")  # somebody set another one, which only
            connection.execute("PRAGMA journal_mode = DELETE")  # changes between transactions
            connection.execute("BEGIN IMMEDIATE")
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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentFailed(f"registry {path} cannot be read: {reason}") from error
    if header != b"SQLite format 3\0":
        raise EnvironmentFailed(f"{path} is not a registry: not a SQLite file")
    return False


def _open_empty() -> sqlite3.Connection:
    """A registry without schedulers, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    _make_schema(connection)
    return connection


def check_folder(path: str) -> None:
    """Refuse a registry in a folder that is not there."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise EnvironmentFailed(f"registry {path} cannot be opened: {folder} is not there")


def _connect(path: str, write: bool, wait: float) -> sqlite3.Connection:
    # a reader that may write can also roll back what a killed writer left
    mode = "rwc" if write else "rw" if os.access(path, os.W_OK) else "ro"
    uri = f"file:{_quote(os.path.abspath(path))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


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


def _make_schema(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):  # executescript would commit
        connection.execute(statement)


def _check_length(connection: sqlite3.Connection, path: str) -> None:
    """Whether the file is as long as its header says: a lock is held, nobody is writing.

    SQLite itself takes the file's length for granted and fails on the first page it misses.
    """
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    expected = pages * connection.execute("PRAGMA page_size").fetchone()[0]
    size = os.stat(path).st_size
    if size < expected:
        what = f"registry {path} is truncated: {size} of {expected} bytes are there"
        raise EnvironmentFailed(Problem(what, None, "put it back from a copy", "truncated"))


def _damaged(path: str, how: str) -> EnvironmentFailed:
    what = f"registry {path} is damaged: {how}"
    return EnvironmentFailed(Problem(what, None, "put it back from a copy", "damaged"))


def _explain(error: sqlite3.Error, path: str, waited: float) -> UschedError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        from usched.world.lock_holders import find_holders

        holders = find_holders(path)
        held = "held by " + ", ".join(holders) if holders else "nobody found in /proc/locks now"
        what = f"registry {path} is locked: waited {waited:.1f} s"
        return EnvironmentFailed(Problem(what, None, f"{held}\ntry again, or --wait longer"))
    if code == sqlite3.SQLITE_READONLY:
        return EnvironmentFailed(f"registry {path} is read-only")
    if code == sqlite3.SQLITE_CANTOPEN:
        check_folder(path)
        folder = os.path.dirname(os.path.abspath(path))
        return EnvironmentFailed(f"registry {path} cannot be opened: {folder} does not let it")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    return EnvironmentFailed(f"registry {path}: {error}")
