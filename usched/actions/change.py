"""Carrying out statements and scripts: all or nothing, in the store of who may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from usched.actions.context import (
    AS_IT_IS,
    Context,
    TopologyInForce,
    Wish,
    change_registry,
    find_machine,
    open_registry,
)
from usched.actions.topology import News, weigh_topology
from usched.meaning.history import Draft
from usched.meaning.overlay import Overlay
from usched.meaning.registry import EMPTY, Source
from usched.meaning.resolver import Resolver
from usched.meaning.script import Done, Ledger, ScriptLine
from usched.meaning.tree import Tree
from usched.meaning.warnings import find_new_warnings
from usched.words.machine import Topology
from usched.words.problems import format_problem
from usched.world.paths import may_have_parts
from usched.world.registry_file import is_new, may_write
from usched.world.store import Store

if TYPE_CHECKING:
    from usched.actions.parts import Desk
    from usched.actions.standing import Seen
    from usched.meaning.grants import Granted, Hands
    from usched.meaning.joined import Whole


class Outcome(NamedTuple):
    """done: in order. declared: the topology that became the registry's, if one did. news: whom
    that moved, and all that `usched check` would warn of only now."""

    machine: TopologyInForce
    done: tuple[Done, ...]
    declared: Topology | None = None
    news: News = News()


def carry_out(
    context: Context,
    script: Iterable[ScriptLine],
    wish: Wish = AS_IT_IS,
) -> Outcome:
    """Carry out statements in one transaction, each valid in its turn.

    A topology given with the command becomes the registry's along with them. Raises with every
    problem of the whole script, and then changes nothing; nor does a dry run.
    """
    # a registry that is yet to be made may need a second try, any other is read once, as it comes
    if is_new(context.registry):
        script = list(script)
    elif may_have_parts(context.registry):
        script = list(script)
        from usched.actions.parts import find_desk

        desk = find_desk(context, [statement.name for _, statement in script])
        if desk is not None:
            return _carry_out_in_part(context, desk, script, wish)
    return change_registry(
        context, wish.dry_run, lambda store, told: _carry_out(store, told, script, wish)
    )


def _carry_out(
    store: Store, context: Context, script: Iterable[ScriptLine], wish: Wish
) -> tuple[Outcome, list[Draft]]:
    if store.has_grants():
        return _carry_out_among_parts(store, context, script, wish)
    machine = find_machine(store, context)
    declared, news = _weigh_given(store, context, machine, wish)
    number = store.last_revision() + 1
    # where nothing is granted, the file's rights alone decide who may declare
    hands = None if may_write(context.registry) else _find_first_hands(context)
    before = Overlay(store)  # so that no declaration is read twice
    tree = Tree(before, machine.topology)
    ledger = Ledger(tree, number, hands, wish.strand, lambda: _find_first_hands(context))
    ledger.take_all(script)
    if declared is not None:
        ledger.add_topology(declared, news.all_moved())
    if any(draft.grants for draft in ledger.drafts):
        news = _find_found_again(news, store, ledger, context)
    _tell_damage(store, ledger.tree.resolver, context)
    news = _add_warnings(
        news, ledger, Resolver(before, machine.topology), ledger.tree.resolver, wish
    )
    return Outcome(machine, tuple(ledger.done), declared, news), ledger.drafts


def _weigh_given(
    store: Store, context: Context, machine: TopologyInForce, wish: Wish
) -> tuple[Topology | None, News]:
    """The topology that becomes the registry's along with the statements, and whom that moves."""
    if machine.origin != "given" or machine.topology == store.topology():
        return None, News()
    return machine.topology, weigh_topology(store, context, machine.topology, wish.strand)


def _find_found_again(news: News, store: Store, ledger: Ledger, context: Context) -> News:
    """With what is in the stores of those to whom the first grants are."""
    from usched.actions.read_parts import PartReader
    from usched.actions.standing import Seen, grants_after, source_after
    from usched.meaning.joined import Whole, join

    drafts, topology = ledger.drafts, ledger.tree.resolver.topology
    found = PartReader(context.registry).find(grants_after((), drafts))
    after = join(source_after(store, drafts), found, topology)
    return _add_seen(news, Seen(Whole(store, {}), after, topology), ledger, context)


