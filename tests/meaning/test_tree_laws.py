"""Laws of the tree, on statements at random, right and wrong ones mixed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meaning.trees import CACHES, EIGHT, GAPS, machine, snapshot, statement
from usched.meaning.reach import reach_of
from usched.meaning.registry import EMPTY, compare_registries, format_registry, neighbourhood
from usched.meaning.resolver import Resolver
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_statement
from usched.words.machine import Topology
from usched.words.problems import NoSuchName, Refused

TWO = machine("machine: two\ncores: 2\n")
topologies = st.sampled_from([EIGHT, CACHES, GAPS, TWO])

_parts = st.sampled_from(["A", "B", "C"])
names = st.lists(_parts, min_size=1, max_size=3).map("/".join)
_numbers = st.integers(0, 7)
_terms = (
    st.sampled_from(
        ["cpu*"] * 4 + ["node0", "node1", "core0", "core1", "socket0", "llc1", "thread0", "thread1"]
    )
    | _numbers.map("cpu{}".format)
    | st.tuples(_numbers, _numbers).map(lambda ends: f"cpu{min(ends)}-{max(ends)}")
)
_lists = st.lists(_terms, min_size=1, max_size=3).map(" ".join)


def declare(name: str, on: str, less: str, priority: int, more: tuple[int, bool, bool]) -> str:
    vcpus, exclusive, locked = more
    words = [name, "on", on] + (["except", less] if less else []) + ["lwktpri", str(priority)]
    words += ["vcpus", str(vcpus)] if vcpus else []
    words += ["exclusive"] if exclusive else []
    words += ["locked"] if locked else []
    return " ".join(words)


_often_false = st.sampled_from([False, False, True])
declarations = st.builds(
    declare,
    names,
    _lists,
    st.sampled_from(["", "", ""]) | _lists,
    st.sampled_from([1, 4, 9, 10]),
    st.tuples(st.sampled_from([0, 0, 0, 1, 3, 9]), _often_false, _often_false),
)
destructions = st.builds(
    lambda name, into, recursive: f"destroy {name}{into}{recursive}",
    names,
    st.just("") | names.map(" into {}".format),
    st.sampled_from(["", " recursive"]),
)
lines = st.lists(
    st.sampled_from([0, 0, 0, 0, 1]).flatmap(lambda kind: destructions if kind else declarations),
    max_size=25,
)


def carry_out(topology: Topology, texts: list[str]) -> Tree:
    """What is valid of some statements, each in its turn."""
    tree = Tree(EMPTY, topology)
    for place, text in enumerate(texts, start=1):
        try:
            tree.apply(statement(text), place)
        except (Refused, NoSuchName):
            continue
    return tree


@given(topologies, lines)
def test_a_tree_changed_step_by_step_is_the_tree_made_from_its_registry(
    topology: Topology, texts: list[str]
) -> None:
    tree = Tree(EMPTY, topology)
    for place, text in enumerate(texts, start=1):
        before = snapshot(tree)
        try:
            changes = tree.apply(statement(text), place)
        except (Refused, NoSuchName):
            assert snapshot(tree) == before, "a refused statement changes nothing"
            continue
        after = snapshot(tree)
        assert snapshot(Tree(tree.resolver.registry(), topology)) == after
        assert tree.resolver.survey() == [], "what is accepted fits"
        if not changes:
            assert after == before


@given(topologies, lines)
def test_changes_name_every_scheduler_that_differs(topology: Topology, texts: list[str]) -> None:
    tree = Tree(EMPTY, topology)
    for place, text in enumerate(texts, start=1):
        before = {each.name: each for each in tree.resolver.schedulers()}
        try:
            changes = tree.apply(statement(text), place)
        except (Refused, NoSuchName):
            continue
        after = {each.name: each for each in tree.resolver.schedulers()}
        differ = {name for name in before | after if before.get(name) != after.get(name)}
        assert differ <= {change.name for change in changes}
        for change in changes:
            assert change.before == before.get(change.name)
            assert change.after == after.get(change.name)


@given(topologies, lines)
def test_an_export_carried_out_gives_the_same_registry(
    topology: Topology, texts: list[str]
) -> None:
    registry = carry_out(topology, texts).resolver.registry()
    script = format_registry(registry)
    again = Tree(EMPTY, topology)
    for place, text in enumerate(script.splitlines(), start=1):
        again.apply(statement(text), place)  # each is valid in its turn
    assert format_registry(again.resolver.registry()) == script
    assert compare_registries(registry, again.resolver.registry()) == []
    for entry in registry:
        order = [child.name for child in registry.children(entry.name)]
        assert [child.name for child in again.resolver.children(entry.name)] == order


@given(topologies, lines)
def test_exclusive_pools_are_nobody_elses(topology: Topology, texts: list[str]) -> None:
    tree = carry_out(topology, texts)
    for each in tree.resolver.schedulers():
        assert each.pool, "nobody is left without a cpu"
        parent = each.name.rpartition("/")[0]
        view = tree.resolver.view(parent)
        assert view is not None
        assert each.pool <= view.cpus
        for sibling in tree.resolver.children(parent):
            other = tree.resolver.scheduler(sibling.name)
            if each.declare.exclusive and other is not None and sibling.name != each.name:
                assert not each.pool & other.pool


@pytest.mark.slow
@given(topologies, lines)
def test_saying_everything_again_changes_nothing(topology: Topology, texts: list[str]) -> None:
    tree = carry_out(topology, texts)
    before = snapshot(tree)
    for entry in list(tree.resolver.walk()):
        assert tree.apply(statement(format_statement(entry.declare)), 99) == ()
    assert snapshot(tree) == before


@given(topologies, lines, topologies)
def test_a_scheduler_is_the_same_among_all_others_and_among_those_that_decide_on_it(
    topology: Topology, texts: list[str], other: Topology
) -> None:
    registry = carry_out(topology, texts).resolver.registry()
    whole = Resolver(registry, other)  # on another machine some do not fit
    for entry in registry:
        near = neighbourhood(registry, entry.name)
        assert near is not None
        tree = Resolver(near, other)
        assert tree.resolve(entry.name) == whole.resolve(entry.name)
        assert tree.view(entry.name) == whole.view(entry.name)
        assert tree.children(entry.name) == whole.children(entry.name)
        if scheduler := tree.scheduler(entry.name):
            assert reach_of(tree, scheduler) == reach_of(whole, scheduler)
