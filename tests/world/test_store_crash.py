"""A batch that is killed, or that finds the disk full, is there as a whole or not at all."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world.scratch import (
    COMMAND,
    environment,
    fork,
    fork_run,
    kill,
    make_scratch,
    start,
    wait_for,
)
from usched.actions.read import read_log, read_statements
from usched.face.app import run
from usched.meaning.registry import format_registry
from usched.world.store import open_store

BEFORE = ("KEPT on cpu* lwktpri 6", "KEPT/IN on cpu0-1 lwktpri 6", "OTHER on cpu3 lwktpri 4")
STATEMENTS = 1000

#: The killings of one test, and into how many tests they are split that can run side by side.
ROUNDS, PARTS = 30, 6

#: How often all rounds are gone through where the machine is busier than when it was measured.
LAPS = 6


class Victim:
    """A registry with a little in it, put back before each round, and a batch to be killed."""

    def __init__(self, folder: Path, statements: int) -> None:
        self.scratch = make_scratch(folder)
        self.scratch.declare(*BEFORE)
        self.original = self.scratch.path.read_bytes()
        self.script = folder / "batch.usched"
        lines = [f"S{number} on cpu{number % 8} lwktpri 4" for number in range(statements)]
        lines[1] = "destroy OTHER"
        lines[2] = "KEPT on cpu0-5 lwktpri 7"
        self.script.write_text("".join(f"{line}\n" for line in lines))
        self.words = [*self.scratch.options, "batch", "-q", str(self.script)]
        self.nothing, self.nothing_summary = self.contents(), self.summary()
        assert run(self.words) == 0
        self.all, self.all_summary = self.contents(), self.summary()
        assert self.nothing != self.all

    def contents(self) -> tuple[str, list[tuple[int, str]]]:
        log = read_log(self.scratch.context(), None, None)
        return (
            format_registry(read_statements(self.scratch.context())),
            [(revision.number, revision.text) for revision in log],
        )

    def restore(self) -> None:
        self.scratch.journal.unlink(missing_ok=True)
        self.scratch.path.write_bytes(self.original)

    def summary(self) -> tuple[list[str], list[str]]:
        """The names and the log, which are read in no time."""
        with open_store(str(self.scratch.path), write=False) as store:
            return sorted(store.names()), [revision.text for revision in store.revisions()[0]]

    def outcome(self, whole: bool = True) -> str:
        """Open what is left: `all`, `nothing`, or a failure of the test."""
        contents = self.contents() if whole else self.summary()
        connection = sqlite3.connect(self.scratch.path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        if contents in (self.all, self.all_summary):
            return "all"
        assert contents in (self.nothing, self.nothing_summary), f"{len(contents[1])} revisions"
        return "nothing"

    def watch_journal(self, alive: Callable[[], bool]) -> None:
        """Until the commit begins to write."""
        while alive() and not self.scratch.journal.exists():
            pass


def is_alive(pid: int) -> bool:
    # waitid leaves the child to be waited for
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PARTS))
def test_batch_killed_at_any_moment_leaves_all_of_it_or_nothing(seed: int, tmp_path: Path) -> None:
    victim = Victim(tmp_path, STATEMENTS)
    life, commit = _measure(victim)
    dice = random.Random(seed)
    outcomes: list[str] = []
    interrupted = 0
    for number in range(ROUNDS * LAPS):
        if number >= ROUNDS and interrupted and len(set(outcomes)) == 2:
            break
        victim.restore()
        pid = fork_run(victim.words)
        # a moment in each stretch of the time that it takes, and some behind its end
        lap, place = divmod(number, ROUNDS)
        moment = (place + dice.random()) / ROUNDS * (lap + 1)
        if number % 2:
            victim.watch_journal(lambda pid=pid: is_alive(pid))  # type: ignore[misc]
            time.sleep(moment * commit * 1.3)
        else:
            time.sleep(moment * life * 1.1)
        kill(pid)
        interrupted += victim.scratch.journal.exists()
        outcomes.append(victim.outcome(whole=number % 10 == 0))
    assert set(outcomes) == {"all", "nothing"}
    assert interrupted > 0  # in the middle of the commit, where it matters


def _measure(victim: Victim) -> tuple[float, float]:
    """Seconds that a batch lives, and those from its first write to its end; the longest of 3."""
    lives, commits = [], []
    for _ in range(3):
        victim.restore()
        started = time.monotonic()
        pid = fork_run(victim.words)
        victim.watch_journal(lambda pid=pid: is_alive(pid))  # type: ignore[misc]
        writing = time.monotonic()
        assert wait_for(pid) == 0
        lives.append(time.monotonic() - started)
        commits.append(time.monotonic() - writing)
        assert victim.outcome() == "all"
    return max(lives), max(commits)


@pytest.mark.slow
def test_first_batch_of_all_killed_at_any_moment_leaves_a_registry_that_works(
    tmp_path: Path,
) -> None:
    victim = Victim(tmp_path, 100)
    victim.script.write_text("".join(f"S{number} on cpu1 lwktpri 4\n" for number in range(100)))
    dice = random.Random(1)
    for number in range(30):
        for path in (victim.scratch.path, victim.scratch.journal):
            path.unlink(missing_ok=True)
        pid = fork_run(victim.words)
        if number % 2:
            victim.watch_journal(lambda pid=pid: is_alive(pid))  # type: ignore[misc]
            time.sleep(dice.uniform(0, 0.01))
        else:
            time.sleep(dice.uniform(0, 0.06))
        kill(pid)
        for _ in range(2):
            assert len(read_statements(victim.scratch.context())) in {0, 100}, number
        victim.scratch.declare("AFTER on cpu0 lwktpri 4")
        assert len(read_statements(victim.scratch.context())) in {1, 101}, number


@pytest.mark.slow
def test_real_command_killed_at_any_moment_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    victim = Victim(tmp_path, STATEMENTS)
    victim.restore()
    started = time.monotonic()
    assert start(victim.words).wait(60) == 0
    life = time.monotonic() - started
    dice = random.Random(20)
    outcomes = []
    for number in range(22):
        victim.restore()
        with start(victim.words) as process:
            if number % 2:
                victim.watch_journal(lambda process=process: process.poll() is None)  # type: ignore[misc]
                time.sleep(dice.uniform(0, 0.02))
            else:
                time.sleep((number + dice.random()) / 22 * life * 1.1)
            process.kill()
            process.wait()
        outcomes.append(victim.outcome())
    assert "nothing" in outcomes
    # the last round is let go, so that this run could have had either
    victim.restore()
    assert start(victim.words).wait(60) == 0
    assert victim.outcome() == "all"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="no strace to kill at a system call with")
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "unlink"])
def test_batch_killed_at_each_system_call_of_the_commit(call: str, tmp_path: Path) -> None:
    victim = Victim(tmp_path, 8)
    outcomes = []
    strace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
    for number in range(1, 200):
        victim.restore()
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        watched = subprocess.run(
            [*strace, "-e", inject, *COMMAND, *victim.words],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )
        if watched.returncode not in {0, -signal.SIGKILL, 128 + signal.SIGKILL}:
            pytest.skip(f"strace may not trace here: {watched.stderr.strip()[:80]}")
        outcomes.append(victim.outcome())
        if watched.returncode == 0:  # there are fewer such calls
            break
    assert outcomes.pop() == "all"
    if call != "fsync":  # where SQLite was built to use fdatasync only
        assert "nothing" in outcomes


@pytest.mark.slow
def test_batch_on_a_full_disk_is_one_error_and_changes_nothing(
    tmp_path: Path,
) -> None:
    victim = Victim(tmp_path, STATEMENTS)
    full = victim.scratch.path.stat().st_size
    outcomes = []
    for limit in (1, 512, 4096, 20_000, len(victim.original), full // 2, full - 4096, full):
        victim.restore()
        status = wait_for(fork(lambda limit=limit: _run_limited(victim, limit)))  # type: ignore[misc]
        outcome = victim.outcome()
        assert (status, outcome) in {(1, "nothing"), (0, "all")}, limit
        outcomes.append(outcome)
    assert set(outcomes) == {"all", "nothing"}


def _run_limited(victim: Victim, limit: int) -> int:
    """The command where no file can grow beyond so many bytes (as where the disk is full)."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return run(victim.words)