def _carry_out_among_parts(
    store: Store, context: Context, script: Iterable[ScriptLine], wish: Wish
) -> tuple[Outcome, list[Draft]]:
    """In the registry, where something is granted."""
    from usched.actions.parts import find_hands, tell_damaged_grants
    from usched.actions.read_parts import PartReader
    from usched.actions.standing import Seen, grants_after, source_after, telling
    from usched.meaning.joined import join, require_unstranded

    machine = find_machine(store, context)
    declared, news = _weigh_given(store, context, machine, wish)
    grants, damaged = store.grants()
    tell_damaged_grants(damaged, context)
    reader = PartReader(context.registry)
    base = Overlay(store)  # so that no declaration is read twice
    whole = join(base, reader.find(grants), machine.topology)
    number = store.last_revision() + 1
    ledger = _start(whole, find_hands(whole, context), machine.topology, number, wish)
    with telling(whole, context):
        ledger.take_all(script)
        drafts = ledger.drafts
        found = reader.find(grants_after(grants, drafts))
        after = join(source_after(base, drafts), found, machine.topology)
        require_unstranded(whole, after, wish.strand)
    if declared is not None:
        ledger.add_topology(declared, news.all_moved())
    seen = Seen(whole, after, machine.topology)
    news = _add_seen(news, seen, ledger, context)
    _tell_damage(store, ledger.tree.resolver, context)
    news = _add_warnings(news, ledger, seen.then, seen.now, wish)
    return Outcome(machine, tuple(ledger.done), declared, news), ledger.drafts


def _find_first_hands(context: Context) -> Hands:
    """Of a registry in which nothing is granted yet."""
    from usched.actions.parts import find_hands
    from usched.meaning.joined import Whole

    return find_hands(Whole(EMPTY, {}), context)


def _carry_out_in_part(
    context: Context, desk: Desk, script: Sequence[ScriptLine], wish: Wish
) -> Outcome:
    from usched.actions.parts import (
        change_part,
        check_own_size,
        find_hands,
        refuse_unheld,
    )
    from usched.actions.read_parts import Own, PartReader
    from usched.actions.standing import Seen, grants_after, registry_after, telling
    from usched.meaning.joined import join

    def action(store: Store, context: Context) -> tuple[Outcome, list[Draft]]:
        with open_registry(context) as base:
            machine = find_machine(base, context)
            reader = PartReader(context.registry)
            grants, handed = base.grants()[0], store.grants()[0]

            def see(source: Source, handed: Sequence[Granted], own: str | None = None) -> Whole:
                found = reader.find(grants, Own(desk.name, source, handed))
                return join(base, found, machine.topology, own)

            whole = see(store, handed, desk.name)
            hands = find_hands(whole, context, desk.name)
            if machine.origin == "given" and machine.topology != base.topology():
                refuse_unheld(hands, "the topology", "leave --topology out")
            number = store.last_revision() + 1
            ledger = _start(whole, hands, machine.topology, number, wish)
            registry = store.registry()
            before = see(registry, handed)
            with telling(before, context):
                ledger.take_all(script)
                check_own_size(ledger.tree.resolver, hands, desk.name)
            drafts = ledger.drafts
            after = see(registry_after(registry, drafts), grants_after(handed, drafts))
            seen = Seen(before, after, machine.topology)
            news = _add_seen(News(), seen, ledger, context)
            _tell_damage(store, ledger.tree.resolver, context)
            news = _add_warnings(news, ledger, seen.then, seen.now, wish)
            return Outcome(machine, tuple(ledger.done), None, news), drafts

    return change_part(context, desk, wish.dry_run, action)


def _add_seen(news: News, seen: Seen, ledger: Ledger, context: Context) -> News:
    """With who of others is back; what still stands aside is told."""
    from usched.actions.standing import edited_names, tell_all

    tell_all(seen.still_wrong(), context)
    back = tuple(seen.find_back(edited_names(ledger.drafts), ledger.find_aside()))
    pushed = tuple(seen.find_pushed(back, ledger.tree.resolver))
    ledger.add_moved(each.moved for each in (*back, *pushed))
    untold = ledger.follow_up({each.name for each in back}, pushed)
    moved = (*news.moved, *(each.moved for each in untold))
    return news._replace(moved=moved, back=(*news.back, *back))


def _start(whole: Whole, hands: Hands, topology: Topology, number: int, wish: Wish) -> Ledger:
    """Statements may be carried out. What is beneath the desk's grants is others'."""

    def is_foreign(name: str) -> bool:
        return hands.desk_of(name) != hands.desk

    foreign = is_foreign if whole.parts else None
    tree = Tree(whole.source, topology, foreign, wish.strand, whole.find_aside)
    return Ledger(tree, number, hands, wish.strand)


def _tell_damage(store: Store, now: Resolver, context: Context) -> None:
    """What was met of the store that is damaged, and is not mended."""
    for damaged in store.met:
        if not damaged.name or now.stored(damaged.name) == damaged:
            context.tell(format_problem(now.describe_damage(damaged)))


def _add_warnings(
    news: News, ledger: Ledger, before: Resolver, after: Resolver, wish: Wish
) -> News:
    """With what would be warned of only now, each once."""
    changes = (change.name for done in ledger.done for change in done.changes)
    names = dict.fromkeys(changes) if wish.look else {}
    warnings = find_new_warnings(before, after, names)
    return news._replace(warnings=tuple(dict.fromkeys((*news.warnings, *warnings))))
