"""A registry together with the parts of it that are in other hands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, NoReturn

from usched.actions.context import Context, Opened, R, change_store, open_registry
from usched.meaning.grants import MAX_PART, Bounds, Granted, Hands, Part
from usched.meaning.history import Draft, Revision
from usched.meaning.joined import Whole, describe_excess, join
from usched.meaning.registry import EMPTY, Registry, Source
from usched.meaning.resolver import Resolver
from usched.words.machine import Topology
from usched.words.phrases import clip, suggest
from usched.words.problems import (
    Misused,
    NoSuchName,
    NotPermitted,
    Problem,
    Refused,
    UschedError,
    format_problem,
)
from usched.words.statement import is_beneath, parent_of
from usched.world.accounts import find_actor, find_user_name, moment_in, owns
from usched.world.foreign import Allowance, DoesNotHold, open_foreign
from usched.world.part_files import part_path, prepare_part
from usched.world.part_store import open_part_store
from usched.world.registry_file import is_new
from usched.world.store import Store, open_store

#: So many parts come from one grant of the registry's, and so much text is in one.
_MOST_PARTS, _MOST_TEXT = 64, 512 * 1024

#: So much of a part's log is read.
_MOST_REVISIONS = 1000


class Own(NamedTuple):
    """The part that its holder is at work on: what is declared and what is handed on there, of his
    store, which is open and must not be opened again."""

    name: str
    source: Source
    grants: Sequence[Granted]


def own_part(name: str, store: Store) -> Own:
    return Own(name, store, store.grants()[0])


def find_parts(base: Store, registry: str, own: Own | None = None) -> list[Part]:
    """What a registry grants, and what of it is handed on, parts after those they come from."""
    grants, _ = base.grants()
    return find_parts_of(grants, registry, own)


def find_parts_of(grants: Iterable[Granted], registry: str, own: Own | None = None) -> list[Part]:
    """The same, where this is what the registry itself grants."""
    now = moment_in(0) or ""
    found: list[Part] = []
    for granted in grants:
        waiting: list[tuple[tuple[Granted, ...], Bounds]] = [((granted,), Bounds())]
        first, allowance = len(found), Allowance()
        while waiting and len(found) - first < _MOST_PARTS:
            chain, bounds = waiting.pop(0)
            part, handed = _read_part(_Way(registry, chain, allowance), bounds, now, own)
            found.append(part)
            waiting += [((*chain, each), part.bounds) for each in handed]
    return found


class _Way(NamedTuple):
    """To a store: from which registry, through which grants, and how long it may take to read."""

    registry: str
    chain: tuple[Granted, ...]
    allowance: Allowance


def _read_part(way: _Way, bounds: Bounds, now: str, own: Own | None) -> tuple[Part, list[Granted]]:
    """One part, and what its holder has handed on of it."""
    granted = way.chain[-1]
    bounds = bounds.narrow(granted)
    part = Part(granted, bounds, tuple(each.name for each in way.chain[:-1]), EMPTY)
    if own is not None and own.name == part.name:
        return part._replace(source=own.source), _beneath(own.grants, part.name)
    if bounds.ends is not None and bounds.ends <= now:
        return part._replace(trouble=f"the grant ended at {bounds.ends}"), []
    try:
        with open_foreign(*way) as store:
            if store is None:
                return part, []
            handed = _beneath(store.grants(_MOST_PARTS)[0], part.name)
            return part._replace(source=_read_source(store)), handed
    except DoesNotHold as trouble:
        return part._replace(trouble=str(trouble)), []


def _read_source(store: Store) -> Registry:
    if store.count_text() > _MOST_TEXT:
        raise DoesNotHold(f"its declarations are more than {_MOST_TEXT // 1024} KiB")
    source = store.first_rows(MAX_PART + 1)
    if len(source) + len(source.damage()) > MAX_PART:
        raise DoesNotHold(f"it has more than {MAX_PART} schedulers")
    return source


def _beneath(grants: Iterable[Granted], name: str) -> list[Granted]:
    """Those of them that somebody may grant who holds that part: of what is in it, and not of
    what is handed on whole."""
    found: list[Granted] = []
    for granted in grants:  # by name, so that what is above comes first
        inside = any(is_beneath(granted.name, each.name) for each in found)
        if is_beneath(parent_of(granted.name), name) and not inside:
            found.append(granted)
    return found


def join_parts(
    store: Store,
    context: Context,
    topology: Topology,
    own: Own | None = None,
    base: Source | None = None,
) -> Whole:
    """The registry with its parts, as far as they hold; what does not is told. base: the
    registry's declarations, where they are read already."""
    grants, damaged = store.grants()
    tell_damaged_grants(damaged, context)
    found = find_parts_of(grants, context.registry, own)
    whole = join(store if base is None else base, found, topology, own and own.name)
    for problem in whole.problems:
        context.tell(format_problem(problem))
    return whole


