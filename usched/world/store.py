"""The registry's store: one SQLite file, rollback journal, synchronous FULL.

A store opened for writing holds the write lock from its first statement to the commit, so that
who waits validates against what the other one wrote. It keeps statements as written, in their
canonical text, and every revision with what it changed; nothing is ever taken out of the log.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from usched.meaning.registry import Placed, Registry
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_line
from usched.words.problems import Line, Misused
from usched.words.statement import Declare, parent_of
from usched.world.registry_file import begin, damaged, explain


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
                raise damaged(self._path, f"{text[:60]!r} is no declaration") from error
            if isinstance(statement, Declare) and statement.name == name:
                return Placed(statement, place)
        raise damaged(self._path, f"{str(text)[:60]!r} does not declare {str(name)[:60]!r}")

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
                raise damaged(self._path, f"revision {each.number} is no text")
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
            raise damaged(self._path, "the topology is no text")
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
        connection = begin(path, write, wait)
        try:
            yield Store(connection, path)
            connection.execute("COMMIT" if write else "ROLLBACK")
        finally:
            connection.close()  # without a commit, SQLite rolls back
    except sqlite3.Error as error:
        raise explain(error, path, time.monotonic() - started) from error
    except UnicodeDecodeError as error:  # sqlite3 cannot decode its own message
        raise damaged(path, "its schema cannot be read") from error
