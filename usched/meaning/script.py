"""A script carried out on a tree: what each statement did, and all that went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from usched.meaning.history import Draft, Edit, NewTopology, describe_topology
from usched.meaning.reach import Moved
from usched.meaning.registry import differs
from usched.meaning.tree import Change, Tree
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import Unreadable
from usched.words.machine import Topology
from usched.words.problems import Line, Misused, NoSuchName, Problem, Refused, UschedError
from usched.words.statement import Declare, Statement, is_beneath, parent_of

ScriptLine = tuple[Line | None, "Statement | Unreadable"]


class Done(NamedTuple):
    """One statement carried out. changes: every scheduler that differs; () if it was so before.

    revision: the number that it has, or would have.
    """

    statement: Statement
    changes: tuple[Change, ...]
    revision: int | None


class Ledger:
    """Statements as they are carried out, what each one did, and all that went wrong."""

    def __init__(self, tree: Tree, number: int) -> None:
        self.tree = tree
        self.number = number
        self.done: list[Done] = []
        self.drafts: list[Draft] = []
        self._errors: list[UschedError] = []
        self._failed: list[str] = []

    def take_all(self, script: Iterable[ScriptLine]) -> None:
        for _, statement in script:
            try:
                self.take(statement)
            except UschedError as error:
                self._errors.append(error)
                if isinstance(statement, (Declare, Unreadable)) and statement.name:
                    self._failed.append(statement.name)
        if self._errors:
            raise self._gather()

    def take(self, statement: Statement | Unreadable) -> None:
        if isinstance(statement, Unreadable):
            raise Misused(statement.problem)
        befores = _Befores(self.tree, statement)
        changes = self.tree.apply(statement, self.number)
        edits = befores.edits(changes)
        if not edits:
            self.done.append(Done(statement, (), None))
            return
        moved = tuple(
            Moved(each.name, each.had, each.has)
            for each in changes
            if each.before and each.after and each.had != each.has
        )
        self.drafts.append(Draft(self.number, format_statement(statement), edits, None, moved))
        self.done.append(Done(statement, changes, self.number))
        self.number += 1

    def add_topology(self, topology: Topology, moved: Sequence[Moved]) -> None:
        """The first revision brings the topology along, and moves what that moves; without one it
        is a revision itself."""
        if self.drafts:
            first = self.drafts[0]
            text = f"{first.text}  # and {describe_topology(topology)}"
            known = {each.name: each for each in moved}
            for each in first.moved:
                had = known.get(each.name, each).had
                known[each.name] = each._replace(had=had)
            self.drafts[0] = first._replace(
                text=text, topology=NewTopology(topology), moved=tuple(known.values())
            )
        else:
            text = describe_topology(topology)
            self.drafts.append(Draft(self.number, text, (), NewTopology(topology), tuple(moved)))

    def _gather(self) -> UschedError:
        """All errors as one, less those that only follow from a declaration that failed."""
        problems = [problem for error in self._errors for problem in error.problems]
        causes = [problem for problem in problems if not self._follows(problem)]
        for kind in (Misused, NoSuchName):
            matching = [isinstance(error, kind) for error in self._errors]
            if any(matching) if kind is Misused else all(matching):
                return kind(causes or problems)
        return Refused(causes or problems)

    def _follows(self, problem: Problem) -> bool:
        missing = {"parent": parent_of(problem.name), "name": problem.name}.get(problem.rule)
        return missing is not None and any(is_beneath(missing, name) for name in self._failed)


class _Befores:
    """The declarations that a statement may replace, looked up before it is carried out."""

    def __init__(self, tree: Tree, statement: Statement) -> None:
        self._tree = tree
        self._statement = statement
        self._stored = {statement.name: tree.resolver.stored(statement.name)}
        if not isinstance(statement, Declare):
            going = tree.going(statement.name)
            self._stored.update((name, tree.resolver.stored(name)) for name in going)

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """What the registry itself must note: declarations, not what follows from them."""
        if isinstance(self._statement, Declare):
            names = [self._statement.name]
        else:
            names = [change.name for change in changes if change.name in self._stored]
        edits = (Edit(name, self._stored[name], self._tree.resolver.find(name)) for name in names)
        return tuple(edit for edit in edits if differs(edit.before, edit.after))


def carry_out_on(tree: Tree, script: Iterable[ScriptLine]) -> None:
    """Statements on a tree that nobody keeps. Raises with every problem of the script."""
    Ledger(tree, 1 + max((entry.place for entry in tree.resolver.walk()), default=0)).take_all(
        script
    )