def tell_damaged_grants(names: Iterable[str], context: Context) -> None:
    for name in names:
        context.tell(f"to whom {name} is granted is damaged in the registry: grant it again")


def read_part_log(
    context: Context, part: Part, parts: Sequence[Part], name: str | None, limit: int | None
) -> list[Revision]:
    """The newest revisions of a part, as its holder's store has them: that he can write what he
    likes there is why the holder is named along with whom it names."""
    most = _MOST_REVISIONS if limit is None else min(limit, _MOST_REVISIONS)
    try:
        with open_foreign(context.registry, chain_of(parts, part.name), Allowance()) as store:
            if store is None:
                return []
            found, damaged = store.revisions(name, most + 1, moved=False)
    except DoesNotHold as trouble:
        context.tell(f"{part.name}: the log of {part.user}'s part cannot be read: {trouble}")
        return []
    if damaged:
        context.tell(f"{part.name}: of the log of {part.user}'s part {len(damaged)} are damaged")
    if len(found) > most == _MOST_REVISIONS:
        context.tell(
            f"{part.name}: of {part.user}'s part only the newest {most} revisions are read"
        )
    return [_signed(each, part) for each in found[:most]]


def _signed(revision: Revision, part: Part) -> Revision:
    """A revision of somebody else's store, and who answers for it."""
    user = clip(revision.user, 64)
    is_holders = revision.uid == part.granted.number and not part.granted.is_for_group
    if not is_holders or (user != part.user and not user.startswith(f"{part.user} (sudo: ")):
        user = f"{part.user} (as {user})"
    return revision._replace(user=user, text=clip(revision.text, 1000), store=part.name)


def find_hands(whole: Whole, context: Context, desk: str | None = "") -> Hands:
    """Who may change what of it."""
    return Hands(whole.parts, find_owner(context.registry), find_actor(context.registry), desk)


def find_owner(registry: str) -> str:
    """Whose a registry is: the user who has the file."""
    try:
        return find_user_name(os.stat(registry).st_uid)
    except OSError:
        return find_user_name(os.geteuid())


class Desk(NamedTuple):
    """Where a user changes something: the part `name`, by the chain of grants that leads there."""

    name: str
    chain: tuple[Granted, ...]


def find_desk(context: Context, names: Sequence[str]) -> Desk | None:
    """The first part that one of these schedulers is declared in and that this user holds; None
    where it is the registry itself, or where nothing of them is his."""
    actor = find_actor(context.registry)
    with open_registry(context) as store:
        grants, _ = store.grants()
        # who owns the registry, and is at work on that, need not wait for what others declared
        if actor.owns and not _stands_in(names[:1], grants):
            return None
        parts = find_parts_of(grants, context.registry)
    hands = Hands({each.name: each for each in parts}, find_owner(context.registry), actor)
    for name in names:
        desk = hands.desk_of(name)
        if not desk and actor.owns:
            return None
        if desk and hands.may_change(name):
            return Desk(desk, chain_of(parts, desk))
    return None


def _stands_in(names: Iterable[str], grants: Iterable[Granted]) -> bool:
    granted = [each.name for each in grants]
    return any(is_beneath(parent_of(name), each) for name in names for each in granted)


def choose_desk(context: Context, where: str | None) -> Desk | None:
    """Whose revisions are meant: those of the part `where`, else of the only one that this user
    holds in somebody else's registry; None for the registry's.

    Raises NoSuchName, NotPermitted for somebody else's part, Misused where it may be several.
    """
    if where is None and (is_new(context.registry) or owns(context.registry)):
        return None
    parts = read_parts(context)
    by_name = {part.name: part for part in parts}
    hands = Hands(by_name, find_owner(context.registry), find_actor(context.registry))
    if where is None:
        held = hands.held()
        if len(held) > 1:
            remedy = "\n".join(f"--in {name}" for name in held)
            raise Misused(Problem("revisions of which part?", None, f"you hold several:\n{remedy}"))
        where = held[0] if held else None
    elif where not in by_name:
        near = suggest(where, by_name)
        remedy = near or "usched grants shows what is"
        raise NoSuchName(Problem(f"{where} is not granted to anybody", None, remedy))
    elif not hands.actor.holds(by_name[where].granted):
        whose = by_name[where].user
        refuse_unheld(hands, f"what lies beneath {where}", "", whose)
    return None if where is None else Desk(where, chain_of(parts, where))


