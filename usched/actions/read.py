"""Reading the registry: the tree on its machine, the log, revisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from usched.actions.change import Ledger, ScriptLine
from usched.actions.context import (
    Context,
    Machine,
    find_machine,
    find_machine_of,
    open_registry,
    read_record,
)
from usched.actions.rollback import require_revision
from usched.actions.topology import describe_topology
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.registry import Difference, Registry, compare_registries
from usched.meaning.tree import Tree
from usched.meaning.warnings import find_warnings
from usched.words.problems import Problem, Refused
from usched.world.store import Revision, Store


@dataclass(frozen=True, slots=True)
class Reading:
    """The registry as it is, on a machine. The tree reads on while the registry is open."""

    store: Store
    machine: Machine
    tree: Tree


@contextmanager
def read_registry(context: Context) -> Iterator[Reading]:
    """Open the registry for reading, on its machine; schedulers may not fit that any more."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        yield Reading(store, machine, Tree(store.registry(), machine.topology))


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
            Tree(store.registry(), find_machine(store, context).topology).require(name)
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
        records = [store.topology_record(number) for number in (old, last)]
    texts: list[str | None] = [None, None]
    if records[0] != records[1]:
        texts = [describe_topology(read_record(each)) if each else None for each in records]
    moved: list[Moved] = []
    if (differences or records[0] != records[1]) and all(map(len, registries)):
        machines = {record: find_machine_of(record, context) for record in dict.fromkeys(records)}
        then, now = (
            Tree(registry, machines[record].topology)
            for registry, record in zip(registries, records, strict=True)
        )
        moved = compare_reach(then, now)
    return Comparison(differences, (texts[0], texts[1]), moved)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the tree with the scripts carried out, of so many schedulers."""

    tree: Tree
    schedulers: int
    warnings: list[Problem]


def check_registry(context: Context, script: list[ScriptLine]) -> Report:
    """Carry scripts out on a copy and look at everything. Raises Refused with all that is wrong."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        tree = Tree(store.registry(), machine.topology)
        problems = tree.survey()
        if problems and not script:
            raise Refused(problems)
        carry_out_on(tree, script)
        problems = tree.survey()
        if problems:
            raise Refused(problems)
        warnings = find_warnings(tree) + store.find_log_damage()
        return Report(tree, len(tree.names()), warnings)


def carry_out_on(tree: Tree, script: list[ScriptLine]) -> None:
    """Statements on a tree that nobody keeps."""
    Ledger(tree, 1 + max((entry.place for entry in tree.walk()), default=0)).take_all(script)
