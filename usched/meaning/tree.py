"""The tree: a registry resolved on a topology, and changed one valid statement at a time.

A `Tree` is a working copy over a `Source`, the one mutable thing on this floor: a batch of n
statements must not cost n trees. Its changes are in an overlay, and its resolver sees them; a
statement that is refused leaves both as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, assert_never

from usched.meaning.overlay import Overlay
from usched.meaning.reach import reach_whole
from usched.meaning.registry import Damaged, Placed, Source
from usched.meaning.resolver import Resolver, Scheduler
from usched.meaning.rules import check_declaration, check_depth
from usched.meaning.selectors import select_cpus
from usched.text.language.canonical import format_statement
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.machine import Topology
from usched.words.phrases import suggest
from usched.words.problems import Problem, Refused, Span
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


_Found = Mapping[str, "Scheduler | None"]


class Tree:
    """Schedulers by name; `apply` changes it or raises and changes nothing.

    resolver: what there is, as it is now. is_foreign: whether a scheduler is somebody else's, whom
    a statement may only strand; strand: whether it may do that; find_aside: as a resolver's.
    """

    def __init__(
        self,
        source: Source,
        topology: Topology,
        is_foreign: Callable[[str], bool] | None = None,
        strand: bool = False,
        find_aside: Callable[[str], Problem | None] = lambda _: None,
    ) -> None:
        self._overlay = Overlay(source)
        self.resolver = Resolver(self._overlay, topology, find_aside)
        self._is_foreign = is_foreign
        self._strand = strand

    def apply(self, statement: Statement, position: int) -> tuple[Change, ...]:
        """Carry out one statement; position: that of a new scheduler, above all there are.

        Returns every scheduler that differs afterwards, a destroyed subtree in the order in
        which it goes. Raises NoSuchName or Refused with all that is wrong, changing nothing.
        """
        match statement:
            case Declare():
                return self._declare(statement, position)
            case Destroy():
                return self._destroy(statement)
            case Grant() | Revoke():
                self.resolver.require(statement.name, statement.spans.get("name"))
                return ()
            case _:
                assert_never(statement)

    def _declare(self, declare: Declare, position: int) -> tuple[Change, ...]:
        parent = parent_of(declare.name)
        problems = check_depth(declare) or self._check_parent(declare)
        if not problems:
            problems = check_declaration(declare)
        if problems:
            known = parent == MACHINE or self.resolver.find(parent)
            view = self.resolver.view(parent) if known else None
            if view:
                problems += _named(declare.name, select_cpus(declare.cpus, view).problems)
            raise Refused(problems)
        old = self.resolver.find(declare.name)
        if old and format_statement(old.declare) == format_statement(declare):
            return self._recheck(old)
        entry = Placed(declare, old.position if old else position)
        takes = declare.exclusive or (old is not None and old.declare.exclusive)
        return self._put(parent, {declare.name: entry}, takes, declare.spans.get("name"))

    def _recheck(self, entry: Placed) -> tuple[Change, ...]:
        """A statement that is there already: nothing to do, unless it does not fit any more."""
        problems = self.resolver.resolve(entry.name).problems
        if problems:
            raise Refused(_named(entry.name, (p._replace(where=None) for p in problems)))
        return ()

    def _check_parent(self, declare: Declare) -> list[Problem]:
        parent = parent_of(declare.name)
        if parent == MACHINE:
            return []
        where = declare.spans.get("name")
        stored = self.resolver.stored(parent)
        if isinstance(stored, Damaged):
            what = f"{parent} is damaged in the registry, so nothing can be declared in it"
            return [Problem(what, where, "usched check says more", "parent", declare.name)]
        if stored is None and (aside := self.resolver.find_aside(parent)):
            return [aside._replace(where=where, name=declare.name)]
        if stored is None:
            near = suggest(parent, self.resolver.names())
            remedy = near or f"declare it first: usched {parent} on CPUS lwktpri N"
            what = f"{parent} is not declared, and {declare.name} would stand in it"
            return [Problem(what, where, remedy, "parent", declare.name)]
        if self.resolver.scheduler(parent) is None:
            what = f"{parent} does not fit the machine, so nothing can be declared in it"
            return [Problem(what, where, "usched check says why", "parent", declare.name)]
        return []

    def _destroy(self, destroy: Destroy) -> tuple[Change, ...]:
        name = destroy.name
        where = destroy.spans.get("name")
        stored = self.resolver.stored(name)
        if not isinstance(stored, Damaged):
            stored = self.resolver.require(name, where)
        problems = []
        if destroy.into is not None:
            self.resolver.require(destroy.into, destroy.spans.get("into"))
            if is_beneath(destroy.into, name):
                what = f"{name} cannot be destroyed into {destroy.into}, which goes with it"
                problems.append(Problem(what, destroy.spans.get("into"), rule="into", name=name))
        children = self.resolver.child_names(name)
        if children and not destroy.recursive:
            inside = ", ".join(children[:8])
            inside += f", ... ({len(children)} in all)" if len(children) > 8 else ""
            what = f"{name} has schedulers in it: {inside}"
            remedy = f"type: usched {format_statement(Destroy(name, destroy.into, True))}"
            problems.append(Problem(what, where, remedy, "children", name))
        if problems:
            raise Refused(problems)
        gone: dict[str, Placed | None] = dict.fromkeys(self.going(name))
        takes = isinstance(stored, Placed) and stored.declare.exclusive
        return self._put(parent_of(name), gone, takes, where)

    def going(self, name: str) -> Iterator[str]:
        """A subtree in the order in which it goes: the last declared child first, roots last."""
        for child in reversed(self.resolver.child_names(name)):
            yield from self.going(child)
        yield name

    def _put(
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
        foreign: list[str] = []
        if broken:
            lost = [name for name in broken if before[name]]
            foreign = [name for name in lost if self._is_foreign and self._is_foreign(name)]
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
        problems = []
        for name in lost:
            if name in kept or name not in foreign:
                problems += self._report(name, False, where)
        if problems and any(problem.name in kept for problem in problems):
            last = problems[-1]
            said = "with --strand they stand aside, and come back when they fit"
            remedy = "\n".join(filter(None, (last.remedy, said)))
            problems[-1] = last._replace(remedy=remedy)
        return problems

    def set_aside(self, names: Iterable[str], stranded: bool) -> tuple[Change, ...]:
        """Somebody else's schedulers, and what is in them, hold no longer; nothing else fits less
        well without them."""
        found: dict[str, Change] = {}
        for name in names:
            stored = self.resolver.find(name)
            if stored is None:
                continue
            gone: dict[str, Placed | None] = dict.fromkeys(self.going(name))
            changes = self._put(parent_of(name), gone, stored.declare.exclusive, None)
            found.update((each.name, each) for each in changes)
        if not stranded:
            return tuple(found.values())
        return tuple(
            each._replace(stranded=True) if each.after is None else each for each in found.values()
        )

    def _leave_out(self, names: Iterable[str]) -> None:
        """Declarations that do not fit: nothing that fits depends on them."""
        gone = [inside for name in names for inside in self.going(name)]
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
            return _named(name, problems)
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


def _named(name: str, problems: Iterable[Problem]) -> list[Problem]:
    return [problem._replace(name=name) for problem in problems]
