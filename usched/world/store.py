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
from typing import TYPE_CHECKING

from usched.meaning.history import Author, Draft, GrantEdit, Revision
from usched.meaning.reach import Moved
from usched.meaning.registry import Damaged, Placed, Registry
from usched.text.language.canonical import format_statement
from usched.text.language.stored import read_stored_cpus
from usched.words.cpuset import format_cpu_list
from usched.words.machine import Topology
from usched.words.problems import Problem
from usched.words.statement import Cpus, parent_of
from usched.world.registry_file import begin, damaged, explain
from usched.world.rows import (
    Leeway,
    as_printed,
    gather,
    is_moment,
    is_text,
    read_declaration,
    read_granted,
    read_moved,
    read_scheduler,
    read_topology,
    write_granted,
    write_topology,
)

if TYPE_CHECKING:
    from usched.meaning.grants import Granted

#: What stands above was never written by this program.
MAX_REVISION = 10**15


def _is_changed(column: str) -> str:
    """The SQL for one side of a change: absent, or a declaration of that name and its place."""
    return (
        f"({column} IS NULL AND {column}_place IS NULL OR typeof({column}) = 'text' "
        f"AND substr({column}, 1, length(name) + 4) = name || ' on ' "
        f"AND typeof({column}_place) = 'integer')"
    )


_DAMAGED_CHANGES = (
    "SELECT revision, name FROM change WHERE typeof(revision) != 'integer' "
    "OR typeof(name) != 'text' OR revision NOT IN (SELECT number FROM revision) "
    f"OR NOT {_is_changed('before')} OR NOT {_is_changed('after')} ORDER BY revision, name"
)


