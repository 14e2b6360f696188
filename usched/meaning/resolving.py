"""Declarations resolved on a topology: whose cpus are whose, and what does not fit.

It reads only what it is asked for, and what that depends on: a scheduler's ancestors, and their
exclusive siblings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.lost import find_lost
from usched.meaning.registry import Damaged, Placed, Registry, Source, walk
from usched.meaning.selectors import Selection, View, select_cpus
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.machine import Topology
from usched.words.problems import Problem, Span, join_names
from usched.words.statement import MACHINE, Declare, parent_of


class Scheduler(NamedTuple):
    """A declaration resolved. pool: its effective pool, in the parent's cpu numbers."""

    declare: Declare
    place: int
    pool: CpuSet

    @property
    def name(self) -> str:
        return self.declare.name

    @property
    def width(self) -> int:
        """How many cpus it has, numbered from 0."""
        return self.declare.vcpus or len(self.pool)

    @property
    def virtual(self) -> bool:
        return self.declare.vcpus is not None


class Resolution(NamedTuple):
    """A scheduler, or None and why it does not fit (no reason where its parent does not)."""

    scheduler: Scheduler | None
    problems: tuple[Problem, ...] = ()


class Resolver:
    """Declarations of a source, with an overlay of its own, resolved as they are asked for."""

    def __init__(self, source: Source, topology: Topology) -> None:
        self.topology = topology
        self._source = source
        self._stored: dict[str, Placed | Damaged | None] = {}
        self._overlay: dict[str, dict[str, Placed | None]] = {}
        self._exclusive: dict[str, dict[str, Placed]] = {}
        self._resolved: dict[str, Resolution] = {}
        self._views: dict[str, View] = {}
        self._selected: dict[str, Selection | None] = {}
        self._taken: dict[str, _Taken] = {}

    # -- reading --------------------------------------------------------------

    def find(self, name: str) -> Placed | None:
        stored = self.stored(name)
        return stored if isinstance(stored, Placed) else None

    def stored(self, name: str) -> Placed | Damaged | None:
        overlay = self._overlay.get(parent_of(name))
        if overlay and name in overlay:
            return overlay[name]
        if name not in self._stored:
            self._stored[name] = self._source.stored(name)
        return self._stored[name]

    def is_pending(self, name: str) -> bool:
        """Whether a declaration is from the overlay, or destroyed there."""
        return name in self._overlay.get(parent_of(name), ())

    def child_names(self, name: str) -> list[str]:
        kept = (each for each in self._source.child_names(name) if not self.is_pending(each))
        pending = self._overlay.get(name, {})
        return [*kept, *(each for each, entry in pending.items() if entry is not None)]

    def damage(self) -> list[Damaged]:
        return [each for each in self._source.damage() if not self.is_pending(each.name)]

    def exclusive_children(self, name: str) -> list[Placed]:
        """Those with an exclusive pool, in declaration order."""
        return sorted(self._takers_in(name).values(), key=lambda entry: entry.place)

    def children(self, name: str) -> Sequence[Placed]:
        """The child declarations of a domain, in declaration order."""
        return self._merge(name, self._source.children(name))

    def _takers_in(self, name: str) -> dict[str, Placed]:
        """Those with an exclusive pool: kept apart, since every sibling asks for them."""
        known = self._exclusive.get(name)
        if known is None:
            stored = self._source.exclusive_children(name)
            overlay = self._overlay.get(name, {})
            known = {entry.name: entry for entry in stored if entry.name not in overlay}
            known.update(exclusive_entries(overlay))
            self._exclusive[name] = known
        return known

    def _merge(self, name: str, stored: Sequence[Placed]) -> Sequence[Placed]:
        overlay = self._overlay.get(name)
        if not overlay:
            return stored
        kept = [entry for entry in stored if entry.name not in overlay]
        kept += [entry for entry in overlay.values() if entry is not None]
        return sorted(kept, key=lambda entry: entry.place)

    def resolve(self, name: str) -> Resolution:
        """The scheduler of that name (it must be declared) on this topology."""
        known = self._resolved.get(name)
        if known is None:
            known = self._resolved[name] = self._resolve(name)
        return known

    def scheduler(self, name: str) -> Scheduler | None:
        """The scheduler of that name, None if it is not declared or does not fit."""
        return self.resolve(name).scheduler if self.find(name) else None

    def walk(self, name: str = MACHINE) -> Iterator[Placed]:
        """Every declaration beneath a domain: parents first, siblings in declaration order."""
        return walk(self, name)

    def schedulers(self) -> list[Scheduler]:
        """Every scheduler that fits, parents first, siblings in declaration order."""
        found = (self.resolve(entry.name).scheduler for entry in self.walk())
        return [scheduler for scheduler in found if scheduler is not None]

    def survey(self) -> list[Problem]:
        """What is lost or does not fit: a problem for each cause, with those that fall with it."""
        return find_lost(self) + self.find_misfits()

    def find_misfits(self) -> list[Problem]:
        """What does not fit the machine: a problem for each cause, with those that fall with it."""
        problems = []
        for entry in self.walk():
            for problem in self.resolve(entry.name).problems:
                remedy = self._with_beneath(entry.name, problem.remedy)
                what = f"{entry.name}: {problem.what}"
                problems.append(Problem(what, None, remedy, problem.rule, entry.name))
        return list(dict.fromkeys(problems))

    def _with_beneath(self, name: str, remedy: str) -> str:
        """A remedy, and the schedulers that fall with this one."""
        beneath = [below.name for below in self.walk(name)]
        return "\n".join(
            filter(None, (remedy, "with it: " + ", ".join(beneath) if beneath else ""))
        )

    def registry(self) -> Registry:
        """What the tree holds now, as a registry."""
        return Registry(self.walk())

    def view(self, name: str) -> View | None:
        """A domain as cpu terms see it; None for a scheduler that does not fit."""
        if name not in self._views:
            view = self._make_view(name)
            if view is None:
                return None
            self._views[name] = view
        return self._views[name]

    def _make_view(self, name: str) -> View | None:
        if name == MACHINE:
            return View(name, self.topology.all, self.topology, None)
        scheduler = self.scheduler(name)
        if scheduler is None:
            return None
        cpus = CpuSet.span(0, scheduler.width - 1)
        above = self.view(parent_of(name))
        assert above is not None  # a scheduler fits only beneath one that does
        if scheduler.virtual or (above.name and above.behind is None):
            return View(name, cpus, self.topology, None)
        reals = above.behind
        pool = scheduler.pool if reals is None else (reals[cpu] for cpu in scheduler.pool)
        return View(name, cpus, self.topology, dict(enumerate(pool)))

    # -- resolving ------------------------------------------------------------

    def _resolve(self, name: str) -> Resolution:
        entry = self.find(name)
        assert entry is not None, name
        selection = self._select(entry)
        if selection is None:
            return Resolution(None)
        if selection.problems:
            return Resolution(None, selection.problems)
        pool = selection.cpus
        problems: list[Problem] = []
        takers = self._takers(entry, selection.cpus)
        for sibling, taken in takers:
            if problem := _check_taken(entry, selection, sibling, taken):
                problems.append(problem)
            pool -= taken
        if not pool and not problems:
            where = entry.declare.cpus.terms[0].span
            names = join_names([sibling.name for sibling, _ in takers])
            what = f"no cpu is left: {format_cpus(selection.cpus)} only for {names} (exclusive)"
            problems.append(Problem(what, where, rule="exclusive"))
        if problems:
            return Resolution(None, tuple(problems))
        return Resolution(Scheduler(entry.declare, entry.place, pool))

    def _select(self, entry: Placed) -> Selection | None:
        """What its terms mean in its parent, siblings aside; None where the parent has no cpus."""
        if entry.name not in self._selected:
            view = self.view(parent_of(entry.name))
            self._selected[entry.name] = select_cpus(entry.declare.cpus, view) if view else None
        return self._selected[entry.name]

    def _takers(self, entry: Placed, cpus: CpuSet) -> list[tuple[Placed, CpuSet]]:
        """The siblings that have some of these cpus exclusively, each with all that it takes."""
        parent = parent_of(entry.name)
        taken = self._taken.get(parent)
        if taken is None:
            taken = self._taken[parent] = _Taken(
                [
                    (sibling, selection.cpus)
                    for sibling in self.exclusive_children(parent)
                    if (selection := self._select(sibling)) and not selection.problems
                ]
            )
        return taken.others(entry, cpus)

    def names(self) -> list[str]:
        """Every declared name, in no order that matters."""
        known = dict.fromkeys(self._source.names())
        for overlay in self._overlay.values():
            for name, entry in overlay.items():
                if entry is None:
                    known.pop(name, None)
                else:
                    known[name] = None
        return list(known)


