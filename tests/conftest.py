"""The environment that tests start from, and sessions on scratch registries (for tests/face)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.face.sessions import Session

# nobody's locale, registry or colours but the tests' own
for name in (
    *("LC_ALL", "LC_CTYPE", "LANG", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM"),
    *("USCHED_REGISTRY", "XDG_STATE_HOME", "SUDO_USER", "PYTHONIOENCODING"),
):
    os.environ.pop(name, None)

# how long an example takes says what else the machine does
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A folder without a registry, nor anything else."""
    from tests.face.sessions import Session

    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Session(folder)


@pytest.fixture
def session(empty: Session) -> Session:
    """A registry with a machine of eight cpus and four schedulers; `w.yaml` is a workload."""
    from tests.face.sessions import EIGHT, SCRIPT, WORKLOAD

    empty.write("eight.yaml", EIGHT)
    empty.write("script.usched", SCRIPT)
    empty.write("w.yaml", WORKLOAD)
    empty.done("topology", "load", "eight.yaml")
    empty.done("batch", "script.usched")
    return empty
