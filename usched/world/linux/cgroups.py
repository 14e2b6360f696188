"""Control groups (cgroup v2) below any root: what there is."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress

from usched.plan.difference import EFFECTIVE, PROCESSES, Step
from usched.plan.kernel import Kernel, parse_release
from usched.plan.lower_cgroup import FRESH
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet, parse_cpu_list
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.sys_files import write_at_once

MOUNT = "sys/fs/cgroup"

THREADS = "cgroup.threads"

#: Groups beneath ours that are read. There are as many as schedulers, and some leaves.
_MOST = 100_000

#: How often a group is looked at again for processes that were forked meanwhile.
_MOST_PASSES = 1_000


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

    Raises EnvironmentFailed where there is no cgroup v2, or no cpuset or cpu controller in it.
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


class Cgroups:
    """The groups beneath `top`, to be changed. Raises StepFailed."""

    def __init__(self, root: str, top: str) -> None:
        self.root = root
        self.top = top

    def read(self) -> dict[str, dict[str, str]]:
        return read_groups(self.root, self.top)

    def do(self, step: Step) -> None:
        folder = self._folder(step.path)
        try:
            match step.kind:
                case "mkdir":
                    os.mkdir(folder)
                case "rmdir":
                    _remove(folder)
                case "write":
                    write_at_once(os.path.join(folder, step.file), step.value)
                case "move":
                    self._move_all(step.path, step.value)
        except OSError as error:
            raise StepFailed(step, error) from error

    def processes(self, path: str) -> list[int]:
        """The pids in a group; none where there is no such group."""
        text = self.say(path, PROCESSES) or ""
        return [int(pid) for pid in text.split()]

    def exists(self, path: str) -> bool:
        return os.path.isdir(self._folder(path))

    def threads(self, path: str) -> list[int]:
        """The tids in a group; none where there is no such group."""
        text = self.say(path, THREADS) or ""
        return [int(tid) for tid in text.split()]

    def say(self, path: str, file: str) -> str | None:
        """What a file of a group says; None where there is none."""
        return _read(os.path.join(self._folder(path), file))

    def effective(self, path: str) -> CpuSet | None:
        """The cpus that the threads in a group may run on, as the kernel has computed them."""
        text = self.say(path, EFFECTIVE)
        return None if text is None else parse_cpu_list(text)

    def move(self, pid: int, path: str) -> None:
        """One process, if it is still there."""
        try:
            write_at_once(os.path.join(self._folder(path), PROCESSES), str(pid))
        except ProcessLookupError:
            return
        except OSError as error:
            raise StepFailed(Step("move", path, PROCESSES, str(pid)), error) from error

    def _move_all(self, path: str, to: str) -> None:
        """Again and again, since processes fork while they are moved."""
        for _ in range(_MOST_PASSES):
            pids = self.processes(path)
            if not pids:
                return
            for pid in pids:
                with suppress(ProcessLookupError):
                    write_at_once(os.path.join(self._folder(to), PROCESSES), str(pid))
        raise OSError(errno.EBUSY, "processes are forked faster than they are moved")

    def _folder(self, path: str) -> str:
        mount = os.path.join(self.root, MOUNT)
        if path == OUTSIDE:
            return os.path.join(mount, os.path.dirname(self.top))
        return os.path.join(mount, self.top, path) if path else os.path.join(mount, self.top)


class StepFailed(Exception):
    """The kernel refused a step."""

    def __init__(self, step: Step, error: OSError) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error

    @property
    def is_forbidden(self) -> bool:
        """Whether it is for others to do, rather than nobody's."""
        return self.error.errno in (errno.EACCES, errno.EPERM)


def _remove(folder: str) -> None:
    """A group whose last process has just left may be busy for a moment."""
    for _ in range(100):
        try:
            os.rmdir(folder)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            time.sleep(0.01)
        else:
            return
    os.rmdir(folder)


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
    for file in (*FRESH, EFFECTIVE):
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
