"""Declarations resolved on a topology: whose cpus are whose, and what does not fit.

It reads only what it is asked for, and what that depends on: a scheduler's ancestors, and their
exclusive siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from usched.meaning.lost import describe_damage, find_lost
from usched.meaning.registry import Damaged, Placed, Registry, Source, walk
from usched.meaning.selectors import Selection, View, select_cpus
from usched.meaning.siblings import Child, Siblings
from usched.words.cpuset import CpuSet, first_cpus, format_cpus
from usched.words.machine import Topology
from usched.words.phrases import clip, join_names, suggest, with_fallen
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem, Span
from usched.words.statement import MACHINE, Cpus, Declare, parent_of

#: After so many names an unknown one is not compared any more; that is a second.
_COMPARISONS = 20_000

#: Of so many different terms of one domain it is kept what they mean.
_SELECTED = 1 << 14


class Scheduler(NamedTuple):
    """A declaration resolved. pool: its effective pool, in the parent's cpu numbers."""

    declare: Declare
    position: int
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
    """Declarations of a source on a topology, resolved as they are asked for.

    What is resolved is kept, until `forget` is told that a declaration is another one.
    find_aside: why a scheduler that is not in the source stands aside, None where it does not.
    most_reasons: with so many siblings that take cpus of each other each of them is named, and of a
    declaration the first term that is wrong; None: with any number, and all of them.
    """

    def __init__(
        self,
        source: Source,
        topology: Topology,
        find_aside: Callable[[str], Problem | None] = lambda _: None,
        most_reasons: int | None = None,
    ) -> None:
        self.topology = topology
        self.find_aside = find_aside
        self._reasons = most_reasons
        self._source = source
        self._compared = 0
        self._resolved: dict[str, Resolution] = {}
        self._views: dict[str, View] = {}
        self._selected: dict[str, dict[int, tuple[Cpus, Selection]]] = {}
        self._domains: dict[str, Siblings] = {}

    # -- the source -----------------------------------------------------------

    def find(self, name: str) -> Placed | None:
        stored = self._source.stored(name)
        return stored if isinstance(stored, Placed) else None

    def stored(self, name: str) -> Placed | Damaged | None:
        return self._source.stored(name)

    def require(self, name: str, where: Span | None = None) -> Placed:
        """The declaration of that name. Raises NoSuchName, EnvironmentFailed if it is damaged."""
        entry = self.stored(name)
        if isinstance(entry, Damaged):
            raise EnvironmentFailed(describe_damage(self._source, entry))
        if entry is None and (aside := self.find_aside(name)):
            raise NoSuchName(aside._replace(where=where))
        if entry is None:
            remedy = self.suggest(name) or "usched list shows the schedulers"
            if not self.names():
                remedy = "none is declared yet; declare one: usched NORM on 'cpu*' lwktpri 6"
            what = f"there is no scheduler {clip(name, 80)}"
            raise NoSuchName(Problem(what, where, remedy, "name", name))
        return entry

    def suggest(self, name: str) -> str:
        """`did you mean 'X'?`, or "": for the first unknown names, since each is compared with
        all that are known, and a script of thousands may have a thousand wrong."""
        if self._compared > _COMPARISONS:
            return ""
        names = self.names()
        self._compared += len(names)
        return suggest(name, names)

    def children(self, name: str) -> Sequence[Placed]:
        """The child declarations of a domain, in declaration order."""
        return self._source.children(name)

    def child_names(self, name: str) -> Sequence[str]:
        """The children, those that are damaged among them."""
        return self._source.child_names(name)

    def names(self) -> list[str]:
        """Every declared name, in no order that matters."""
        return list(self._source.names())

    def walk(self, name: str = MACHINE) -> Iterator[Placed]:
        """Every declaration beneath a domain: parents first, siblings in declaration order."""
        return walk(self._source, name)

    def registry(self) -> Registry:
        """What the source holds now, as a registry."""
        return Registry(self.walk())

    def forget(self, names: Iterable[str]) -> None:
        """The declarations of these names are others now, or what they depend on."""
        for name in names:
            self._resolved.pop(name, None)
            self._views.pop(name, None)
            self._selected.pop(name, None)  # what terms mean in it
            self._domains.pop(name, None)
            siblings = self._domains.get(parent_of(name))
            if siblings is not None:
                siblings.forget(name)

    # -- schedulers -----------------------------------------------------------

    def resolve(self, name: str) -> Resolution:
        """The scheduler of that name (it must be declared) on this topology."""
        known = self._resolved.get(name)
        if known is None:
            known = self._resolved[name] = self._resolve(name)
        return known

    def scheduler(self, name: str) -> Scheduler | None:
        """The scheduler of that name, None if it is not declared or does not fit."""
        return self.resolve(name).scheduler if self.find(name) else None

    def schedulers(self) -> list[Scheduler]:
        """Every scheduler that fits, parents first, siblings in declaration order."""
        found = (self.resolve(entry.name).scheduler for entry in self.walk())
        return [scheduler for scheduler in found if scheduler is not None]

    def survey(self) -> list[Problem]:
        """What is lost or does not fit: a problem for each cause, with those that fall with it."""
        return self.find_lost() + self.find_misfits()

    def find_lost(self) -> list[Problem]:
        """What is damaged, or without a parent; with what falls with it."""
        return find_lost(self._source)

    def describe_damage(self, damaged: Damaged) -> Problem:
        return describe_damage(self._source, damaged)

    def find_misfits(self) -> list[Problem]:
        """What does not fit the machine: a problem for each cause, with those that fall with it."""
        problems = []
        for entry in self.walk():
            for problem in self.resolve(entry.name).problems:
                remedy = self.with_beneath(entry.name, problem.remedy)
                what = f"{entry.name}: {problem.what}"
                problems.append(Problem(what, None, remedy, problem.rule, entry.name))
        return list(dict.fromkeys(problems))

    def with_beneath(self, name: str, remedy: str) -> str:
        """A remedy, and the schedulers that fall with this one."""
        return with_fallen(remedy, [below.name for below in self.walk(name)])

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
            return View(name, self.topology.all, self.topology, self.topology.all)
        scheduler = self.scheduler(name)
        if scheduler is None:
            return None
        cpus = first_cpus(scheduler.width)
        above = self.view(parent_of(name))
        assert above is not None  # a scheduler fits only beneath one that does
        if scheduler.virtual or above.behind is None:
            return View(name, cpus, self.topology, None)
        on_machine = parent_of(name) == MACHINE
        behind = scheduler.pool if on_machine else above.behind.at(scheduler.pool)
        return View(name, cpus, self.topology, behind)

    # -- resolving ------------------------------------------------------------

    def _resolve(self, name: str) -> Resolution:
        entry = self.find(name)
        assert entry is not None, name
        selection = self.select(entry)
        if selection is None:
            return Resolution(None)
        if selection.problems:
            return Resolution(None, selection.problems)
        siblings = self._siblings(parent_of(name))
        taken = siblings.taken_besides(name) & selection.cpus
        pool = selection.cpus - taken if taken else selection.cpus
        if not taken or (pool and not entry.declare.exclusive and not taken & selection.outright):
            return Resolution(Scheduler(entry.declare, entry.position, pool))
        if self._reasons is not None and self._reasons <= 0:
            where = entry.declare.cpus.terms[0].span
            what = f"{format_cpus(taken)} is only for others there (exclusive)"
            return Resolution(None, (Problem(what, where, rule="exclusive"),))
        problems = _explain_taken(entry, selection, siblings)
        if self._reasons is not None:
            self._reasons -= len(problems)
        return Resolution(None, problems)

    def select(self, entry: Placed) -> Selection | None:
        """What its terms mean in its parent, siblings aside; None where the parent has no cpus."""
        parent = parent_of(entry.name)
        view = self.view(parent)
        return self._select(entry.declare.cpus, parent, view) if view else None

    def _select(self, terms: Cpus, parent: str, view: View) -> Selection:
        """What terms mean in a domain, once: thousands of siblings say the same, in one object."""
        known = self._selected.setdefault(parent, {})
        if id(terms) not in known:
            if len(known) >= _SELECTED:  # a script may declare one scheduler a million times
                known.clear()
            known[id(terms)] = terms, select_cpus(terms, view, self._reasons is not None)
        return known[id(terms)][1]

    def _siblings(self, parent: str) -> Siblings:
        """The children of a domain as they are now."""
        known = self._domains.get(parent)
        if known is None:
            exclusive = (entry.name for entry in self._source.exclusive_children(parent))
            known = self._domains[parent] = Siblings(exclusive, self._look)
        return known

    def _look(self, name: str, only_exclusive: bool) -> Child | None:
        entry = self.find(name)
        if entry is None or (only_exclusive and not entry.declare.exclusive):
            return None
        selection = self.select(entry)
        return selection and Child(entry, selection.cpus, not selection.problems)

    def children_that_mean(self, parent: str, cpus: CpuSet) -> list[str]:
        """The children whose terms mean one of these cpus of their domain, siblings aside."""
        return self._siblings(parent).meaning(cpus, lambda: self._mean_others(parent))

    def _mean_others(self, parent: str) -> Iterator[tuple[str, CpuSet]]:
        """The children that are not exclusive and whose terms are right, with what these mean."""
        view = self.view(parent)
        for name, terms in self._source.terms_of_others(parent) if view else ():
            assert view is not None
            selection = self._select(terms, parent, view)
            if not selection.problems:
                yield name, selection.cpus


