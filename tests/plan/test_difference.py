"""Plans carried out on what the kernel does: from any registry to any other, and back."""

from __future__ import annotations

import random

import pytest

from tests.plan.cgroup_model import KERNELS, Cgroups, carry_out
from tests.plan.trees import EIGHT, random_tree, tree_of
from usched.plan.difference import Step, compare, plan_back
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.readings import find_drift
from usched.plan.wanted import OUTSIDE, Group, Wanted
from usched.words.cpuset import parse_cpu_list
from usched.words.problems import UschedError


def hold(groups: Cgroups, wanted: Wanted) -> None:
    """The groups are those that are wanted, and say so when they are read."""
    said = groups.observed()
    assert said.keys() == {group.path for group in wanted.groups}
    for group in wanted.groups:
        for file, text in group.files.items():
            if group.files.get("cpu.idle") == "1" and file == "cpu.weight":
                continue
            if file == "cgroup.subtree_control":
                assert set(said[group.path][file].split()) >= set(text.split())
            else:
                assert said[group.path][file] == text, (group.path, file)
    assert compare(wanted.groups, said) == []
    assert list(find_drift(wanted.groups, said)) == []


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
@pytest.mark.parametrize("part", range(4))
def test_a_plan_leads_from_any_registry_to_any_other_and_back(kernel: Kernel, part: int) -> None:
    partitions = moves = 0
    for seed in range(part * 60, part * 60 + 60):
        chance = random.Random(seed)
        groups = Cgroups(EIGHT.online, kernel)
        try:
            before, after = (lower(random_tree(2 * seed + n), kernel) for n in (0, 1))
        except UschedError:
            continue
        carry_out(groups, before)
        hold(groups, before)
        for threads in before.threads.values():
            groups.procs[threads.group] = chance.randint(0, 3)
        there, processes = groups.observed(), dict(groups.procs)
        steps = compare(after.groups, there)
        moves += sum(step.kind == "move" for step in steps)
        partitions += sum(step.value in ("root", "isolated") for step in steps)
        carry_out(groups, after)
        hold(groups, after)
        assert sum(groups.procs.values()) == sum(processes.values())
        assert all(
            not groups.procs[group.path] or not groups.below(group.path)
            for group in after.groups
            if group.path != OUTSIDE
        )
    assert moves > 10
    assert partitions > 10 or not kernel.has_remote_partitions


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
def test_what_is_undone_is_as_it_was(kernel: Kernel) -> None:
    """From wherever it stopped; processes have not moved."""
    for seed in range(40):
        groups = Cgroups(EIGHT.online, kernel)
        try:
            before, after = (lower(random_tree(1000 + 2 * seed + n), kernel) for n in (0, 1))
        except UschedError:
            continue
        carry_out(groups, before)
        there = groups.observed()
        steps = compare(after.groups, there)
        for step in steps[: random.Random(seed).randint(0, len(steps))]:
            groups.do(step)
        for step in plan_back(there, groups.observed()):
            groups.do(step)
        assert groups.observed() == there


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
def test_partitions_in_what_is_a_partition_no_more_are_made_anew(kernel: Kernel) -> None:
    """With their parent they become invalid, which nothing that is to be written would tell."""
    inner = ("A/X on cpu0 lwktpri 6 exclusive", "A/X/P on cpu0 lwktpri 6")
    outer = ("A on cpu1-3 lwktpri 6", "A on cpu1-3 lwktpri 6 exclusive", "A on cpu1-4 lwktpri 6")
    groups = Cgroups(EIGHT.online, kernel)
    for first in (*outer, *outer):
        wanted = lower(tree_of(first, *inner), kernel)
        carry_out(groups, wanted)
        hold(groups, wanted)


def test_what_somebody_made_by_hand_is_put_back_without_files_of_controllers() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    for path in ("", "MINE", "MINE/X"):
        groups.do(Step("mkdir", path))
    there = groups.observed()
    carry_out(groups, lower(tree_of("A on cpu0 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1]))
    assert "MINE" not in groups.files
    for step in plan_back(there, groups.observed()):
        groups.do(step)
    assert groups.observed() == there


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
def test_processes_are_out_while_a_group_loses_its_last_cpu(kernel: Kernel) -> None:
    """They are moved back by who undoes."""
    groups = Cgroups(EIGHT.online, kernel)
    carry_out(groups, lower(tree_of(), kernel))
    groups.do(Step("write", "", "cgroup.subtree_control", "+cpuset +cpu"))
    groups.do(Step("mkdir", "A"))
    groups.procs["A"] = 2
    there = groups.observed()
    carry_out(groups, lower(tree_of("A on cpu0 lwktpri 6"), kernel))
    for step in plan_back(there, groups.observed()):
        groups.do(step)
    assert groups.procs == {OUTSIDE: 102, "": 0, "A": 0}
    groups.procs["A"] = 2
    assert groups.observed() == there


def test_cpus_that_are_exchanged_are_had_together_for_a_while() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    carry_out(groups, lower(tree_of("A on cpu0-3 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1]))
    wanted = lower(tree_of("A on cpu4-7 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1])
    steps = compare(wanted.groups, groups.observed())
    writes = [(step.path, step.value) for step in steps if step.file == "cpuset.cpus"]
    assert writes == [
        ("A", "0-7"),
        ("A/:own", "0-7"),
        ("A/B", "0,4"),
        ("A/B", "4"),
        ("A/:own", "4-7"),
        ("A", "4-7"),
    ]


def test_without_any_group_the_processes_go_to_the_root_group() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    carry_out(groups, lower(tree_of("A on cpu0 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1]))
    groups.procs.update({"A/:own": 2, "A/B": 1})
    outside = Group(OUTSIDE, "", groups.files[OUTSIDE])
    for step in compare((outside,), groups.observed()):
        groups.do(step)
    assert groups.files.keys() == {OUTSIDE}
    assert groups.procs == {OUTSIDE: 103}


def test_a_machine_with_nothing_declared_has_no_groups_but_the_top() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    empty = lower(tree_of(), KERNELS[1])
    carry_out(groups, empty)
    assert groups.files.keys() == {OUTSIDE, ""}
    assert parse_cpu_list(groups.files[""]["cpuset.cpus"]) == parse_cpu_list("")
