"""Closed descriptors and signals: one line, the right status, and never a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.face.sessions import Session

CHANGE = "FULL on cpu0 lwktpri 4"


def shell(session: Session, words: str, redirections: str) -> tuple[int, str, str]:
    """The command as a shell starts it: (status, standard output, standard error)."""
    ended = subprocess.run(
        ["sh", "-c", f'"$0" -m usched --registry r.db {words} {redirections}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
        cwd=session.folder,
        env=session.environment(),
    )
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        "list",
        *(
            pytest.param(words, marks=pytest.mark.slow)
            for words in ("tree", "--help", "topology show", "simulate w.yaml")
        ),
    ],
)
def test_a_result_for_a_closed_standard_output_is_an_error(session: Session, words: str) -> None:
    assert shell(session, words, ">&-") == (1, "", "usched: standard output is closed\n")
    assert shell(session, words, ">&- 2>&-") == (1, "", "")
    assert shell(session, words, ">/dev/full 2>/dev/full") == (1, "", "")


def test_a_change_for_a_closed_standard_output_is_said_to_be_made(session: Session) -> None:
    said = "usched: the change was made, but cannot be reported: standard output is closed\n"
    assert shell(session, CHANGE, ">&-") == (1, "", said)
    assert CHANGE in session.done("export")


def test_a_file_is_never_opened_as_a_standard_descriptor(session: Session) -> None:
    """The registry would be, and the report written into it."""
    shell(session, CHANGE, "<&- >&- 2>&-")
    assert CHANGE in session.done("export")
    assert "usched" not in session.registry.read_bytes()[:16].decode("latin-1")


@pytest.mark.slow
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_who_wants_no_messages_gets_the_result_and_the_status(
    session: Session, redirection: str
) -> None:
    status, out, _ = shell(session, CHANGE, redirection)
    assert (status, out) == (0, f"{CHANGE}  # revision 6\n#   FULL: 1 cpu on cpu0\n")
    assert shell(session, "bogus x", redirection) == (2, "", "")
    assert shell(session, "list --nonsense", redirection) == (2, "", "")
    assert shell(session, "destroy NOBODY", redirection) == (4, "", "")


def test_closed_standard_input_is_no_empty_script(session: Session) -> None:
    said = "usched: script <stdin> cannot be read: it is closed\n"
    assert shell(session, "batch -", "<&-") == (1, "", said)
    assert shell(session, "list", "<&-")[0] == 0


#: Runs the command, with a signal at the N-th thing that Python is asked to import, or to open.
AT_EVENT = """
import os, sys
number, count, words = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
sys.argv = ["usched", *words]
from usched.__main__ import main
left = count
def hook(event, details):
    global left
    if event in ("import", "open", "sqlite3.connect"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
sys.addaudithook(hook)
main()
"""


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(2, 130, "usched: interrupted\n"), (15, 143, "usched: interrupted (SIGTERM)\n")],
    ids=["SIGINT", "SIGTERM"],
)
@pytest.mark.slow
def test_a_signal_at_any_moment_ends_with_one_line(
    session: Session, number: int, status: int, said: str
) -> None:
    endings = []
    words = ("--registry", "r.db", "simulate", "w.yaml")
    # before it is caught, SIGTERM ends a process without a word
    for count in range(1 if number == 2 else 60, 400, 7):
        ended = subprocess.run(
            [sys.executable, "-c", AT_EVENT, str(number), str(count), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=session.folder,
            env=session.environment(),
        )
        if ended.returncode == 0:  # it was over before
            break
        assert (ended.returncode, ended.stderr) == (status, said), count
        endings.append(ended)
    assert len(endings) > 10


@pytest.mark.slow
def test_a_signal_that_is_ignored_by_order_stays_so(session: Session) -> None:
    """As nohup has it, and a shell for its background jobs."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); signal.signal(2, signal.SIG_IGN)\n"
    words = ("--registry", "r.db", "list")
    for number in (2, 15):
        ended = subprocess.run(
            [sys.executable, "-c", code + AT_EVENT, str(number), "20", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=session.folder,
            env=session.environment(),
        )
        assert (ended.returncode, ended.stderr) == (0, "")
