"""Adopting: declarations for what a machine is partitioned into already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple, assert_never

from usched.actions.change import Outcome, carry_out
from usched.actions.context import Context, Wish
from usched.actions.read import read_machine
from usched.plan.adopted import Adopted, Habit, Machine, adopt_groups, keep_wishing
from usched.plan.difference import PROCESSES, Observed
from usched.plan.foreign_groups import OTHER_FILES, rename_groups, tell_others
from usched.plan.slice_units import parse_slices
from usched.plan.wanted import OUTSIDE, TOP, Note
from usched.words.cpuset import NO_CPUS, CpuSet, parse_cpu_list
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem
from usched.world.linux.cgroups import MOUNT, Cgroups
from usched.world.linux.foreign_sets import read_sets, read_slices
from usched.world.linux.threads import read_all

Origin = Literal["cgroups", "cset", "systemd"]


class Taken(NamedTuple):
    """outcome: None where there was nothing to declare."""

    outcome: Outcome | None
    notes: tuple[Note, ...]


def adopt(context: Context, origin: Origin, where: str | None, wish: Wish) -> Taken:
    """Declare what is there, all of it or nothing. where: a control group, or a folder of cpusets
    or units; None for where these are.

    Raises as a script of declarations does, NoSuchName where there is no such group, and
    EnvironmentFailed where there is nothing of the kind.
    """
    topology = read_machine(context._replace(tell=lambda _: None)).topology
    machine = Machine(topology.all, topology.hz)
    try:
        found, notes = _read(context.root, origin, where, machine)
    except ValueError as error:
        raise EnvironmentFailed(f"a group says what no kernel does: {error}") from error
    outcome = None
    if found.declares:
        outcome = carry_out(context, [(None, each) for each in found.declares], wish)
    return Taken(outcome, (*notes, *found.notes))


def _read(
    root: str, origin: Origin, where: str | None, machine: Machine
) -> tuple[Adopted, list[Note]]:
    match origin:
        case "cgroups":
            return _read_cgroups(root, where, machine)
        case "cset":
            groups, notes = _rename(read_sets(root, where))
            rest = _find_rest(groups, machine.cpus)
            if rest:
                what = "with it no cpu would be left to the rest of the system: it is not exclusive"
                notes.append(Note(rest, "exclusive", what))
                groups[rest] = {**groups[rest], "cpuset.cpus.partition": "member"}
        case "systemd":
            groups, notes = _rename(parse_slices(read_slices(root, where)))
            notes += tell_others(groups)
        case _:
            assert_never(origin)
    return adopt_groups(groups, machine), notes


def _read_cgroups(root: str, where: str | None, machine: Machine) -> tuple[Adopted, list[Note]]:
    if where is None and Cgroups(root, TOP).exists(""):
        where = TOP
    top = (where or "").removeprefix(f"/{MOUNT}").strip("/")
    cgroups = Cgroups(root, top)
    if where is not None and (".." in top.split("/") or not cgroups.exists("")):
        what = f"there is no control group {top}"
        raise NoSuchName(Problem(what, None, f"the groups are the folders of /{MOUNT}"))
    groups = cgroups.read()
    if top == TOP:
        habits = {path: habit for path in groups if (habit := _find_habit(cgroups, path))}
        return adopt_groups(groups, machine._replace(ours=True), habits), []
    kept = keep_wishing(groups)
    paths, notes = rename_groups(kept, os.path.basename(top))
    named = {path: kept[was] for path, was in paths.items()}
    others = {
        path: {file: cgroups.say(was, file) or "" for file in OTHER_FILES}
        for path, was in paths.items()
    }
    notes += tell_others(others)
    habits = {path: habit for path in named if (habit := _find_habit(cgroups, paths[path]))}
    return adopt_groups(named, machine, habits), notes


def _rename(groups: Observed) -> tuple[dict[str, Mapping[str, str]], list[Note]]:
    groups = keep_wishing(groups)
    paths, notes = rename_groups(groups)
    return {path: groups[was] for path, was in paths.items()}, notes


def _find_habit(cgroups: Cgroups, path: str) -> Habit | None:
    """What all threads in a group have in common; None where there are none."""
    if path in ("", OUTSIDE):
        return None
    threads = read_all(cgroups.root, cgroups.threads(path))
    if not threads:
        return None
    cpus = cgroups.effective(path) or NO_CPUS
    priority = max(each.priority for each in threads)
    return Habit(
        priority if all(each.policy == "rr" for each in threads) else None,
        len(cpus) > 1 and all(len(each.affinity) == 1 for each in threads),
    )


def _find_rest(groups: Observed, machine: CpuSet) -> str:
    """Of exclusive sets that have all cpus between them, as the two of a shield, the one with the
    most tasks: the system's; "" where they leave some."""
    exclusive = [
        path
        for path, files in groups.items()
        if path and "/" not in path and files["cpuset.cpus.partition"] != "member"
    ]
    taken = NO_CPUS
    for path in exclusive:
        taken |= parse_cpu_list(groups[path]["cpuset.cpus"])
    if not exclusive or not machine <= taken:
        return ""
    return max(exclusive, key=lambda path: (_count(groups[path]), path == "system"))


def _count(files: Mapping[str, str]) -> int:
    return int(files[PROCESSES])
