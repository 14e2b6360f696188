"""Control groups (cgroup v2) below any root, to be changed."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import suppress

from usched.plan.difference import EFFECTIVE, PROCESSES, Step
from usched.plan.kernel import Kernel, parse_release
from usched.plan.owners import parse_owner
from usched.plan.readings import find_nonsense
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet, parse_cpu_list
from usched.words.phrases import clip
from usched.words.problems import EnvironmentFailed
from usched.world.linux.group_reading import (
    MOUNT,
    folders_in,
    open_group,
    read_groups,
    refuse_nonsense,
    say,
)
from usched.world.linux.ownership import FOLDER, base_of, change_owner, open_file
from usched.world.linux.threads import PID

THREADS = "cgroup.threads"

#: What control groups call a process that is not in the pid namespace of who reads, and so has no
#: number there; to write it means oneself.
OUTSIDER = "0"

#: Who they are, and from where they can be moved.
FROM_OUTSIDE = "from outside of this pid namespace"
FROM_THERE = "outside of this container they have pids: move them to another group from there"

#: It is a word of a file's name, too.
_RELEASE = re.compile(r"[!-.0-~]{1,64}")

#: How often a group is looked at again for processes that were forked meanwhile.
_MOST_PASSES = 1_000

#: Levels of groups that are cleared away; the kernel lets nobody make as many who holds a group.
_DEEPEST = 64


def read_kernel(root: str) -> Kernel:
    """Raises EnvironmentFailed where this is no Linux."""
    path = os.path.join(root, "proc/sys/kernel/osrelease")
    release = _read(path)
    version = parse_release(release or "")
    if release is None or version is None or not _RELEASE.fullmatch(release):
        said = "cannot be read" if release is None else f"says {clip(release)!r}"
        raise EnvironmentFailed(f"{path} {said}: this is no Linux")
    # whether it has groups of real-time threads says its configuration, where there is one
    config = _read(os.path.join(root, f"boot/config-{release}")) or ""
    return Kernel(release, version, "CONFIG_RT_GROUP_SCHED=y" in config.splitlines())


class Cgroups:
    """The groups beneath `top`, to be changed. Raises StepFailed."""

    def __init__(self, root: str, top: str) -> None:
        self.root = root
        self.top = top

    def read(self, within: str = "") -> dict[str, dict[str, str]]:
        return read_groups(self.root, self.top, within)

    def do(self, step: Step) -> None:
        try:
            match step.kind:
                case "mkdir":
                    self._make(step.path)
                case "rmdir":
                    self._remove(step.path, step.value)
                case "write":
                    self._write(step.path, step.file, step.value)
                case "move":
                    self._move_all(step.path, step.value)
                case "chown":
                    self._change_owner(step.path, step.value)
        except OSError as error:
            raise StepFailed(step, error) from error

    def processes(self, path: str) -> list[int]:
        """The pids in a group; none where there is no such group."""
        return _numbers(self.say(path, PROCESSES))

    def has_outsiders(self, path: str) -> bool:
        """Whether there are processes in a group that are not in this pid namespace. One that ends
        while it is read may be called so, too: once."""
        return all(OUTSIDER in (self.say(path, PROCESSES) or "").split() for _ in range(3))

    def exists(self, path: str) -> bool:
        try:
            with open_group(self.root, self.top, path):
                return True
        except OSError:
            return False

    def may_enter(self, path: str) -> bool:
        """Whether this user may write who is in a group: not enough to come from anywhere."""
        try:
            with open_group(self.root, self.top, path) as folder:
                return os.access(PROCESSES, os.W_OK, dir_fd=folder)
        except OSError:
            return False

    def threads(self, path: str) -> list[int]:
        """The tids in a group; none where there is no such group."""
        return _numbers(self.say(path, THREADS))

    def count_threads(self, path: str) -> int:
        """Those that have no number here, too."""
        return len((self.say(path, THREADS) or "").split())

    def say(self, path: str, file: str) -> str | None:
        """What a file of a group says; None where there is none."""
        return say(self.root, self.top, path, file)

    def effective(self, path: str) -> CpuSet | None:
        """The cpus that the threads in a group may run on, as the kernel has computed them."""
        text = self.say(path, EFFECTIVE)
        if text is None:
            return None
        refuse_nonsense(
            os.path.join(self.root, MOUNT, self.top, path), find_nonsense({EFFECTIVE: text})
        )
        return parse_cpu_list(text)

    def move(self, pid: int, path: str) -> None:
        """One process, if it is still there."""
        try:
            self._write(path, PROCESSES, str(pid))
        except ProcessLookupError:
            return
        except OSError as error:
            raise StepFailed(Step("move", path, PROCESSES, str(pid)), error) from error

    def _move_all(self, path: str, to: str) -> None:
        """Again and again, since processes fork while they are moved."""
        for _ in range(_MOST_PASSES):
            if self.has_outsiders(path):
                raise NotMoved(f"some are {FROM_OUTSIDE}, and have no pid here", FROM_THERE)
            pids = self.processes(path)
            if not pids:
                return
            for pid in pids:
                try:
                    self._write(to, PROCESSES, str(pid))
                except ProcessLookupError:
                    continue
                except OSError as error:
                    raise StepFailed(Step("move", path, "", to), error, pid) from error
        raise NotMoved(
            "processes are forked faster than they are moved", "stop who forks them: kill -STOP"
        )

    def _write(self, path: str, file: str, text: str) -> None:
        """At once, since the errno of a write is lost in buffers."""
        with open_group(self.root, self.top, path) as folder:
            descriptor = open_file(folder, file, os.O_WRONLY)
            try:
                os.write(descriptor, f"{text}\n".encode())
            finally:
                os.close(descriptor)

    def _make(self, path: str) -> None:
        """Everybody may look in, whatever the umask, and nobody else may write."""
        above, _, name = os.path.join(self.top, path).rstrip("/").rpartition("/")
        with open_group(self.root, "", above) as folder:
            try:
                os.mkdir(name, 0o755, dir_fd=folder)
            except FileExistsError:
                if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise
                raise OSError(errno.ENOTDIR, "it is no folder") from None
            with open_group(self.root, self.top, path) as made:
                if os.fstat(made).st_mode & 0o777 != 0o755:
                    os.fchmod(made, 0o755)

    def _remove(self, path: str, to: str) -> None:
        """A group whose last process has just left may be busy for a moment; one that somebody held
        has what he made since it was read. to: where processes go then."""
        above, _, name = os.path.join(self.top, path).rstrip("/").rpartition("/")
        with open_group(self.root, "", above) as folder:
            for _ in range(100):
                try:
                    os.rmdir(name, dir_fd=folder)
                except FileNotFoundError:
                    if to:
                        return
                    raise
                except OSError as error:
                    if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
                        raise
                    if to:
                        self._clear(path, to)
                    time.sleep(0.01)
                else:
                    return
            os.rmdir(name, dir_fd=folder)

    def _clear(self, path: str, to: str) -> None:
        """What is beneath a group, and who is in it."""
        if path.count("/") > _DEEPEST:
            raise OSError(errno.ELOOP, "there are too many levels beneath it")
        for each in self._beneath(path):
            self._clear(f"{path}/{each}", to)
            with suppress(OSError), open_group(self.root, self.top, path) as folder:
                os.rmdir(each, dir_fd=folder)
        self._move_all(path, to)

    def _beneath(self, path: str) -> list[str]:
        try:
            with open_group(self.root, self.top, path) as folder:
                return folders_in(folder)
        except FileNotFoundError:
            return []

    def _change_owner(self, path: str, owner: str) -> None:
        with open_group(self.root, self.top, OUTSIDE) as outside:
            base = base_of(outside)
        with open_group(self.root, self.top, path) as found:
            folder = os.open(".", FOLDER, dir_fd=found)
        try:
            change_owner(folder, parse_owner(owner), base)
        finally:
            os.close(folder)


class NotMoved(OSError):
    """Why processes stay in a group, where the kernel refused nothing and so there is no errno.
    remedy: what to do."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


class StepFailed(Exception):
    """The kernel refused a step. pid: of the process that it refused to move."""

    def __init__(self, step: Step, error: OSError, pid: int | None = None) -> None:
        super().__init__(step, error, pid)
        self.step = step
        self.error = error
        self.pid = pid

    @property
    def is_forbidden(self) -> bool:
        """Whether it is for others to do, rather than nobody's."""
        return self.error.errno in (errno.EACCES, errno.EPERM)

    @property
    def is_outside(self) -> bool:
        """Whether the group is there, and not in the cgroup namespace of who would enter it: then
        the kernel says ENOENT, and not of a file."""
        return self.error.errno == errno.ENOENT and self.error.filename is None

    @property
    def is_closed(self) -> bool:
        """Whether a process cannot enter the group from where it is, and it is no trouble else."""
        return self.is_forbidden or self.is_outside or self.error.errno == errno.EROFS


def _numbers(text: str | None) -> list[int]:
    return [int(each) for each in (text or "").split() if PID.fullmatch(each)]


def _read(path: str) -> str | None:
    """None where there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "replace").strip()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise EnvironmentFailed(f"{path} cannot be read: {error.strerror}") from error
