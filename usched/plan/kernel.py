"""What a kernel is, and what it makes of a partition.

cgroup v2 refuses next to nothing: it records what is asked for, and computes something else. What
it would compute was measured on Linux 6.1, 6.12 and 7.3.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: The first with remote partitions, by cpuset.cpus.exclusive.
_REMOTE = (6, 7)

#: The first whose real-time threads take all of a cpu, but for the fair server's part: before it,
#: throttling left a cpu idle.
_FAIR_SERVER = (6, 12)

#: The first of those measured that says so of a partition beneath one that is not its parent.
_DISTRIBUTES = (7, 0)


class Kernel(NamedTuple):
    """release: as uname says. version: its first two numbers. rt_groups: built with
    CONFIG_RT_GROUP_SCHED, so that groups have no real-time threads."""

    release: str
    version: tuple[int, int]
    rt_groups: bool = False

    @property
    def has_remote_partitions(self) -> bool:
        return self.version >= _REMOTE

    @property
    def throttles_real_time(self) -> bool:
        return self.version < _FAIR_SERVER


def parse_release(release: str) -> tuple[int, int] | None:
    """`6.12.9-amd64` as (6, 12); None for what is no release of Linux."""
    match = re.match(r"([0-9]{1,4})\.([0-9]{1,5})(?![0-9])", release)
    return (int(match[1]), int(match[2])) if match else None


class Place(NamedTuple):
    """Where a partition would stand: whether its parent is one, whether anybody above is, and
    whether a sibling has cpus of its own."""

    parent: bool
    above: bool
    shared: bool


def foresee_partition(kernel: Kernel, place: Place) -> str | None:
    """Why a partition would be invalid there, in the kernel's words; None where it would hold."""
    if not kernel.has_remote_partitions:
        if place.shared:
            return "Cpu list in cpuset.cpus not exclusive"
        return None if place.parent else "Parent is not a partition root"
    if place.parent or not place.above:
        return None
    if kernel.version < _DISTRIBUTES:
        return "Invalid cpu list in cpuset.cpus.exclusive"
    return "Parent unable to distribute cpu downstream"
