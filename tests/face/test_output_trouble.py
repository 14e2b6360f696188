"""Output that cannot be written, that takes long, and that must be ASCII."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from tests.face.sessions import Session
from tests.text.traces.recordings import PERF

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_change_that_cannot_be_reported_is_said_to_be_made(session: Session) -> None:
    with FULL.open("w") as full:
        process = subprocess.run(
            session.command("FULL", "on", "cpu0", "lwktpri", "4"),
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=session.folder,
            env=session.environment(),
            text=True,
            check=False,
        )
    assert process.returncode == 1
    assert process.stderr == (
        "usched: the change was made, but cannot be reported: No space left on device\n"
    )
    assert "FULL on cpu0 lwktpri 4\n" in session.done("export")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--wait", "nan", "Invalid value for '--wait': 'nan' is not a valid number."),
        ("--registry", "", "Invalid value for '--registry': PATH is empty: leave the option out"),
        ("--topology", "", "Invalid value for '--topology': FILE is empty: leave the option out"),
        ("--root", "", "Invalid value for '--root': DIR is empty: leave the option out"),
    ],
)
def test_an_option_that_says_nothing_is_refused(
    session: Session, option: str, value: str, said: str
) -> None:
    assert said in session.refused(2, option, value, "list")


@pytest.mark.slow
def test_the_c_locale_gets_ascii(session: Session) -> None:
    for locale, expected in (("C", False), ("POSIX", False), ("C.UTF-8", True)):
        env = {"LC_ALL": locale, "PYTHONUTF8": "1"}
        for words in (("tree",), ("topology", "show")):
            drawn = session.spawn(*words, env=env).out
            assert ("└" in drawn) == expected, (locale, words)
            assert expected or drawn.isascii()


@pytest.mark.slow
def test_a_long_run_shows_a_progress_bar_on_a_terminal(session: Session) -> None:
    """The run would take hours: whoever sees the bar stops it."""
    # it falls behind further and further, so that no state recurs
    program = "{name: a, scheduler: NORM, run: 2, period: 1, repeat: forever}"
    session.write("long.yaml", f"programs:\n  - {program}\n")
    main, side = pty.openpty()
    env = session.environment(TERM="xterm-256color", COLUMNS="80", LINES="24")
    command = session.command("simulate", "long.yaml", "--ticks", "1000000000", "--summary")
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=side, cwd=session.folder, env=env
    ) as process:
        os.close(side)
        shown = b""
        while b"%" not in shown:
            try:
                shown += os.read(main, 4096)
            except OSError:  # it has ended
                break
        process.kill()
    os.close(main)
    assert b"ticks" in shown
    assert b"%" in shown


@pytest.mark.slow
def test_a_long_import_counts_its_lines_on_a_terminal(session: Session) -> None:
    """The trace has no end: whoever sees the count stops it."""
    main, side = pty.openpty()
    env = session.environment(TERM="xterm-256color", COLUMNS="80", LINES="24")
    command = session.command("import", "-", "--default", "NORM", "-o", "made.yaml")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=side, cwd=session.folder, env=env
    ) as process:
        os.close(side)
        assert process.stdin is not None
        process.stdin.write(PERF.encode())
        shown = b""
        while b" lines" not in shown and process.poll() is None:
            process.stdin.write(b"#\n" * 10_000)
            if select.select([main], [], [], 0)[0]:
                shown += os.read(main, 4096)
        process.kill()
    os.close(main)
    assert re.search(rb"[1-9][0-9]*,[0-9]{3} lines", shown)
    assert "made.yaml" not in session.files()
