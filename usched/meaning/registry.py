"""The registry: declarations as written, flat, in declaration order. The tree is derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from usched.text.language.canonical import format_statement
from usched.words.statement import Declare, parent_of


class Placed(NamedTuple):
    """A declaration and its place: siblings stand in ascending order of place."""

    declare: Declare
    place: int

    @property
    def name(self) -> str:
        return self.declare.name


class Source(Protocol):
    """Where declarations come from, asked only for what a change touches.

    A registry of ten thousand schedulers must not be read to add one, so the store answers
    these from its indexes. Sequences are in declaration order.
    """

    def find(self, name: str) -> Placed | None: ...

    def children(self, name: str) -> Sequence[Placed]: ...

    def exclusive_children(self, name: str) -> Sequence[Placed]: ...

    def names(self) -> Iterable[str]: ...


class Registry:
    """An immutable registry in memory; a `Source`."""

    def __init__(self, placed: Iterable[Placed] = ()) -> None:
        ordered = sorted(placed, key=lambda entry: entry.place)
        self._entries = {entry.name: entry for entry in ordered}
        self._children: dict[str, list[Placed]] = {}
        for entry in ordered:
            self._children.setdefault(parent_of(entry.name), []).append(entry)

    def __iter__(self) -> Iterator[Placed]:
        """Every declaration, in declaration order."""
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Placed | None:
        return self._entries.get(name)

    def children(self, name: str) -> Sequence[Placed]:
        return self._children.get(name, ())

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        return [child for child in self.children(name) if child.declare.exclusive]

    def names(self) -> Iterable[str]:
        return self._entries.keys()


EMPTY = Registry()


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


def differs(before: Placed | None, after: Placed | None) -> bool:
    """Whether two declarations say different things; None is an absent one."""
    if before is None or after is None:
        return before is not after
    return format_statement(before.declare) != format_statement(after.declare)


class Difference(NamedTuple):
    """A scheduler whose statement differs between two registries: None where it is absent."""

    name: str
    before: str | None
    after: str | None


def compare_registries(before: Registry, after: Registry) -> list[Difference]:
    """The schedulers that differ, those of `before` first, each in declaration order."""
    differences = []
    names = [*before.names(), *(name for name in after.names() if before.find(name) is None)]
    for name in names:
        old, new = (source.find(name) for source in (before, after))
        texts = [format_statement(entry.declare) if entry else None for entry in (old, new)]
        if texts[0] != texts[1]:
            differences.append(Difference(name, texts[0], texts[1]))
    return differences
