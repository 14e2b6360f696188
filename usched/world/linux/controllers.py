"""Why there is no cgroup v2 to be had, or not with the controllers that schedulers take."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from usched.words.problems import Problem
from usched.world.sys_files import SysFiles

#: What a kernel is built with that has them.
_BUILT = {"cpuset": "CONFIG_CPUSETS", "cpu": "CONFIG_CGROUP_SCHED"}

_WITHOUT_V1 = "boot with systemd.unified_cgroup_hierarchy=1; without systemd: cgroup_no_v1=all"

#: A file that every group has but that of the machine itself, which no container has as its root.
TYPE = "cgroup.type"


def explain_absence(root: str, mount: str) -> Problem:
    """mount: where it should be."""
    what = f"there is no cgroup v2 at {mount}"
    if not os.path.isdir(os.path.join(mount, "cpuset")):
        return Problem(what, None, f"mount -t cgroup2 none {mount}", "cgroup")
    what += ", but cgroup v1"
    elsewhere = next((place for place, kind, _ in _mounts(root) if kind == "cgroup2"), None)
    if elsewhere:
        what += f"; v2 is at {elsewhere}"
    return Problem(what, None, _WITHOUT_V1, "cgroup")


def explain_missing(root: str, mount: str, missing: Sequence[str]) -> list[Problem]:
    """Of some controllers; those of which the same is to be said, together."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in missing:
        found.setdefault(_find_reason(root, mount, name), []).append(name)
    return [
        Problem(
            f"{mount} has no {' and no '.join(names)} controller: {why}", None, remedy, "cgroup"
        )
        for (why, remedy), names in found.items()
    ]


def _find_reason(root: str, mount: str, name: str) -> tuple[str, str]:
    """And what to do."""
    files = SysFiles(root)
    table = [line.split() for line in (files.read("proc/cgroups") or "").splitlines()]
    if any(row[0] == name and row[1:2] not in ([], ["0"]) for row in table if row):
        mounted = (
            place for place, kind, said in _mounts(root) if kind == "cgroup" and name in said
        )
        place = next(mounted, None)
        return f"cgroup v1 has it{f', at {place}' if place else ''}", _WITHOUT_V1
    for word in (files.read("proc/cmdline") or "").split():
        key, _, value = word.partition("=")
        if key == "cgroup_disable" and name in value.split(","):
            return f"the kernel was booted with {word}", "boot without that"
    if os.path.exists(os.path.join(mount, TYPE)):
        remedy = "who made it turns it on, as by systemd's Delegate=cpuset cpu"
        return "it is not given to this container", remedy
    return "this kernel has none", f"it takes one with {_BUILT[name]}"


def _mounts(root: str) -> Iterator[tuple[str, str, list[str]]]:
    """Where, what, and its options."""
    for line in (SysFiles(root).read("proc/self/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) > 3:
            yield fields[1], fields[2], fields[3].split(",")
