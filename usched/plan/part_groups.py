"""What of a plan is the holder's of one granted scheduler: what lies beneath it.

Of the scheduler's own group he switches controllers on and off, and is host to its processes. What
he has handed on is the next holder's in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from usched.plan.difference import PROCESSES, Observed, Step
from usched.plan.kernel import CPUS, EXCLUSIVE, PARTITION, SUBTREE, VALID, Kernel
from usched.plan.owners import HANDED, LIMITS, OWNER, Owner, format_owner, parse_owner
from usched.plan.wanted import Group, Note, Threads, Wanted
from usched.words.cpuset import format_cpu_list, parse_cpu_list
from usched.words.statement import is_beneath, parent_of


class Portion(NamedTuple):
    """path: the group of what is granted. handed: the groups of what is handed on of it. holder: as
    an `Owner` says it."""

    path: str
    handed: tuple[str, ...]
    holder: str

    def has(self, path: str) -> bool:
        """Whether a group is the holder's: beneath, and not beneath what is handed on."""
        above = parent_of(path)
        return is_beneath(above, self.path) and not any(
            is_beneath(above, each) for each in self.handed
        )


def narrow_wanted(wanted: Wanted, portion: Portion) -> Wanted:
    groups = tuple(
        replace(group, files=_files_of(group, portion))
        for group in wanted.groups
        if group.path == portion.path or portion.has(group.path)
    )
    threads = {
        name: each
        for name, each in wanted.threads.items()
        if each.group == portion.path or portion.has(each.group)
        if each.group not in portion.handed
    }
    own = {group.scheduler for group in groups[1:]} - {groups[0].scheduler}
    notes = tuple(note for note in wanted.notes if note.scheduler in own)
    return Wanted(groups, threads, notes)


def _files_of(group: Group, portion: Portion) -> Mapping[str, str]:
    if group.path == portion.path:
        return {SUBTREE: group.files.get(SUBTREE, "")}
    spared = {OWNER, *LIMITS}
    if group.path in portion.handed:
        spared.add(SUBTREE)
    files = {file: text for file, text in group.files.items() if file not in spared}
    # a member makes what is his the others', too
    if portion.holder.startswith("@") and group.path not in portion.handed:
        files[OWNER] = format_owner(Owner(portion.holder, portion.holder))
    return files


def narrow_observed(observed: Observed, portion: Portion) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    shared = format_owner(Owner(portion.holder, portion.holder))
    for path, said in observed.items():
        if path == portion.path:
            found[path] = {file: said[file] for file in (SUBTREE, PROCESSES) if file in said}
        elif portion.has(path):
            spared = {SUBTREE, OWNER} if path in portion.handed else {OWNER}
            found[path] = {file: text for file, text in said.items() if file not in spared}
            if path in portion.handed:
                found[path][PROCESSES] = "0"  # they are not the holder's to move
            elif portion.holder.startswith("@") and said.get(OWNER) == shared:
                found[path][OWNER] = shared
    return found


def keep_partitions(
    wanted: Wanted, observed: Observed, portion: Portion, kernel: Kernel, parent: str
) -> Wanted:
    """Without those that only root can make: of a group whose parent is none. What root has made
    stays. parent: the partition that the granted scheduler's own group is, as it reads."""
    kinds = {portion.path: parent}
    groups, notes = [], list(wanted.notes)
    for group in wanted.groups:
        kind = group.files.get(PARTITION, "member")
        is_partitions = kinds.get(group.path.rpartition("/")[0]) in VALID
        if kind == "member" or is_partitions or _is_as_wanted(group, observed.get(group.path, {})):
            kinds.setdefault(group.path, kind)
            groups.append(group)
        else:
            notes.append(Note(group.scheduler, "exclusive", _explain(kernel, kind), for_root=True))
            groups.append(replace(group, files={**group.files, PARTITION: "member"}))
    if len(notes) > len(wanted.notes):
        groups = _share_exclusively(groups, portion)
    return replace(wanted, groups=tuple(groups), notes=tuple(notes))


def _is_as_wanted(group: Group, there: Mapping[str, str]) -> bool:
    return there.get(PARTITION) == group.files[PARTITION] and all(
        parse_cpu_list(there.get(file, "")) == parse_cpu_list(group.files.get(file, ""))
        for file in (CPUS, EXCLUSIVE)
    )


def _explain(kernel: Kernel, kind: str) -> str:
    why = "Enable partition not permitted"
    if not kernel.has_remote_partitions:
        why = "Parent is not a partition root"
    return (
        f"a partition would read back as `{kind} invalid ({why})` for whoever is not root, so "
        "there is none: cpus are kept apart by cpuset.cpus alone"
    )


def _share_exclusively(groups: Sequence[Group], portion: Portion) -> list[Group]:
    """Cpus are asked for exclusively only for partitions that there are."""
    asked: dict[str, str] = {}
    for group in reversed(groups):
        if group.path == portion.path or EXCLUSIVE not in group.files:
            continue
        own = parse_cpu_list(asked.get(group.path, ""))
        if group.files.get(PARTITION, "member") != "member":
            own |= parse_cpu_list(group.files[CPUS])
        asked[group.path] = format_cpu_list(own)
        above = group.path.rpartition("/")[0]
        asked[above] = format_cpu_list(own | parse_cpu_list(asked.get(above, "")))
    return [
        replace(each, files={**each.files, EXCLUSIVE: asked[each.path]})
        if EXCLUSIVE in each.files
        else each
        for each in groups
    ]


def find_priorities(threads: Mapping[str, Threads], limit: int) -> Iterator[Note]:
    """What no thread of the holder's becomes by itself. limit: his RLIMIT_RTPRIO."""
    for name, each in threads.items():
        if each.priority is not None and each.priority > limit:
            what = f"SCHED_RR {each.priority} takes root, or ulimit -r {each.priority}"
            yield Note(name, "lwktpri", f"{what}: yours is {limit}, and without it they are fair")


def find_waiting(wanted: Wanted, observed: Observed, portion: Portion) -> list[str]:
    """The groups of what is handed on that are not the next holder's. wanted: with owners."""
    owners = {group.path: group.files.get(OWNER, "") for group in wanted.groups}
    return [
        path
        for path in portion.handed
        if owners.get(path, "") != observed.get(path, {}).get(OWNER, "") and path in owners
    ]


def find_others(
    steps: Sequence[Step], observed: Observed, mine: Collection[str]
) -> list[tuple[str, str]]:
    """Groups that must change and are others': their paths, and whose. observed: as read, with
    owners. mine: what an `Owner` says of this user."""
    found: dict[str, str] = {}
    for step in steps:
        for path, is_hand in _touch(step):
            if path not in observed:
                continue  # made before that
            owner = parse_owner(observed[path].get(OWNER, ""))
            whose = owner.hand if is_hand else owner.files
            if whose not in mine:
                found[path] = whose
    return list(found.items())


def _touch(step: Step) -> Iterator[tuple[str, bool]]:
    """The groups that a step changes, and whether it is what only the hand may change there."""
    match step.kind:
        case "mkdir" | "rmdir":
            yield step.path.rpartition("/")[0], True
        case "move":
            yield step.path, True
            yield step.value, True
        case "write":
            yield step.path, step.file in HANDED
        case "chown":
            yield step.path, True
