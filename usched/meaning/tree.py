"""The tree: a registry resolved on a topology, and changed one valid statement at a time.

A `Tree` has a working copy of a `Source`, the one mutable thing on this floor: a batch of n
statements must not cost n trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from usched.meaning.registry import Damaged, Placed, Source
from usched.meaning.rules import check_declaration, check_depth
from usched.meaning.selectors import select_cpus
from usched.meaning.working_copy import Change, WorkingCopy, going, name_all
from usched.text.language.canonical import format_statement
from usched.words.machine import Topology
from usched.words.problems import Problem, Refused
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
        self._copy = WorkingCopy(source, topology, is_foreign, strand, find_aside)
        self.resolver = self._copy.resolver

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
                problems += name_all(declare.name, select_cpus(declare.cpus, view).problems)
            raise Refused(problems)
        old = self.resolver.find(declare.name)
        if old and format_statement(old.declare) == format_statement(declare):
            return self._recheck(old)
        entry = Placed(declare, old.position if old else position)
        takes = declare.exclusive or (old is not None and old.declare.exclusive)
        return self._copy.put(parent, {declare.name: entry}, takes, declare.spans.get("name"))

    def _recheck(self, entry: Placed) -> tuple[Change, ...]:
        """A statement that is there already: nothing to do, unless it does not fit any more."""
        problems = self.resolver.resolve(entry.name).problems
        if problems:
            raise Refused(name_all(entry.name, (p._replace(where=None) for p in problems)))
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
            near = self.resolver.suggest(parent)
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
        gone: dict[str, Placed | None] = dict.fromkeys(going(self.resolver, name))
        takes = isinstance(stored, Placed) and stored.declare.exclusive
        return self._copy.put(parent_of(name), gone, takes, where)

    def set_aside(self, names: Iterable[str], stranded: bool) -> tuple[Change, ...]:
        """Somebody else's schedulers, and what is in them, hold no longer; nothing else fits less
        well without them."""
        found: dict[str, Change] = {}
        for name in names:
            stored = self.resolver.find(name)
            if stored is None:
                continue
            gone: dict[str, Placed | None] = dict.fromkeys(going(self.resolver, name))
            changes = self._copy.put(parent_of(name), gone, stored.declare.exclusive, None)
            found.update((each.name, each) for each in changes)
        if not stranded:
            return tuple(found.values())
        return tuple(
            each._replace(stranded=True) if each.after is None else each for each in found.values()
        )
