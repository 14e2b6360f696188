"""Carrying out statements and scripts: all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from usched.actions.context import Context, TopologyInForce, change_registry, find_machine
from usched.actions.topology import News, weigh_topology
from usched.meaning.history import Draft
from usched.meaning.resolver import Resolver
from usched.meaning.script import Done, Ledger, ScriptLine
from usched.meaning.tree import Tree
from usched.meaning.warnings import find_new_warnings
from usched.words.machine import Topology
from usched.words.problems import format_problem
from usched.world.registry_file import is_new
from usched.world.store import Store


class Outcome(NamedTuple):
    """done: in order. declared: the topology that became the registry's, if one did. news: whom
    that moved, and all that `usched check` would warn of only now."""

    machine: TopologyInForce
    done: tuple[Done, ...]
    declared: Topology | None = None
    news: News = News()


def carry_out(
    context: Context, script: Iterable[ScriptLine], dry_run: bool = False, look: bool = True
) -> Outcome:
    """Carry out statements in one transaction, each valid in its turn.

    A topology given with the command becomes the registry's along with them. Raises with every
    problem of the whole script, and then changes nothing; nor does a dry run. look: whether to
    look for what would be warned of.
    """
    # a registry that is yet to be made may need a second try, any other is read once, as it comes
    lines = list(script) if is_new(context.registry) else script
    return change_registry(
        context, dry_run, lambda store, told: _carry_out(store, told, lines, look)
    )


def _carry_out(
    store: Store, context: Context, script: Iterable[ScriptLine], look: bool
) -> tuple[Outcome, list[Draft]]:
    machine = find_machine(store, context)
    news = News()
    declared = None
    if machine.origin == "given" and machine.topology != store.topology():
        declared = machine.topology
        news = weigh_topology(store, context, declared)
    ledger = Ledger(Tree(store, machine.topology), store.last_revision() + 1)
    ledger.take_all(script)
    if declared is not None:
        ledger.add_topology(declared, news.moved)
    now = ledger.tree.resolver
    for damaged in store.met:
        if not damaged.name or now.stored(damaged.name) == damaged:  # not mended
            context.tell(format_problem(now.describe_damage(damaged)))
    changes = (change.name for done in ledger.done for change in done.changes)
    names = dict.fromkeys(changes) if look else {}
    warnings = find_new_warnings(Resolver(store, machine.topology), now, names)
    news = News(news.moved, tuple(dict.fromkeys((*news.warnings, *warnings))))
    return Outcome(machine, tuple(ledger.done), declared, news), ledger.drafts
