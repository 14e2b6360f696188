"""A change of who granted something and one of who holds it, at the same moment: each order of the
steps that could strand somebody is forced, and the one that comes too late is refused."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.face.sessions import less_warnings
from tests.people import ALICE, BOB, POOL, People, become, declare, gather
from tests.world.scratch import fork, kill, wait_for
from usched.face.app import run
from usched.meaning.grants import Granted
from usched.words.statement import Grant
from usched.world import flocks, part_gates, part_store
from usched.world.part_files import part_path
from usched.world.part_gates import Gates
from usched.world.snapshot import open_folder
from usched.world.store import Store

slow = pytest.mark.slow


@pytest.fixture
def pool() -> Iterator[People]:
    for people in gather():
        declare(people, POOL)
        yield people


class Held:
    """A command of somebody's that stops at one place until it is let go on."""

    def __init__(self, people: People, who: str, line: str, place: Callable[[Held], None]) -> None:
        self.reached, self.go_on = people.folder / f"{who} is there", people.folder / f"{who} goes"
        self.heard = people.folder / f"heard of {who}"

        def act() -> int:
            place(self)
            become(who)
            return run(["--registry", str(people.registry), *line.split()])

        people.folder.chmod(0o777)
        with self.heard.open("w") as file:
            self.pid = fork(act, file, file)

    def stop(self) -> None:
        """In the process that is held: once."""
        if not self.reached.exists():
            self.reached.touch()
            wait_until(self.go_on.exists)

    def wait(self) -> None:
        wait_until(self.reached.exists)

    def finish(self) -> tuple[int, str]:
        self.go_on.touch()
        return wait_for(self.pid), self.heard.read_text()


