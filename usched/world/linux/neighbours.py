"""The groups beside ours and the one above, which are others'."""

from __future__ import annotations

import os
from typing import NamedTuple

from usched.plan.difference import EFFECTIVE, PROCESSES
from usched.plan.kernel import CPUS, EXCLUSIVE, PARTITION
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet, parse_cpu_list
from usched.words.problems import EnvironmentFailed
from usched.world.linux.cgroups import OUTSIDER
from usched.world.linux.controllers import TYPE
from usched.world.linux.group_reading import MOUNT, folders_in, say


def read_neighbours(root: str, top: str) -> dict[str, dict[str, str]]:
    """What each says of its cpus, by name; those that are not there have vanished meanwhile."""
    mount = os.path.join(root, MOUNT)
    try:
        names = folders_in(mount)
    except FileNotFoundError:  # no cgroup v2: who reads our own groups says so
        return {}
    except OSError as error:
        raise EnvironmentFailed(f"{mount} cannot be read: {error.strerror}") from error
    return {
        name: {file: say(root, name, "", file) or "" for file in (CPUS, EXCLUSIVE, PARTITION)}
        for name in names
        if name != top
    }


class Container(NamedTuple):
    """processes: how many are in its root group itself. outsiders: how many of these are not in
    this pid namespace. cpus: that this has, less those of partitions in it."""

    processes: int
    outsiders: int
    cpus: CpuSet


def read_container(root: str, top: str) -> Container | None:
    """Whose the group above ours is; None where it is the machine's."""
    if say(root, top, OUTSIDE, TYPE) is None:
        return None
    processes = (say(root, top, OUTSIDE, PROCESSES) or "").split()
    cpus = parse_cpu_list(say(root, top, OUTSIDE, EFFECTIVE) or "")
    return Container(len(processes), processes.count(OUTSIDER), cpus)


def is_read_only(root: str) -> bool:
    """Whether control groups are mounted so."""
    return bool(os.statvfs(os.path.join(root, MOUNT)).f_flag & os.ST_RDONLY)
