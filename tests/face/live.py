"""A fake root whose processes are the real ones: /proc and the cpus are this system's, the control
groups are plain files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.plan.wanted import full_path

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


def lay_applied(registry: Path, root: Path) -> None:
    """The groups as they are when the registry is applied. registry: its file."""
    context = Context(str(registry), print, root=str(root))
    for group in make_plan(context).wanted.groups:
        folder = root / "sys/fs/cgroup" / full_path(group.path)
        folder.mkdir(exist_ok=True)
        for file, text in {"cgroup.procs": "", "cgroup.threads": "", **group.files}.items():
            (folder / file).write_text(text)


def open_to_all(folder: Path) -> None:
    """So that everybody may read what is in a scratch folder, and the registry."""
    (folder / "r.db").chmod(0o644)
    while folder.parent not in (folder, Path(tempfile.gettempdir())):
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
    folder.chmod(folder.stat().st_mode | 0o055)


#: Makes so many threads, all called `threaded` whatever the interpreter is, says so, and waits.
THREADED = """
import pathlib, sys, threading
pathlib.Path("/proc/self/comm").write_text("threaded")
for _ in range(int(sys.argv[1])):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def running(*words: str, user: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it is ready; it and all of its group are gone afterwards."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        user=user or None,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


@contextmanager
def threaded(number: int, user: str = "") -> Iterator[subprocess.Popen[str]]:
    with running(sys.executable, "-c", THREADED, str(number), user=user) as process:
        yield process
