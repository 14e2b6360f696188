"""Declarations that are changed together with all that depends on them, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.overlay import Overlay
from usched.meaning.reach import Moved, reach_whole
from usched.meaning.registry import Placed, Source
from usched.meaning.resolver import Resolver, Scheduler
from usched.meaning.selectors import select_cpus
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.machine import Topology
from usched.words.phrases import join_names
from usched.words.problems import Problem, Refused, Span
from usched.words.statement import parent_of

#: With so many told of that statements would leave without a place, a further one tells of all of
#: its own at once: else a batch of ten thousand fills the memory with what is wrong in it.
_MOST_LOST = 1_000


class Change(NamedTuple):
    """One scheduler before and after a statement; None where it is absent (or does not fit).

    had, has: the real cpus that it could and can reach. They may differ where nothing else does,
    since what is beneath a scheduler moves with it. stranded: it is somebody else's and stays
    declared, but holds no longer.
    """

    name: str
    before: Scheduler | None
    after: Scheduler | None
    had: CpuSet = NO_CPUS
    has: CpuSet = NO_CPUS
    stranded: bool = False

    @property
    def differs(self) -> bool:
        return self.before != self.after or self.had != self.has

    @property
    def moved(self) -> Moved:
        """What of it the log has, where no statement named it."""
        return Moved(self.name, self.had, self.has)


_Found = Mapping[str, "Scheduler | None"]


class WorkingCopy:
    """Declarations over a source that does not change. Its changes are in an overlay, and its
    resolver sees them; those that are refused leave both as they were.

    resolver: what there is, as it is now. is_foreign: whether a scheduler is somebody else's, who
    may only be stranded; strand: whether that may be done; find_aside: as a resolver's.
    """

    def __init__(
        self,
        source: Source,
        topology: Topology,
        is_foreign: Callable[[str], bool] | None,
        strand: bool,
        find_aside: Callable[[str], Problem | None],
    ) -> None:
        self._overlay = Overlay(source)
        self.resolver = Resolver(self._overlay, topology, find_aside)
        self._is_foreign = is_foreign
        self._strand = strand
        #: How many were told of that statements would leave without a place.
        self._lost = 0

    def put(
        self, parent: str, entries: dict[str, Placed | None], takes: bool, where: Span | None
    ) -> tuple[Change, ...]:
        """Put declarations (None: gone) and resolve again all that this can touch.

        takes: whether an exclusive pool comes, goes or changes, which siblings feel.
        """
        resolver = self.resolver
        touched = list(entries)
        if takes:
            touched += self._competitors(parent, entries)
        names = self._closure(touched)
        before = {name: resolver.scheduler(name) for name in names}
        saved = self._overlay.remember(entries)
        self._overlay.put(entries)
        resolver.forget(names)
        after = {name: resolver.scheduler(name) for name in names}
        broken = [name for name in names if after[name] is None and resolver.find(name)]
        foreign: dict[str, None] = {}
        if broken:
            lost = [name for name in broken if before[name]]
            is_foreign = self._is_foreign
            foreign = dict.fromkeys(name for name in lost if is_foreign and is_foreign(name))
            # what the statement says wrong itself, or else whom it would leave without a place
            problems = [
                p for name in broken if name in entries for p in self._report(name, True, where)
            ]
            if not problems:
                kept = () if self._strand else foreign
                problems = self._report_lost(lost, kept, foreign, where)
            if problems:
                self._overlay.take_back(entries, saved)
                resolver.forget(names)
                raise Refused(problems)
        changes = tuple(self._compare(names, before, after, entries.keys()))
        if foreign:
            self._leave_out(foreign)
            changes = tuple(
                each._replace(stranded=each.name in foreign) if each.after is None else each
                for each in changes
            )
        return changes

    def _report_lost(
        self,
        lost: Sequence[str],
        kept: Container[str],
        foreign: Container[str],
        where: Span | None,
    ) -> list[Problem]:
        """Whom a statement would leave without a place, but for those that may be stranded."""
        resolve = self.resolver.resolve
        refused = [name for name in lost if name in kept or name not in foreign]
        named = [name for name in refused if resolve(name).problems]
        at_once = self._lost > _MOST_LOST and len(named) > 1
        problems = []
        for name in named[:1] if at_once else named:
            problems += self._report(name, False, where)
        if at_once:
            what = f"{problems[-1].what}; nor would {join_names(named[1:])}"
            problems[-1] = problems[-1]._replace(what=what)
        self._lost += len(named)
        if problems and any(problem.name in kept for problem in problems):
            last = problems[-1]
            said = "with --strand they stand aside, and come back when they fit"
            remedy = "\n".join(filter(None, (last.remedy, said)))
            problems[-1] = last._replace(remedy=remedy)
        return problems

    def _leave_out(self, names: Iterable[str]) -> None:
        """Declarations that do not fit: nothing that fits depends on them."""
        gone = [inside for name in names for inside in going(self.resolver, name)]
        self._overlay.put(dict.fromkeys(gone))
        self.resolver.forget(gone)

    def _compare(
        self, names: Sequence[str], before: _Found, after: _Found, stated: Container[str]
    ) -> Iterator[Change]:
        """What differs, in the order of the names, a parent before what is beneath it."""
        moved = set()
        for name in names:
            differs = before[name] != after[name] or name in stated
            if not differs and parent_of(name) not in moved:
                continue
            moved.add(name)
            had, has = self._reach(name, before), self._reach(name, after)
            if differs or had != has:
                yield Change(name, before[name], after[name], had, has)

    def _reach(self, name: str, found: _Found) -> CpuSet:
        """What a scheduler can reach, by what was found of those that a statement touches."""
        scheduler = found[name]
        if scheduler is None:
            return NO_CPUS

        def find(each: str) -> Scheduler | None:
            return found[each] if each in found else self.resolver.scheduler(each)

        return reach_whole(find, scheduler)

    def _competitors(self, parent: str, entries: dict[str, Placed | None]) -> list[str]:
        """The siblings whose terms mean a cpu that one of these had or is to have."""
        view = self.resolver.view(parent)
        if view is None:
            return []
        mine = NO_CPUS
        for name, entry in entries.items():
            if parent_of(name) == parent:
                old = self.resolver.find(name)
                for each in filter(None, (old, entry)):
                    mine |= select_cpus(each.declare.cpus, view).cpus
        found = self.resolver.children_that_mean(parent, mine)
        return [name for name in found if name not in entries]

    def _closure(self, names: Sequence[str]) -> list[str]:
        """The names, each followed by its descendants as declared now; none twice."""
        found: dict[str, None] = {}
        for name in names:
            found[name] = None
            found.update((entry.name, None) for entry in self.resolver.walk(name))
        return list(found)

    def _report(self, name: str, own: bool, where: Span | None) -> list[Problem]:
        """Why a scheduler no longer fits: in its own words, or as stranded by the statement."""
        problems = self.resolver.resolve(name).problems
        if own:
            return name_all(name, problems)
        return [
            Problem(
                f"{name} would not fit: {problem.what}",
                where,
                self.resolver.with_beneath(name, problem.remedy),
                problem.rule,
                name,
            )
            for problem in problems
        ]


def going(resolver: Resolver, name: str) -> Iterator[str]:
    """A subtree in the order in which it goes: the last declared child first, roots last."""
    for child in reversed(resolver.child_names(name)):
        yield from going(resolver, child)
    yield name


def name_all(name: str, problems: Iterable[Problem]) -> list[Problem]:
    """These problems as of one scheduler."""
    return [problem._replace(name=name) for problem in problems]
