"""A registry together with the parts of it that are in other hands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import NamedTuple, NoReturn

from usched.actions.context import Context, Opened, R, change_store, open_registry
from usched.actions.read_parts import Own, PartReader, chain_of, find_holders, stands_in
from usched.meaning.grants import Granted, Hands, Part
from usched.meaning.history import Draft
from usched.meaning.joined import Whole, describe_excess, join
from usched.meaning.registry import Source
from usched.meaning.resolver import Resolver
from usched.text.language.canonical import format_statement
from usched.words.machine import Topology
from usched.words.phrases import as_typed, suggest
from usched.words.problems import (
    EnvironmentFailed,
    Misused,
    NoSuchName,
    NotPermitted,
    Problem,
    Refused,
    UschedError,
    format_problem,
)
from usched.world.accounts import find_actor, find_user_name, owns
from usched.world.part_files import may_hand_on, prepare_part
from usched.world.part_gates import Gates, Overtaken
from usched.world.part_store import open_part_store, require_writable_part
from usched.world.registry_file import is_new
from usched.world.store import Store, open_store
from usched.world.strangers import require_trusted

#: How often a change is tried that others overtake.
_ATTEMPTS = 20

_UNKNOWN = "whether you hold a part of the system's registry is not known"


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
    found = PartReader(context.registry).find(grants, own)
    whole = join(store if base is None else base, found, topology, own and own.name)
    for problem in whole.problems:
        context.tell(format_problem(problem))
    return whole


def tell_damaged_grants(names: Iterable[str], context: Context) -> None:
    for name in names:
        context.tell(f"to whom {name} is granted is damaged in the registry: grant it again")


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
        if actor.owns and not stands_in(names[:1], grants):
            return None
        concerned = [each for each in grants if stands_in(names, [each])]
        parts = PartReader(context.registry, only_grants=True, names=names).find(concerned)
    hands = Hands({each.name: each for each in parts}, find_owner(context.registry), actor)
    for name in names:
        desk = hands.desk_of(name)
        if not desk and actor.owns:
            return None
        if desk and hands.may_change(name):
            return Desk(desk, chain_of(parts, desk))
    return None


def choose_desk(context: Context, where: str | None) -> Desk | None:
    """Whose revisions are meant: those of the part `where`, else of the only one that this user
    holds in somebody else's registry; None for the registry's.

    Raises NoSuchName, NotPermitted for somebody else's part, Misused where it may be several.
    """
    if where is None and (is_new(context.registry) or owns(context.registry)):
        return None
    parts = read_holders(context)
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
        whose, remedy = by_name[where].user, hands.actor.describe_caller(by_name[where].granted)
        refuse_unheld(hands, f"what lies beneath {where}", remedy, whose)
    return None if where is None else Desk(where, chain_of(parts, where))


def holds_part(registry: str, tell: Callable[[str], None]) -> bool:
    """Whether this user holds a part of a registry; told where that cannot be found out, since
    something was handed on in a part that cannot be read."""
    try:
        if is_new(registry):
            return False
        actor = find_actor(registry)
        with open_store(registry, write=False) as store:
            if any(actor.holds(granted) for granted in store.grants()[0]):
                return True
            parts = find_holders(store, registry)
    except UschedError as trouble:
        tell(f"{_UNKNOWN}: {trouble}")
        return False
    hands = Hands({part.name: part for part in parts}, find_owner(registry), actor)
    if hands.held():
        return True
    unread = (part for part in parts if part.trouble and not hands.has_ended(part))
    for part in unread:
        if may_hand_on(registry, chain_of(parts, part.name)):
            tell(f"{_UNKNOWN}: {part.user}'s part of {part.name} does not hold: {part.trouble}")
            break
    return False


def read_holders(context: Context) -> list[Part]:
    """Who holds what: parts in which nothing is declared."""
    with open_registry(context) as store:
        return find_holders(store, context.registry)


def open_part(context: Context, desk: Desk) -> AbstractContextManager[Store]:
    """The store of a part, for its holder to read."""
    return open_part_store(context.registry, desk.chain)


def change_part(
    context: Context,
    desk: Desk,
    dry_run: bool,
    action: Callable[[Store, Context], tuple[R, Sequence[Draft]]],
) -> R:
    """Perform an action on a part's store, as `change_registry` does on the registry; once more
    where somebody above changed meanwhile what it was held against."""
    registry, chain = context.registry, desk.chain
    heard: list[str] = []
    told = context._replace(tell=heard.append)

    def open_it() -> Opened:
        gates = Gates(registry, chain, told.tell)
        return Opened(
            lambda write: open_part_store(registry, chain, context.wait, gates if write else None),
            False,
            lambda drafts: make_room(chain, drafts, told),
            gates.shut,
        )

    try:
        for _ in range(_ATTEMPTS):
            with suppress(Overtaken):
                result = change_store(open_it(), told, dry_run, action)
                if dry_run:
                    require_writable_part(registry, chain)
                return result
            heard.clear()
    finally:
        for sentence in heard:
            context.tell(sentence)
    what = f"what {desk.name} stands in is changed all the time: nothing was declared"
    raise EnvironmentFailed(Problem(what, None, "try again"))


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
        context.tell(f"{granted.user} may not be able to read {store}: chmod o+r {as_typed(store)}")
    folder = os.path.dirname(real)
    while folder != os.path.dirname(folder):
        if not os.stat(folder).st_mode & 0o001:
            remedy = f"chmod o+x {as_typed(folder)}"
            context.tell(f"{granted.user} may not be able to enter {folder}: {remedy}")
        folder = os.path.dirname(folder)


def check_own_size(resolver: Resolver, hands: Hands, name: str) -> None:
    """Raises Refused where others would not read all of a part any more."""
    mine = [each for each in resolver.walk(name) if hands.desk_of(each.name) == name]
    schedulers = filter(None, (resolver.scheduler(each.name) for each in mine))
    cpus = sum(each.width for each in schedulers)
    text = sum(len(format_statement(each.declare)) for each in mine)
    if excess := describe_excess(len(mine), cpus, text):
        raise Refused(Problem(f"beneath {name}: {excess}", None, "", "size", name))


def require_owner(context: Context, what: str) -> None:
    """Raises NotPermitted where this user may not change a registry: what he asks for is its
    owner's alone."""
    if is_new(context.registry) or owns(context.registry):
        return
    require_trusted(context.registry)
    by_name = {part.name: part for part in read_holders(context)}
    owner = find_owner(context.registry)
    refuse_unheld(Hands(by_name, owner, find_actor(context.registry)), what, "")


def refuse_unheld(hands: Hands, what: str, remedy: str, whose: str = "") -> NoReturn:
    """Raises NotPermitted for what is somebody else's; whose "": the registry's owner's."""
    sentence = (
        f"not permitted: {what} is {whose or hands.owner}'s; you hold {hands.describe_held()}"
    )
    raise NotPermitted(Problem(sentence, None, remedy, "permission"))
