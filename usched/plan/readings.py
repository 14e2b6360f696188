"""What control groups say when they are read back, where that is not what is wanted of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.plan.difference import EFFECTIVE, UNREAD, Observed
from usched.plan.kernel import CPUS, EXCLUSIVE, PARTITION, SUBTREE
from usched.plan.owners import LIMITS, OWNER, describe_owner, name_number
from usched.plan.wanted import OUTSIDE, Group, shown_path
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list
from usched.words.phrases import clip
from usched.words.statement import parent_of

#: Files of a group that are lists of cpus.
CPU_LISTS = (CPUS, EXCLUSIVE, EFFECTIVE)

#: What others of them say, and how that is put.
_FORMS = {
    PARTITION: (r"(member|root|isolated)( invalid.*)?", "member, root or isolated"),
    "cpu.idle": (r"[01]", "0 or 1"),
    "cpu.weight": (r"[1-9][0-9]{0,3}|10000", "a number from 1 to 10000"),
    "cpu.max": (
        r"(max|[0-9]{1,18}) [1-9][0-9]{0,6}",
        "`max 100000`, or a quota and a period in microseconds",
    ),
}


def find_nonsense(said: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What no kernel says, file by file: its name, what is wrong, and what it should be."""
    for file, text in said.items():
        if file in CPU_LISTS:
            try:
                parse_cpu_list(text)
            except ValueError as error:
                yield file, f"is not a list of cpus: {error}", "such a list is 0-3,8"
        # a group that idles has no weight, and says 0 up to 6.1
        elif file in _FORMS and (file, said.get("cpu.idle")) != ("cpu.weight", "1"):
            form, should = _FORMS[file]
            if re.fullmatch(form, text, re.DOTALL) is None:
                yield file, f"says {clip(text)!r}", f"it should be {should}"


class Reading(NamedTuple):
    """path: of the group. file: its path from the mount point, or the group's where that is not
    there at all, or is somebody else's."""

    path: str
    file: str
    wanted: str
    reads: str
    is_owner: bool = False

    def is_of(self, file: str) -> bool:
        return self.file.endswith(f"/{file}")


def find_misreadings(groups: Sequence[Group], observed: Observed) -> Iterator[Reading]:
    for group in groups:
        said = observed.get(group.path)
        name = shown_path(group.path)
        if said is None:
            yield Reading(group.path, name, "", "")
            continue
        for file, text in group.files.items():
            reads = said.get(file, LIMITS.get(file, ""))
            if file == OWNER:
                if text != reads:
                    yield Reading(group.path, name, text, reads, True)
                continue
            if file == "cpu.weight" and group.files.get("cpu.idle") == "1":
                continue  # a group that idles has none
            if not _is_same(file, text, reads):
                yield Reading(group.path, f"{name}/{file}".lstrip("/"), text, reads)


def _is_same(file: str, wanted: str, reads: str) -> bool:
    match file:
        case "cgroup.subtree_control":
            return set(wanted.split()) <= set(reads.split())
        case "cpuset.cpus" | "cpuset.cpus.exclusive":
            return parse_cpu_list(wanted) == parse_cpu_list(reads)
        case _:
            return wanted == reads


class Drift(NamedTuple):
    """path: of the group. what: in a sentence. for_root: whether it takes root to mend it.
    is_of_cpus: whether it takes cpus to mend it, and no apply does."""

    path: str
    what: str
    for_root: bool = False
    is_of_cpus: bool = False


def find_drift(
    groups: Sequence[Group], observed: Observed, name: Callable[[str], str] = name_number
) -> Iterator[Drift]:
    """What is not as it is wanted, is there and not wanted, or has cpus that are not its own.

    name: a user or a group, by what `Owner` says.
    """
    top = next(group.path for group in groups if group.path != OUTSIDE)
    if top not in observed:
        if top or len(groups) > 2:
            yield Drift(top, f"nothing is applied: Linux has no group {shown_path(top)}")
        return
    for each in _fold_exclusive(list(find_misreadings(groups, observed))):
        for_root = each.is_owner or any(map(each.is_of, (PARTITION, *LIMITS)))
        yield Drift(each.path, describe_reading(each, name), for_root)
    wanted = {group.path for group in groups}
    for path in observed:
        if path not in wanted:
            yield Drift(path, f"{shown_path(path)} is there, and the registry knows nothing of it")
        if UNREAD in observed[path]:
            yield Drift(path, f"{shown_path(path)} has more groups beneath it than are read")
    for group in groups:
        if group.files.get(SUBTREE):
            continue  # no process is in it; and it has its parent's cpus where partitions in it
            # have taken all of its own
        said = observed.get(group.path, {})
        wish, asks, has = (
            parse_cpu_list(each.get(file, ""))
            for each, file in ((group.files, CPUS), (said, CPUS), (said, EFFECTIVE))
        )
        if wish and asks == wish and not has <= wish:
            where, cpus = shown_path(group.path), format_cpu_list(has - wish)
            what = f"{where} may run on cpus {cpus}, which are not its own: its own are offline"
            yield Drift(group.path, what, is_of_cpus=True)


def _fold_exclusive(readings: Sequence[Reading]) -> Iterator[Reading]:
    """Without those of cpus that a group asks for only since one beneath it is to have them, or to
    give them up, which is said of that one. readings: parents first."""
    partitions = {each.path for each in readings if each.is_of(PARTITION)}
    told: dict[str, CpuSet] = {}
    folded = set()
    for each in reversed(readings):
        if each.is_of(EXCLUSIVE):
            wanted, reads = parse_cpu_list(each.wanted), parse_cpu_list(each.reads)
            cpus = (wanted | reads) - (wanted & reads)
            if each.path in partitions or cpus <= told.get(each.path, NO_CPUS):
                folded.add(each)
            above = parent_of(each.path)
            told[above] = told.get(above, NO_CPUS) | cpus
    return (each for each in readings if each not in folded)


def describe_reading(reading: Reading, name: Callable[[str], str]) -> str:
    if reading.is_owner:
        owner, should = (describe_owner(each, name) for each in (reading.reads, reading.wanted))
        return f"{reading.file} is {owner}, and should be {should}"
    if not reading.wanted and not reading.reads:
        return f"{reading.file} is not there"
    reads, should = reading.reads or "empty", reading.wanted or "empty"
    return f"{reading.file} is `{reads}`, and should be `{should}`"
