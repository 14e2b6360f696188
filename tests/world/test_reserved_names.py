"""A registry may hold a name that has become a reserved word since: nothing breaks of that."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.face.sessions import less_warnings
from tests.world.scratch import Scratch, make_scratch
from usched.face.app import run


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """With `plan` and `plan/IN` in it, as a program would have left it for which they were free."""
    scratch = make_scratch(tmp_path)
    scratch.declare("OLD on cpu0-3 lwktpri 6", "OLD/IN on cpu0 lwktpri 4", "B on cpu4 lwktpri 5")
    connection = sqlite3.connect(scratch.path)
    with connection:
        for table, columns in (
            ("scheduler", ("name", "parent", "statement")),
            ("change", ("name", "before", "after")),
            ("revision", ("text",)),
        ):
            for column in columns:
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, 'OLD', 'plan')"
                )
    connection.close()
    return scratch


def say(scratch: Scratch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([*scratch.options, *words])
    heard = capsys.readouterr()
    assumed = "usched: no topology is declared: using this machine's (8 cpus)\n"
    return status, heard.out, less_warnings(heard.err.replace(assumed, ""))


def test_it_is_read_shown_and_exported(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["list"], ["tree"], ["show", "plan"], ["explain", "plan/IN"], ["log", "plan"]):
        status, out, err = say(scratch, capsys, *words)
        assert (status, err) == (0, ""), words
        assert "plan" in out
    assert say(scratch, capsys, "check")[0] == 0
    text = "plan on cpu0-3 lwktpri 6\nB on cpu4 lwktpri 5\nplan/IN on cpu0 lwktpri 4\n"
    assert say(scratch, capsys, "export") == (0, text, "")


def test_declaring_it_anew_is_refused(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    before = scratch.path.read_bytes()
    for name in ("plan", "plan/MORE"):
        status, out, err = say(scratch, capsys, name, "on", "cpu0", "lwktpri", "6")
        assert (status, out) == (3, "")
        assert "'plan' is a reserved word, not a scheduler's name" in err
    assert scratch.path.read_bytes() == before


def test_everything_else_can_be_changed(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(scratch, capsys, "C", "on", "cpu5", "lwktpri", "4")[0] == 0
    assert say(scratch, capsys, "destroy", "plan")[0] == 3  # it has a child
    status, out, err = say(scratch, capsys, "destroy", "plan", "recursive")
    assert (status, err) == (0, "")
    assert "#   plan: gone\n" in out
    assert say(scratch, capsys, "rollback", "4")[0] == 0
    assert "plan/IN on cpu0 lwktpri 4\n" in say(scratch, capsys, "export")[1]