def _explain_taken(entry: Placed, selection: Selection, siblings: Siblings) -> tuple[Problem, ...]:
    """Why a scheduler cannot have what it means: who of its siblings takes it."""
    takers = siblings.takers(entry.name, selection.cpus)
    checks = (_check_taken(entry, selection, sibling, taken) for sibling, taken in takers)
    problems = tuple(problem for problem in checks if problem is not None)
    if problems:
        return problems
    where = entry.declare.cpus.terms[0].span
    names = join_names([sibling.name for sibling, _ in takers])
    what = f"no cpu is left: {format_cpus(selection.cpus)} only for {names} (exclusive)"
    remedy = f"name other cpus, or make {names} smaller"
    return (Problem(what, where, remedy, "exclusive"),)


def _check_taken(
    entry: Placed, selection: Selection, sibling: Placed, taken: CpuSet
) -> Problem | None:
    """Whether a sibling's exclusive cpus clash with a declaration, rather than just leave it."""
    where = entry.declare.cpus.terms[0].span
    if entry.declare.exclusive:
        shared = format_cpus(selection.cpus & taken)
        what = f"both {entry.name} and {sibling.name} would have {shared} exclusively"
        remedy = f"except {shared} from one of them, or take 'exclusive' off one"
        return Problem(what, where, remedy, "exclusive")
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
