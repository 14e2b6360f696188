"""The registry's topology: declared, replaced, forgotten; validated like any other change."""

from __future__ import annotations

from typing import NamedTuple

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
from usched.meaning.warnings import find_new_warnings
from usched.words.cpuset import count_cpus
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.author import find_author
from usched.world.store import Entry, Store


class News(NamedTuple):
    """What a change means for schedulers that it does not name. moved: those whose real cpus
    differ; warnings: what `usched check` would warn of only now."""

    moved: tuple[Moved, ...] = ()
    warnings: tuple[Problem, ...] = ()


def declare_topology(context: Context, machine: Machine, dry_run: bool = False) -> News | None:
    """Make a topology the registry's; None if it was so before.

    Raises Refused if a scheduler is left out.
    """
    return rehearse(context, dry_run, lambda where, dry: _declare_topology(where, machine, dry))


def _declare_topology(context: Context, machine: Machine, dry_run: bool) -> News | None:
    with open_registry(context, not dry_run) as store:
        record = write_record(machine.topology)
        if record == store.topology_record():
            return None
        check_topology(store, machine.topology, find_declared(store))
        news = find_news(store, context, machine.topology)
        if not dry_run:
            text = describe_topology(machine.topology)
            entry = Entry(store.last_revision() + 1, text, (), record, news.moved)
            store.record([entry], find_author())
    return news


def forget_topology(context: Context, dry_run: bool = False) -> tuple[Machine, News] | None:
    """Go back to the machine at hand; None if no topology was declared. And what that changes."""
    return rehearse(context, dry_run, _forget_topology)


def _forget_topology(context: Context, dry_run: bool) -> tuple[Machine, News] | None:
    with open_registry(context, not dry_run) as store:
        old = find_declared(store)
        if old is None:
            return None
        host = find_host(context)
        check_topology(store, host.topology, old)
        news = find_news(store, context, host.topology)
        if not dry_run:
            entry = Entry(store.last_revision() + 1, "topology forget", (), "", news.moved)
            store.record([entry], find_author())
    return host, news


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
        from usched.meaning.remedies import add_remedies

        raise Refused(add_remedies(problems, registry, old, new))


def find_news(store: Store, context: Context, new: Topology) -> News:
    """What a new topology changes for the schedulers that there are."""
    registry = store.registry()
    if not len(registry):
        return News()
    old = find_declared(store)
    if old is None:
        try:
            old = find_host(context._replace(tell=lambda _: None)).topology
        except EnvironmentFailed:
            return News()  # no machine is at hand: nothing could be reached
    return compare_trees(Tree(registry, old), Tree(registry, new))


def compare_trees(old: Tree, new: Tree) -> News:
    names = dict.fromkeys((*old.names(), *new.names()))
    return News(tuple(compare_reach(old, new)), tuple(find_new_warnings(old, new, names)))


def describe_topology(topology: Topology) -> str:
    return f"topology {topology.machine} ({count_cpus(topology.all, topology.offline)})"