def test_what_a_killed_writer_left_is_rolled_back_by_the_next_reader(tmp_path: Path) -> None:
    victim = Victim(tmp_path, STATEMENTS)
    for _ in range(40):
        victim.restore()
        pid = fork_run(victim.words)
        victim.watch_journal(lambda pid=pid: is_alive(pid))  # type: ignore[misc]
        while is_alive(pid) and victim.scratch.path.stat().st_size == len(victim.original):
            pass
        kill(pid)
        if victim.scratch.journal.exists():
            break
    else:
        pytest.skip("no writer could be killed between its first page and its last")
    process = start([*victim.scratch.options, "export"])
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, victim.nothing[0], "")
    assert not victim.scratch.journal.exists()


def test_script_with_an_error_in_its_last_line_changes_nothing(tmp_path: Path) -> None:
    victim = Victim(tmp_path, STATEMENTS)
    victim.restore()
    with victim.script.open("a") as file:
        file.write("LAST on cpu99 lwktpri 4\n")
    before = victim.scratch.path.read_bytes()
    assert run(victim.words) == 3
    assert victim.scratch.path.read_bytes() == before


def test_exception_inside_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    scratch = make_scratch(tmp_path)
    scratch.declare(*BEFORE)
    before = scratch.path.read_bytes()
    with (
        pytest.raises(ZeroDivisionError),
        open_store(str(scratch.path), write=True) as store,
    ):
        store._db.execute("DELETE FROM scheduler")
        raise ZeroDivisionError
    assert scratch.path.read_bytes() == before
    assert not scratch.journal.exists()
