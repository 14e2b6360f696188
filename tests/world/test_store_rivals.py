"""Several processes on one registry: writers take turns, readers see a whole state."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from tests.world.scratch import Scratch, fork, make_scratch, start, wait_for
from usched.actions.change import carry_out
from usched.actions.read import read_log, read_statements
from usched.face.app import run
from usched.meaning.registry import format_registry
from usched.meaning.script import ScriptLine
from usched.text.language.grammar import parse_script
from usched.world.lock_holders import find_holders
from usched.world.store import open_store


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return make_scratch(tmp_path)


def check_log(scratch: Scratch, statements: set[str]) -> None:
    """Each statement is there once, under numbers without a gap."""
    log = read_log(scratch.context(), None, None)
    assert [revision.number for revision in log] == list(range(len(statements), 0, -1))
    assert {revision.text for revision in log} == statements
    registry = read_statements(scratch.context())
    assert set(format_registry(registry).splitlines()) == statements
    assert [entry.position for entry in registry] == list(range(1, len(statements) + 1))


@pytest.mark.slow
def test_eight_processes_declaring_at_once_make_800_schedulers_and_revisions(
    scratch: Scratch,
) -> None:
    def declare_all(writer: int) -> int:
        options = [*scratch.options, "--wait", "60"]
        for number in range(100):
            name = f"W{writer}.{number}"
            status = run([*options, name, "on", f"cpu{writer}", "lwktpri", "4"])
            if status:
                return status
        return 0

    pids = [fork(lambda writer=writer: declare_all(writer)) for writer in range(8)]  # type: ignore[misc]
    assert [wait_for(pid) for pid in pids] == [0] * 8
    check_log(scratch, {f"W{w}.{n} on cpu{w} lwktpri 4" for w in range(8) for n in range(100)})


@pytest.mark.slow
def test_eight_loops_of_the_real_command_with_the_default_wait(scratch: Scratch) -> None:
    statements = {f"W{w}.{n} on cpu{w} lwktpri 4" for w in range(8) for n in range(5)}
    for number in range(5):
        processes = [
            start([*scratch.options, f"W{w}.{number}", "on", f"cpu{w}", "lwktpri", "4"])
            for w in range(8)
        ]
        ends = [(process.communicate()[1], process.returncode) for process in processes]
        assert [status for _, status in ends] == [0] * 8, ends
    check_log(scratch, statements)


@pytest.mark.slow
def test_each_of_eight_first_writers_may_be_the_one_that_makes_the_registry(
    tmp_path: Path,
) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        scratch = make_scratch(folder)
        words = [[*scratch.options, f"W{w}", "on", f"cpu{w}", "lwktpri", "4"] for w in range(8)]
        pids = [fork(lambda each=each: run(each)) for each in words]  # type: ignore[misc]
        assert [wait_for(pid) for pid in pids] == [0] * 8
        check_log(scratch, {f"W{w} on cpu{w} lwktpri 4" for w in range(8)})


def test_one_of_two_that_take_the_same_cpu_exclusively_is_refused(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        scratch = make_scratch(folder)
        words = [
            [*scratch.options, name, "on", "cpu1", "lwktpri", "4", "exclusive"] for name in "AB"
        ]
        pids = [fork(lambda each=each: run(each)) for each in words]  # type: ignore[misc]
        assert sorted(wait_for(pid) for pid in pids) == [0, 3]
        assert len(read_statements(scratch.context())) == 1


# -- one writer, while another one is in the middle of its transaction ---------


def wait_until_it_waits(process: Popen[str], path: Path) -> None:
    """Until a process has opened the registry and sleeps."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "S" and _has_open(process.pid, path):
            return
        time.sleep(0.005)
    pytest.fail("it never waited")


def _has_open(pid: int, path: Path) -> bool:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.readlink(entry) == str(path):
                return True
        except OSError:
            continue
    return False


def test_second_writer_waits_and_is_validated_against_what_the_first_one_wrote(
    scratch: Scratch,
) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    started: list[Popen[str]] = []

    def slow_script() -> Iterator[ScriptLine]:
        words = [*scratch.options, "B", "on", "cpu1", "lwktpri", "4"]
        process = start(words)
        started.append(process)
        wait_until_it_waits(process, scratch.path)
        yield from parse_script("A on cpu1 lwktpri 4 exclusive", "first")

    carry_out(scratch.context(), slow_script())
    _, err = started[0].communicate(timeout=30)
    assert started[0].returncode == 3
    assert "cpu1 is only for A (exclusive)" in err
    assert list(read_statements(scratch.context()).names()) == ["BASE", "A"]


def test_second_writer_that_fits_follows_with_the_next_revision(scratch: Scratch) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    started: list[Popen[str]] = []

    def slow_script() -> Iterator[ScriptLine]:
        process = start([*scratch.options, "A/B", "on", "cpu1", "lwktpri", "4"])
        started.append(process)
        wait_until_it_waits(process, scratch.path)
        yield from parse_script("A on cpu0-3 lwktpri 4", "first")

    carry_out(scratch.context(), slow_script())
    out, err = started[0].communicate(timeout=30)
    assert (started[0].returncode, out.splitlines()[0]) == (
        0,
        "A/B on cpu1 lwktpri 4  # revision 3",
    ), err


