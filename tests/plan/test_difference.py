"""Plans carried out on what the kernel does: from any registry to any other, and back."""

from __future__ import annotations

import random

import pytest

from tests.plan.cgroup_model import Cgroups
from usched.meaning.registry import EMPTY
from usched.meaning.resolver import Resolver
from usched.meaning.tree import Tree
from usched.plan.difference import Step, compare, plan_back
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.wanted import OUTSIDE, Group, Wanted
from usched.text.language.grammar import Unreadable, parse_script
from usched.text.topology.mapping import parse_topology
from usched.words.cpuset import parse_cpu_list
from usched.words.located import locate
from usched.words.problems import UschedError

EIGHT = parse_topology(locate({"machine": "eight", "sockets": 2, "cores": 2, "threads": 2}))

KERNELS = [Kernel("6.1.0", (6, 1)), Kernel("6.12.9", (6, 12)), Kernel("7.3.1", (7, 3))]


def tree_of(*statements: str, keep_going: bool = False) -> Resolver:
    tree = Tree(EMPTY, EIGHT)
    for place, (_, statement) in enumerate(parse_script("\n".join(statements), "script"), 1):
        assert not isinstance(statement, Unreadable)
        try:
            tree.apply(statement, place)
        except UschedError:
            if not keep_going:
                raise
    return tree.resolver


def random_tree(seed: int) -> Resolver:
    chance = random.Random(seed)
    names = ["A", "B", "C", "A/X", "A/Y", "B/X", "A/X/P", "A/X/Q", "C/cpu.max"]
    statements = []
    for name in names:
        if chance.random() < 0.35:
            continue
        first = chance.randint(0, 6)
        cpus = chance.choice([f"cpu{first}-{chance.randint(first, 7)}", "cpu* except cpu0", "cpu0"])
        words = [name, "on", cpus, "lwktpri", str(chance.randint(2, 10))]
        if chance.random() < 0.3:
            words += ["vcpus", str(chance.randint(1, 9))]
        if chance.random() < 0.3:
            words += ["quantum", str(chance.randint(1, 20))]
        words += [each for each in ("exclusive", "locked") if chance.random() < 0.25]
        statements.append(" ".join(words))
    return tree_of(*statements, keep_going=True)


def carry_out(groups: Cgroups, wanted: Wanted) -> None:
    for step in compare(wanted.groups, groups.observed()):
        groups.do(step)
        assert groups.misled() == [], step


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


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
@pytest.mark.parametrize("part", range(4))
def test_a_plan_leads_from_any_registry_to_any_other_and_back(kernel: Kernel, part: int) -> None:
    partitions = moves = 0
    for seed in range(part * 60, part * 60 + 60):
        chance = random.Random(seed)
        groups = Cgroups(EIGHT.online, kernel.has_remote_partitions)
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
        groups = Cgroups(EIGHT.online, kernel.has_remote_partitions)
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


def test_what_somebody_made_by_hand_is_put_back_without_files_of_controllers() -> None:
    groups = Cgroups(EIGHT.online, True)
    for path in ("", "MINE", "MINE/X"):
        groups.do(Step("mkdir", path))
    there = groups.observed()
    carry_out(groups, lower(tree_of("A on cpu0 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1]))
    assert "MINE" not in groups.files
    for step in plan_back(there, groups.observed()):
        groups.do(step)
    assert groups.observed() == there


def test_cpus_that_are_exchanged_are_had_together_for_a_while() -> None:
    groups = Cgroups(EIGHT.online, True)
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
    groups = Cgroups(EIGHT.online, True)
    carry_out(groups, lower(tree_of("A on cpu0 lwktpri 6", "A/B on cpu0 lwktpri 6"), KERNELS[1]))
    groups.procs.update({"A/:own": 2, "A/B": 1})
    outside = Group(OUTSIDE, "", groups.files[OUTSIDE])
    for step in compare((outside,), groups.observed()):
        groups.do(step)
    assert groups.files.keys() == {OUTSIDE}
    assert groups.procs == {OUTSIDE: 103}


def test_a_machine_with_nothing_declared_has_no_groups_but_the_top() -> None:
    groups = Cgroups(EIGHT.online, True)
    empty = lower(tree_of(), KERNELS[1])
    carry_out(groups, empty)
    assert groups.files.keys() == {OUTSIDE, ""}
    assert parse_cpu_list(groups.files[""]["cpuset.cpus"]) == parse_cpu_list("")
