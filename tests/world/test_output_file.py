"""A file that a command writes is whole or not there, and what cannot be written is found first."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.face.sessions import Session
from usched.words.problems import EnvironmentFailed
from usched.world.output_file import OutputFile


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("before")
    path.chmod(0o640)
    with OutputFile(str(path)) as file:
        file.write(["a", "b"])
        assert path.read_text() == "before"
        file.commit()
    assert path.read_text() == "ab"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_left_of_what_failed(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "x.csv"
    if there:
        path.write_text("before")
    with pytest.raises(ZeroDivisionError), OutputFile(str(path)) as file:
        file.write(["half"])
        raise ZeroDivisionError
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"] * there


def test_a_link_and_a_second_name_stay(tmp_path: Path) -> None:
    path, link, second = tmp_path / "x", tmp_path / "link", tmp_path / "second"
    path.write_text("a longer text than what comes")
    link.symlink_to(path)
    with OutputFile(str(link)) as file:
        file.write(["new"])
        file.commit()
    assert link.is_symlink()
    assert path.read_text() == "new"
    os.link(path, second)
    with OutputFile(str(path)) as file:
        file.write(["2"])
        file.commit()
    assert second.read_text() == "2"


def test_a_device_is_written_as_it_comes() -> None:
    with OutputFile("/dev/null") as file:
        file.write(["x"])
        file.commit()
    with OutputFile("/dev/full") as file, pytest.raises(EnvironmentFailed, match="No space left"):
        file.write(["x"])


def test_a_report_is_not_lost_with_the_file(session: Session) -> None:
    result = session.run("simulate", "w.yaml", "--csv", "/dev/full")
    assert result.status == 1
    assert result.err.endswith("usched: /dev/full cannot be written: No space left on device\n")
    assert result.out == session.run("simulate", "w.yaml").out


def test_a_path_that_cannot_be_written_is_found_before_the_run(session: Session) -> None:
    """The run would take for ever."""
    session.write(
        "long.yaml", "programs:\n  - {name: a, scheduler: NORM, run: 1, repeat: forever}\n"
    )
    words = ("simulate", "long.yaml", "--ticks", "1000000000", "--csv")
    assert session.refused(1, *words, "no/x.csv").endswith(
        "usched: no/x.csv cannot be written: No such file or directory"
    )
    assert session.refused(1, *words, ".").endswith("usched: . cannot be written: Is a directory")