def test_registry_locked_for_longer_than_the_wait_says_so_and_who_holds_it(
    scratch: Scratch,
) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    heard: list[tuple[int, str, float]] = []

    def slow_script() -> Iterator[ScriptLine]:
        words = [*scratch.options, "--wait", "0.3", "B", "on", "cpu1", "lwktpri", "4"]
        began = time.monotonic()
        process = start(words)
        _, err = process.communicate(timeout=30)
        heard.append((process.returncode, err, time.monotonic() - began))
        yield from parse_script("A on cpu1 lwktpri 4", "first")

    carry_out(scratch.context(), slow_script())
    [(status, err, seconds)] = heard
    me = Path("/proc/self/comm").read_text().strip()
    assert status == 1
    assert seconds >= 0.3
    first, holder, remedy = err.splitlines()
    prefix = f"usched: registry {scratch.path} is locked: waited "
    assert first.startswith(prefix)
    assert first.endswith(" s")
    assert 0.3 <= float(first.removeprefix(prefix).removesuffix(" s")) <= seconds
    assert holder == f"  held by pid {os.getpid()} ({me})"
    assert remedy == "  try again, or --wait longer"
    assert list(read_statements(scratch.context()).names()) == ["BASE", "A"]


def test_no_wait_at_all_fails_at_once(scratch: Scratch) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    with open_store(str(scratch.path), write=True):
        process = start([*scratch.options, "--wait", "0", "B", "on", "cpu1", "lwktpri", "4"])
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert re.search(r"is locked: waited \d\.\d s", err), err  # the default is ten
    assert f"pid {os.getpid()} (" in err


def test_readers_see_the_state_before_a_transaction_while_it_lasts(scratch: Scratch) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    heard: list[str] = []

    def slow_script() -> Iterator[ScriptLine]:
        yield from parse_script("A on cpu1 lwktpri 4", "first")
        process = start([*scratch.options, "--wait", "0", "export"])
        heard.append(process.communicate(timeout=30)[0])
        yield from parse_script("destroy BASE", "second")

    carry_out(scratch.context(), slow_script())
    assert heard == ["BASE on cpu* lwktpri 6\n"]
    assert format_registry(read_statements(scratch.context())) == "A on cpu1 lwktpri 4\n"


def test_dry_run_and_check_wait_for_nobody(scratch: Scratch) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    with open_store(str(scratch.path), write=True):
        for words in (["B", "on", "cpu1", "lwktpri", "4", "-n"], ["check"], ["tree"], ["log"]):
            process = start([*scratch.options, "--wait", "0", *words])
            _, err = process.communicate(timeout=30)
            assert process.returncode == 0, (words, err)


@pytest.mark.slow
def test_readers_during_writes_see_a_whole_state(scratch: Scratch) -> None:
    """Ten schedulers of one priority, replaced by a batch again and again: never two priorities."""
    script = "\n".join(f"S{number} on cpu* lwktpri {{0}}" for number in range(10))
    scratch.declare(script.format(8))
    rounds = 60

    def write() -> int:
        for number in range(1, rounds + 1):
            carry_out(scratch.context(60), parse_script(script.format(6 + number % 3), "writer"))
        return 0

    def read() -> int:
        seen = set()
        while True:
            with open_store(str(scratch.path), False, 60) as store:
                last = store.last_revision()
                registry = store.registry()
                again = store.last_revision()
            priorities = {entry.declare.lwktpri for entry in registry}
            if len(registry) != 10 or len(priorities) != 1 or last % 10 or last != again:
                return 1
            seen.add(last)
            if last == 10 * (rounds + 1):
                return 0 if len(seen) > 2 else 2

    readers = [fork(read), fork(read)]
    writer = fork(write)
    assert wait_for(writer) == 0
    assert [wait_for(pid) for pid in readers] == [0, 0]


def test_nobody_is_found_to_hold_a_registry_that_is_free(scratch: Scratch) -> None:
    scratch.declare("BASE on cpu* lwktpri 6")
    assert find_holders(str(scratch.path)) == []
    assert find_holders(str(scratch.path.parent / "none")) == []


def test_holder_is_found_by_device_and_inode(tmp_path: Path) -> None:
    """/proc/locks as in proc(5): a holder, who waits for it, and a lock on another file."""
    path = tmp_path / "registry.db"
    path.touch()
    status = path.stat()
    here = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    (tmp_path / "proc/41").mkdir(parents=True)
    (tmp_path / "proc/41/comm").write_text("usched\n")
    (tmp_path / "proc/locks").write_text(
        f"1: POSIX  ADVISORY  WRITE 41 {here} 1073741825 1073741825\n"
        f"1: -> POSIX  ADVISORY  WRITE 42 {here} 1073741825 1073741825\n"
        f"2: POSIX  ADVISORY  READ 43 {here}0 128 128\n"
        f"3: POSIX  ADVISORY  READ 44 {here} 1073741826 1073742335\n"
        f"4: POSIX  ADVISORY  READ 41 {here} 1073741826 1073742335\n"
    )
    assert find_holders(str(path), str(tmp_path)) == ["pid 41 (usched)", "pid 44 (gone)"]
