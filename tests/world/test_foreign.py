"""Somebody else's store in every state that it can be in: it costs its holder what is in it, and
nobody else anything."""

from __future__ import annotations

import getpass
import os
import random
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.face.sessions import EIGHT, Result, Session
from tests.world.scratch import fork, kill

ROUNDS, PARTS = 10_000, 8

DECLARATION = ("NORM", "on", "cpu*", "lwktpri", "4")
WORKLOAD = "programs: [{name: a, scheduler: NORM, run: 9}]\n"


class Held:
    """A registry of which a part is held, and the store of that part, to be mistreated.

    Giver and holder are the same user here: what a store may not be does not depend on it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.user = getpass.getuser()
        session.write("eight.yaml", EIGHT)
        session.write("w.yaml", WORKLOAD)
        session.done("topology", "load", "eight.yaml")
        session.done(*DECLARATION)
        session.done("POOL", "on", "cpu0-5", "lwktpri", "6", "vcpus", "4")
        session.done("grant", "POOL", "to", self.user, "lwktpri", "6")
        self.store = session.folder / "r.db.grants" / self.user / "POOL.db"
        lines = [
            f"POOL/S{number} on cpu{number % 4} lwktpri {number % 6 + 1}" for number in range(9)
        ]
        lines += ["POOL/S0/IN on cpu0 lwktpri 2", "POOL/S1 on cpu* lwktpri 3 locked"]
        # its holder is who owns the registry, too: the part is written as a registry of its own
        hers = Session(session.folder / "hers")
        hers.folder.mkdir()
        session.write("hers.yaml", EIGHT)
        script = "POOL on cpu* lwktpri 6\n" + "\n".join(lines)
        options = ("--topology", "eight.yaml", "--registry", "hers.db")
        assert session.run("batch", "-q", "-", *options, stdin=script.encode()).status == 0
        self.write_tables(lambda db: db.execute("DELETE FROM scheduler WHERE name = 'POOL'"))
        assert self.tree().err == ""
        assert "POOL/S0/IN" in self.tree().out
        self.healthy = self.store.read_bytes()
        self.registry = session.registry.read_bytes()

    def write_tables(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """The healthy store, changed by who can write it."""
        source = self.session.folder / "hers.db"
        copy = self.session.folder / "copy.db"
        copy.write_bytes(getattr(self, "healthy", None) or source.read_bytes())
        with closing(sqlite3.connect(copy)) as connection:
            change(connection)
            connection.commit()
        self.put(copy.read_bytes())

    def put(self, data: bytes) -> None:
        self.store.unlink(missing_ok=True)
        self.store.write_bytes(data)

    def tree(self) -> Result:
        return self.session.run("tree")

    def look(self, thoroughly: bool = True) -> str:
        """What is said of the store, while everything else works, in time, and changes nothing."""
        commands: list[tuple[str, ...]] = [("tree",)]
        if thoroughly:
            commands += [("check",), ("simulate", "w.yaml", "--summary"), DECLARATION]
        said = ""
        for words in commands:
            # of the cpu: somebody else may be at work on this machine
            started, began = time.process_time(), time.monotonic()
            result = self.session.run(*words)
            assert time.process_time() - started < 1, words
            assert time.monotonic() - began < 20, words
            assert result.status == 0, (words, result.err)
            assert "Traceback" not in result.err
            assert "NORM" in result.out or words[0] == "check"
            assert self.session.registry.read_bytes() == self.registry
            said = result.err if words == ("tree",) else said
        return said


@pytest.fixture
def held(empty: Session) -> Held:
    return Held(empty)


def flip(data: bytes, dice: random.Random) -> bytes:
    bad = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
    return bytes(bad)


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def smear(data: bytes, dice: random.Random) -> bytes:
    """Other bytes in one place, as long as a field or a page."""
    length = dice.choice((1, 2, 4, 16, 100, 512, 4096))
    start = dice.randrange(len(data))
    filler = dice.choice((b"\0", b"\xff", b"\x80", dice.randbytes(1))) * length
    return data[:start] + filler + data[start + length :]


def shuffle(data: bytes, dice: random.Random) -> bytes:
    """One page in the place of another, so that trees lead into each other."""
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    here, there = dice.randrange(len(pages)), dice.randrange(len(pages))
    pages[here] = pages[there]
    return b"".join(pages)


def head(data: bytes, dice: random.Random) -> bytes:
    """Another header, whose numbers SQLite relies on."""
    bad = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        bad[dice.randrange(112)] = dice.choice((0, 1, 2, 255, dice.randrange(256)))
    return bytes(bad)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PARTS))
def test_ten_thousand_mutated_stores_cost_nobody_else_anything(seed: int, held: Held) -> None:
    dice = random.Random(seed)
    harmed = 0
    for number in range(ROUNDS // PARTS):
        mutate = dice.choice((flip, flip, cut, smear, shuffle, head))
        data = mutate(held.healthy, dice)
        if not dice.randrange(10):
            data = flip(data, dice) if data else data
        held.put(data)
        harmed += held.look(thoroughly=number % 50 == 0) != ""
    assert harmed > ROUNDS // PARTS // 10


def insert(name: str, parent: str, statement: str) -> str:
    return f"INSERT INTO scheduler VALUES ('{name}', '{parent}', 1, 0, '{statement}')"


def update(what: str) -> str:
    return f"UPDATE scheduler SET {what} WHERE name = 'POOL/S3'"


ROWS = {
    "SQL in a name": insert("POOL/X''; DROP TABLE scheduler; --", "POOL", "x"),
    "another's name": update("name = 'NORM', parent = ''"),
    "the pool itself": insert("POOL", "", "POOL on cpu0 lwktpri 9"),
    "a sibling of the pool": insert("BAD", "", "BAD on cpu0 lwktpri 9"),
    "beyond the bounds": insert("POOL/B", "POOL", "POOL/B on cpu0 lwktpri 9"),
    "without a parent": insert("POOL/N/B", "POOL/N", "POOL/N/B on cpu0 lwktpri 1"),
    "a blob": update("statement = x'00ff'"),
    "no number": update("place = 'x'"),
    "a long text": update("statement = hex(zeroblob(40000))"),
    "many terms": update(
        "statement = 'POOL/S3 on ' || replace(hex(zeroblob(4000)), '00', 'cpu0 ')"
    ),
    "escapes": update("statement = char(27) || '[2J'"),
    "a cpu that is not there": update("statement = 'POOL/S3 on cpu999999999 lwktpri 1'"),
}


@pytest.mark.parametrize("what", ROWS)
def test_rows_are_validated_one_by_one(what: str, held: Held) -> None:
    held.write_tables(lambda db: db.execute(ROWS[what]))
    said = held.look()
    assert "POOL" in said
    assert "\x1b" not in said
    tree = held.tree().out
    assert "BAD" not in tree
    assert tree.count("NORM") == 1
    assert "POOL/S2" in tree


def huge(db: sqlite3.Connection) -> None:
    db.execute("UPDATE scheduler SET statement = hex(zeroblob(1000000)) WHERE name = 'POOL/S3'")


def many(db: sqlite3.Connection) -> None:
    rows = [(f"POOL/M{n}", "POOL", n, 0, f"POOL/M{n} on cpu0 lwktpri 1") for n in range(20_000)]
    db.executemany("INSERT INTO scheduler VALUES (?, ?, ?, ?, ?)", rows)


def few_and_long(db: sqlite3.Connection) -> None:
    terms = "cpu0 " * 12_000
    rows = [(f"POOL/M{n}", "POOL", n, 0, f"POOL/M{n} on {terms} lwktpri 1") for n in range(20)]
    db.executemany("INSERT INTO scheduler VALUES (?, ?, ?, ?, ?)", rows)


def wide(db: sqlite3.Connection) -> None:
    rows = [
        (f"POOL/M{n}", "POOL", n, 0, f"POOL/M{n} on cpu* lwktpri 1 vcpus 4096 locked")
        for n in range(1000)
    ]
    db.executemany("INSERT INTO scheduler VALUES (?, ?, ?, ?, ?)", rows)


WHOLE: dict[str, tuple[Callable[[sqlite3.Connection], object], str]] = {
    "a text over a megabyte": (huge, "it is damaged: string or blob too big"),
    "twenty thousand schedulers": (many, "its declarations are more than 512 KiB"),
    "long statements": (few_and_long, "its declarations are more than 512 KiB"),
    "cpus without end": (wide, "its schedulers have 4096013 cpus in all, more than 65536"),
    "a view": (
        lambda db: db.executescript(
            "ALTER TABLE scheduler RENAME TO other; CREATE VIEW scheduler AS SELECT * FROM other"
        ),
        "its schema is not a registry's",
    ),
    "a trigger": (
        lambda db: db.execute(
            "CREATE TRIGGER t AFTER INSERT ON scheduler BEGIN DELETE FROM revision; END"
        ),
        "its schema is not a registry's",
    ),
    "a table more": (lambda db: db.execute("CREATE TABLE t (x)"), "its schema is not a registry's"),
    "an endless view": (
        lambda db: db.executescript(
            "DROP TABLE granted; CREATE VIEW granted AS WITH RECURSIVE r(name, record) AS "
            "(SELECT 1, 1 UNION ALL SELECT name + 1, record FROM r) SELECT * FROM r"
        ),
        "its schema is not a registry's",
    ),
    "another program's": (
        lambda db: db.execute("PRAGMA application_id = 7"),
        "it is no usched registry",
    ),
    "a newer version": (
        lambda db: db.execute("PRAGMA user_version = 99"),
        "another version of usched wrote it",
    ),
    "a write-ahead log": (
        lambda db: db.execute("PRAGMA journal_mode = WAL").fetchall(),
        "it is not in rollback journal mode",
    ),
}


@pytest.mark.parametrize("what", WHOLE)
def test_store_that_is_no_registrys_does_not_hold(what: str, held: Held) -> None:
    change, why = WHOLE[what]
    held.write_tables(change)
    assert held.look() == (
        f"usched: POOL: {held.user}'s part does not hold: {why}\n  POOL runs as if undivided\n"
    )
    assert "POOL/" not in held.tree().out


def make_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root can make a device")


def make_long(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def make_second_name(path: Path) -> None:
    (path.parent / "other").write_bytes(b"SQLite format 3\0")
    path.hardlink_to(path.parent / "other")


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to a secret": (
        lambda path: path.symlink_to("/etc/shadow"),
        "it is a symbolic link",
    ),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "it is a symbolic link"),
    "a pipe": (os.mkfifo, "it is not a regular file"),
    "a folder": (lambda path: path.mkdir(), "it is not a regular file"),
    "a socket": (make_socket, "it is not a regular file"),
    "a device": (make_device, "it is not a regular file"),
    "a terabyte": (make_long, "it is larger than 64 MiB"),
    "a hard link": (make_second_name, "its file has 2 names (hard links)"),
    "no database": (lambda path: path.write_bytes(b"x" * 5000), "it is not a SQLite file"),
    "the header alone": (
        lambda path: path.write_bytes(b"SQLite format 3\0"),
        "it is not in rollback journal mode",
    ),
}


@pytest.mark.parametrize("what", PLACES)
def test_what_stands_in_the_place_of_a_store_is_not_read(what: str, held: Held) -> None:
    make, why = PLACES[what]
    held.store.unlink()
    make(held.store)
    assert held.look() == (
        f"usched: POOL: {held.user}'s part does not hold: {why}\n  POOL runs as if undivided\n"
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_store_of_somebody_else_is_not_read(held: Held) -> None:
    os.chown(held.store, 65534, -1)
    said = held.look()
    assert f"POOL: {held.user}'s part does not hold: its file is " in said
    assert said.splitlines()[0].endswith(f"'s, not {held.user}'s")


def test_link_in_the_place_of_a_folder_is_not_followed(held: Held) -> None:
    folder = held.store.parent
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")
    assert "does not hold: its folder cannot be entered: Not a directory" in held.look()


def test_store_that_vanishes_is_an_empty_part(held: Held) -> None:
    held.store.unlink()
    assert held.look() == ""
    assert "POOL/" not in held.tree().out


def test_journal_cannot_have_a_file_deleted(held: Held) -> None:
    """SQLite deletes the file that a hot journal names as its super-journal."""
    victim = held.session.folder / "victim"
    victim.write_text("precious")
    name = str(victim).encode()
    journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(20)
    journal = journal[:20] + (512).to_bytes(4, "big") + (4096).to_bytes(4, "big")
    trailer = name + len(name).to_bytes(4, "big") + (sum(name) & 0xFFFFFFFF).to_bytes(4, "big")
    data = journal.ljust(512, b"\0") + (0x40000001).to_bytes(4, "big") + trailer + journal[:8]
    held.store.with_name("POOL.db-journal").write_bytes(data)
    held.look()
    assert victim.read_text() == "precious"
    assert held.store.with_name("POOL.db-journal").read_bytes() == data


@pytest.fixture
def growing(held: Held) -> Iterator[Held]:
    def grow() -> int:
        with held.store.open("ab") as file:
            while True:
                file.write(b"x" * 512)
                file.flush()

    pid = fork(grow)
    yield held
    kill(pid)


@pytest.mark.slow
def test_store_that_grows_while_it_is_read_costs_its_holder(growing: Held) -> None:
    for _ in range(3):
        growing.look(thoroughly=False)


def test_deep_chain_of_grants_is_read_to_its_end_and_no_further(held: Held) -> None:
    """A store that grants to its own holder again and again has so many parts, and no more."""
    record = f'["grant %s to {held.user}",{os.getuid()},{os.getuid()},null]'

    def grant_all(db: sqlite3.Connection) -> None:
        for number in range(2000):
            name = f"POOL/S{number}"
            db.execute("INSERT INTO granted VALUES (?, ?)", (name, record % name))

    held.write_tables(grant_all)
    held.look()
    assert held.session.run("grants").out.count("POOL/S") <= 64


def test_many_large_stores_are_not_all_read(held: Held) -> None:
    """A holder may hand on parts to himself, and fill each store with what takes long to copy."""
    record = f'["grant %s to {held.user}",{os.getuid()},{os.getuid()},null]'
    names = [f"POOL/S{number}" for number in range(70)]

    def grant_all(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO granted VALUES (?, ?)", [(n, record % n) for n in names])

    held.write_tables(grant_all)
    folder = held.store.with_name("POOL.db.grants") / held.user
    folder.mkdir(parents=True)
    for name in names:
        with (folder / f"{name.replace('/', ':')}.db").open("wb") as file:
            file.truncate(64 * 2**20)
    assert "it takes too long to read" in held.look()
