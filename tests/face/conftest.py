"""Sessions on scratch registries."""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import EIGHT, SCRIPT, WORKLOAD, Session


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A folder without a registry, nor anything else."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("USCHED_REGISTRY", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Session(folder)


@pytest.fixture
def session(empty: Session) -> Session:
    """A registry with a machine of eight cpus and four schedulers; `w.yaml` is a workload."""
    empty.write("eight.yaml", EIGHT)
    empty.write("script.usched", SCRIPT)
    empty.write("w.yaml", WORKLOAD)
    empty.done("topology", "load", "eight.yaml")
    empty.done("batch", "script.usched")
    return empty
