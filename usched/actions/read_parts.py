"""What others declare in their parts of a registry, read from their stores as far as one may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from usched.meaning.grants import MAX_PART, Bounds, Granted, Part
from usched.meaning.joined import describe_excess
from usched.meaning.registry import EMPTY, Registry, Source
from usched.words.phrases import clip
from usched.words.problems import Problem
from usched.words.statement import is_beneath, parent_of
from usched.world.accounts import find_account, moment_in
from usched.world.foreign import Allowance, DoesNotHold, Waste, open_foreign, store_size
from usched.world.rows import as_printed
from usched.world.store import Store

#: So many parts come from one grant of the registry's.
_MOST_PARTS = 64


class Own(NamedTuple):
    """The part that its holder is at work on: what is declared and what is handed on there, of his
    store, which is open and must not be opened again."""

    name: str
    source: Source
    grants: Sequence[Granted]


def own_part(name: str, store: Store) -> Own:
    return Own(name, store, store.grants()[0])


class _Read(NamedTuple):
    """What was found in a store, and what is handed on there. trouble: why nothing of it counts;
    problems: why something of what is handed on does not."""

    source: Source
    handed: Sequence[Granted] = ()
    trouble: str = ""
    problems: tuple[Problem, ...] = ()


class PartReader:
    """Reads the parts of a registry, each store once, and all of them in bounded time.

    only_grants: without what is declared there. names: of what is handed on, only that in which
    these stand; None: all of it.
    """

    def __init__(
        self, registry: str, only_grants: bool = False, names: Collection[str] | None = None
    ) -> None:
        self.registry = registry
        self._only_grants = only_grants
        self._names = names
        self._found: dict[tuple[tuple[str, str, int], ...], _Read] = {}
        self._waste = Waste()

    def find(self, grants: Iterable[Granted], own: Own | None = None) -> list[Part]:
        """What a registry grants, and what of it is handed on, parts after those they come from.

        Those with small stores are read first: large ones may be what others have to wait for.
        """
        grants = list(grants)
        now = moment_in(0) or ""
        self._waste.expect(len(grants))
        by_size = sorted(grants, key=lambda each: store_size(self.registry, (each,)))
        groups = {each.name: self._find_group(each, now, own) for each in by_size}
        return [part for each in grants for part in groups[each.name]]

    def _find_group(self, granted: Granted, now: str, own: Own | None) -> list[Part]:
        """What comes from one grant of the registry's."""
        found: list[Part] = []
        waiting: list[tuple[tuple[Granted, ...], Bounds]] = [((granted,), Bounds())]
        allowance = self._waste.allow()
        while waiting and len(found) < _MOST_PARTS:
            chain, bounds = waiting.pop(0)
            bounds = bounds.narrow(chain[-1])
            name = chain[-1].name
            if own is not None and own.name == name:
                read = _Read(own.source, _beneath(own.grants, name))
            elif len(chain) > 1 and is_anothers(chain[-1]):
                whose = chain[-1].user
                read = _Read(EMPTY, (), f"{whose} is somebody else than whom it was granted to")
            else:  # of who was handed on a part, half of what is left, and so nothing from others
                read = self._read(chain, allowance if len(chain) == 1 else allowance.half())
                if bounds.ends is not None and bounds.ends <= now:  # who holds a part of it is told
                    read = _Read(EMPTY, read.handed, f"the grant ended at {bounds.ends}")
            above = tuple(each.name for each in chain[:-1])
            part = Part(chain[-1], bounds, above, read.source, read.trouble, read.problems)
            found.append(part)
            waiting += [((*chain, each), bounds) for each in read.handed if self._concerns(each)]
        return found

    def _concerns(self, granted: Granted) -> bool:
        return self._names is None or stands_in(self._names, [granted])

    def _read(self, chain: tuple[Granted, ...], allowance: Allowance) -> _Read:
        way = tuple((each.name, each.user, each.number) for each in chain)
        if way not in self._found:
            self._found[way] = self._read_store(chain, allowance)
        return self._found[way]

    def _read_store(self, chain: tuple[Granted, ...], allowance: Allowance) -> _Read:
        try:
            with open_foreign(self.registry, chain, allowance) as store:
                if store is None:
                    return _Read(EMPTY)
                name = chain[-1].name
                grants, damaged = store.grants(_MOST_PARTS)
                self._waste.note_opened(allowance)
                source = EMPTY if self._only_grants else _read_source(store)
                wrong = tuple(_find_wrong(grants, damaged, name))
                return _Read(source, _beneath(grants, name), "", wrong)
        except DoesNotHold as trouble:
            self._waste.note_in_vain(allowance)
            return _Read(EMPTY, (), str(trouble))


def is_anothers(granted: Granted) -> bool:
    """Whether the name to which something is granted is that of somebody else."""
    account = find_account(granted.user)
    return account is not None and account.number != granted.number


def stands_in(names: Iterable[str], grants: Iterable[Granted]) -> bool:
    """Whether one of these schedulers is declared in what is granted."""
    granted = [each.name for each in grants]
    return any(is_beneath(parent_of(name), each) for name in names for each in granted)


def chain_of(parts: Sequence[Part], name: str) -> tuple[Granted, ...]:
    by_name = {part.name: part for part in parts}
    part = by_name[name]
    return tuple(by_name[each].granted for each in (*part.above, name))


def find_parts(base: Store, registry: str) -> list[Part]:
    """What a registry grants, and what of it is handed on, parts after those they come from."""
    return PartReader(registry).find(base.grants()[0])


def find_holders(base: Store, registry: str) -> list[Part]:
    """The same, for who only asks to whom: parts in which nothing is declared."""
    return PartReader(registry, only_grants=True).find(base.grants()[0])


def _read_source(store: Store) -> Registry:
    if excess := describe_excess(0, 0, store.count_text(MAX_PART + 1)):
        raise DoesNotHold(excess)
    source = store.first_rows(MAX_PART + 1)
    if len(source) + len(source.damage()) > MAX_PART:
        raise DoesNotHold(f"it has more than {MAX_PART} schedulers")
    return source


def _find_wrong(grants: Iterable[Granted], damaged: Iterable[str], name: str) -> Iterator[Problem]:
    """What of the grants in a part's store counts for nothing, since nobody could have made it."""
    for each in damaged:
        yield Problem(f"to whom {clip(as_printed(each))} is granted is damaged", rule="damaged")
    for granted in grants:
        if not is_beneath(parent_of(granted.name), name):
            what = f"{granted.name} is granted there, and is not beneath {name}"
            yield Problem(what, rule="bounds")


def _beneath(grants: Iterable[Granted], name: str) -> list[Granted]:
    """Those of them that somebody may grant who holds that part: of what is in it, and not of
    what is handed on whole."""
    found: list[Granted] = []
    for granted in grants:  # by name, so that what is above comes first
        inside = any(is_beneath(granted.name, each.name) for each in found)
        if is_beneath(parent_of(granted.name), name) and not inside:
            found.append(granted)
    return found
