"""Somebody else's store in every state that it can be in: it costs its holder what is in it, and
nobody else anything."""

from __future__ import annotations

import getpass
import json
import os
import random
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.face.sessions import EIGHT, Result, Session
from tests.world.scratch import fork, kill
from usched.meaning import selectors
from usched.meaning.selectors import View
from usched.text.language.grammar import read_statement
from usched.words.cpuset import CpuSet
from usched.words.problems import Line, Problem
from usched.words.statement import Statement, Term
from usched.world.snapshot import take_snapshot

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
    "twenty thousand schedulers": (many, "it has more than 1024 schedulers"),
    "long statements": (few_and_long, "its declarations are more than 256 KiB"),
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
def restless(held: Held) -> Iterator[Held]:
    """Its store is another thing at every moment, and sometimes its folder is a link."""
    store, folder = held.store, held.store.parent
    fresh, beside = folder / "fresh", folder / "beside"

    def have_second_name(path: Path) -> None:
        beside.write_bytes(held.healthy)
        path.hardlink_to(beside)

    def write_in_place(path: Path) -> None:
        path.write_bytes(held.healthy)
        with store.open("r+b") as file:
            file.seek(5000)
            file.write(b"x" * 900)

    makers: list[Callable[[Path], object]] = [
        lambda path: path.write_bytes(held.healthy),
        lambda path: path.write_bytes(held.healthy[:9000]),
        lambda path: path.symlink_to("/etc/shadow"),
        *(os.mkfifo, Path.mkdir, make_long, have_second_name, write_in_place),
    ]

    def never_rest() -> int:
        dice = random.Random(7)
        while True:
            with suppress(OSError):
                remove(fresh)
                dice.choice(makers)(fresh)
                if store.is_dir():
                    store.rmdir()
                fresh.replace(store)
            if not dice.randrange(20):
                aside = folder.rename(f"{folder}-aside")
                folder.symlink_to("/etc")
                folder.unlink()
                aside.rename(folder)

    pid = fork(never_rest)
    yield held
    kill(pid)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


@pytest.mark.slow
def test_store_that_is_another_thing_at_every_look_costs_its_holder(restless: Held) -> None:
    said = {restless.look() for _ in range(15)}
    assert len(said) > 2


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


def test_hundred_hostile_parts_cost_a_second_in_all_and_honest_ones_nothing(held: Held) -> None:
    healthy = held.healthy
    script = [f"H{n} on cpu* lwktpri 1\ngrant H{n} to {held.user}" for n in range(100)]
    script += [f"GOO{n} on cpu* lwktpri 1\ngrant GOO{n} to {held.user}" for n in range(5)]
    said = held.session.run("batch", "-q", "-", stdin="\n".join(script).encode())
    assert said.status == 0, said.err
    held.registry = held.session.registry.read_bytes()
    for number in range(100):
        store = held.store.with_name(f"H{number}.db")
        with store.open("wb") as file:
            match number % 4:
                case 0:  # a registry, with a hole behind it
                    file.write(healthy)
                    file.truncate(64 * 2**20)
                case 1:  # nothing but a hole
                    file.truncate(64 * 2**20)
                case 2:  # a registry, with a journal that is larger
                    file.write(healthy)
                    with store.with_name(f"{store.name}-journal").open("wb") as journal:
                        journal.truncate(128 * 2**20)
                case 3:  # a registry of others, with the last page missing
                    file.write(healthy[:-4096])
    for number in range(5):
        honest = healthy.replace(b"POOL", f"GOO{number}".encode())
        held.store.with_name(f"GOO{number}.db").write_bytes(honest)
    look = held.look()
    tree = held.tree().out
    for number in range(100):
        assert f"H{number}: {held.user}'s part does not hold" in look or number % 4 in {0, 2}
    for number in range(5):
        assert f"GOO{number}/S0/IN" in tree
        assert f"GOO{number}" not in look


def test_grants_that_say_nothing_at_length_are_not_looked_at_word_by_word(held: Held) -> None:
    """To think of what was meant takes a tenth of a second for each of them."""

    def grant(db: sqlite3.Connection) -> None:
        for number in range(64):
            name = f"POOL/G{number}"
            text = f"grant {name} to {held.user} " + "\u0430 " * 20_000
            record = json.dumps([text, 0, 0, None], ensure_ascii=False)
            db.execute("INSERT INTO granted VALUES (?, ?)", (name, record))

    held.write_tables(grant)
    look = held.look()
    assert look.count("is granted is damaged\n") == 8
    assert look.endswith("part has 56 more problems\n")
    assert "POOL/S0/IN" in held.tree().out


