"""Where output goes: pipes, terminals, narrow ones, readers that have enough."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

import pytest

from tests.face.sessions import Session, on_terminal

SHOWN = (
    ("list",),
    ("tree",),
    ("map",),
    ("show", "POOL"),
    ("explain", "cpu0"),
    ("explain", "POOL/WEB"),
    ("export",),
    ("log",),
    ("diff", "0"),
    ("check",),
    ("topology", "show"),
    ("simulate", "w.yaml"),
    ("simulate", "w.yaml", "--summary"),
    ("simulate", "w.yaml", "--at", "2"),
)
ALL = pytest.mark.parametrize("args", SHOWN, ids=" ".join)


@ALL
def test_a_pipe_gets_no_colour_and_80_columns(session: Session, args: tuple[str, ...]) -> None:
    result = session.run(*args)
    assert result.status == 0
    assert "\x1b" not in result.out
    if args != ("diff", "0"):  # has the whole record of the topology in a line
        assert max(map(len, result.out.splitlines())) <= 80


@ALL
def test_lines_have_no_blanks_at_their_ends(session: Session, args: tuple[str, ...]) -> None:
    lines = session.run(*args).out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[-1], "the last line is not an empty one"


@pytest.mark.slow
def test_a_terminal_gets_colour_unless_told_not_to(session: Session) -> None:
    args = ("simulate", "w.yaml")
    plain = session.run(*args).out
    coloured = on_terminal(session, *args)
    assert "\x1b[" in coloured
    assert on_terminal(session, *args, NO_COLOR="1") == plain
    assert "\x1b" not in on_terminal(session, *args, "--json")


def test_a_coloured_report_says_the_same(session: Session) -> None:
    coloured = on_terminal(session, "simulate", "w.yaml", "--summary")
    words = re.sub(r"\x1b\[[0-9;]*m", "", coloured).split()
    assert words == session.run("simulate", "w.yaml", "--summary").out.split()


@pytest.mark.slow
@ALL
def test_a_terminal_without_unicode_gets_ascii(session: Session, args: tuple[str, ...]) -> None:
    env: Mapping[str, str] = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    result = session.spawn(*args, env=env)
    assert result.status == 0
    assert result.out.isascii()
    assert "Traceback" not in result.err


@pytest.mark.parametrize("columns", ["20", "40", "132", "0", "-5", "many"])
def test_any_width_will_do(session: Session, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for args in SHOWN:
        assert session.run(*args).status == 0


def closed_early(session: Session, *args: str, lines: int) -> tuple[int, str]:
    """A command whose reader goes away after so many lines: its status, and what it says."""
    with subprocess.Popen(
        session.command(*args),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=session.folder,
        env=session.environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read().decode()
        return process.wait(timeout=60), err


LONG = (
    ("list",),
    ("export",),
    ("list", "--json"),
    ("tree",),
    ("map",),
    ("log",),
    ("batch", "again.usched", "-n"),
    ("simulate", "many.yaml"),
    ("simulate", "many.yaml", "--json"),
    ("simulate", "many.yaml", "--csv", "-"),
)


@pytest.fixture
def large(session: Session) -> Session:
    """More than a pipe holds, whatever is asked for."""
    script = "".join(f"SCHEDULER_WITH_A_LONG_NAME_{i} on cpu* lwktpri 1\n" for i in range(1500))
    session.write("large.usched", script)
    session.write("again.usched", script.replace("lwktpri 1", "lwktpri 2"))
    session.write(
        "many.yaml",
        "programs:\n  - {name: web, scheduler: NORM, run: 1, sleep: 1, rforks: 40, repeat: 400}\n",
    )
    session.done("batch", "large.usched", "-q")
    return session


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error(large: Session) -> None:
    for args in LONG:
        for lines in (0, 1):
            status, err = closed_early(large, *args, lines=lines)
            assert (args, lines, err) == (args, lines, "")
            assert status in (0, 141)


def test_a_full_disk_is_an_error(session: Session) -> None:
    with open("/dev/full", "wb") as full:
        for args in (("list",), ("export",), ("simulate", "w.yaml", "--json")):
            done = subprocess.run(
                session.command(*args),
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=session.folder,
                env=session.environment(),
                check=False,
                timeout=60,
            )
            assert done.returncode == 1
            assert done.stderr.decode() == "usched: output: No space left on device\n"
