"""Adopting: declarations for what a machine is partitioned into already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, assert_never

from usched.actions.change import Outcome, carry_out
from usched.actions.charges import charge_of_all
from usched.actions.context import Context, Wish
from usched.actions.plan import plan_charge
from usched.actions.read import read_machine
from usched.meaning.registry import EMPTY
from usched.meaning.tree import Tree
from usched.plan.adopted import Adopted, Habit, Machine, adopt_groups, tell_undeclared
from usched.plan.difference import PROCESSES, Observed, compare
from usched.plan.foreign_groups import OTHER_FILES, keep_wishing, rename_groups, tell_others
from usched.plan.kernel import CPUS, PARTITION
from usched.plan.lower_cgroup import lower
from usched.plan.readings import find_nonsense
from usched.plan.slice_units import parse_shown, parse_slices, tell_units
from usched.plan.wanted import OUTSIDE, TOP, Note
from usched.words.cpuset import NO_CPUS, CpuSet, parse_cpu_list
from usched.words.machine import Topology
from usched.words.problems import (
    EnvironmentFailed,
    NoSuchName,
    Problem,
    Refused,
    format_problem,
)
from usched.words.statement import Declare
from usched.world.linux.cgroups import Cgroups, read_kernel
from usched.world.linux.foreign_sets import read_sets
from usched.world.linux.group_reading import MOUNT, refuse_nonsense
from usched.world.linux.slice_files import read_slices
from usched.world.linux.systemctl import is_systemd, show_others, show_slices
from usched.world.linux.threads import read_all

Origin = Literal["cgroups", "cset", "systemd"]


class Taken(NamedTuple):
    """outcome: None where there was nothing to declare, and why."""

    outcome: Outcome | None
    notes: tuple[Note, ...]
    why: str = ""


def adopt(context: Context, origin: Origin, where: str | None, wish: Wish) -> Taken:
    """Declare what is there, all of it or nothing. where: a control group, or a folder of cpusets
    or units; None for where these are.

    Raises as a script of declarations does, NoSuchName where there is no such group, and
    EnvironmentFailed where there is nothing of the kind.
    """
    topology = read_machine(context.quiet).topology
    machine = Machine(topology.all, topology.hz)
    is_ours = origin == "cgroups" and _find_top(context.root, where) == TOP
    if is_ours and _is_as_declared(context):
        return Taken(None, (), "Linux is as the registry says")
    found, notes = _read(context, origin, where, machine)
    notes += found.notes
    if not found.declares:
        return Taken(None, tuple(notes), "nothing is said of cpus there")
    if is_ours:
        undeclared = _find_undeclared(context.root, found.declares, topology)
        told = {(note.scheduler, note.word) for note in notes}
        notes += [
            each
            for each in undeclared
            if not told & {(each.scheduler, "name"), (each.scheduler, each.word)}
        ]
    outcome = carry_out(context, [(None, each) for each in found.declares], wish)
    return Taken(outcome, tuple(notes))


def _is_as_declared(context: Context) -> bool:
    """Whether all that stands in our groups, whosever charge it is, is what the registry says: it
    says more than they can, and read back some of that would be lost."""
    everything = charge_of_all(context.root, Cgroups(context.root, TOP))
    try:
        plan = plan_charge(context.quiet, everything)
    except (Refused, EnvironmentFailed):  # of a registry that could not have been applied here
        return False
    return bool(plan.observed and plan.wanted.threads) and not plan.steps


def _find_undeclared(root: str, declares: Sequence[Declare], topology: Topology) -> Iterator[Note]:
    """What our groups say that these declarations, lowered, would not."""
    tree = Tree(EMPTY, topology)
    try:
        for position, each in enumerate(declares, 1):
            tree.apply(each, position)
        wanted = lower(tree.resolver, read_kernel(root))
    except Refused:  # which is what declaring or applying them says
        return
    yield from tell_undeclared(compare(wanted.groups, Cgroups(root, TOP).read()))


def _read(
    context: Context, origin: Origin, where: str | None, machine: Machine
) -> tuple[Adopted, list[Note]]:
    root = context.root
    match origin:
        case "cgroups":
            return _read_cgroups(root, where, machine)
        case "cset":
            groups, notes = _rename(read_sets(root, where))
            rest = _find_rest(groups, machine.cpus)
            if rest:
                what = "with it no cpu would be left to the rest of the system: it is not exclusive"
                notes.append(Note(rest, "exclusive", what))
                groups[rest] = {**groups[rest], PARTITION: "member"}
        case "systemd":
            slices, others = _read_slices(context, where)
            groups, notes = _rename(slices)
            notes += [*tell_others(groups), *others]
        case _:
            assert_never(origin)
    return adopt_groups(groups, machine), notes


def _find_top(root: str, where: str | None) -> str:
    """The group in which to look; TOP is that of `usched apply`."""
    if where is None and Cgroups(root, TOP).exists(""):
        return TOP
    return (where or "").removeprefix(f"/{MOUNT}").strip("/")


def _read_cgroups(root: str, where: str | None, machine: Machine) -> tuple[Adopted, list[Note]]:
    top = _find_top(root, where)
    cgroups = Cgroups(root, top)
    if where is not None and (".." in top.split("/") or not cgroups.exists("")):
        what = f"there is no control group {top}"
        raise NoSuchName(Problem(what, None, f"the groups are the folders of /{MOUNT}"))
    groups = cgroups.read()
    ours = top == TOP
    kept = groups if ours else keep_wishing(groups)
    for path, files in kept.items():
        refuse_nonsense(os.path.join(root, MOUNT, top, path), find_nonsense(files))
    paths, notes = rename_groups(kept, os.path.basename(top))
    named = {path: kept[was] for path, was in paths.items()}
    others = {
        path: {file: cgroups.say(was, file) or "" for file in OTHER_FILES}
        for path, was in paths.items()
        if not ours
    }
    notes += tell_others(others)
    habits = {path: habit for path in named if (habit := _find_habit(cgroups, paths[path]))}
    return adopt_groups(named, machine._replace(ours=ours), habits), notes


def _read_slices(context: Context, where: str | None) -> tuple[Observed, list[Note]]:
    """As systemd has them, where it runs and nobody named a folder, with what it has beside slices;
    else as it would read them."""
    texts = read_slices(context.root, where)
    if where is None and is_systemd(context.root):
        try:
            slices = parse_shown(show_slices(each.unit for each in texts))
            return slices, list(tell_units(show_others()))
        except ValueError as error:
            raise EnvironmentFailed(f"systemctl show is not understood: {error}") from error
    return parse_slices(texts, lambda problem: context.tell(format_problem(problem))), []


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
        if path and "/" not in path and files[PARTITION] != "member"
    ]
    taken = NO_CPUS
    for path in exclusive:
        taken |= parse_cpu_list(groups[path][CPUS])
    if not exclusive or not machine <= taken:
        return ""
    return max(exclusive, key=lambda path: (_count(groups[path]), path == "system"))


def _count(files: Mapping[str, str]) -> int:
    return int(files[PROCESSES])
