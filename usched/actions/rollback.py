"""Going back to a revision, which is a revision itself."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from usched.actions.context import (
    AS_IT_IS,
    Context,
    Wish,
    change_registry,
    find_host,
    find_machine,
    open_registry,
    require_revision,
)
from usched.actions.parts import (
    Desk,
    change_part,
    check_own_size,
    find_hands,
    require_owner,
)
from usched.actions.read_parts import Own, PartReader, own_part
from usched.actions.standing import Seen, compare_grants, tell_all
from usched.actions.topology import News, compare_machines
from usched.meaning.grants import Granted, Hands, check_bounds
from usched.meaning.history import Draft, Edit, GrantEdit, NewTopology
from usched.meaning.joined import join, require_unstranded
from usched.meaning.registry import Damaged, Placed, Registry, differs
from usched.meaning.resolver import Resolver
from usched.words.phrases import clip
from usched.words.problems import Problem, Refused
from usched.words.statement import is_beneath
from usched.world.rows import as_printed
from usched.world.store import Store


class Rollback(NamedTuple):
    """What going back changes: statements before and after, and whether the topology does.

    machine: the name of the topology that is declared afterwards, None for none. news:
    what that means for the schedulers that there are then. grants: how they change.
    """

    edits: tuple[Edit, ...]
    topology: bool
    revision: int | None
    machine: str | None = None
    news: News = News()
    grants: tuple[GrantEdit, ...] = ()


def roll_back(
    context: Context,
    number: int,
    wish: Wish = AS_IT_IS,
    desk: Desk | None = None,
) -> Rollback:
    """Make the registry, or the part of a desk, what it was after a revision; that is a revision
    itself.

    Raises NoSuchName for a revision that there is not, Refused when it does not fit the machine,
    or what its holder may do in a part.
    """
    if desk is not None:
        return _roll_back_part(context, number, wish, desk)
    require_owner(context, "the registry")

    return change_registry(
        context,
        wish.dry_run,
        lambda store, told: _roll_back(store, told, number, wish.strand),
    )


def _roll_back(
    store: Store, context: Context, number: int, strand: bool
) -> tuple[Rollback, list[Draft]]:
    require_revision(store, number)
    now, then = store.registry(), _read_then(store, number)
    edits = _list_edits(now, then)
    granted = _grants_then(store, number)
    grants = compare_grants(store.grants()[0], granted)
    declared, before = store.topology(number), store.topology()
    if not edits and not grants and declared == before:
        return Rollback((), False, None), []
    machine = find_host(context).topology if declared is None else declared
    problems = Resolver(then, machine).survey()
    if problems:
        raise Refused(problems)
    if declared == before:
        before = machine
    elif before is None:
        before = find_host(context.quiet).topology
    reader = PartReader(context.registry)
    old = join(now, reader.find(store.grants()[0]), before)
    new = join(then, reader.find(granted), machine)
    require_unstranded(old, new, strand)
    seen = Seen(old, new, before, machine)
    tell_all(seen.still_wrong(), context)
    news = _find_news(seen, edits)
    changed = None if declared == store.topology() else NewTopology(declared)
    last = store.last_revision() + 1
    draft = Draft(last, f"rollback {number}", edits, changed, news.all_moved(), grants)
    name = None if declared is None else declared.machine
    return Rollback(edits, changed is not None, draft.number, name, news, grants), [draft]


def _roll_back_part(context: Context, number: int, wish: Wish, desk: Desk) -> Rollback:
    def action(store: Store, told: Context) -> tuple[Rollback, list[Draft]]:
        require_revision(store, number, desk.name)
        then, granted = _read_then(store, number), _grants_then(store, number)
        edits = _list_edits(store.registry(), then)
        grants = compare_grants(store.grants()[0], granted)
        if not edits and not grants:
            return Rollback((), False, None), []
        with open_registry(context) as base:
            machine = find_machine(base, told).topology
            reader, given = PartReader(context.registry), base.grants()[0]
            old = join(base, reader.find(given, own_part(desk.name, store)), machine, desk.name)
            found = reader.find(given, Own(desk.name, then, granted))
            new = join(base, found, machine, desk.name)
            hands = find_hands(new, context, desk.name)
            hands.require_current(desk.name)
            seen = Seen(old, new, machine)
            standing = {entry.name for entry in then} - {edit.name for edit in edits}
            aside = standing & {problem.name for problem in seen.then.survey()}
            changed = [entry for entry in then if entry.name not in standing]
            _check_part(changed, granted, hands, seen.now, aside)
            require_unstranded(old, new, wish.strand)
            tell_all(seen.still_wrong(), told)
            news = _find_news(seen, edits)
        last = store.last_revision() + 1
        draft = Draft(last, f"rollback {number}", edits, None, news.all_moved(), grants)
        return Rollback(edits, False, draft.number, None, news, grants), [draft]

    return change_part(context, desk, wish.dry_run, action)


def _find_news(seen: Seen, edits: Iterable[Edit]) -> News:
    names = {edit.name for edit in edits}
    back, aside = tuple(seen.find_back(names)), tuple(seen.find_aside(names))
    return compare_machines(seen.then, seen.now)._replace(back=back, aside=aside)


def _check_part(
    changed: Iterable[Placed],
    granted: Iterable[Granted],
    hands: Hands,
    tree: Resolver,
    aside: Container[str],
) -> None:
    """Raises Refused where what comes back of a part exceeds what its holder may do now, or where
    something does not fit. aside: what stands aside, and is not changed."""
    assert hands.desk
    part = hands.parts[hands.desk]
    problems = [
        problem._replace(what=f"{entry.name}: {problem.what}", where=None)
        for entry in changed
        for problem in check_bounds(entry.declare, part)
    ]
    for each in granted:
        problems += hands.check_grant(each.grant, each.ends)
    problems += [
        each
        for each in tree.survey()
        if is_beneath(each.name, part.name) and each.name not in aside
    ]
    if problems:
        raise Refused(problem._replace(where=None) for problem in problems)
    check_own_size(tree, hands, part.name)


def _read_then(store: Store, number: int) -> Registry:
    then = store.registry_at(number)
    if then.damage():
        raise Refused(_describe_gap(each, number) for each in then.damage())
    return then


def _grants_then(store: Store, number: int) -> list[Granted]:
    granted, damaged = store.grants_at(number)
    if damaged:
        what = f"what was granted of {damaged[0]} at revision {number} is damaged in the log"
        raise Refused(Problem(what, rule="log"))
    return granted


def _list_edits(now: Registry, then: Registry) -> tuple[Edit, ...]:
    damaged = (each.name for each in now.damage() if each.name)
    names = dict.fromkeys((*now.names(), *damaged, *then.names()))
    pairs = ((name, now.stored(name), then.find(name)) for name in names)
    return tuple(
        Edit(name, before, after)
        for name, before, after in pairs
        if differs(before, after) or _moved(before, after)
    )


def _moved(before: Placed | Damaged | None, after: Placed | None) -> bool:
    return isinstance(before, Placed) and after is not None and before.position != after.position


def _describe_gap(damaged: Damaged, number: int) -> Problem:
    who = clip(as_printed(damaged.name)) or "a scheduler"
    what = f"what {who} was at revision {number} is damaged in the log"
    return Problem(f"{what}: {damaged.why}", None, "", "log", damaged.name)
