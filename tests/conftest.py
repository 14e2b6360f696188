"""The environment that tests start from, and sessions on scratch registries (for tests/face)."""

from __future__ import annotations

import os
import shutil
import signal
import sys
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

# who is started in the background of a shell ignores SIGINT, and so would all that is started here
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# what is compiled is kept, whatever the environment says: else each of two workers compiles all
# tests anew, and each of hundreds of commands all that it imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# a law is tried on fewer examples in the quick loop; how long one takes says what else the machine
# does
settings.register_profile("whole", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=15)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("quick" if config.option.markexpr == "not slow" else "whole")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A folder without a registry, nor anything else."""
    from tests.face.sessions import Session

    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Session(folder)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `session` begins with, made once."""
    from tests.face.sessions import EIGHT, SCRIPT, WORKLOAD, Session

    session = Session(tmp_path_factory.mktemp("filled"))
    session.write("eight.yaml", EIGHT)
    session.write("script.usched", SCRIPT)
    session.write("w.yaml", WORKLOAD)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(session.folder)
        session.done("topology", "load", "eight.yaml")
        session.done("batch", "script.usched")
    return session.folder


@pytest.fixture
def session(empty: Session, filled: Path) -> Session:
    """A registry with a machine of eight cpus and four schedulers; `w.yaml` is a workload."""
    for path in filled.iterdir():
        shutil.copy(path, empty.folder)
    return empty
