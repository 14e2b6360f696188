"""What the children of a domain mean, side by side: who takes cpus, and whom that touches.

Kept up to date child by child: a domain of thousands must not be gone through for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from usched.meaning.registry import Placed, declaration_order
from usched.words.cpuset import NO_CPUS, CpuSet

_K = TypeVar("_K", str, int)

#: So many cpus are looked at together.
_BLOCK = 64


class Child(NamedTuple):
    """A child declaration, and what its terms mean. fits: whether they are all right."""

    entry: Placed
    cpus: CpuSet
    fits: bool


#: A child by its name; None for one that is gone, or whose domain has no cpus; and for one that is
#: not exclusive where only those are asked for.
Look = Callable[[str, bool], "Child | None"]


class Siblings:
    """The children of one domain. Only the exclusive ones are known until others are asked for."""

    def __init__(self, exclusive: Iterable[str], look: Look) -> None:
        self._look = look
        self._takers = _Takers()
        self._others: _Others | None = None
        #: Children that are others now, to be looked at before the next answer.
        self._stale: dict[str, None] = dict.fromkeys(exclusive)

    def forget(self, name: str) -> None:
        self._stale[name] = None

    def taken_besides(self, name: str) -> CpuSet:
        """What all the exclusive children but one take."""
        self._refresh()
        return self._takers.besides(name)

    def takers(self, name: str, cpus: CpuSet) -> list[tuple[Placed, CpuSet]]:
        """The exclusive children but one that take some of these cpus, each with all that it
        takes; in declaration order."""
        self._refresh()
        return self._takers.others(name, cpus)

    def meaning(
        self, cpus: CpuSet, sharers: Callable[[], Iterable[tuple[str, CpuSet]]]
    ) -> list[str]:
        """The children whose terms are right and mean one of these cpus, in declaration order.

        sharers: those that are not exclusive, and what their terms mean.
        """
        self._refresh()
        if self._others is None:
            self._others = _Others()
            for name, mine in sharers():
                self._others.put(name, mine)
        found = [entry for entry, _ in self._takers.others("", cpus)]
        others = (self._look(name, False) for name in self._others.that_mean(cpus))
        found += [child.entry for child in others if child is not None]
        return [entry.name for entry in sorted(found, key=declaration_order)]

    def _refresh(self) -> None:
        if not self._stale:
            return
        for name in self._stale:
            child = self._look(name, self._others is None)
            takes = child is not None and child.entry.declare.exclusive and child.fits
            self._takers.put(name, child if takes else None)
            if self._others is not None:
                shares = child is not None and child.fits and not takes
                self._others.put(name, child.cpus if child is not None and shares else None)
        self._stale.clear()


class _Takers:
    """The exclusive children. Seldom is any of their cpus in question, and hardly ever has one two
    takers, so the union is asked before each of them is."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._by_cpu = _ByCpu[str]()
        #: Of those of whom no two have a cpu in common; the others are set apart.
        self._union = NO_CPUS
        self._clashing: dict[str, Child] = {}

    def put(self, name: str, child: Child | None) -> None:
        before = self._children.pop(name, None)
        if before is not None:
            self._by_cpu.drop(name, before.cpus)
            if self._clashing.pop(name, None) is None:
                self._union -= before.cpus
                waiting, self._clashing = self._clashing, {}
                for each in waiting.values():
                    self._admit(each)
        if child is not None:
            self._children[name] = child
            self._by_cpu.put(name, child.cpus)
            self._admit(child)

    def _admit(self, child: Child) -> None:
        if child.cpus & self._union:
            self._clashing[child.entry.name] = child
        else:
            self._union |= child.cpus

    def besides(self, name: str) -> CpuSet:
        union = self._union
        if name in self._children and name not in self._clashing:
            union -= self._children[name].cpus
        for each, child in self._clashing.items():
            if each != name:
                union |= child.cpus
        return union

    def others(self, name: str, cpus: CpuSet) -> list[tuple[Placed, CpuSet]]:
        if not cpus & self.besides(name):
            return []
        children = (self._children[each] for each in self._by_cpu.find(cpus) if each != name)
        found = [(child.entry, child.cpus) for child in children]
        return sorted(found, key=lambda pair: declaration_order(pair[0]))


class _Others:
    """The children that take nothing, those of the same cpus together."""

    def __init__(self) -> None:
        self._masks: dict[str, int] = {}
        self._groups: dict[int, dict[str, None]] = {}
        self._by_cpu = _ByCpu[int]()

    def put(self, name: str, cpus: CpuSet | None) -> None:
        mask = self._masks.pop(name, None)
        if mask is not None:
            group = self._groups[mask]
            del group[name]
            if not group:
                del self._groups[mask]
                self._by_cpu.drop(mask, CpuSet(mask))
        if cpus is not None:
            self._masks[name] = cpus.mask
            if cpus.mask not in self._groups:
                self._groups[cpus.mask] = {}
                self._by_cpu.put(cpus.mask, cpus)
            self._groups[cpus.mask][name] = None

    def that_mean(self, cpus: CpuSet) -> list[str]:
        groups = (self._groups[mask] for mask in self._by_cpu.find(cpus))
        return [name for group in groups for name in group]


class _ByCpu(Generic[_K]):
    """Sets of cpus under their keys, found again by any cpu of theirs, block by block."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[_K, int]] = {}

    def put(self, key: _K, cpus: CpuSet) -> None:
        for block in _blocks_of(cpus):
            self._blocks.setdefault(block, {})[key] = cpus.mask

    def drop(self, key: _K, cpus: CpuSet) -> None:
        for block in _blocks_of(cpus):
            del self._blocks[block][key]

    def find(self, cpus: CpuSet) -> Iterable[_K]:
        """Whose cpus have one of these; none twice."""
        wanted = cpus.mask
        found: dict[_K, None] = {}
        for block in _blocks_of(cpus):
            for key, mask in self._blocks.get(block, {}).items():
                if mask & wanted:
                    found[key] = None
        return found


def _blocks_of(cpus: CpuSet) -> Iterator[int]:
    mask, block = cpus.mask, 0
    while mask:
        skipped = ((mask & -mask).bit_length() - 1) // _BLOCK
        yield block + skipped
        block += skipped + 1
        mask >>= (skipped + 1) * _BLOCK