def wait_until(holds: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < 20
        time.sleep(0.01)


def before_writing(held: Held) -> None:
    """Everything was looked at, and nothing is written."""
    write = Store.write_revisions

    def wait_and_write(*args: object) -> None:
        held.stop()
        write(*args)  # type: ignore[arg-type]

    Store.write_revisions = wait_and_write  # type: ignore[assignment,method-assign]


def before_replacing(held: Held) -> None:
    """The new store stands beside the old one."""
    beside = part_store._write_beside

    def write_and_wait(*args: object) -> str:
        new = beside(*args)  # type: ignore[arg-type]
        held.stop()
        return new

    part_store._write_beside = write_and_wait  # type: ignore[assignment]


def be_patient(_held: Held) -> None:
    """Who waits does not give up while the other one waits for a busy machine."""
    part_gates.PATIENCE = 60.0


#: Who takes what away from whom, who would stand on it, and where that is seen.
PAIRS = {
    "root and alice": ("root", "POOL on cpu0-7 lwktpri 6 vcpus 2", ALICE, "POOL/NEW on cpu3"),
    "alice and bob": (ALICE, "POOL/BATCH on cpu0 lwktpri 1", BOB, "POOL/BATCH/NEW on cpu3"),
}


def hand_on(pool: People) -> None:
    """BATCH, with all four cpus of POOL, is bob's to divide."""
    pool.done(ALICE, f"grant POOL/BATCH to {BOB}")


@slow
@pytest.mark.parametrize("pair", PAIRS)
def test_holder_waits_for_a_giver_who_has_looked_and_not_written(pair: str, pool: People) -> None:
    giver, narrow, holder, name = PAIRS[pair]
    hand_on(pool)
    first = Held(pool, giver, narrow, before_writing)
    first.wait()
    second = Held(pool, holder, f"{name} lwktpri 1", be_patient)
    time.sleep(0.3)  # he gets as far as he can
    status, said = first.finish()
    assert status == 0, said
    status, said = second.finish()
    assert (status, "cpu3 is not in POOL" in said) == (3, True), said
    assert pool.done("root", "tree").count("stranded") == 0


@slow
@pytest.mark.parametrize("pair", PAIRS)
def test_holder_who_was_overtaken_looks_once_more(pair: str, pool: People) -> None:
    giver, narrow, holder, name = PAIRS[pair]
    hand_on(pool)
    before = pool.files()
    late = Held(pool, holder, f"{name} lwktpri 1", before_replacing)
    late.wait()
    pool.done(giver, narrow)
    status, said = late.finish()
    assert (status, "cpu3 is not in POOL" in said) == (3, True), said
    assert pool.done("root", "tree").count("stranded") == 0
    assert len(pool.files()) == len(before)


@slow
@pytest.mark.parametrize("pair", PAIRS)
def test_giver_sees_what_was_written_before_he_looked(pair: str, pool: People) -> None:
    giver, narrow, holder, name = PAIRS[pair]
    hand_on(pool)
    late = Held(pool, holder, f"{name} lwktpri 1", before_replacing)
    late.wait()
    assert late.finish()[0] == 0
    assert "NEW would not fit: cpu3 is not in POOL" in pool.refused(3, giver, narrow)


@slow
def test_grant_that_is_taken_back_meanwhile_is_no_right_any_more(pool: People) -> None:
    for line in ("POOL/NEW on cpu3 lwktpri 1", "rollback 1"):
        late = Held(pool, ALICE, line, before_replacing)
        late.wait()
        pool.done("root", "revoke POOL")
        status, said = late.finish()
        assert (status, "not permitted: " in said) == (5, True), said
        for path in (late.reached, late.go_on):
            path.unlink()
        pool.done("root", f"grant POOL to {ALICE} lwktpri 6 depth 2")


def keep_locked(folder: Path, who: str, kind: int) -> int:
    """A process of somebody's that never lets a folder go; its pid."""
    reader, writer = os.pipe()

    def hold() -> int:
        become(who)
        fcntl.flock(os.open(folder, os.O_RDONLY), kind)
        os.write(writer, b".")
        signal.pause()
        return 0

    pid = fork(hold)
    assert os.read(reader, 1) == b"."
    return pid


@slow
@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_who_keeps_the_folder_locked_keeps_nobody_from_a_change(kind: int, pool: People) -> None:
    folder = pool.registry.with_name("registry.db.grants")
    pid = keep_locked(folder, BOB, kind)
    try:
        for who, line in (
            ("root", "NORM on cpu0 lwktpri 4"),
            (ALICE, "POOL/BATCH on cpu0 lwktpri 1"),
        ):
            started = time.monotonic()
            result = pool.say(who, line)
            assert result.status == 0
            assert time.monotonic() - started < 9  # a registry is waited for longer
            if kind == fcntl.LOCK_EX or who == "root":
                assert result.err.startswith(f"usched: {folder} is locked, by pid {pid} (")
            else:
                assert less_warnings(result.err) == ""
    finally:
        kill(pid)
    pool.done("root", "NORM on cpu0-7 lwktpri 4")


class Clock:
    """In the place of `time`: it goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_who_locks_every_folder_delays_a_change_by_a_second_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    for module in (flocks, part_gates):
        monkeypatch.setattr(module, "time", clock)
    registry = str(tmp_path / "registry.db")
    names = ["POOL", "POOL/A", "POOL/A/B", "POOL/A/B/C"]
    chain = [Granted(Grant(name, f"user{name.count('/')}"), 0, 0) for name in names]
    folders = [Path(f"{registry}.grants")]
    folders += [Path(f"{part_path(registry, chain[:end])}.grants") for end in range(1, 5)]
    said: list[str] = []
    gates = Gates(registry, chain, said.append)
    with ExitStack() as held:
        for folder in folders:
            folder.mkdir(parents=True)
            file = held.enter_context(open_folder(str(folder)))
            fcntl.flock(file, fcntl.LOCK_EX)
        with gates.shut(), gates.pass_all(gates.take_marks()):
            assert clock.now == pytest.approx(part_gates.PATIENCE, abs=0.1)
    holders = [each.partition(" is locked, by pid ")[0] for each in said]
    assert holders == [*map(str, folders[-1:] + folders[:-1])]
