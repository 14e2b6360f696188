"""A source of declarations with changes that are not written yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from usched.meaning.registry import Damaged, Placed, Source, declaration_order
from usched.words.statement import Cpus, parent_of

#: Declarations by name; None for one that is gone.
Entries = Mapping[str, "Placed | None"]


class Overlay:
    """A `Source` over another one: what is pending comes before what is stored.

    It keeps what it was told of the other, which must not change beneath it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        #: What is pending, or else stored, of each name that was asked for or put.
        self._entries: dict[str, Placed | Damaged | None] = {}
        self._children: dict[str, Sequence[Placed]] = {}
        self._child_names: dict[str, Sequence[str]] = {}
        self._pending: dict[str, dict[str, Placed | None]] = {}
        #: Children with an exclusive pool, by domain: every sibling asks for them.
        self._exclusive: dict[str, dict[str, Placed]] = {}

    # -- reading --------------------------------------------------------------

    def stored(self, name: str) -> Placed | Damaged | None:
        try:
            return self._entries[name]
        except KeyError:
            entry = self._entries[name] = self._source.stored(name)
            return entry

    def children(self, name: str) -> Sequence[Placed]:
        stored = self._children.get(name)
        if stored is None:
            stored = self._children[name] = self._source.children(name)
            for entry in stored:
                self._entries.setdefault(entry.name, entry)
        pending = self._pending.get(name)
        if not pending:
            return stored
        kept = [entry for entry in stored if entry.name not in pending]
        kept += [entry for entry in pending.values() if entry is not None]
        return sorted(kept, key=declaration_order)

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        known = self._exclusive.get(name)
        if known is None:
            pending = self._pending.get(name, {})
            stored = self._source.exclusive_children(name)
            for entry in stored:
                self._entries.setdefault(entry.name, entry)
            known = {entry.name: entry for entry in stored if entry.name not in pending}
            known.update(_exclusive_of(pending))
            self._exclusive[name] = known
        return sorted(known.values(), key=declaration_order)

    def terms_of_others(self, name: str) -> Iterable[tuple[str, Cpus]]:
        stored = self._source.terms_of_others(name)
        pending = self._pending.get(name)
        if not pending:
            return stored
        kept = [each for each in stored if each[0] not in pending]
        put = [entry.declare for entry in pending.values() if entry is not None]
        return [*kept, *((each.name, each.cpus) for each in put if not each.exclusive)]

    def child_names(self, name: str) -> Sequence[str]:
        stored = self._child_names.get(name)
        if stored is None:
            stored = self._child_names[name] = self._source.child_names(name)
        pending = self._pending.get(name)
        if not pending:
            return stored
        kept = [each for each in stored if each not in pending or self._stays(pending[each])]
        known = set(kept)
        fresh = [entry for entry in pending.values() if entry and entry.name not in known]
        return [*kept, *(entry.name for entry in sorted(fresh, key=declaration_order))]

    def _stays(self, entry: Placed | None) -> bool:
        """Whether it is declared anew where it stood among its siblings."""
        if entry is None:
            return False
        before = self._source.stored(entry.name)
        return isinstance(before, Placed) and before.position == entry.position

    def names(self) -> Iterable[str]:
        known = dict.fromkeys(self._source.names())
        for pending in self._pending.values():
            for name, entry in pending.items():
                if entry is None:
                    known.pop(name, None)
                else:
                    known[name] = None
        return known

    def damage(self) -> Sequence[Damaged]:
        return [each for each in self._source.damage() if not self._is_pending(each.name)]

    def _is_pending(self, name: str) -> bool:
        return name in self._pending.get(parent_of(name), ())

    # -- changing -------------------------------------------------------------

    def put(self, entries: Entries) -> None:
        """These declarations instead of those there are; None: gone."""
        for name, entry in entries.items():
            parent = parent_of(name)
            self._entries[name] = entry
            self._pending.setdefault(parent, {})[name] = entry
            takers = self._exclusive.get(parent)
            if takers is not None:
                takers.pop(name, None)
                takers.update(_exclusive_of({name: entry}))

    def remember(self, names: Iterable[str]) -> Entries:
        """What is pending of these names, for `take_back`."""
        return {
            name: self._pending[parent_of(name)][name] for name in names if self._is_pending(name)
        }

    def take_back(self, names: Iterable[str], pending: Entries) -> None:
        """As it was when that was pending."""
        for name in names:
            parent = parent_of(name)
            self._exclusive.pop(parent, None)
            if name in pending:
                self._entries[name] = self._pending[parent][name] = pending[name]
            else:
                del self._entries[name]
                self._pending[parent].pop(name, None)


def _exclusive_of(entries: Entries) -> dict[str, Placed]:
    return {name: entry for name, entry in entries.items() if entry and entry.declare.exclusive}
