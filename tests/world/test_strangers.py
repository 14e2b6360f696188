"""A registry that somebody named, and that is somebody else's: read as data, changed by nobody who
need not be trusted with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.face.sessions import Result
from tests.people import ALICE, BOB, TEAM, People, gather
from usched.face.app import run

pytestmark = pytest.mark.slow


class Hers:
    """alice's own registry, in a folder of hers."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.folder = people.folder / "hers"
        self.folder.mkdir()
        shutil.chown(self.folder, ALICE)
        self.path = self.folder / "r.db"
        (self.folder / "two.yaml").write_text("machine: two\ncores: 2\n")
        said = self.say(ALICE, f"--topology {self.folder / 'two.yaml'} NORM on cpu0 lwktpri 4")
        assert said.status == 0

    def say(self, who: str, line: str, name: str = "r.db") -> Result:
        options = ["--registry", str(self.folder / name), *line.split()]
        return self.people.act(who, lambda: run(options))


@pytest.fixture
def hers() -> Iterator[Hers]:
    for people in gather():
        yield Hers(people)


def test_root_reads_it_and_changes_nothing(hers: Hers) -> None:
    before = hers.path.read_bytes()
    assert hers.say("root", "export").out == "NORM on cpu0 lwktpri 4\n"
    assert hers.say("root", "tree").status == 0
    for line in ("NORM on cpu1 lwktpri 4", "destroy NORM", "rollback 0", "topology forget"):
        result = hers.say("root", line)
        assert (result.status, result.err) == (
            5,
            f"usched: not permitted: registry {hers.path} is {ALICE}'s; root reads it, and changes "
            f"it as {ALICE} alone\n  sudo -u {ALICE} usched --registry {hers.path} ...\n",
        )
    assert hers.path.read_bytes() == before
    assert hers.say(ALICE, "NORM on cpu1 lwktpri 4").status == 0


@pytest.mark.parametrize("who", ["root", BOB])
def test_journal_of_hers_has_no_file_deleted(who: str, hers: Hers) -> None:
    victim = hers.people.folder / "victim"
    victim.write_text("precious")
    shutil.chown(victim, who)
    name = str(victim).encode()
    magic = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    numbers = (0, 0, hers.path.stat().st_size // 4096, 512, 4096)
    journal = magic + b"".join(each.to_bytes(4, "big") for each in numbers)
    journal = journal.ljust(512, b"\0")
    journal += (0x40000001).to_bytes(4, "big") + name + len(name).to_bytes(4, "big")
    journal += sum(name).to_bytes(4, "big") + magic
    planted = hers.path.with_name("r.db-journal")
    planted.write_bytes(journal)
    shutil.chown(planted, ALICE)
    hers.path.chmod(0o666)
    hers.folder.chmod(0o777)
    assert hers.say(who, "export").out == "NORM on cpu0 lwktpri 4\n"
    result = hers.say(who, "NORM on cpu1 lwktpri 4")
    assert (result.status, "not permitted: " in result.err) == (5, True)
    assert victim.read_text() == "precious"
    assert planted.read_bytes() == journal


def test_view_of_hers_is_not_carried_out(hers: Hers) -> None:
    with closing(sqlite3.connect(hers.path)) as connection:
        connection.executescript(
            "DROP TABLE granted; CREATE VIEW granted AS WITH RECURSIVE r(name, record) AS "
            "(SELECT 1, 1 UNION ALL SELECT name + 1, record FROM r) SELECT * FROM r"
        )
    started = time.monotonic()
    result = hers.say("root", "tree")
    assert time.monotonic() - started < 20
    assert (result.status, result.err) == (
        1,
        f"usched: registry {hers.path}, which is {ALICE}'s, cannot be read: "
        "its schema is not a registry's\n",
    )


def test_registry_of_a_terabyte_is_not_read(hers: Hers) -> None:
    hers.path.unlink()
    hers.path.write_bytes(b"SQLite format 3\0")
    with hers.path.open("ab") as file:
        file.truncate(1 << 40)
    shutil.chown(hers.path, ALICE)
    result = hers.say("root", "tree")
    assert (result.status, result.err) == (
        1,
        f"usched: registry {hers.path}, which is {ALICE}'s, cannot be read: "
        "it is larger than 64 MiB\n",
    )


def test_older_registry_of_hers_is_read(hers: Hers) -> None:
    with closing(sqlite3.connect(hers.path)) as connection:
        for table in ("moved", "granted", "granting"):
            connection.execute(f"DROP TABLE {table}")
    assert hers.say("root", "log").out.endswith("# and topology two (2 cpus)\n")


def test_link_of_hers_leads_root_to_no_change(hers: Hers) -> None:
    registry = hers.people.registry
    before = registry.read_bytes()
    (hers.folder / "link.db").symlink_to(registry)
    os.lchown(hers.folder / "link.db", 1, 1)
    result = hers.say("root", "NEW on cpu0 lwktpri 4", "link.db")
    assert (result.status, result.err) == (
        5,
        f"usched: not permitted: registry {hers.folder / 'link.db'} is a link of daemon's to "
        f"{registry}\n  name the file itself: --registry {registry}\n",
    )
    assert registry.read_bytes() == before
    # what is there to be typed is one word, whoever thought of its letters
    (hers.folder / "two.db").symlink_to(hers.folder / "$(reboot).db")
    os.lchown(hers.folder / "two.db", 1, 1)
    result = hers.say("root", "NEW on cpu0 lwktpri 4", "two.db")
    assert result.err.endswith(f"--registry '{hers.folder}/$(reboot).db'\n")


def test_registry_that_a_group_shares_is_changed_by_all_of_it(hers: Hers) -> None:
    shutil.chown(hers.folder, group=TEAM)
    shutil.chown(hers.path, group=TEAM)
    hers.folder.chmod(0o2775)
    hers.path.chmod(0o664)
    assert hers.say(BOB, "NORM on cpu1 lwktpri 4").status == 0
    assert hers.say("nobody", "export").out == "NORM on cpu1 lwktpri 4\n"
    assert Path(hers.path).owner() == ALICE


def test_folder_that_may_be_entered_and_not_listed_is_enough(hers: Hers) -> None:
    hers.folder.chmod(0o711)
    assert hers.say(ALICE, f"grant NORM to {BOB}").status == 0
    assert hers.say(BOB, "NORM/IN on cpu0 lwktpri 1").status == 0
    assert "NORM/IN" in hers.say("nobody", "tree").out
