"""What control groups say when they are read back, where that is not what is wanted of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usched.plan.difference import EFFECTIVE, Observed
from usched.plan.wanted import Group, full_path
from usched.words.cpuset import format_cpu_list, parse_cpu_list


class Reading(NamedTuple):
    """file: its path from the mount point; "" is a group that is not there."""

    file: str
    wanted: str
    reads: str


def find_misreadings(groups: Sequence[Group], observed: Observed) -> Iterator[Reading]:
    for group in groups:
        said = observed.get(group.path)
        name = full_path(group.path)
        if said is None:
            yield Reading(name, "", "")
            continue
        for file, text in group.files.items():
            reads = said.get(file, "")
            if file == "cpu.weight" and group.files.get("cpu.idle") == "1":
                continue  # a group that idles has none
            if not _is_same(file, text, reads):
                yield Reading(f"{name}/{file}".lstrip("/"), text, reads)


def _is_same(file: str, wanted: str, reads: str) -> bool:
    match file:
        case "cgroup.subtree_control":
            return set(wanted.split()) <= set(reads.split())
        case "cpuset.cpus" | "cpuset.cpus.exclusive":
            return parse_cpu_list(wanted) == parse_cpu_list(reads)
        case _:
            return wanted == reads


def find_drift(groups: Sequence[Group], observed: Observed) -> Iterator[str]:
    """In sentences: what is not as it is wanted, is there and not wanted, or has cpus that are not
    its own."""
    if "" not in observed:
        if len(groups) > 2:
            yield f"nothing is applied: Linux has no group {full_path('')}"
        return
    for each in find_misreadings(groups, observed):
        if not each.wanted and not each.reads:
            yield f"{each.file} is not there"
        else:
            reads = each.reads or "empty"
            yield f"{each.file} is `{reads}`, and should be `{each.wanted or 'empty'}`"
    wanted = {group.path for group in groups}
    for path in observed:
        if path not in wanted:
            yield f"{full_path(path)} is there, and the registry knows nothing of it"
    for group in groups:
        if group.files.get("cgroup.subtree_control"):
            continue  # no process is in it; and it has its parent's cpus where partitions in it
            # have taken all of its own
        wish = parse_cpu_list(group.files.get("cpuset.cpus", ""))
        has = parse_cpu_list(observed.get(group.path, {}).get(EFFECTIVE, ""))
        if wish and not has <= wish:
            name, cpus = full_path(group.path), format_cpu_list(has - wish)
            yield f"{name} may run on cpus {cpus}, which are not its own: its own are offline"