def holds_part(registry: str, tell: Callable[[str], None]) -> bool:
    """Whether this user holds a part of a registry; told where that cannot be found out."""
    try:
        if is_new(registry):
            return False
        with open_store(registry, write=False) as store:
            parts = find_parts(store, registry)
    except UschedError as trouble:
        tell(f"whether you hold a part of the system's registry is not known: {trouble}")
        return False
    actor = find_actor(registry)
    return any(actor.holds(part.granted) for part in parts)


def read_parts(context: Context) -> list[Part]:
    with open_registry(context) as store:
        return find_parts(store, context.registry)


def chain_of(parts: Sequence[Part], name: str) -> tuple[Granted, ...]:
    by_name = {part.name: part for part in parts}
    part = by_name[name]
    return tuple(by_name[each].granted for each in (*part.above, name))


def open_part(context: Context, desk: Desk, write: bool) -> AbstractContextManager[Store]:
    """The store of a part, for its holder; made by the first write."""
    return open_part_store(context.registry, desk.chain, write, context.wait)


def change_part(
    context: Context,
    desk: Desk,
    dry_run: bool,
    action: Callable[[Store, Context], tuple[R, Sequence[Draft]]],
) -> R:
    """Perform an action on a part's store, as `change_registry` does on the registry."""
    opened = Opened(
        lambda write: open_part_store(context.registry, desk.chain, write, context.wait),
        not os.path.lexists(part_path(context.registry, desk.chain)),
        lambda drafts: make_room(desk.chain, drafts, context),
    )
    return change_store(opened, context, dry_run, action)


def make_room(chain: Sequence[Granted], drafts: Iterable[Draft], context: Context) -> None:
    """Places for the stores of what is granted only now, in the store at the end of a chain of
    grants, or in the registry."""
    for draft in drafts:
        for edit in draft.grants:
            if edit.after is not None:
                prepare_part(context.registry, chain, edit.after)
                if not chain:
                    _check_readable(context.registry, edit.after, context)


def _check_readable(store: str, granted: Granted, context: Context) -> None:
    """Tell where a holder cannot see what he is to subdivide."""
    real = os.path.realpath(store)
    if not granted.is_for_group and granted.number in (0, os.stat(real).st_uid):
        return
    if not os.stat(real).st_mode & 0o004:
        context.tell(f"{granted.user} may not be able to read {store}: chmod o+r {store}")
    folder = os.path.dirname(real)
    while folder != os.path.dirname(folder):
        if not os.stat(folder).st_mode & 0o001:
            context.tell(f"{granted.user} may not be able to enter {folder}: chmod o+x {folder}")
        folder = os.path.dirname(folder)


def check_own_size(resolver: Resolver, hands: Hands, name: str) -> None:
    """Raises Refused where others would not read all of a part any more."""
    mine = [each.name for each in resolver.walk(name) if hands.desk_of(each.name) == name]
    schedulers = filter(None, map(resolver.scheduler, mine))
    if excess := describe_excess(len(mine), sum(each.width for each in schedulers)):
        raise Refused(Problem(f"beneath {name}: {excess}", None, "", "size", name))


def require_owner(context: Context, what: str) -> None:
    """Raises NotPermitted where somebody else's registry grants something, and this user may not
    change it: what he asks for is its owner's alone."""
    if is_new(context.registry) or owns(context.registry):
        return
    parts = read_parts(context)
    if parts:
        by_name = {part.name: part for part in parts}
        owner = find_owner(context.registry)
        refuse_unheld(Hands(by_name, owner, find_actor(context.registry)), what, "")


def refuse_unheld(hands: Hands, what: str, remedy: str, whose: str = "") -> NoReturn:
    """Raises NotPermitted for what is somebody else's; whose "": the registry's owner's."""
    sentence = (
        f"not permitted: {what} is {whose or hands.owner}'s; you hold {hands.describe_held()}"
    )
    raise NotPermitted(Problem(sentence, None, remedy, "permission"))
