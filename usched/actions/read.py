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
from usched.actions.part_logs import PartLogs
from usched.actions.parts import Desk, find_hands, join_parts, open_part
from usched.actions.read_parts import find_holders
from usched.actions.standing import compare_grants
from usched.meaning.grants import Hands, Part
from usched.meaning.history import GrantEdit, Revision, describe_topology
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.registry import (
    Difference,
    Placed,
    Registry,
    compare_registries,
    neighbourhood,
)
from usched.meaning.resolver import Resolver
from usched.words.phrases import clip
from usched.world.rows import as_printed
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
        return _join(store, context, store.registry())


def _join(store: Store, context: Context, registry: Registry) -> Joined:
    topology = find_machine(store, context).topology
    whole = join_parts(store, context, topology, base=registry)
    tree = Resolver(whole.source, topology, whole.find_aside)
    return Joined(tree, find_hands(whole, context))


class Shown(NamedTuple):
    """A scheduler in the tree, in whose hands it is, and what changed it last."""

    joined: Joined
    entry: Placed
    last: Revision | None


def read_scheduler(context: Context, name: str) -> Shown:
    """One scheduler; of the others, where nothing is granted, only what decides on it is read.
    Raises NoSuchName."""
    with open_registry(context) as store:
        near = None if store.has_grants() else neighbourhood(store, name)
        joined = _join(store, context, store.registry() if near is None else near)
        entry = joined.tree.require(name)
        found, _ = store.revisions(name, 1)
    part = joined.hands.keeper(name)
    if part is not None:
        parts = list(joined.hands.parts.values())
        found = PartLogs(context, parts).read(part.name, name, 1)
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
    that scheduler, and all of the parts beneath it. Those that were taken back are among them.

    Raises NoSuchName for a name that no revision changed.
    """
    with open_registry(context) as store:
        found, damaged = store.revisions(name, limit)
        for sentence in damaged:
            context.tell(sentence)
        parts = find_holders(store, context.registry)
        former = store.former_grants()
        found += PartLogs(context, parts).read_all(former, name, limit)
        if name is not None and not found and not damaged:
            topology = find_machine(store, context).topology
            whole = join_parts(store, context, topology, base=store.registry())
            Resolver(whole.source, topology, whole.find_aside).require(name)
    if parts or former:
        # at one moment who was granted something comes after who granted it
        found.sort(key=lambda each: (each.moment, _segments(each.store)), reverse=True)
    return found[:limit]


def read_revisions(context: Context, limit: int, desk: Desk | None) -> list[Revision]:
    """The newest revisions of the registry, or of a desk's part, and of no other store."""
    with open_registry(context) if desk is None else open_part(context, desk) as store:
        return store.revisions(None, limit, moved=False)[0]


def _segments(store: str) -> int:
    return store.count("/") + 1 if store else 0


class Comparison(NamedTuple):
    """Two revisions. topologies: as declared, both None where they are the same. moved: the
    schedulers of both whose real cpus differ. grants: how they differ."""

    differences: list[Difference]
    topologies: tuple[str | None, str | None]
    moved: list[Moved]
    grants: tuple[GrantEdit, ...]


def read_difference(
    context: Context, old: int, new: int | None, desk: Desk | None = None
) -> Comparison:
    """What differs between two revisions (new None: now) of the registry, or of a desk's part."""
    if desk is not None:
        with open_part(context, desk) as part:
            return _compare_part(part, context, desk.name, old, new)
    with open_registry(context) as store:
        numbers = _require_both(store, old, new)
        registries = _read_both(store, context, numbers)
        differences = compare_registries(*registries)
        grants = _compare_grants(store, context, numbers)
        declared = [store.topology(number) for number in numbers]
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
    return Comparison(differences, (texts[0], texts[1]), moved, grants)


def _compare_part(
    store: Store, context: Context, name: str, old: int, new: int | None
) -> Comparison:
    """Statements alone: where a part is in the machine depends on who granted it."""
    numbers = _require_both(store, old, new, name)
    registries = _read_both(store, context, numbers)
    grants = _compare_grants(store, context, numbers)
    return Comparison(compare_registries(*registries), (None, None), [], grants)


def _require_both(store: Store, old: int, new: int | None, part: str = "") -> tuple[int, int]:
    last = store.last_revision() if new is None else new
    for number in (old, last):
        require_revision(store, number, part)
    return old, last


def _compare_grants(
    store: Store, context: Context, numbers: tuple[int, int]
) -> tuple[GrantEdit, ...]:
    """What was granted after two revisions; what of that is damaged is told."""
    both = []
    for number in numbers:
        granted, damaged = store.grants_at(number)
        for name in damaged:
            who = clip(as_printed(name))
            context.tell(f"to whom {who} was granted at revision {number} is damaged")
        both.append(granted)
    return compare_grants(*both)


def _read_both(store: Store, context: Context, numbers: tuple[int, int]) -> list[Registry]:
    """What there was after two revisions; what of that is damaged is told."""
    registries = [store.registry_at(number) for number in numbers]
    for number, registry in zip(numbers, registries, strict=True):
        for each in registry.damage():
            who = clip(as_printed(each.name)) or "a scheduler"
            context.tell(f"what {who} was at revision {number} is damaged: {each.why}")
    return registries
