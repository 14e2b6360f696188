"""The tree: a registry resolved on a topology, and changed one valid statement at a time.

A `Tree` is a working copy over a `Source`, the one mutable thing on this floor: a batch of n
statements must not cost n trees. It reads only what a change touches, and keeps its own changes
in an overlay; a statement that is refused leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, assert_never

from usched.meaning.registry import Placed, Registry, Source
from usched.meaning.rules import check_declaration, check_depth
from usched.meaning.selectors import Selection, View, select_cpus
from usched.text.canonical import format_statement
from usched.text.mistakes import clip
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.machine import Topology
from usched.words.problems import NoSuchName, Problem, Refused, Span, join_names, suggest
from usched.words.statement import (
    MACHINE,
    Declare,
    Destroy,
    Grant,
    Revoke,
    Statement,
    is_beneath,
    parent_of,
)


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


class Change(NamedTuple):
    """One scheduler before and after a statement; None where it is absent (or does not fit)."""

    name: str
    before: Scheduler | None
    after: Scheduler | None


class Tree:
    """Schedulers by name; `apply` changes it or raises and changes nothing."""

    def __init__(self, source: Source, topology: Topology) -> None:
        self.topology = topology
        self._source = source
        self._found: dict[str, Placed | None] = {}
        self._overlay: dict[str, dict[str, Placed | None]] = {}
        self._exclusive: dict[str, dict[str, Placed]] = {}
        self._resolved: dict[str, Resolution] = {}
        self._views: dict[str, View] = {}

    # -- reading --------------------------------------------------------------

    def find(self, name: str) -> Placed | None:
        overlay = self._overlay.get(parent_of(name))
        if overlay and name in overlay:
            return overlay[name]
        if name not in self._found:
            self._found[name] = self._source.find(name)
        return self._found[name]

    def children(self, name: str) -> Sequence[Placed]:
        """The child declarations of a domain, in declaration order."""
        return self._merge(name, self._source.children(name))

    def _exclusive_children(self, name: str) -> list[Placed]:
        """Those with an exclusive pool: kept apart, since every sibling asks for them."""
        known = self._exclusive.get(name)
        if known is None:
            stored = self._source.exclusive_children(name)
            overlay = self._overlay.get(name, {})
            known = {entry.name: entry for entry in stored if entry.name not in overlay}
            known.update(_exclusive_entries(overlay))
            self._exclusive[name] = known
        return sorted(known.values(), key=lambda entry: entry.place)

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
        for child in self.children(name):
            yield child
            yield from self.walk(child.name)

    def schedulers(self) -> list[Scheduler]:
        """Every scheduler that fits, parents first, siblings in declaration order."""
        found = (self.resolve(entry.name).scheduler for entry in self.walk())
        return [scheduler for scheduler in found if scheduler is not None]

    def survey(self) -> list[Problem]:
        """What does not fit: a problem for each cause, with those that fall with it."""
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
        for sibling in self._exclusive_children(parent_of(name)):
            taken = self._select(sibling) if sibling.name != name else None
            if taken is None or taken.problems or not taken.cpus & selection.cpus:
                continue
            if problem := _check_taken(entry, selection, sibling, taken.cpus):
                problems.append(problem)
            pool -= taken.cpus
        if not pool and not problems:
            where = entry.declare.cpus.terms[0].span
            takers = self._takers(entry, selection.cpus)
            what = f"no cpu is left: {format_cpus(selection.cpus)} only for {takers} (exclusive)"
            problems.append(Problem(what, where, rule="exclusive"))
        if problems:
            return Resolution(None, tuple(problems))
        return Resolution(Scheduler(entry.declare, entry.place, pool))

    def _select(self, entry: Placed) -> Selection | None:
        view = self.view(parent_of(entry.name))
        return select_cpus(entry.declare.cpus, view) if view else None

    def _takers(self, entry: Placed, cpus: CpuSet) -> str:
        names = []
        for sibling in self._exclusive_children(parent_of(entry.name)):
            taken = self._select(sibling)
            if sibling.name != entry.name and taken and taken.cpus & cpus:
                names.append(sibling.name)
        return join_names(names)

    # -- changing -------------------------------------------------------------

    def apply(self, statement: Statement, place: int) -> tuple[Change, ...]:
        """Carry out one statement; place: that of a new scheduler, above all there are.

        Returns every scheduler that differs afterwards, a destroyed subtree in the order in
        which it goes. Raises NoSuchName or Refused with all that is wrong, changing nothing.
        """
        match statement:
            case Declare():
                return self._declare(statement, place)
            case Destroy():
                return self._destroy(statement)
            case Grant() | Revoke():
                raise _no_grant(statement)
            case _:
                assert_never(statement)

    def _declare(self, declare: Declare, place: int) -> tuple[Change, ...]:
        parent = parent_of(declare.name)
        problems = check_depth(declare) or self._check_parent(declare)
        if not problems:
            problems = check_declaration(declare)
        if problems:
            view = self.view(parent) if parent == MACHINE or self.find(parent) else None
            if view:
                problems += select_cpus(declare.cpus, view).problems
            raise Refused(problems)
        old = self.find(declare.name)
        if old and format_statement(old.declare) == format_statement(declare):
            return self._recheck(old)
        entry = Placed(declare, old.place if old else place)
        takes = declare.exclusive or (old is not None and old.declare.exclusive)
        return self._put(parent, {declare.name: entry}, takes, declare.spans.get("name"))

    def _recheck(self, entry: Placed) -> tuple[Change, ...]:
        """A statement that is there already: nothing to do, unless it does not fit any more."""
        problems = self.resolve(entry.name).problems
        if problems:
            raise Refused(problem._replace(where=None) for problem in problems)
        return ()

    def _check_parent(self, declare: Declare) -> list[Problem]:
        parent = parent_of(declare.name)
        if parent == MACHINE:
            return []
        where = declare.spans.get("name")
        if self.find(parent) is None:
            near = suggest(parent, self.names())
            remedy = near or f"declare it first: usched {parent} on CPUS lwktpri N"
            what = f"{parent} is not declared, and {declare.name} would stand in it"
            return [Problem(what, where, remedy, "parent", declare.name)]
        if self.scheduler(parent) is None:
            what = f"{parent} does not fit the machine, so nothing can be declared in it"
            return [Problem(what, where, "usched check says why", "parent", declare.name)]
        return []

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

    def _destroy(self, destroy: Destroy) -> tuple[Change, ...]:
        name = destroy.name
        entry = self.require(name, destroy.spans.get("name"))
        problems = []
        if destroy.into is not None:
            self.require(destroy.into, destroy.spans.get("into"))
            if is_beneath(destroy.into, name):
                what = f"{name} cannot be destroyed into {destroy.into}, which goes with it"
                problems.append(Problem(what, destroy.spans.get("into"), rule="into", name=name))
        children = self.children(name)
        if children and not destroy.recursive:
            inside = ", ".join(child.name for child in children[:8])
            inside += f", ... ({len(children)} in all)" if len(children) > 8 else ""
            what = f"{name} has schedulers in it: {inside}"
            remedy = f"type: usched {format_statement(replace(destroy, recursive=True))}"
            where = destroy.spans.get("name")
            problems.append(Problem(what, where, remedy, "children", name))
        if problems:
            raise Refused(problems)
        gone: dict[str, Placed | None] = dict.fromkeys(self._going(name))
        takes = entry.declare.exclusive
        return self._put(parent_of(name), gone, takes, destroy.spans.get("name"))

    def _going(self, name: str) -> Iterator[str]:
        """A subtree in the order in which it goes: the last declared child first, roots last."""
        for child in reversed(self.children(name)):
            yield from self._going(child.name)
        yield name

    def require(self, name: str, where: Span | None = None) -> Placed:
        """The declaration of that name. Raises NoSuchName."""
        entry = self.find(name)
        if entry is None:
            near = suggest(name, self.names())
            remedy = near or "usched list shows the schedulers"
            what = f"there is no scheduler {clip(name, 80)}"
            raise NoSuchName(Problem(what, where, remedy, "name", name))
        return entry

    def _put(
        self, parent: str, entries: dict[str, Placed | None], takes: bool, where: Span | None
    ) -> tuple[Change, ...]:
        """Put declarations (None: gone) and resolve again all that this can touch.

        takes: whether an exclusive pool comes, goes or changes, which siblings feel.
        """
        touched = list(entries)
        if takes:
            touched += [child.name for child in self.children(parent) if child.name not in entries]
        names = self._closure(touched)
        before = {name: self.scheduler(name) for name in names}
        saved = [
            (name, name in self._overlay.get(parent_of(name), ()), self.find(name))
            for name in entries
        ]
        self._set(entries)
        self._forget(names)
        after = {name: self.scheduler(name) for name in names}
        # what the statement says wrong itself, or else whom it would leave without a place
        broken = [name for name in names if after[name] is None and self.find(name)]
        problems = [
            p for name in broken if name in entries for p in self._report(name, True, where)
        ]
        if not problems:
            stranded = [name for name in broken if before[name]]
            problems = [p for name in stranded for p in self._report(name, False, where)]
        if problems:
            for name, overlaid, entry in saved:
                self._set({name: entry})
                if not overlaid:
                    del self._overlay[parent_of(name)][name]
            self._forget(names)
            raise Refused(problems)
        return tuple(
            Change(name, before[name], after[name])
            for name in names
            if before[name] != after[name] or name in entries
        )

    def _closure(self, names: Sequence[str]) -> list[str]:
        """The names, each followed by its descendants as declared now; none twice."""
        found: dict[str, None] = {}
        for name in names:
            found[name] = None
            if self.find(name) is not None:  # nothing can stand in what is not there
                found.update((entry.name, None) for entry in self.walk(name))
        return list(found)

    def _set(self, entries: dict[str, Placed | None]) -> None:
        for name, entry in entries.items():
            self._overlay.setdefault(parent_of(name), {})[name] = entry
            takers = self._exclusive.get(parent_of(name), {})
            takers.pop(name, None)
            takers.update(_exclusive_entries({name: entry}))

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            self._resolved.pop(name, None)
            self._views.pop(name, None)

    def _report(self, name: str, own: bool, where: Span | None) -> list[Problem]:
        """Why a scheduler no longer fits: in its own words, or as stranded by the statement."""
        problems = self.resolve(name).problems
        if own:
            return [problem._replace(name=name) for problem in problems]
        return [
            Problem(
                f"{name} would not fit: {problem.what}",
                where,
                self._with_beneath(name, problem.remedy),
                problem.rule,
                name,
            )
            for problem in problems
        ]


def _exclusive_entries(entries: Mapping[str, Placed | None]) -> dict[str, Placed]:
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


def _no_grant(statement: Grant | Revoke) -> Refused:
    verb = "grant" if isinstance(statement, Grant) else "revoke"
    what = f"{verb} is not available in this version: a pool cannot be handed to a user yet"
    remedy = "declare, destroy and subdivide work; all of them act as the registry's owner"
    return Refused(Problem(what, statement.spans.get("name"), remedy, verb, statement.name))
