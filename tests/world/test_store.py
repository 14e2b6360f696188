"""The registry's file: what it is, and what is said about a file that is none."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.face.sessions import less_warnings
from tests.world.scratch import (
    COMMAND,
    Scratch,
    environment,
    fork,
    fork_and_listen,
    make_scratch,
    start,
    wait_for,
)
from usched.actions.read import read_log, read_statements
from usched.face.app import run
from usched.meaning.history import Author, Draft
from usched.meaning.registry import format_registry
from usched.world.paths import default_registry
from usched.world.registry_file import APPLICATION_ID, SCHEMA_VERSION
from usched.world.store import open_store

ME = Author(0, "root")
Stranger = Callable[[Path, list[str]], tuple[int, str, str]]

#: A read of the statements, one of the log, one by name, and two changes.
COMMANDS = (
    ["export"],
    ["log"],
    ["show", "S3"],
    ["NEW", "on", "cpu0", "lwktpri", "4"],
    ["rollback", "3"],
)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return make_scratch(tmp_path)


@pytest.fixture
def full(scratch: Scratch) -> Scratch:
    """A registry of many pages, with a topology in it and a log of every kind of change."""
    scratch.declare(*(f"S{number} on cpu{number % 8} lwktpri 4" for number in range(160)))
    assert run([*scratch.options, "topology", "load", "pack:2 core:4 pu:1"]) == 0
    scratch.declare("S3 on cpu1 cpu2 lwktpri 5", "destroy S159", "S4/IN on cpu0 lwktpri 1")
    return scratch


def say(scratch: Scratch, words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status, and what was said on standard error about the registry."""
    capsys.readouterr()
    status = run([*scratch.options, *words])
    lines = capsys.readouterr().err.splitlines(keepends=True)
    assumed = "usched: no topology is declared: using this machine's (8 cpus)\n"
    return status, less_warnings("".join(line for line in lines if line != assumed))


def refuses(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> str:
    """Every command answers with the same clear error and changes nothing; that error."""
    folder = scratch.path.parent
    before = snapshot(folder)
    said = set()
    for words in COMMANDS:
        status, text = say(scratch, words, capsys)
        assert status == 1, (words, text)
        assert text.startswith("usched: ")
        assert text.count("usched: ") == 1
        assert snapshot(folder) == before, words
        said.add(text)
    assert len(said) == 1, said
    return said.pop()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


@pytest.fixture
def stranger() -> Stranger:
    """Runs the command in a child without root's rights, in a folder that all can reach."""
    if os.getuid() == 0:
        probe = os.fork()
        if not probe:
            try:
                os.setuid(65534)
            except OSError:
                os._exit(1)
            os._exit(0)
        if os.waitpid(probe, 0)[1]:
            pytest.skip("root cannot become somebody else here, and root may write anywhere")

    def run_as_stranger(folder: Path, words: list[str]) -> tuple[int, str, str]:
        def act() -> int:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            return run(words)

        return fork_and_listen(act)

    return run_as_stranger


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "heard").mkdir()
        (folder / "held").mkdir()
        yield folder
        (folder / "held").chmod(0o755)


def prepare(open_folder: Path) -> Scratch:
    machine = make_scratch(open_folder).machine
    scratch = Scratch(open_folder / "held" / "registry.db", machine)
    for words in (["A", "on", "cpu0", "lwktpri", "4"], ["export"], ["log"]):
        assert run([*scratch.options, *words]) == 0  # imports what the child cannot
    return scratch


# -- the file as it should be -------------------------------------------------


def test_registry_is_one_file_while_nobody_writes(full: Scratch, tmp_path: Path) -> None:
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["registry.db"]


