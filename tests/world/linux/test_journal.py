"""Root's journal, in a tree that somebody else may have laid out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.world.linux.planted import PLANTED
from usched.words.problems import EnvironmentFailed, NotPermitted, UschedError
from usched.world.linux.journal import Before, Journal


def refused(root: Path, kind: type[UschedError]) -> str:
    with pytest.raises(kind) as refusal, Journal(str(root)).lock():
        pass
    return refusal.value.problems[0].what


def test_no_link_leads_to_it(tmp_path: Path) -> None:
    away, root = tmp_path / "away", tmp_path / "root"
    away.mkdir()
    root.mkdir()
    (root / "run").symlink_to(away)
    assert refused(root, EnvironmentFailed).startswith(f"{root}/run/usched cannot be written")
    (root / "run").unlink()
    (root / "run").mkdir()
    (root / "run/usched").symlink_to(away)
    refused(root, EnvironmentFailed)
    assert os.listdir(away) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_it_is_not_kept_where_others_write(tmp_path: Path) -> None:
    with Journal(str(tmp_path)).lock():
        pass
    folder = tmp_path / "run/usched"
    os.chown(folder, 1000, -1)
    assert refused(tmp_path, NotPermitted).endswith("others may write there")
    os.chown(folder, 0, -1)
    folder.chmod(0o777)
    refused(tmp_path, NotPermitted)


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_there_is_neither_read_nor_written(tmp_path: Path, planted: str) -> None:
    journal = Journal(str(tmp_path))
    with journal.lock():
        pass
    other = tmp_path / "other"
    other.write_text("{}")
    lock = tmp_path / "run/usched/lock"
    lock.unlink()
    PLANTED[planted](lock, other)
    refused(tmp_path, EnvironmentFailed)
    assert (other.read_text(), other.stat().st_mode & 0o777) == ("{}", 0o644)


def test_what_a_killed_one_was_writing_is_no_hindrance(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    with journal.lock():
        Path(f"{journal.path}.new").write_text("{")
        journal.save(Before({"": {}}, {"": (1,)}, 7))
        assert journal.load() == Before({"": {}}, {"": (1,)}, 7)
        journal.close()
    assert os.listdir(journal.folder) == ["lock"]
