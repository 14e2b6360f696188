"""Reading the registry: the tree on its machine, the log, revisions."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import (
    Context,
    TopologyInForce,
    find_machine,
    find_machine_of,
    open_registry,
    require_revision,
)
from usched.actions.parts import (
    Desk,
    find_hands,
    find_parts,
    join_parts,
    open_part,
    read_part_log,
)
from usched.meaning.grants import Hands, Part
from usched.meaning.history import Revision, describe_topology
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.registry import Difference, Placed, Registry, compare_registries
from usched.meaning.resolver import Resolver
from usched.words.statement import is_beneath, parent_of
from usched.world.store import Store


class Joined(NamedTuple):
    """The registry with the parts that are in other hands: the tree of what holds, and whose."""

    tree: Resolver
    hands: Hands


def read_tree(context: Context) -> Resolver:
    """The registry as it is, on its machine; schedulers may not fit that any more."""
    return read_joined(context).tree


def read_joined(context: Context) -> Joined:
    """As `read_tree`, and in whose hands what is; what does not hold of that is told."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        whole = join_parts(store, context, machine.topology, base=store.registry())
        tree = Resolver(whole.source, machine.topology, whole.find_aside)
        return Joined(tree, find_hands(whole, context))


class Shown(NamedTuple):
    """A scheduler in the tree, in whose hands it is, and what changed it last."""

    joined: Joined
    entry: Placed
    last: Revision | None


def read_scheduler(context: Context, name: str) -> Shown:
    """One scheduler. Raises NoSuchName."""
    joined = read_joined(context)
    entry = joined.tree.require(name)
    part = joined.hands.keeper(name)
    if part is not None:
        parts = list(joined.hands.parts.values())
        found = read_part_log(context, part, parts, name, 1)
    else:
        with open_registry(context) as store:
            found, _ = store.revisions(name, 1)
    return Shown(joined, entry, found[0] if found else None)


def read_machine(context: Context) -> TopologyInForce:
    """The topology in force."""
    with open_registry(context) as store:
        return find_machine(store, context)


def read_statements(context: Context) -> Registry:
    """The declarations alone, those of others among them."""
    return read_whole(context)[0]


def read_whole(context: Context) -> tuple[Registry, list[Part]]:
    """The declarations, and what is granted. A machine is looked for only where parts must fit
    it."""
    with open_registry(context) as store:
        registry = store.registry()
        if not store.grants()[0]:
            return registry, []
        topology = find_machine(store, context).topology
        whole = join_parts(store, context, topology, base=registry)
        everything = [entry for entry in registry if whole.source.stored(entry.name) == entry]
        for part in whole.parts.values():
            entries = map(part.source.stored, part.source.names())
            everything += [entry for entry in entries if isinstance(entry, Placed)]
        return Registry(everything, registry.damage()), list(whole.parts.values())


def read_log(context: Context, name: str | None, limit: int | None) -> list[Revision]:
    """The log, newest first: the registry's, and that of every part; with a name, what changed
    that scheduler, and all of the parts beneath it.

    Raises NoSuchName for a name that no revision changed.
    """
    with open_registry(context) as store:
        found, damaged = store.revisions(name, limit)
        for sentence in damaged:
            context.tell(sentence)
        parts = find_parts(store, context.registry)
        for part in parts:
            if name is None or is_beneath(part.name, name):
                found += read_part_log(context, part, parts, None, limit)
            elif is_beneath(parent_of(name), part.name):
                found += read_part_log(context, part, parts, name, limit)
        if name is not None and not found and not damaged:
            topology = find_machine(store, context).topology
            whole = join_parts(store, context, topology, base=store.registry())
            Resolver(whole.source, topology, whole.find_aside).require(name)
    if parts:
        found.sort(key=lambda each: each.time, reverse=True)
    return found[:limit]


class Comparison(NamedTuple):
    """Two revisions. topologies: as declared, both None where they are the same. moved: the
    schedulers of both whose real cpus differ."""

    differences: list[Difference]
    topologies: tuple[str | None, str | None]
    moved: list[Moved]


def read_difference(
    context: Context, old: int, new: int | None, desk: Desk | None = None
) -> Comparison:
    """What differs between two revisions (new None: now) of the registry, or of a desk's part."""
    if desk is not None:
        with open_part(context, desk, write=False) as part:
            return _compare_part(part, context, old, new)
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


def _compare_part(store: Store, context: Context, old: int, new: int | None) -> Comparison:
    """Statements alone: where a part is in the machine depends on who granted it."""
    require_revision(store, old)
    last = store.last_revision() if new is None else new
    require_revision(store, last)
    registries = [store.registry_at(number) for number in (old, last)]
    for number, registry in zip((old, last), registries, strict=True):
        for each in registry.damage():
            who = each.name or "a scheduler"
            context.tell(f"what {who} was at revision {number} is damaged: {each.why}")
    return Comparison(compare_registries(*registries), (None, None), [])