def test_reading_a_registry_that_does_not_exist_makes_no_file(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(scratch, ["export"], capsys) == (0, "")
    assert say(scratch, ["list"], capsys)[0] == 0
    assert not scratch.path.exists()


def test_writing_goes_through_a_rollback_journal(full: Scratch) -> None:
    with open_store(str(full.path), write=True) as store:
        number = store.last_revision() + 1
        store.write_revisions([Draft(number, "nothing")], ME)
        names = [entry.name for entry in full.path.parent.iterdir() if entry.is_file()]
        assert sorted(names) == ["registry.db", "registry.db-journal"]
    assert not full.journal.exists()
    header = full.path.read_bytes()[:100]
    assert header[18:20] == b"\x01\x01"  # file format, section 1.3: 1 is the rollback journal


def test_registry_that_another_tool_put_into_wal_mode_goes_back_to_the_journal(
    full: Scratch,
) -> None:
    connection = sqlite3.connect(full.path)
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.close()
    full.declare("AFTER on cpu0 lwktpri 4")
    assert full.path.read_bytes()[18:20] == b"\x01\x01"
    assert sorted(entry.name for entry in full.path.parent.iterdir() if entry.is_file()) == [
        "registry.db"
    ]
    assert "AFTER" in read_statements(full.context()).names()


@pytest.mark.parametrize("mode", ["WAL", "TRUNCATE", "PERSIST"])
def test_first_change_makes_the_registry_of_an_empty_database_in_any_journal_mode(
    mode: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(scratch.path)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("VACUUM")  # which writes the header's page
    connection.close()
    assert scratch.path.stat().st_size > 0
    assert say(scratch, ["export"], capsys) == (0, "")
    assert say(scratch, ["A", "on", "cpu99", "lwktpri", "4"], capsys)[0] == 3
    assert say(scratch, ["A", "on", "cpu0", "lwktpri", "4"], capsys) == (0, "")
    assert say(scratch, ["B", "on", "cpu1", "lwktpri", "4"], capsys) == (0, "")
    assert list(read_statements(scratch.context()).names()) == ["A", "B"]
    assert scratch.path.read_bytes()[18:20] == b"\x01\x01"


def test_synchronous_is_full_while_a_change_is_made(scratch: Scratch) -> None:
    with open_store(str(scratch.path), write=True) as store:
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace to watch the system calls with")
def test_a_commit_syncs_the_journal_before_the_registry_and_the_folder(
    full: Scratch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,pwrite64,unlink,unlinkat"
    words = [*full.options, "AFTER", "on", "cpu0", "lwktpri", "4"]
    watched = subprocess.run(
        ["strace", "-f", "-y", "-e", calls, "-o", str(trace), *COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if watched.returncode:
        pytest.skip(f"strace may not trace here: {watched.stderr.strip()[:80]}")
    steps = [_step(line, full) for line in trace.read_text().splitlines()]
    steps = [step for step in steps if step]
    first_page = steps.index("write registry")
    assert "sync journal" in steps[:first_page]
    assert "sync folder" in steps[:first_page]  # the journal's name is on the disk, too
    last_page = len(steps) - 1 - steps[::-1].index("write registry")
    assert steps[last_page:] == ["write registry", "sync registry", "remove journal"]


def _step(line: str, scratch: Scratch) -> str:
    """One system call as `write registry`, `sync journal`, `remove journal`; "" for others."""
    things = {f"<{scratch.journal}>": "journal", f"<{scratch.path}>": "registry"}
    things |= {f"<{scratch.path.parent}>": "folder", f'"{scratch.journal}"': "journal"}
    verbs = {"pwrite64(": "write", "fsync(": "sync", "fdatasync(": "sync", "unlink": "remove"}
    verb = next((word for call, word in verbs.items() if call in line), None)
    thing = next((word for mark, word in things.items() if mark in line), None)
    return f"{verb} {thing}" if verb and thing else ""


@pytest.mark.parametrize(
    "name",
    [
        "with blanks",
        "memory?mode=memory",
        "hash#mark",
        "per%2fcent",
        "&amp;",
        "größe",
        ":memory:",
        os.fsdecode(b"\xff\xfe"),
    ],
)
def test_registry_may_have_any_name(name: str, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / name, make_scratch(tmp_path).machine)
    scratch.declare("A on cpu0 lwktpri 4")
    assert list(read_statements(scratch.context()).names()) == ["A"]
    assert sorted(os.listdir(tmp_path)) == [name]


def test_registry_behind_a_symbolic_link_is_changed_where_it_is(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    scratch = make_scratch(tmp_path)
    scratch.path.symlink_to(there / "real.db")
    scratch.declare("A on cpu0 lwktpri 4")
    assert scratch.path.is_symlink()
    assert [entry.name for entry in there.iterdir()] == ["real.db"]


def test_link_that_leads_into_no_folder_is_named_with_it(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = scratch.path.parent / "away"
    scratch.path.symlink_to("away/real.db")
    for words in (["A", "on", "cpu0", "lwktpri", "4"], ["export"], ["list"]):
        assert say(scratch, words, capsys) == (
            1,
            f"usched: registry {scratch.path} cannot be opened: "
            f"it is a link to {away}/real.db, and {away} is not there\n",
        )
    assert scratch.path.is_symlink()
    away.write_text("a file")
    status, text = say(scratch, ["export"], capsys)
    assert (status, text) == (
        1,
        f"usched: registry {scratch.path} cannot be opened: "
        f"it is a link to {away}/real.db, and {away} is not a folder\n",
    )


def test_link_to_a_file_that_is_not_there_is_an_empty_registry(scratch: Scratch) -> None:
    scratch.path.symlink_to("real.db")
    assert list(read_statements(scratch.context()).names()) == []
    scratch.declare("A on cpu0 lwktpri 4")
    assert scratch.path.is_symlink()
    assert list(read_statements(scratch.context()).names()) == ["A"]


def test_default_registry_is_the_systems_for_root_and_personal_for_others() -> None:
    assert default_registry({"HOME": "/home/u"}, 0) == "/var/lib/usched/registry.db"
    assert default_registry({"HOME": "/home/u"}, 7) == "/home/u/.local/state/usched/registry.db"
    environ = {"HOME": "/home/u", "XDG_STATE_HOME": "/state"}
    assert default_registry(environ, 7) == "/state/usched/registry.db"
    environ["XDG_STATE_HOME"] = "relative"  # to be ignored, says the specification
    assert default_registry(environ, 7) == "/home/u/.local/state/usched/registry.db"


# -- files that are none ------------------------------------------------------


def test_newer_schema_is_refused_with_the_remedy(
    full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(full.path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    assert refuses(full, capsys) == (
        f"usched: {full.path} was written by a newer usched "
        f"(schema {SCHEMA_VERSION + 1}, this one: {SCHEMA_VERSION})\n"
        "  use that version; `usched export` there and `usched batch` here moves the statements\n"
    )


@pytest.mark.parametrize(
    "content",
    [b"x", b"A on cpu0 lwktpri 4\n", b"SQLite format 2\0", b"\0" * 4096, b"SQLite", b"\xff" * 99],
    ids=["letter", "script", "older", "zeros", "beginning", "bytes"],
)
def test_file_that_is_not_sqlite_is_refused(
    content: bytes, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.path.write_bytes(content)
    assert refuses(scratch, capsys) == (
        f"usched: {scratch.path} is not a registry: not a SQLite file\n"
    )


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE bookmark (id INTEGER)",
        "CREATE TABLE bookmark (id INTEGER); PRAGMA user_version = 1",
        "CREATE TABLE scheduler (name TEXT); PRAGMA user_version = 1; PRAGMA application_id = 77",
        "PRAGMA application_id = 77; PRAGMA user_version = 1",
        "PRAGMA application_id = 77",
    ],
    ids=["table", "same version", "same table", "no table", "only its mark"],
)
def test_another_applications_database_is_refused(
    script: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(scratch.path)
    connection.executescript(script)
    connection.close()
    assert refuses(scratch, capsys) == (
        f"usched: {scratch.path} is a SQLite database, but no usched registry\n"
    )


@pytest.mark.parametrize("newer", [False, True], ids=["another application's", "newer"])
def test_database_that_is_refused_keeps_its_journal_mode(
    newer: bool, full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(full.path)
    connection.execute("PRAGMA user_version = 9" if newer else "PRAGMA application_id = 77")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    refuses(full, capsys)


def test_our_mark_without_our_tables_is_refused(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(scratch.path)
    connection.execute("CREATE TABLE bookmark (id INTEGER)")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.close()
    before = scratch.path.read_bytes()
    for words in COMMANDS:
        status, text = say(scratch, words, capsys)
        assert (status, text.count("usched: ")) == (1, 1), words
        assert scratch.path.read_bytes() == before


def test_empty_file_is_a_new_registry(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    scratch.path.touch()
    assert say(scratch, ["export"], capsys) == (0, "")
    assert scratch.path.stat().st_size == 0
    scratch.declare("A on cpu0 lwktpri 4")
    assert list(read_statements(scratch.context()).names()) == ["A"]


@pytest.mark.parametrize(
    "words",
    [["destroy", "A"], ["A", "on", "cpu99", "lwktpri", "4"], ["rollback", "7"]],
    ids=["no such name", "refused", "no such revision"],
)
def test_refused_first_change_leaves_a_registry_that_can_still_be_used(
    words: list[str], scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(scratch, words, capsys)[0] in {3, 4}
    for _ in range(2):
        assert say(scratch, ["export"], capsys) == (0, "")
    assert say(scratch, ["A", "on", "cpu0", "lwktpri", "4"], capsys) == (0, "")
    assert list(read_statements(scratch.context()).names()) == ["A"]


def test_empty_file_that_may_not_be_written_reads_as_a_new_registry(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.write_bytes(b"")
    scratch.path.chmod(0o444)
    assert stranger(open_folder / "heard", [*scratch.options, "export"]) == (0, "", "")


def test_directory_is_refused_with_what_to_type(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.path.mkdir()
    assert refuses(scratch, capsys) == (
        f"usched: registry {scratch.path} is a directory\n"
        f"  name a file, such as {scratch.path}/registry.db\n"
    )
    assert list(scratch.path.iterdir()) == []


@pytest.mark.parametrize("words", COMMANDS[0::3], ids=["read", "change"])
def test_fifo_is_refused_at_once(words: list[str], scratch: Scratch) -> None:
    os.mkfifo(scratch.path)
    process = start([*scratch.options, *words])
    try:
        _, text = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail("it waits for somebody to write into the FIFO")
    assert process.returncode == 1
    assert text.count("usched: registry") == 1
    assert "Traceback" not in text


def test_device_is_refused(scratch: Scratch) -> None:
    scratch.path.symlink_to("/dev/zero")
    process = start([*scratch.options, "A", "on", "cpu0", "lwktpri", "4"])
    _, text = process.communicate(timeout=60)
    assert process.returncode == 1
    assert str(scratch.path) in text
    assert "Traceback" not in text


def test_missing_folder_is_named(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    away = Scratch(scratch.path.parent / "no/where.db", scratch.machine)
    for words in (["A", "on", "cpu0", "lwktpri", "4"], ["export"]):
        assert say(away, words, capsys) == (
            1,
            f"usched: registry {away.path} cannot be opened: {away.path.parent} is not there\n",
        )
    assert not away.path.parent.exists()


def test_file_in_the_place_of_the_folder_is_one_error(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.path.write_text("a file")
    away = Scratch(scratch.path / "registry.db", scratch.machine)
    for words in COMMANDS:
        status, text = say(away, words, capsys)
        assert (status, text.count("usched: ")) == (1, 1), (words, text)


def test_name_that_is_too_long_is_one_error(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = Scratch(scratch.path.parent / ("x" * 300), scratch.machine)
    assert "File name too long" in refuses(away, capsys)


# -- damage -------------------------------------------------------------------


def test_registry_truncated_at_any_length_is_refused_or_empty(
    full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = full.path.read_bytes()
    pages = range(0, len(whole), 4096)
    lengths = {1, 15, 16, 17, 99, 100, 101, 511, 512, 513, len(whole) - 1}
    lengths |= {page + shift for page in pages[1:] for shift in (-1, 0, 1)}
    lengths |= set(random.Random(3).sample(range(1, len(whole)), 20))
    assert len(pages) > 8
    for length in sorted(lengths):
        full.path.write_bytes(whole[:length])
        for words in COMMANDS:
            status, text = say(full, words, capsys)
            assert status == 1, (length, words, text)
            assert text.count("usched: ") == 1, (length, words, text)
            assert str(full.path) in text, (length, words, text)
            assert full.path.read_bytes() == whole[:length], (length, words)
            assert not full.journal.exists(), (length, words)


@pytest.mark.slow
def test_damaged_bytes_never_give_a_traceback_and_a_failure_changes_nothing(
    full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = full.path.read_bytes()
    dice = random.Random(5)
    failures = 0
    for round_number in range(600):
        damaged = bytearray(whole)
        first = dice.randrange(0, len(whole) // 4096) * 4096
        for _ in range(dice.choice((1, 4, 40))):
            damaged[first + dice.randrange(4096)] ^= 1 << dice.randrange(8)
        words = COMMANDS[round_number % len(COMMANDS)]
        full.path.write_bytes(damaged)
        full.journal.unlink(missing_ok=True)
        try:
            status, text = say(full, words, capsys)
        except Exception as error:
            pytest.fail(f"round {round_number}, {words}: a traceback, {error!r}")
        if status == 0:
            continue
        failures += 1
        assert status in {1, 3, 4}, (round_number, words, text)  # a cpu or a name was hit
        assert text.count("usched: ") == 1, (round_number, words, text)
        assert full.path.read_bytes() == damaged, (round_number, words, text)
    assert failures > 20


@pytest.mark.slow
def test_registry_whose_page_is_zeroed_is_refused(
    full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = full.path.read_bytes()
    for first in range(4096, len(whole), 4096):
        damaged = whole[:first] + bytes(4096) + whole[first + 4096 :]
        full.path.write_bytes(damaged)
        failed = [words for words in COMMANDS if _fails(full, words, capsys)]
        assert failed, first // 4096


def _fails(scratch: Scratch, words: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    before = scratch.path.read_bytes()
    status, text = say(scratch, words, capsys)
    if status:
        assert (status, text.count("usched: ")) == (1, 1), (words, text)
        assert scratch.path.read_bytes() == before
    scratch.path.write_bytes(before)
    return status != 0


@pytest.mark.parametrize("record", ["{", "[]", '{"machine": 3}', "\x00"])
def test_topology_record_that_is_none_is_a_damaged_registry(
    record: str, full: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    _tamper(full, "UPDATE topology SET record = ?", record)
    for words in (["list"], ["NEW", "on", "cpu0", "lwktpri", "4"]):
        status, text = say(full, words, capsys)
        assert (status, text.count("usched: ")) == (1, 1)
        assert "damaged" in text


def _tamper(scratch: Scratch, change: str, *values: str) -> None:
    connection = sqlite3.connect(scratch.path)
    with connection:
        assert connection.execute(change, values).rowcount > 0
    connection.close()


# -- what is not permitted ----------------------------------------------------


def test_registry_in_a_read_only_folder_can_be_read_but_not_changed(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.chmod(0o666)
    scratch.path.parent.chmod(0o555)
    before = scratch.path.read_bytes()
    heard = open_folder / "heard"
    status, out, err = stranger(heard, [*scratch.options, "export"])
    assert (status, out, err) == (0, "A on cpu0 lwktpri 4\n", "")
    status, _, err = stranger(heard, [*scratch.options, "B", "on", "cpu0", "lwktpri", "4"])
    assert status == 5
    assert err.endswith(
        f"usched: not permitted: registry {scratch.path} cannot be changed: "
        f"it may be written, but not its folder {scratch.path.parent}\n"
        "  a change needs a journal beside the file\n"
    )
    assert scratch.path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o666, 0o644])
def test_what_a_killed_writer_left_is_read_by_who_may_not_take_it_back(
    mode: int, open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    leave_a_hot_journal(scratch)
    scratch.path.chmod(mode)
    scratch.journal.chmod(0o644)
    scratch.path.parent.chmod(0o555)
    before = scratch.path.read_bytes(), scratch.journal.read_bytes()
    status, out, err = stranger(open_folder / "heard", [*scratch.options, "export"])
    assert (status, out, err) == (0, "A on cpu0 lwktpri 4\n", "")
    assert (scratch.path.read_bytes(), scratch.journal.read_bytes()) == before
    scratch.path.parent.chmod(0o755)
    assert list(read_statements(scratch.context()).names()) == ["A"]
    assert not scratch.journal.exists()


def leave_a_hot_journal(scratch: Scratch) -> None:
    """As a writer does who is killed between the journal and the commit."""

    def be_killed() -> int:
        with open_store(str(scratch.path), write=True) as store:
            store._db.execute("PRAGMA cache_size = 1")
            store._db.execute("PRAGMA cache_spill = 1")
            store.write_revisions([Draft(number, "x" * 4000) for number in range(2, 60)], ME)
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert wait_for(fork(be_killed)) == -signal.SIGKILL
    assert scratch.journal.stat().st_size > 0


def test_registry_cannot_be_made_in_a_read_only_folder(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.unlink()
    scratch.path.parent.chmod(0o555)
    words = [*scratch.options, "B", "on", "cpu0", "lwktpri", "4"]
    status, _, err = stranger(open_folder / "heard", words)
    assert status == 5
    folder = scratch.path.parent
    what = f"not permitted: registry {scratch.path} cannot be made: {folder} may not be written"
    assert err.endswith(f"usched: {what}\n")
    # to try it is to be told the same
    status, out, err = stranger(open_folder / "heard", [*words, "-n"])
    assert (status, out) == (5, "")
    assert err.endswith(f"usched: {what}\n")


def test_link_to_a_folder_that_may_not_be_written_names_that_folder(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.chmod(0o666)
    scratch.path.parent.chmod(0o555)
    link = open_folder / "link"
    link.symlink_to(scratch.path)
    words = ["--registry", str(link), "--root", str(scratch.machine)]
    status, _, err = stranger(open_folder / "heard", [*words, "B", "on", "cpu0", "lwktpri", "4"])
    assert status == 5
    assert err.endswith(
        f"usched: not permitted: registry {link} cannot be changed: "
        f"it may be written, but not its folder {scratch.path.parent}\n"
        "  a change needs a journal beside the file\n"
    )


def test_read_only_registry_can_be_read_but_not_changed(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.chmod(0o444)
    heard = open_folder / "heard"
    status, out, err = stranger(heard, [*scratch.options, "export"])
    assert (status, out, err) == (0, "A on cpu0 lwktpri 4\n", "")
    for tried in ([], ["-n"]):
        words = [*scratch.options, "B", "on", "cpu0", "lwktpri", "4", *tried]
        status, out, err = stranger(heard, words)
        assert (status, out) == (5, "")
        assert err.endswith(
            f"not permitted: registry {scratch.path} is read-only\n  chmod u+w {scratch.path}\n"
            if os.geteuid()  # then there is nobody else, and it is his own
            else "1:1: not permitted: B is root's; you hold nothing\n"
            "    B on cpu0 lwktpri 4\n"
            "    ^\n"
            "  usched grants shows who holds what\n"
        )
    for words in (["topology", "load", "pack:1 pu:2"], ["rollback", "0"], ["destroy", "A"]):
        for tried in ([], ["-n"]):
            status, out, err = stranger(heard, [*scratch.options, *words, *tried])
            assert (status, out, "not permitted: " in err) == (5, "", True), words


def test_read_only_registry_of_ones_own_says_how_to_open_it(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.chmod(0o444)
    if os.geteuid() == 0:
        os.chown(scratch.path, 65534, -1)
        os.chown(scratch.path.parent, 65534, -1)
    for tried in ([], ["-n"]):
        words = [*scratch.options, "B", "on", "cpu0", "lwktpri", "4", *tried]
        status, out, err = stranger(open_folder / "heard", words)
        assert (status, out) == (5, "")
        assert err.endswith(
            f"usched: not permitted: registry {scratch.path} is read-only\n"
            f"  chmod u+w {scratch.path}\n"
        )


def test_registry_that_may_not_be_read_is_one_error(open_folder: Path, stranger: Stranger) -> None:
    scratch = prepare(open_folder)
    scratch.path.chmod(0)
    for words in COMMANDS[0::3]:
        status, _, err = stranger(open_folder / "heard", [*scratch.options, *words])
        assert status == 5
        assert err == (
            f"usched: not permitted: registry {scratch.path} may not be read\n"
            f"  {scratch.path.owner()} lets others read it by: chmod a+r {scratch.path}\n"
        )


def test_folder_that_may_not_be_entered_is_no_empty_registry(
    open_folder: Path, stranger: Stranger
) -> None:
    scratch = prepare(open_folder)
    scratch.path.parent.chmod(0)
    for words in COMMANDS[0::3]:
        status, out, err = stranger(open_folder / "heard", [*scratch.options, *words])
        assert (status, out) == (5, "")
        assert err == (
            f"usched: not permitted: registry {scratch.path} cannot be opened: "
            f"{scratch.path.parent} may not be entered\n"
        )


def test_default_folder_that_cannot_be_made_is_one_error(
    open_folder: Path, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = prepare(open_folder)
    scratch.path.parent.chmod(0o555)
    monkeypatch.setenv("XDG_STATE_HOME", str(scratch.path.parent))
    monkeypatch.delenv("USCHED_REGISTRY", raising=False)
    words = ["--root", str(scratch.machine), "B", "on", "cpu0", "lwktpri", "4"]
    status, _, err = stranger(open_folder / "heard", words)
    assert status == 5
    folder = scratch.path.parent / "usched"
    assert f"usched: not permitted: the folder of {folder}/registry.db cannot be made" in err
    assert "--registry PATH" in err


def test_sudo_user_of_somebody_who_is_not_root_is_a_claim(
    open_folder: Path, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can prepare a registry for somebody else")
    scratch = prepare(open_folder)
    scratch.path.parent.chmod(0o777)
    scratch.path.chmod(0o666)
    own = pwd.getpwuid(65534).pw_name
    monkeypatch.setenv("SUDO_USER", "daemon")
    # sudo gives the number along; a name that is nobody's, or another's, sudo did not give
    claimed = f"{own} (sudo: daemon, as claimed)"
    for level, number, user in ((1, "1", claimed), (2, "2", own), (3, "x", own)):
        monkeypatch.setenv("SUDO_UID", number)
        words = [*scratch.options, "B", "on", "cpu0", "lwktpri", str(level)]
        assert stranger(open_folder / "heard", words)[0] == 0
        newest = read_log(scratch.context(), None, 1)[0]
        assert (newest.uid, newest.user) == (65534, user)


def test_export_of_a_registry_is_what_was_declared(scratch: Scratch) -> None:
    scratch.declare("B on cpu1 cpu0 cpu1 lwktpri 4 locked", "A on 'cpu*' lwktpri 6 quantum 5ms")
    assert format_registry(read_statements(scratch.context())) == (
        "B on cpu0 cpu1 lwktpri 4 locked\nA on cpu* lwktpri 6 quantum 5ms\n"
    )
