"""What a kernel is, what its groups say, and what it makes of a partition.

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


#: Microseconds of a period of cpu.max; the kernel's own.
PERIOD = 100_000

#: Files of a group.
SUBTREE = "cgroup.subtree_control"
CPUS, EXCLUSIVE, PARTITION = "cpuset.cpus", "cpuset.cpus.exclusive", "cpuset.cpus.partition"

#: What a partition reads back as that is one.
VALID = ("root", "isolated")

#: What a group says that was only just made.
FRESH = {
    SUBTREE: "",
    CPUS: "",
    EXCLUSIVE: "",
    PARTITION: "member",
    "cpu.idle": "0",
    "cpu.weight": "100",
    "cpu.max": f"max {PERIOD}",
}

#: What is turned on for the groups beneath one, as the kernel lists it.
CONTROLLERS = "cpuset cpu"


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


class Surroundings(NamedTuple):
    """Where a partition would stand: whether its parent is one, whether anybody above is, and
    whether a sibling has cpus of its own."""

    parent: bool
    above: bool
    shared: bool


def foresee_partition(kernel: Kernel, around: Surroundings) -> str | None:
    """Why a partition would be invalid there, in the kernel's words; None where it would hold."""
    if not kernel.has_remote_partitions:
        if around.shared:
            return "Cpu list in cpuset.cpus not exclusive"
        return None if around.parent else "Parent is not a partition root"
    if around.parent or not around.above:
        return None
    if kernel.version < _DISTRIBUTES:
        return "Invalid cpu list in cpuset.cpus.exclusive"
    return "Parent unable to distribute cpu downstream"
