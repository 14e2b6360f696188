"""What the children of a domain mean, side by side: who takes cpus, and whom that touches.

Kept up to date child by child: a domain of thousands must not be gone through for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from usched.meaning.registry import Placed, declaration_order
from usched.words.cpuset import NO_CPUS, CpuSet


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

    def meaning(self, cpus: CpuSet, everybody: Callable[[], Sequence[Placed]]) -> list[str]:
        """The children whose terms mean one of these cpus, in declaration order."""
        if self._others is None:
            self._others = _Others()
            self._stale.update((entry.name, None) for entry in everybody())
        self._refresh()
        found = [entry for entry, _ in self._takers.others("", cpus)]
        found += self._others.that_mean(cpus)
        return [entry.name for entry in sorted(found, key=declaration_order)]

    def _refresh(self) -> None:
        if not self._stale:
            return
        for name in self._stale:
            child = self._look(name, self._others is None)
            takes = child is not None and child.entry.declare.exclusive and child.fits
            self._takers.put(name, child if takes else None)
            if self._others is not None:
                self._others.put(name, None if takes else child)
        self._stale.clear()


class _Takers:
    """The exclusive children. Seldom is any of their cpus in question, and seldom has one two
    takers, so the union is asked before each of them is."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._union = NO_CPUS
        self._disjoint = True

    def put(self, name: str, child: Child | None) -> None:
        before = self._children.pop(name, None)
        if before is not None and self._disjoint:
            self._union -= before.cpus
        elif before is not None:
            rest = list(self._children.values())
            self._children, self._union, self._disjoint = {}, NO_CPUS, True
            for each in rest:
                self._add(each)
        if child is not None:
            self._add(child)

    def _add(self, child: Child) -> None:
        self._disjoint = self._disjoint and not child.cpus & self._union
        self._union |= child.cpus
        self._children[child.entry.name] = child

    def besides(self, name: str) -> CpuSet:
        own = self._children.get(name)
        if own is None:
            return self._union
        if self._disjoint:
            return self._union - own.cpus
        union = NO_CPUS
        for child in self._children.values():
            if child is not own:
                union |= child.cpus
        return union

    def others(self, name: str, cpus: CpuSet) -> list[tuple[Placed, CpuSet]]:
        if not cpus & self.besides(name):
            return []
        found = [
            (child.entry, child.cpus)
            for child in self._children.values()
            if child.entry.name != name and child.cpus & cpus
        ]
        return sorted(found, key=lambda pair: declaration_order(pair[0]))


class _Others:
    """The children that take nothing, those of the same cpus together."""

    def __init__(self) -> None:
        self._masks: dict[str, int] = {}
        self._groups: dict[int, dict[str, Placed]] = {}

    def put(self, name: str, child: Child | None) -> None:
        mask = self._masks.pop(name, None)
        if mask is not None:
            group = self._groups[mask]
            del group[name]
            if not group:
                del self._groups[mask]
        if child is not None:
            mask = self._masks[name] = child.cpus.mask
            self._groups.setdefault(mask, {})[name] = child.entry

    def that_mean(self, cpus: CpuSet) -> list[Placed]:
        wanted = cpus.mask
        groups = [group for mask, group in self._groups.items() if mask & wanted]
        return [entry for group in groups for entry in group.values()]
