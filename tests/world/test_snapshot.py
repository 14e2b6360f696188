"""A registry read without a lock: whole states only, and nothing but a registry's file."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world.scratch import fork, kill
from usched.world.snapshot import NoSnapshot, open_folder, roll_back, take_snapshot


def snapshot(folder: Path, max_bytes: int = 1 << 26) -> bytes | None:
    with open_folder(str(folder)) as descriptor:
        return take_snapshot(descriptor, "r.db", max_bytes, lambda _: "")


def newest(data: bytes | None) -> int:
    """The number of the newest change, which is whole."""
    if not data:
        return 0
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    number = connection.execute("SELECT max(number) FROM change").fetchone()[0]
    rows = connection.execute("SELECT DISTINCT number FROM row WHERE id % 7 = 0").fetchall()
    assert rows in ([], [(number,)])
    connection.close()
    return int(number)


def change_for_ever(folder: Path) -> int:
    """A writer whose every change touches many pages, in a file that grows and is reused."""
    dice = random.Random(os.getpid())
    connection = sqlite3.connect(folder / "r.db", isolation_level=None)
    number = connection.execute("SELECT max(number) FROM change").fetchone()[0]
    while True:
        number += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO change VALUES (?)", (number,))
        for _ in range(dice.randint(1, 60)):
            connection.execute("INSERT INTO row (number, text) VALUES (?, ?)", (number, "x" * 90))
        connection.execute("DELETE FROM row WHERE id IN (SELECT id FROM row ORDER BY id LIMIT 40)")
        text = "y" * dice.randint(1, 300)
        connection.execute("UPDATE row SET number = ?, text = ?", (number, text))
        connection.execute("COMMIT")


def prepare(folder: Path) -> None:
    connection = sqlite3.connect(folder / "r.db")
    connection.executescript(
        "CREATE TABLE change (number); INSERT INTO change VALUES (0);"
        "CREATE TABLE row (id INTEGER PRIMARY KEY, number, text)"
    )
    connection.close()


@pytest.mark.slow
def test_reader_beside_a_writer_that_is_killed_sees_whole_changes_and_never_an_older_one(
    tmp_path: Path,
) -> None:
    prepare(tmp_path)
    dice = random.Random(4)
    last = looks = cut_short = 0
    for number in range(400):
        if number >= 40 and last > 40 and cut_short:  # a slow disk takes longer
            break
        pid = fork(lambda: change_for_ever(tmp_path))
        until = time.monotonic() + dice.uniform(0.02, 0.15)
        while time.monotonic() < until:
            seen = newest(snapshot(tmp_path))
            assert seen >= last
            last, looks = seen, looks + 1
        kill(pid)
        cut_short += (tmp_path / "r.db-journal").exists()
        copied = snapshot(tmp_path)
        # SQLite takes it back in the file itself
        connection = sqlite3.connect(tmp_path / "r.db")
        rows = connection.execute("SELECT max(number) FROM change").fetchone()
        connection.close()
        assert (newest(copied),) == rows
        last = rows[0]
    assert last > 40
    assert looks > 40
    assert cut_short > 0


def test_journal_of_a_change_that_is_whole_up_to_a_torn_record_takes_back_so_much() -> None:
    size, old, new = 512, b"\1" * 512, b"\2" * 512
    checksum = (7 + sum(old[312:0:-200])) & 0xFFFFFFFF
    header = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"".join(
        number.to_bytes(4, "big") for number in (2, 7, 2, size, size)
    )
    record = (1).to_bytes(4, "big") + old + checksum.to_bytes(4, "big")
    torn = (2).to_bytes(4, "big") + old + (checksum ^ 1).to_bytes(4, "big")
    assert roll_back(new * 3, header.ljust(size, b"\0") + record + torn) == old + new
    # void, and not meant for this file
    assert roll_back(new * 3, bytes(len(header)) + record) == new * 3
    huge = header[:16] + b"\xff\xff\xff\xff" + header[20:]
    assert roll_back(new * 3, huge.ljust(size, b"\0") + record) == new * 3


@pytest.mark.parametrize("seed", range(8))
def test_journal_of_anything_gives_a_database_no_longer_than_the_two(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(300):
        fields = [dice.choice((0, 1, 2, 512, 4096, 0xFFFFFFFF, dice.getrandbits(32)))] * 5
        dice.shuffle(fields)
        header = b"".join(number.to_bytes(4, "big") for number in fields)
        journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + header + dice.randbytes(3000)
        database = dice.randbytes(dice.choice((0, 100, 512, 1024, 4096)))
        assert len(roll_back(database, journal)) <= len(database) + len(journal)


def _make_link(path: Path) -> None:
    path.symlink_to("/etc/shadow")


def _make_long(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link": (_make_link, "it is a symbolic link"),
    "a pipe": (os.mkfifo, "it is not a regular file"),
    "a folder": (lambda path: path.mkdir(), "it is not a regular file"),
    "a sparse file": (_make_long, "it is larger than 64 MiB"),
}


@pytest.mark.parametrize("name", ["r.db", "r.db-journal"])
@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_file_of_that_size_is_not_read(what: str, name: str, tmp_path: Path) -> None:
    make, why = HOSTILE[what]
    if name == "r.db-journal":
        (tmp_path / "r.db").write_bytes(b"x" * 100)
        why = why.replace("64 MiB", "128 MiB")
    make(tmp_path / name)
    started = time.process_time()  # somebody else may be at work on this machine
    with pytest.raises(NoSnapshot) as caught:
        snapshot(tmp_path)
    assert str(caught.value) == why
    assert time.process_time() - started < 0.5


def test_file_that_is_written_all_the_time_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "r.db").write_bytes(b"x" * 1000)

    def write(_status: os.stat_result) -> str:
        """What somebody else does between any two looks: the journal is another one."""
        with (tmp_path / "r.db-journal").open("ab") as file:
            file.write(b"x")
        return ""

    started = time.monotonic()
    with open_folder(str(tmp_path)) as descriptor, pytest.raises(NoSnapshot) as caught:
        take_snapshot(descriptor, "r.db", 1 << 20, write)
    assert str(caught.value) == "it does not stay the same while it is read"
    assert time.monotonic() - started < 5


def test_file_that_is_replaced_all_the_time_is_read(tmp_path: Path) -> None:
    """Another file in its place leaves alone the one that is open."""
    path = tmp_path / "r.db"
    path.write_bytes(b"0" * 1000)

    def replace(_status: os.stat_result) -> str:
        (tmp_path / "new").write_bytes(os.urandom(1000))
        (tmp_path / "new").replace(path)
        return ""

    with open_folder(str(tmp_path)) as descriptor:
        assert len(take_snapshot(descriptor, "r.db", 1 << 20, replace) or b"") == 1000


def test_folder_beneath_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_folder(str(tmp_path), ("real",)) as descriptor:
        assert os.listdir(descriptor) == []
    with pytest.raises(OSError, match="Not a directory"), open_folder(str(tmp_path), ("link",)):
        raise AssertionError
    assert snapshot(tmp_path) is None
