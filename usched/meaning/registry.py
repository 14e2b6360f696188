"""The registry: declarations as written, flat, in declaration order. The tree is derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from usched.text.language.canonical import format_statement
from usched.words.statement import MACHINE, Cpus, Declare, lineage, parent_of


class Placed(NamedTuple):
    """A declaration and its position: siblings stand in ascending order of it."""

    declare: Declare
    position: int

    @property
    def name(self) -> str:
        return self.declare.name


def declaration_order(entry: Placed) -> int:
    """The key by which siblings are sorted."""
    return entry.position


class Damaged(NamedTuple):
    """What cannot be read where a declaration should stand: that one counts as absent.

    name: the scheduler's, "" where not even that can be told. text: what stands there, as far as
    it is text. why: what is wrong with it.
    """

    name: str
    text: str
    why: str


class Source(Protocol):
    """Where declarations come from, asked only for what a change touches.

    A registry of ten thousand schedulers must not be read to add one, so the store answers
    these from its indexes. Sequences are in declaration order.
    """

    def stored(self, name: str) -> Placed | Damaged | None: ...

    def children(self, name: str) -> Sequence[Placed]: ...

    def exclusive_children(self, name: str) -> Sequence[Placed]: ...

    def terms_of_others(self, name: str) -> Iterable[tuple[str, Cpus]]:
        """What the children that are not exclusive say behind `on`, in no order that matters.

        It is little beside reading them. One that is damaged may be among them.
        """
        ...

    def child_names(self, name: str) -> Sequence[str]:
        """The children, those that are damaged among them."""
        ...

    def names(self) -> Iterable[str]: ...

    def damage(self) -> Sequence[Damaged]: ...


class Registry:
    """An immutable registry in memory; a `Source`."""

    def __init__(self, placed: Iterable[Placed] = (), damage: Iterable[Damaged] = ()) -> None:
        ordered = sorted(placed, key=lambda entry: (entry.position, entry.name))
        self._entries = {entry.name: entry for entry in ordered}
        self._children: dict[str, list[Placed]] = {}
        for entry in ordered:
            self._children.setdefault(parent_of(entry.name), []).append(entry)
        self._damage = tuple(damage)

    def __iter__(self) -> Iterator[Placed]:
        """Every declaration, in declaration order."""
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Placed | None:
        return self._entries.get(name)

    def stored(self, name: str) -> Placed | Damaged | None:
        damaged = (each for each in self._damage if each.name == name and name)
        return self._entries.get(name) or next(damaged, None)

    def children(self, name: str) -> Sequence[Placed]:
        return self._children.get(name, ())

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        return [child for child in self.children(name) if child.declare.exclusive]

    def terms_of_others(self, name: str) -> Iterable[tuple[str, Cpus]]:
        declared = (child.declare for child in self.children(name))
        return ((each.name, each.cpus) for each in declared if not each.exclusive)

    def child_names(self, name: str) -> Sequence[str]:
        names = [child.name for child in self.children(name)]
        damaged = (each.name for each in self._damage if each.name)
        return names + [lost for lost in damaged if parent_of(lost) == name]

    def names(self) -> Iterable[str]:
        return self._entries.keys()

    def damage(self) -> Sequence[Damaged]:
        return self._damage


EMPTY = Registry()


def walk(source: Source, name: str = MACHINE) -> Iterator[Placed]:
    """Every declaration beneath a domain: parents first, siblings in declaration order."""
    for child in source.children(name):
        yield child
        yield from walk(source, child.name)


def neighbourhood(source: Source, name: str) -> Registry | None:
    """Of all declarations those that decide what a scheduler is: its own and those that it stands
    in, with their exclusive siblings; and its children. None where one of them is not there."""
    found = {child.name: child for child in source.children(name)}
    for each in lineage(name):
        entry = source.stored(each)
        if not isinstance(entry, Placed):
            return None
        found[each] = entry
        found.update((taker.name, taker) for taker in source.exclusive_children(parent_of(each)))
    return Registry(found.values())


def export_order(registry: Registry) -> Iterator[Placed]:
    """An order in which every statement is valid when it is carried out alone.

    A domain's children stand together, before any of their own: when a child is declared its
    parent has its final pool, all siblings that take cpus away having been declared. Siblings
    keep their declaration order.
    """
    waiting = [""]
    while waiting:
        children = registry.children(waiting.pop())
        yield from children
        waiting.extend(child.name for child in reversed(children))


def format_registry(registry: Registry) -> str:
    """The registry as a script, one statement a line; carried out, it gives the same registry."""
    return "".join(f"{format_statement(entry.declare)}\n" for entry in export_order(registry))


def differs(before: Placed | Damaged | None, after: Placed | None) -> bool:
    """Whether two declarations say different things; None is an absent one."""
    if not isinstance(before, Placed) or after is None:
        return before is not after
    return format_statement(before.declare) != format_statement(after.declare)


class Difference(NamedTuple):
    """A scheduler whose statement differs between two registries: None where it is absent."""

    name: str
    before: str | None
    after: str | None


def compare_registries(before: Registry, after: Registry) -> list[Difference]:
    """The schedulers that differ, those of `before` first, each in declaration order; but for
    those that are damaged in one of the two."""
    differences = []
    names = [*before.names(), *(name for name in after.names() if before.find(name) is None)]
    damaged = {each.name for registry in (before, after) for each in registry.damage()}
    for name in names:
        if name in damaged:
            continue
        old, new = (source.find(name) for source in (before, after))
        texts = [format_statement(entry.declare) if entry else None for entry in (old, new)]
        if texts[0] != texts[1]:
            differences.append(Difference(name, texts[0], texts[1]))
    return differences
