"""Sessions on a Linux of files, or on this one with the groups of such a one."""

from __future__ import annotations

import pytest

from tests.face.fake_linux import put
from tests.face.live import lay_root
from tests.face.sessions import Session


@pytest.fixture
def linux(empty: Session) -> Session:
    """Linux 6.12 with eight cpus and cgroup v2 beneath `root`, and a registry of its machine."""
    put(empty.folder, "proc/sys/kernel/osrelease", "6.12.9-amd64\n")
    put(empty.folder, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
    put(empty.folder, "sys/fs/cgroup/cgroup.subtree_control", "memory pids\n")
    put(empty.folder, "sys/devices/system/cpu/possible", "0-7\n")
    empty.done("topology", "load", "pack:2 numa:1 l3:1 core:2 pu:2")
    return empty


@pytest.fixture
def live(empty: Session) -> Session:
    """The threads of this machine, and its topology declared; commands take `--root root`."""
    lay_root(empty.folder)
    empty.run("--root", "root", "topology", "detect")
    return empty
