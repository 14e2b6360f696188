"""Control groups (cgroup v2) below any root: what there is."""

from __future__ import annotations

import errno
import os

from usched.plan.difference import PROCESSES
from usched.plan.kernel import Kernel, parse_release
from usched.plan.lower_cgroup import FRESH
from usched.plan.wanted import OUTSIDE
from usched.words.problems import EnvironmentFailed, Problem

MOUNT = "sys/fs/cgroup"

#: Groups beneath ours that are read. There are as many as schedulers, and some leaves.
_MOST = 100_000


def read_kernel(root: str) -> Kernel:
    """Raises EnvironmentFailed where this is no Linux."""
    path = os.path.join(root, "proc/sys/kernel/osrelease")
    release = _read(path)
    version = parse_release(release or "")
    if release is None or version is None:
        said = "cannot be read" if release is None else f"says '{release[:40]}'"
        raise EnvironmentFailed(f"{path} {said}: this is no Linux")
    # whether it has groups of real-time threads says its configuration, where there is one
    config = _read(os.path.join(root, f"boot/config-{release}")) or ""
    return Kernel(release, version, "CONFIG_RT_GROUP_SCHED=y" in config.splitlines())


def read_groups(root: str, top: str) -> dict[str, dict[str, str]]:
    """What the groups beneath `top` say (their paths from there; its own is ""), parents first, and
       the one above it.
    Raises EnvironmentFailed where there is no cgroup v2, or no
       cpuset or cpu controller in it.
    """
    mount = os.path.join(root, MOUNT)
    controllers = _read(os.path.join(mount, "cgroup.controllers"))
    if controllers is None:
        what = f"there is no cgroup v2 at {mount}"
        if os.path.isdir(os.path.join(mount, "cpuset")):
            what += ", but cgroup v1"
        remedy = "boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none there"
        raise EnvironmentFailed(Problem(what, None, remedy))
    missing = [each for each in ("cpuset", "cpu") if each not in controllers.split()]
    if missing:
        what = f"{mount} has no {' and no '.join(missing)} controller: cgroup v1 may have it"
        raise EnvironmentFailed(Problem(what, None, f"it has: {controllers or 'none'}"))
    subtree = _read(os.path.join(mount, os.path.dirname(top), "cgroup.subtree_control"))
    found = {OUTSIDE: {"cgroup.subtree_control": subtree or ""}}
    _walk(os.path.join(mount, top), "", found)
    return found


def _walk(folder: str, path: str, found: dict[str, dict[str, str]]) -> None:
    try:
        with os.scandir(os.path.join(folder, path)) as entries:
            inside = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return
    except OSError as error:
        what = f"{os.path.join(folder, path)} cannot be read: {error.strerror}"
        raise EnvironmentFailed(what) from error
    if len(found) >= _MOST:
        raise EnvironmentFailed(f"{folder} holds more than {_MOST} groups")
    said = found[path] = {}
    for file in FRESH:
        text = _read(os.path.join(folder, path, file))
        if text is not None:
            said[file] = text
    processes = _read(os.path.join(folder, path, PROCESSES))
    said[PROCESSES] = str(len((processes or "").split()))
    for name in inside:
        _walk(folder, f"{path}/{name}" if path else name, found)


def _read(path: str) -> str | None:
    """None where there is no such file; a kernel of another version may not have it."""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "replace").strip()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EOPNOTSUPP):
            return None
        raise EnvironmentFailed(f"{path} cannot be read: {error.strerror}") from error
