"""A fake root whose processes are the real ones: /proc and the cpus are this system's, the control
groups are plain files."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.face.sessions import Session

CPUS = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []


def lay_root(folder: Path) -> Path:
    """Skips where it takes what this system has not."""
    if len(CPUS) < 2:
        pytest.skip("this takes two cpus of Linux")
    root = folder / "root"
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "proc").symlink_to("/proc")
    (root / "sys/devices").symlink_to("/sys/devices")
    (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpuset cpu\n")
    (root / "sys/fs/cgroup/cgroup.subtree_control").write_text("cpuset cpu\n")
    (root / "sys/fs/cgroup/cgroup.procs").write_text("")
    return root


def add_group(root: Path, path: str, *tids: int) -> Path:
    """As if it were applied, with these threads in it."""
    group = root / "sys/fs/cgroup/usched" / path
    group.mkdir(parents=True, exist_ok=True)
    (group / "cgroup.procs").write_text("")
    (group / "cgroup.threads").write_text("".join(f"{tid}\n" for tid in tids))
    return group


def open_to_all(folder: Path) -> None:
    """So that everybody may read what is in a scratch folder, and the registry."""
    (folder / "r.db").chmod(0o644)
    while folder.parent not in (folder, Path(tempfile.gettempdir())):
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
    folder.chmod(folder.stat().st_mode | 0o055)


@pytest.fixture
def live(empty: Session) -> Session:
    """With the machine's topology declared; commands take `--root root`."""
    lay_root(empty.folder)
    empty.run("--root", "root", "topology", "detect")
    return empty
