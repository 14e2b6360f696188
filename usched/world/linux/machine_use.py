"""What all that runs on the machine has used of its cpus.

What the root group says of itself is a count of ticks, which kernels that idle without any, or get
theirs late, do not count right; every other group is measured, and every thread.
"""

from __future__ import annotations

import os

from usched.figures.meters import parse_cpu_stat
from usched.plan.wanted import OUTSIDE, TOP
from usched.words.problems import EnvironmentFailed
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.counts import read_counts
from usched.world.linux.group_reading import MOUNT, folders_in


def read_parts(root: str) -> dict[str, int]:
    """Microseconds, by group beneath the root one, and by thread in it itself."""
    groups = Cgroups(root, "")
    found: dict[str, int] = {}
    for name in folders_in(os.path.join(root, MOUNT)):
        used = parse_cpu_stat(groups.say(name, "cpu.stat") or "").get("usage_usec")
        if used is not None:
            found[name] = used
    for tid in Cgroups(root, TOP).threads(OUTSIDE):
        ran = _read_ran(root, tid)
        if ran is not None:
            found[f"thread {tid}"] = ran // 1000
    return found


def _read_ran(root: str, tid: int) -> int | None:
    """ns; None where it is gone, or the kernel does not count."""
    try:
        return read_counts(root, tid).ran
    except EnvironmentFailed:
        return None
