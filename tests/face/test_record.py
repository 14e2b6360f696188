"""`usched record`: perf where it is installed, and what is said where it is not."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.face.sessions import Session
from tests.text.traces.recordings import PERF

#: Stands in for perf: it runs the command, keeps what it was called with, and has one trace.
FAKE = """#!/bin/sh
echo "$*" >> calls
case "$1 $2" in
"sched record")
    shift 2; shift; data=$1; shift; shift
    if [ -e broken ]; then echo "perf: no permission" >&2; exit 255; fi
    "$@"; status=$?; echo data > "$data"; exit $status;;
"script --show-lost-events")
    cat trace; [ ! -e torn ];;
esac
"""


@pytest.fixture
def perf(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    session.write("perf", FAKE)
    (session.folder / "perf").chmod(0o755)
    session.write("trace", PERF)
    monkeypatch.setenv("PATH", f"{session.folder}:/usr/bin:/bin")
    return session


def calls(session: Session) -> list[str]:
    """What perf was called with, less the name of its file."""
    lines = session.files()["calls"].decode().splitlines()
    return [" ".join(word for word in line.split() if "perf.data" not in word) for line in lines]


def test_perf_records_and_its_text_is_kept(perf: Session) -> None:
    before = set(perf.files())
    result = perf.run("record", "--", "sh", "-c", "exit 0")
    assert (result.status, result.out) == (0, "")
    assert result.err == (
        "usched: recorded 7 events in trace.txt\n"
        "usched: type: usched import trace.txt -o trace.yaml --default NORM\n"
    )
    assert perf.files()["trace.txt"].decode() == PERF
    assert calls(perf) == ["sched record -o -- sh -c exit 0", "script --show-lost-events --ns -i"]
    assert perf.run("import", "trace.txt", "--default", "NORM").status == 0
    assert set(perf.files()) - before == {"calls", "trace.txt"}


def test_options_of_the_command_are_its_own_and_its_status_is_said(perf: Session) -> None:
    result = perf.run("record", "-o", "other.txt", "-q", "sh", "-c", "exit 3", "-q", "-o", "x")
    assert (result.status, result.err) == (0, "usched: sh ended with status 3\n")
    assert calls(perf)[0] == "sched record -o -- sh -c exit 3 -q -o x"
    assert perf.files()["other.txt"].decode() == PERF


def test_error_a_trace_that_is_there_is_not_written_over(perf: Session) -> None:
    perf.write("trace.txt", "mine")
    assert perf.refused(2, "record", "true") == (
        "usched: trace.txt is there already: name another file with -o"
    )


def test_error_no_command(perf: Session) -> None:
    expected = (
        "usched: no command is given to record\n"
        "  for five seconds of the whole machine: usched record -- sleep 5"
    )
    assert perf.refused(2, "record") == perf.refused(2, "record", "--") == expected
    assert perf.refused(1, "record", "nonesuch") == "usched: there is no command nonesuch"


def test_error_perf_records_nothing(perf: Session) -> None:
    perf.write("broken", "")
    result = perf.run("record", "true")
    assert result.status == 1
    assert result.err.splitlines()[0] == "usched: perf recorded nothing (status 255)"
    assert "trace.txt" not in perf.files()


def test_error_perf_cannot_read_its_own_record(perf: Session) -> None:
    perf.write("torn", "")
    before = set(perf.files())
    result = perf.run("record", "true")
    assert (result.status, result.err) == (1, "usched: perf script failed (status 1)\n")
    assert set(perf.files()) - before == {"calls"}


def test_error_no_perf(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(session.folder))
    lines = session.refused(1, "record", "true").splitlines()
    assert lines[0] == "usched: perf is not installed"
    assert any("apt install linux-perf" in line for line in lines)


@pytest.mark.slow
def test_the_real_one(session: Session) -> None:
    found = shutil.which("perf")
    probe = Path(session.folder / "probe")
    words = [str(found), "sched", "record", "-o", str(probe), "true"]
    if found is None or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("perf is not installed, or may not record here")
    # a thread goes by the comm under which it ran longest: what is recorded computes for much
    # longer than perf's child takes, on a busy machine, to become it
    busy = "i=0; while [ $i -lt 500000 ]; do i=$((i + 1)); done"
    result = session.spawn("record", "-o", "t.txt", "--", "sh", "-c", busy)
    assert result.status == 0, result.err
    result = session.spawn("import", "t.txt", "--default", "NORM", "--kernel", "--tick", "10us")
    assert result.status == 0, result.err
    assert re.search(r"\bsh-\d+", result.out)
    assert "could not be read" not in result.err
