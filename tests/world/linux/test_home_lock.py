"""The lock under which homes are given, between real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.world.scratch import fork, kill, wait_for
from usched.world.linux.home_lock import lock_homes

ROUNDS = 200


def count_up(root: Path, path: Path) -> int:
    for _ in range(ROUNDS):
        with lock_homes(str(root), lambda _: None, patience=600):
            number = int(path.read_text())
            path.write_text(str(number + 1))
    return 0


def test_one_process_at_a_time_is_at_it(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    counter = tmp_path / "counter"
    counter.write_text("0")
    children = [fork(lambda: count_up(tmp_path, counter)) for _ in range(4)]
    assert [wait_for(pid) for pid in children] == [0] * 4
    assert counter.read_text() == str(4 * ROUNDS)


def test_who_never_lets_go_keeps_nobody_for_ever(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    hears, says = os.pipe()

    def hold() -> int:
        with lock_homes(str(tmp_path), lambda _: None):
            os.write(says, b".")
            signal.pause()
        return 0

    holder = fork(hold)
    os.read(hears, 1)
    told: list[str] = []
    with lock_homes(str(tmp_path), told.append, patience=0.05) as is_held:
        assert not is_held
    assert told == [
        "another process has been giving homes for 0.05 s: it is not waited for, and a home may be "
        "shared that need not be"
    ]
    with lock_homes(str(tmp_path), told.append, patience=0) as is_held:
        assert not is_held  # and it was told before
    kill(holder)  # and with it what it held
    with lock_homes(str(tmp_path), told.append) as is_held:
        assert is_held
    assert len(told) == 1