def test_store_is_read_once_by_a_command_and_its_holders_own_once_more(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POOL/S2", "POOL/S3"):
        held.session.done("grant", name, "to", held.user)
        held.session.done(f"{name}/IN", "on", "cpu0", "lwktpri", "1")
    held.session.done("OTHER", "on", "cpu6", "lwktpri", "1")
    held.session.done("grant", "OTHER", "to", held.user)
    held.session.done("OTHER/A", "on", "cpu0", "lwktpri", "1")
    looked: list[str] = []

    def look(folder: int, name: str, *more: object, **others: object) -> bytes | None:
        looked.append(name)
        return take_snapshot(folder, name, *more, **others)  # type: ignore[arg-type]

    for module in ("foreign", "part_store"):
        monkeypatch.setattr(f"usched.world.{module}.take_snapshot", look)
    every = ["OTHER.db", "POOL.db", "POOL:S2.db", "POOL:S3.db"]
    for line, twice in (
        ("tree", []),
        ("NORM on cpu* lwktpri 5", []),
        ("POOL/S8 on cpu2 lwktpri 1", ["POOL.db"]),
        # what stands above is on the way to it
        ("POOL/S2/IN on cpu0 lwktpri 2", ["POOL.db", "POOL:S2.db"]),
    ):
        looked.clear()
        held.session.done(*line.split())
        assert sorted(looked) == sorted(every + twice), line


LONG = 65_000


def repeat(word: str) -> str:
    return word * (LONG // len(word))


#: What four declarations of 65,000 characters say behind `on`, and what is said of them then.
ENDLESS = {
    "cpus": (repeat("cpu0 ") + "lwktpri 1", "is not as usched writes it"),
    "words": (repeat("x "), "is not as usched writes it"),
    "letters that look like others": (repeat("\u0430 "), "is not as usched writes it"),
    "quotes": (repeat("''"), "is not as usched writes it"),
    "exceptions": ("cpu0" + repeat(" except cpu0") + " lwktpri 1", "is not as usched writes it"),
    "clauses": ("cpu0 lwktpri 1" + repeat(" locked"), "is not as usched writes it"),
    "cores that are not there": (
        " ".join(f"core{number}" for number in range(6_800)) + " lwktpri 1",
        "core4 is not in the machine (it has core0-core3)",
    ),
    "no cpus but beyond the pool": (
        " ".join(f"cpu{number}" for number in range(1_000, 16_000, 2)) + " lwktpri 1",
        "cpu1000 is not in POOL (it has cpu0-cpu3)",
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_declarations_that_are_wrong_at_length_are_not_looked_at_word_by_word(
    what: str, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is advice thought of for each: four of them cost a third of a second."""
    if what == "cores that are not there":  # there are none in virtual cpus
        held.session.done("POOL", "on", "cpu0-3", "lwktpri", "6")
        held.registry = held.session.registry.read_bytes()
    text, why = ENDLESS[what]

    def declare(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM scheduler")
        for name in ("A", "B", "C", "D"):
            row = (f"POOL/{name}", "POOL", f"POOL/{name} on {text}")
            db.execute("INSERT INTO scheduler VALUES (?, ?, 0, 0, ?)", row)

    held.write_tables(declare)
    parsed: list[int] = []
    select = selectors._select_term

    def count_letters(line: Line, stored: bool = False) -> Statement | None:
        parsed.append(len(line.text))
        return read_statement(line, stored)

    looked: list[Term] = []

    def count_terms(term: Term, view: View, problems: list[Problem]) -> CpuSet:
        looked.append(term)
        return select(term, view, problems)

    monkeypatch.setattr("usched.world.rows.read_statement", count_letters)
    monkeypatch.setattr(selectors, "_select_term", count_terms)
    assert held.tree().err.count(why) == 4
    assert sum(parsed) <= 8192
    assert len(looked) < 100
    held.look()


def test_what_usched_would_write_otherwise_is_read_all_the_same(held: Held) -> None:
    def declare(db: sqlite3.Connection) -> None:
        text = "POOL/S8 on cpu3 cpu0 locked lwktpri 1"
        db.execute("UPDATE scheduler SET statement = ? WHERE name = 'POOL/S8'", (text,))

    held.write_tables(declare)
    assert held.look() == ""
    assert "POOL/S8  lwktpri 1, on cpu0 cpu3: 2 cpus, locked" in held.tree().out


def test_siblings_that_all_want_the_same_cpu_exclusively_are_not_explained_pair_by_pair(
    held: Held,
) -> None:
    def declare(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM scheduler")
        for number in range(1024):
            name = f"POOL/M{number}"
            text = f"{name} on cpu0 lwktpri 1 exclusive"
            db.execute("INSERT INTO scheduler VALUES (?, 'POOL', ?, 1, ?)", (name, number, text))

    held.write_tables(declare)
    said = held.look(thoroughly=False)
    assert "POOL/M0, " in said
    assert "is stranded: both POOL/M0 and POOL/M1 would have cpu0 exclusively" in said
    assert said.endswith("part has 1016 more problems\n")
