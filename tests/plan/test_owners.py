"""Grants become delegated directories: whose each group is, and when it changes hands."""

from __future__ import annotations

import random

import pytest

from tests.plan.cgroup_model import KERNELS, Cgroups
from tests.plan.trees import EIGHT, hands_of, random_tree, tree_of
from usched.meaning.grants import Hands
from usched.meaning.resolver import Resolver
from usched.plan.difference import Step, compare, plan_back
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.owners import LIMITS, OWNER, Held, describe_owner, hand_over
from usched.plan.readings import find_drift
from usched.plan.wanted import OUTSIDE, Group, Wanted
from usched.words.problems import UschedError

STATEMENTS = (
    "POOL on cpu* lwktpri 6",
    "POOL/WEB on cpu0 cpu1 lwktpri 6",
    "POOL/WEB/IN on cpu0 lwktpri 6",
    "POOL/BATCH on cpu2 lwktpri 2",
    "NORM on cpu* lwktpri 5",
)


def want(tree: Resolver, hands: Hands, kernel: Kernel = KERNELS[1]) -> Wanted:
    return hand_over(lower(tree, kernel), hands)


def owners(*grants: tuple[str, str], over: tuple[str, ...] = ()) -> dict[str, str]:
    groups = want(tree_of(*STATEMENTS), hands_of(dict(grants), over)).groups
    return {group.path: group.files[OWNER] for group in groups if group.files.get(OWNER)}


def test_what_is_granted_is_what_lies_beneath() -> None:
    assert owners(("POOL", "alice")) == {
        "POOL": "- 1000",
        "POOL/:own": "1000 1000",
        "POOL/WEB": "1000 1000",
        "POOL/WEB/:own": "1000 1000",
        "POOL/WEB/IN": "1000 1000",
        "POOL/BATCH": "1000 1000",
    }


def test_what_is_handed_on_is_the_next_holders() -> None:
    found = owners(("POOL", "alice"), ("POOL/WEB", "bob"))
    assert {path: found[path] for path in found if "WEB" in path} == {
        "POOL/WEB": "1000 1001",
        "POOL/WEB/:own": "1001 1001",
        "POOL/WEB/IN": "1001 1001",
    }


def test_a_group_of_users_is_no_user_and_root_is_root() -> None:
    assert owners(("NORM", "@team")) == {"NORM": "- @2000"}
    assert owners(("NORM", "root")) == {}


def test_a_grant_that_has_ended_is_the_givers_again() -> None:
    grants = ("POOL", "alice"), ("POOL/WEB", "bob")
    assert owners(*grants, over=("POOL/WEB",))["POOL/WEB"] == "1000 1000"
    assert owners(grants[0], over=("POOL",)).get("POOL") is None


def test_a_holder_makes_no_more_groups_than_are_read() -> None:
    groups = want(tree_of(*STATEMENTS), hands_of({"POOL": "alice"})).groups
    (pool,) = [group for group in groups if not LIMITS.keys().isdisjoint(group.files)]
    assert [pool.path, *(pool.files[file] for file in LIMITS)] == ["POOL", "2048", "16"]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.release)
def test_groups_change_hands_and_back_from_any_registry_to_any_other(kernel: Kernel) -> None:
    changes = 0
    for seed in range(80):
        chance = random.Random(seed)
        groups = Cgroups(EIGHT.online, kernel)
        try:
            before, after = (
                want(random_tree(3000 + 2 * seed + n), _some_hands(chance), kernel) for n in (0, 1)
            )
        except UschedError:
            continue
        _carry_out(groups, before)
        there = groups.observed()
        steps = _carry_out(groups, after)
        changes += sum(step.kind == "chown" for step in steps)
        for step in plan_back(there, groups.observed()):
            groups.do(step)
        assert groups.observed() == there
    assert changes > 50


def _some_hands(chance: random.Random) -> Hands:
    people = ["alice", "bob", "@team"]
    return hands_of({name: chance.choice(people) for name in "AB" if chance.random() < 0.7})


def _carry_out(groups: Cgroups, wanted: Wanted) -> list[Step]:
    steps = compare(wanted.groups, groups.observed())
    for step in steps:
        groups.do(step)
    assert compare(wanted.groups, groups.observed()) == []
    assert list(find_drift(wanted.groups, groups.observed())) == []
    return steps


def test_what_is_taken_back_is_taken_first_and_what_is_given_is_given_last() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    tree = tree_of(*STATEMENTS)
    _carry_out(groups, want(tree, hands_of({"POOL": "alice"})))
    groups.do(Step("mkdir", "POOL/STRANGE"))
    groups.files["POOL/STRANGE"][OWNER] = "1000 1000"
    taken = _carry_out(groups, want(tree, hands_of({"NORM": "bob"})))
    kinds = [step.kind for step in taken]
    first = next(number for number, kind in enumerate(kinds) if kind != "chown")
    paths = [step.path for step in taken[:first]]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    assert {"POOL", "POOL/WEB/IN", "POOL/STRANGE"} <= set(paths)
    given = kinds.index("chown", first)
    assert taken[given] == Step("chown", "NORM", "", "- 1001")
    assert {step.file for step in taken[given + 1 :]} == set(LIMITS)


def test_a_group_that_somebody_held_is_cleared_when_it_is_removed() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    _carry_out(groups, want(tree_of(*STATEMENTS), hands_of({"POOL": "alice"})))
    steps = compare((Group(OUTSIDE, "", groups.files[OUTSIDE]),), groups.observed())
    removed = {step.path: step.value for step in steps if step.kind == "rmdir"}
    assert removed["POOL/WEB"] == OUTSIDE
    assert removed["NORM"] == ""


def test_where_a_step_can_be_refused_by_others() -> None:
    groups = want(tree_of(*STATEMENTS), hands_of({"POOL": "alice", "POOL/WEB": "bob"})).groups
    held = Held.of_wanted(groups)
    assert held.find("POOL", "cpuset.cpus") is None
    assert held.find("POOL", "") is None
    assert held.find("POOL", "cgroup.subtree_control") == "POOL"
    assert held.find("POOL/WEB/IN", "cpuset.cpus") == "POOL"
    assert held.find("POOL/STRANGE/X", "") == "POOL"
    assert held.find("NORM", "cgroup.procs") is None


def test_drift_says_whose_a_group_is_and_whose_it_should_be() -> None:
    groups = Cgroups(EIGHT.online, KERNELS[1])
    wanted = want(tree_of(*STATEMENTS), hands_of({"POOL": "alice"}))
    _carry_out(groups, wanted)
    groups.files["POOL"][OWNER] = "-,1001 *"
    groups.files["NORM"][OWNER] = "@2000 @2000"
    assert [each.what for each in find_drift(wanted.groups, groups.observed())] == [
        "usched/POOL is root and user 1001's, handed to anybody, and should be root's, handed to "
        "user 1000",
        "usched/NORM is group 2000's, and should be root's",
    ]
    assert describe_owner("1000 1000", lambda _: "alice") == "alice's"