class _Taken:
    """What the exclusive children of a domain take. Seldom is any of it in question, so the
    union is asked before each of them is."""

    def __init__(self, takers: list[tuple[Placed, CpuSet]]) -> None:
        self._takers = takers
        self._union = NO_CPUS
        for _, cpus in takers:
            self._union |= cpus
        self._disjoint = sum(len(cpus) for _, cpus in takers) == len(self._union)

    def others(self, entry: Placed, cpus: CpuSet) -> list[tuple[Placed, CpuSet]]:
        """The takers but one that take some of these cpus."""
        if not cpus & self._union:
            return []
        if entry.declare.exclusive and self._disjoint:
            return []  # it is a taker, and no cpu has two
        return [
            (sibling, taken)
            for sibling, taken in self._takers
            if sibling.name != entry.name and taken & cpus
        ]


def exclusive_entries(entries: Mapping[str, Placed | None]) -> dict[str, Placed]:
    return {name: entry for name, entry in entries.items() if entry and entry.declare.exclusive}


def _check_taken(
    entry: Placed, selection: Selection, sibling: Placed, taken: CpuSet
) -> Problem | None:
    """Whether a sibling's exclusive cpus clash with a declaration, rather than just leave it."""
    where = entry.declare.cpus.terms[0].span
    if entry.declare.exclusive:
        shared = format_cpus(selection.cpus & taken)
        what = f"both {entry.name} and {sibling.name} would have {shared} exclusively"
        return Problem(what, where, rule="exclusive")
    if selection.outright & taken:
        shared = format_cpus(selection.outright & taken)
        what = f"{shared} is only for {sibling.name} (exclusive)"
        remedy = "leave it out, except it, or take 'exclusive' off the other"
        return Problem(what, _span_of(entry, selection.outright & taken), remedy, "exclusive")
    return None


def _span_of(entry: Placed, cpus: CpuSet) -> Span | None:
    """The term that named one of these cpus by number."""
    for term in entry.declare.cpus.terms:
        if term.kind == "cpu" and CpuSet.span(term.first, min(term.last, 1 << 17)) & cpus:
            return term.span
    return None
