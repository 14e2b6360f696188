"""Reading the registry: the tree on its machine, the log, revisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from usched.actions.context import (
    Context,
    TopologyInForce,
    find_machine,
    find_machine_of,
    open_registry,
)
from usched.actions.rollback import require_revision
from usched.meaning.history import Revision, describe_topology
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.registry import Difference, Placed, Registry, compare_registries
from usched.meaning.resolver import Resolver
from usched.meaning.script import ScriptLine, carry_out_on
from usched.meaning.tree import Tree
from usched.meaning.warnings import find_warnings
from usched.words.problems import Problem, Refused


def read_tree(context: Context) -> Resolver:
    """The registry as it is, on its machine; schedulers may not fit that any more."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        return Resolver(store.registry(), machine.topology)


def read_scheduler(context: Context, name: str) -> tuple[Resolver, Placed, Revision | None]:
    """A scheduler, in the tree, and what changed it last. Raises NoSuchName."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        tree = Resolver(store.registry(), machine.topology)
        entry = tree.require(name)
        revisions, _ = store.revisions(name, 1)
    return tree, entry, revisions[0] if revisions else None


def read_machine(context: Context) -> TopologyInForce:
    """The topology in force."""
    with open_registry(context) as store:
        return find_machine(store, context)


def read_statements(context: Context) -> Registry:
    """The declarations alone: no machine is looked for."""
    with open_registry(context) as store:
        return store.registry()


def read_log(context: Context, name: str | None, limit: int | None) -> list[Revision]:
    """The log, newest first. Raises NoSuchName for a name that no revision changed."""
    with open_registry(context) as store:
        found, damaged = store.revisions(name, limit)
        for sentence in damaged:
            context.tell(sentence)
        if name is not None and not found and not damaged:
            Resolver(store.registry(), find_machine(store, context).topology).require(name)
        return found


class Comparison(NamedTuple):
    """Two revisions. topologies: as declared, both None where they are the same. moved: the
    schedulers of both whose real cpus differ."""

    differences: list[Difference]
    topologies: tuple[str | None, str | None]
    moved: list[Moved]


def read_difference(context: Context, old: int, new: int | None) -> Comparison:
    """What differs between two revisions (new None: now)."""
    with open_registry(context) as store:
        require_revision(store, old)
        last = store.last_revision() if new is None else new
        require_revision(store, last)
        registries = [store.registry_at(old), store.registry_at(last)]
        for number, registry in zip((old, last), registries, strict=True):
            for each in registry.damage():
                who = each.name or "a scheduler"
                context.tell(f"what {who} was at revision {number} is damaged: {each.why}")
        differences = compare_registries(*registries)
        declared = [store.topology(number) for number in (old, last)]
    texts: list[str | None] = [None, None]
    if declared[0] != declared[1]:
        texts = [describe_topology(each) if each else None for each in declared]
    moved: list[Moved] = []
    if (differences or declared[0] != declared[1]) and all(map(len, registries)):
        first = find_machine_of(declared[0], context)
        second = first if declared[0] == declared[1] else find_machine_of(declared[1], context)
        moved = compare_reach(
            Resolver(registries[0], first.topology), Resolver(registries[1], second.topology)
        )
    return Comparison(differences, (texts[0], texts[1]), moved)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the tree with the scripts carried out, of so many schedulers."""

    tree: Resolver
    schedulers: int
    warnings: list[Problem]


def check_registry(context: Context, script: list[ScriptLine]) -> Report:
    """Carry scripts out on a copy and look at everything. Raises Refused with all that is wrong."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        tree = Tree(store.registry(), machine.topology)
        problems = tree.resolver.survey()
        if problems and not script:
            raise Refused(problems)
        carry_out_on(tree, script)
        problems = tree.resolver.survey()
        if problems:
            raise Refused(problems)
        warnings = find_warnings(tree.resolver) + store.find_log_damage()
        return Report(tree.resolver, len(tree.resolver.names()), warnings)