class Store:
    """An open registry; a `Source` of declarations. Made by `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db = connection
        self._path = path
        self.met: dict[Damaged, None] = {}  # what of the declarations asked for is damaged
        self._empty: bool | None = None  # whether there is no scheduler; None: not looked yet

    # -- the declarations -----------------------------------------------------

    def stored(self, name: str) -> Placed | Damaged | None:
        rows = self._rows("WHERE name = ?", name)
        return rows[0] if rows else None

    def children(self, name: str) -> Sequence[Placed]:
        rows = self._rows("WHERE parent = ? ORDER BY place, name", name)
        return [row for row in rows if isinstance(row, Placed)]

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        rows = self._rows("WHERE parent = ? AND exclusive ORDER BY place, name", name)
        return [row for row in rows if isinstance(row, Placed)]

    def terms_of_others(self, name: str) -> Iterator[tuple[str, Cpus]]:
        behind = "substr(statement, length(name) + 5)"  # NAME on
        terms = f"substr({behind}, 1, instr({behind}, ' lwktpri ') - 1)"
        where = "WHERE parent = ? AND NOT exclusive"
        rows = self._db.execute(f"SELECT name, {terms} FROM scheduler {where}", (name,))
        for child, text in rows:
            cpus = read_stored_cpus(text) if is_text(child) and is_text(text) else None
            if cpus is not None:
                yield child, cpus
            elif isinstance(entry := is_text(child) and self.stored(child), Placed):
                yield child, entry.declare.cpus

    def child_names(self, name: str) -> Sequence[str]:
        # a damaged row may say that it stands in itself
        return [each for each in self._names("WHERE parent = ?", name) if parent_of(each) == name]

    def names(self) -> Sequence[str]:
        return self._names("")

    def _names(self, where: str, *values: object) -> list[str]:
        rows = self._db.execute(f"SELECT name FROM scheduler {where} ORDER BY place, name", values)
        return [name for (name,) in rows if is_text(name)]

    def damage(self) -> Sequence[Damaged]:
        return self.registry().damage()

    def registry(self) -> Registry:
        """All of it, as it is now."""
        return gather(self._rows(""))

    def first_rows(self, limit: int) -> Registry:
        """So many declarations, if there are as many, of a store that somebody else could write."""
        return gather(self._rows("LIMIT ?", limit, leeway=Leeway()))

    def count_text(self, limit: int) -> int:
        """How many characters one of the columns has in so many rows, the most of them."""
        columns = ("name", "parent", "place", "exclusive", "statement")
        lengths = ", ".join(f"total(length({column}))" for column in columns)
        some = f"SELECT {', '.join(columns)} FROM scheduler LIMIT ?"
        return int(max(self._db.execute(f"SELECT {lengths} FROM ({some})", (limit,)).fetchone()))

    def _rows(
        self, where: str, *values: object, leeway: Leeway | None = None
    ) -> list[Placed | Damaged]:
        if self._empty is None:
            self._empty = self._db.execute("SELECT 1 FROM scheduler LIMIT 1").fetchone() is None
        if self._empty:  # a registry restored by a batch is asked of each name, and has none
            return []
        columns = "name, parent, place, exclusive, statement"
        rows = self._db.execute(f"SELECT {columns} FROM scheduler {where}", values)
        found = [read_scheduler(*row, leeway=leeway) for row in rows]
        self.met.update((row, None) for row in found if isinstance(row, Damaged))
        return found

    # -- what is granted ------------------------------------------------------

    def has_grants(self) -> bool:
        if not self._has_table("granted"):
            return False
        return self._db.execute("SELECT 1 FROM granted LIMIT 1").fetchone() is not None

    def grants(self, limit: int | None = None) -> tuple[list[Granted], list[str]]:
        """What is granted, by name; and the names under which that cannot be read."""
        if not self._has_table("granted"):
            return [], []
        rows = "SELECT name, record FROM granted ORDER BY name LIMIT ?"
        return _read_grants(self._db.execute(rows, (-1 if limit is None else limit,)))

    def grants_at(self, number: int) -> tuple[list[Granted], list[str]]:
        """The same, as it was after that revision."""
        if not self._has_table("granting"):
            return [], []
        rows = self._db.execute(
            "SELECT name, after, max(revision) FROM granting WHERE revision <= ? "
            "GROUP BY name ORDER BY name",
            (number,),
        )
        return _read_grants((name, after) for name, after, _ in rows if after is not None)

    def former_grants(self, limit: int | None = None) -> list[tuple[Granted, str]]:
        """What was granted once and is not any more, each with when that ended, the latest first.
        limit: so many changes of grants are looked at."""
        if not self._has_table("granting"):
            return []
        known = {(each.name, each.user, each.number) for each in self.grants(limit)[0]}
        rows = self._db.execute(
            "SELECT name, before, time FROM granting JOIN revision ON number = revision "
            "WHERE before IS NOT NULL ORDER BY revision DESC LIMIT ?",
            (-1 if limit is None else limit,),
        )
        found = []
        for name, record, ended in rows:
            granted = read_granted(name, record)
            if granted is None or not is_moment(ended):
                continue
            whose = (granted.name, granted.user, granted.number)
            if whose not in known:
                known.add(whose)
                found.append((granted, ended))
        return found

    # -- the log --------------------------------------------------------------

    def last_revision(self) -> int:
        """The number of the newest revision; 0 for a registry that was never changed."""
        columns = {"revision": "number", "change": "revision", "topology": "revision"}
        return max(self._newest(table, column) for table, column in columns.items())

    def _newest(self, table: str, column: str) -> int:
        """The highest number in the log that is one."""
        row = self._db.execute(
            f"SELECT {column} FROM {table} WHERE {column} <= {MAX_REVISION} "
            f"ORDER BY {column} DESC LIMIT 1"
        ).fetchone()
        return row[0] if row and isinstance(row[0], int) and row[0] > 0 else 0

    def revisions(
        self,
        name: str | None = None,
        limit: int | None = None,
        moved: bool = True,
        longest: int | None = None,
    ) -> tuple[list[Revision], list[str]]:
        """The log, newest first; with a name, what changed that scheduler or its real cpus, and
        what of it was granted. And what of it is damaged, in sentences. moved: with whom it moved.
        longest: so much of each text is enough.
        """
        knows_moved = self._has_table("moved")
        touched = "SELECT revision FROM change WHERE name = :name"
        if knows_moved:
            touched += " UNION SELECT revision FROM moved WHERE name = :name"
        if self._has_table("granting"):
            touched += " UNION SELECT revision FROM granting WHERE name = :name"
        where = f"WHERE number IN ({touched})" if name else ""
        columns = "number, time, uid, user, text"
        if longest is not None:
            cut = {each: f"substr({each}, 1, {longest})" for each in ("time", "user", "text")}
            cut["uid"] = "CASE typeof(uid) WHEN 'integer' THEN uid END"
            columns = ", ".join(cut.get(each, each) for each in columns.split(", "))
        rows = self._db.execute(
            f"SELECT {columns} FROM revision {where} ORDER BY number DESC LIMIT :limit",
            {"name": name, "limit": -1 if limit is None else limit},
        )
        found, damaged = [], []
        for row in rows:
            each = Revision(*row)
            numbers = 0 < each.number <= MAX_REVISION and isinstance(each.uid, int)
            if numbers and is_moment(each.time) and is_text(each.user) and is_text(each.text):
                user, text = as_printed(each.user), as_printed(each.text)
                second = f"{each.time[:19]}Z"
                found.append(each._replace(time=second, user=user, text=text, moment=each.time))
            else:
                damaged.append(f"revision {each.number} is damaged in the log")
        if knows_moved and found and moved:
            who = self._moved_since(found[-1].number, damaged)
            found = [each._replace(moved=tuple(who.get(each.number, ()))) for each in found]
        return found, damaged

    def _has_table(self, name: str) -> bool:
        found = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,))
        return found.fetchone() is not None

    def _moved_since(self, first: int, damaged: list[str]) -> dict[int, list[Moved]]:
        """What moved, by revision, from the first on."""
        found: dict[int, list[Moved]] = {}
        rows = self._db.execute(
            "SELECT revision, name, had, has FROM moved WHERE revision >= ? "
            "ORDER BY revision, name",
            (first,),
        )
        for number, name, had, has in rows:
            moved = read_moved(name, had, has)
            if moved is None:
                damaged.append(f"what moved at revision {number} is damaged in the log")
            else:
                found.setdefault(number, []).append(moved)
        return found

    def find_log_damage(self) -> list[Problem]:
        """What of the log cannot be read, and why that matters."""
        problems = [Problem(what, rule="log") for what in self.revisions()[1]]
        for number, name in self._db.execute(_DAMAGED_CHANGES):
            whose = name if is_text(name) else ""
            what = f"what revision {number} did to {whose or 'a scheduler'} is damaged in the log"
            problems.append(Problem(what, rule="log", name=whose))
        return problems + self._find_grant_damage()

    def _find_grant_damage(self) -> list[Problem]:
        """What of the log of grants cannot be read."""
        problems = []
        if self._has_table("granting"):
            rows = self._db.execute(
                "SELECT revision, name, before, after, revision IN (SELECT number FROM revision) "
                "FROM granting ORDER BY revision, name"
            )
            for number, name, before, after, is_known in rows:
                sides = [each for each in (before, after) if each is not None]
                if is_known and sides and all(read_granted(name, each) for each in sides):
                    continue
                whose = name if is_text(name) else ""
                what = f"what revision {number} granted of {whose or 'a scheduler'} is damaged"
                problems.append(Problem(f"{what} in the log", rule="log", name=whose))
        return problems

    def registry_at(self, number: int) -> Registry:
        """The registry as it was after that revision.

        The log has it twice: as what the last change before left, and as what the next one found.
        """
        rows = self._db.execute(
            "SELECT name, after, after_place, max(revision) FROM change WHERE revision <= ? "
            "GROUP BY name",
            (number,),
        )
        found: list[Placed | Damaged] = []
        for name, after, position, _ in rows.fetchall():
            if after is not None or position is not None:
                then = read_declaration(name, position, after)
                if isinstance(then, Damaged):
                    then = self._next_before(name, number) or then
                found.append(then)
        return gather(found)

    def _next_before(self, name: object, number: int) -> Placed | Damaged | None:
        """What the first change of a scheduler after a revision found."""
        row = self._db.execute(
            "SELECT before, before_place FROM change WHERE name = ? AND revision > ? "
            "ORDER BY revision LIMIT 1",
            (name, number),
        ).fetchone()
        if row is not None:
            return read_declaration(name, row[1], row[0])
        return self.stored(name) if is_text(name) else None

    def topology(self, number: int | None = None) -> Topology | None:
        """The declared topology, now or after a revision; None for none."""
        row = self._db.execute(
            "SELECT record FROM topology WHERE revision <= ? ORDER BY revision DESC LIMIT 1",
            (self.last_revision() if number is None else number,),
        ).fetchone()
        if row is not None and not isinstance(row[0], (str, type(None))):
            raise damaged(self._path, "the topology is no text")
        if row is None or row[0] is None:
            return None
        topology = read_topology(row[0])
        if topology is None:
            raise damaged(self._path, f"its topology cannot be read: {row[0][:60]!r}")
        return topology

    # -- writing --------------------------------------------------------------

    def write_revisions(self, drafts: Iterable[Draft], author: Author) -> None:
        """Write revisions with all that they change; nothing is there before the commit."""
        self._empty = None
        seconds, rest = divmod(time.time_ns(), 10**9)
        # more exact than it is told, for logs that are merged
        now = time.strftime(f"%Y-%m-%dT%H:%M:%S.{rest // 1000:06d}Z", time.gmtime(seconds))
        revisions, changes, topologies, moved, granting = [], [], [], [], []
        kept: dict[str, tuple[Placed | None, str | None]] = {}
        for draft in drafts:
            revisions.append((draft.number, now, author.uid, author.user, draft.text))
            if draft.topology is not None:
                topologies.append((draft.number, write_topology(draft.topology.topology)))
            granting += [(draft.number, each) for each in draft.grants]
            for each in draft.moved:
                cpus = (format_cpu_list(each.had), format_cpu_list(each.has))
                moved.append((draft.number, each.name, *cpus))
            for edit in draft.edits:
                before, after = _write_placed(edit.before), _write_placed(edit.after)
                changes.append((draft.number, edit.name, *before, *after))
                kept[edit.name] = (edit.after, after[0])
        write = self._db.executemany
        write("INSERT INTO revision VALUES (?, ?, ?, ?, ?)", revisions)
        write("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)", changes)
        write("INSERT INTO topology VALUES (?, ?)", topologies)
        write("INSERT INTO moved VALUES (?, ?, ?, ?)", moved)
        for number, handed in granting:
            self._record_grant(number, handed)
        gone = [(name,) for name, (placed, _) in kept.items() if placed is None]
        write("DELETE FROM scheduler WHERE name = ?", gone)
        rows = [
            (name, parent_of(name), placed.position, placed.declare.exclusive, text)
            for name, (placed, text) in kept.items()
            if placed is not None
        ]
        write("INSERT OR REPLACE INTO scheduler VALUES (?, ?, ?, ?, ?)", rows)

    def _record_grant(self, number: int, edit: GrantEdit) -> None:
        before, after = write_granted(edit.before), write_granted(edit.after)
        row = (number, edit.name, before, after)
        self._db.execute("INSERT INTO granting VALUES (?, ?, ?, ?)", row)
        self._db.execute("DELETE FROM granted WHERE name = ?", (edit.name,))
        if after is not None:
            self._db.execute("INSERT INTO granted VALUES (?, ?)", (edit.name, after))


def _read_grants(rows: Iterable[tuple[object, object]]) -> tuple[list[Granted], list[str]]:
    found, damaged = [], []
    for name, record in rows:
        granted = read_granted(name, record)
        if granted is None:
            damaged.append(name if is_text(name) else "a scheduler")
        else:
            found.append(granted)
    return found, damaged


def _write_placed(placed: Placed | Damaged | None) -> tuple[str | None, int | None]:
    if not isinstance(placed, Placed):
        return None, None
    return format_statement(placed.declare), placed.position


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
