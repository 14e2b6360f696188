"""The registry's topology: declared, replaced, forgotten; validated like any other change."""

from __future__ import annotations

from usched.actions.context import (
    Context,
    Machine,
    find_host,
    open_registry,
    read_record,
    rehearse,
    write_record,
)
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.tree import Tree
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, Refused
from usched.world.author import find_author
from usched.world.store import Entry, Store


def declare_topology(
    context: Context, machine: Machine, dry_run: bool = False
) -> tuple[Moved, ...] | None:
    """Make a topology the registry's. Returns whose real cpus that changes; None if it was so.

    Raises Refused if a scheduler is left out.
    """
    return rehearse(context, dry_run, lambda where, dry: _declare_topology(where, machine, dry))


def _declare_topology(
    context: Context, machine: Machine, dry_run: bool
) -> tuple[Moved, ...] | None:
    with open_registry(context, not dry_run) as store:
        record = write_record(machine.topology)
        if record == store.topology_record():
            return None
        check_topology(store, machine.topology, find_declared(store))
        moved = find_moved(store, context, machine.topology)
        if not dry_run:
            text = describe_topology(machine.topology)
            entry = Entry(store.last_revision() + 1, text, (), record, moved)
            store.record([entry], find_author())
    return moved


def forget_topology(
    context: Context, dry_run: bool = False
) -> tuple[Machine, tuple[Moved, ...]] | None:
    """Go back to the machine at hand; None if no topology was declared. And who moves by it."""
    return rehearse(context, dry_run, _forget_topology)


def _forget_topology(context: Context, dry_run: bool) -> tuple[Machine, tuple[Moved, ...]] | None:
    with open_registry(context, not dry_run) as store:
        old = find_declared(store)
        if old is None:
            return None
        host = find_host(context)
        check_topology(store, host.topology, old)
        moved = find_moved(store, context, host.topology)
        if not dry_run:
            entry = Entry(store.last_revision() + 1, "topology forget", (), "", moved)
            store.record([entry], find_author())
    return host, moved


def find_declared(store: Store) -> Topology | None:
    """The declared topology, whatever is given with the command."""
    record = store.topology_record()
    return read_record(record) if record is not None else None


def check_topology(store: Store, new: Topology, old: Topology | None) -> None:
    """Refuse a topology on which a scheduler no longer fits, naming every one of them."""
    registry = store.registry()
    problems = Tree(registry, new).find_misfits()
    if problems and old is not None:
        known = {problem.name for problem in Tree(registry, old).find_misfits()}
        problems = [problem for problem in problems if problem.name not in known]
    if problems:
        raise Refused(problems)


def find_moved(store: Store, context: Context, new: Topology) -> tuple[Moved, ...]:
    """The schedulers whose real cpus a new topology changes."""
    registry = store.registry()
    if not len(registry):
        return ()
    old = find_declared(store)
    if old is None:
        try:
            old = find_host(context._replace(tell=lambda _: None)).topology
        except EnvironmentFailed:
            return ()  # no machine is at hand: nothing could be reached
    return tuple(compare_reach(Tree(registry, old), Tree(registry, new)))


def describe_topology(topology: Topology) -> str:
    return f"topology {topology.machine} ({len(topology.cpus)} cpus)"
