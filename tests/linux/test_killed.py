"""apply, killed at each of its changes on a real kernel (`inside/killed.py`)."""

from __future__ import annotations

import re

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "killed", 300, ["7.3"]

pytestmark = pytest.mark.slow


def test_whatever_kill_9_cuts_short_is_as_before_or_done_after_the_next_command(seen: Seen) -> None:
    undone = 0
    changes = [(call, number) for call, number, *_ in seen["every_change"]]
    for call, number, killed, on, (status, out, err), agrees in seen["every_change"]:
        where = f"{call} {number}, and then apply of the {on}"
        assert (where, killed) == (where, -9)
        assert (where, status, out) == (where, 0, "")
        assert (where, agrees) == (where, True)
        if err:
            undone += 1
            pattern = r"usched: an apply by process \d+ did not come to its end: it is undone\n"
            assert re.fullmatch(pattern, err), where
    # all but what comes before the journal is there, and after it is gone
    assert undone == len(changes) - 6
    assert len(changes) > 30
    made = {"mkdirat", "unlinkat", "renameat", "write", "fsync"}
    assert made == {call for call, _ in changes}


def test_release_leaves_nothing_after_all_that(seen: Seen) -> None:
    assert seen["nothing_is_left"] == [[0, "", ""], False, ["lock"]]
