"""A script carried out on a tree: what each statement did, and all that went wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from usched.meaning.history import Draft, Edit, GrantEdit, NewTopology, describe_topology
from usched.meaning.reach import Moved
from usched.meaning.registry import differs
from usched.meaning.tree import Tree
from usched.meaning.working_copy import Change, going
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import Unreadable
from usched.words.machine import Topology
from usched.words.problems import (
    Line,
    Misused,
    NoSuchName,
    NotPermitted,
    Problem,
    Refused,
    UschedError,
)
from usched.words.statement import Declare, Grant, Revoke, Statement, lineage, parent_of

if TYPE_CHECKING:
    from usched.meaning.grants import Granted, Hands

ScriptLine = tuple[Line | None, "Statement | Unreadable"]


class Done(NamedTuple):
    """One statement carried out. changes: every scheduler that differs; () if it was so before.

    revision: the number that it has, or would have. ends: when that is which it grants, UTC, ISO
    8601; None for never.
    """

    statement: Statement
    changes: tuple[Change, ...]
    revision: int | None
    ends: str | None = None


class Ledger:
    """Statements as they are carried out, what each one did, and all that went wrong.

    hands: who may do what; None where nobody asks, as on a tree that nobody keeps, or where nothing
    is granted: find_hands then gives them for the first grant.
    """

    def __init__(
        self,
        tree: Tree,
        number: int,
        hands: Hands | None = None,
        strand: bool = False,
        find_hands: Callable[[], Hands] | None = None,
    ) -> None:
        self.tree = tree
        self.number = number
        self.hands = hands
        self.strand = strand
        self._find_hands = find_hands
        self.done: list[Done] = []
        self.drafts: list[Draft] = []
        #: What went wrong, without the errors themselves: each has a traceback, and its frames.
        self._failures: list[tuple[type[UschedError], tuple[Problem, ...]]] = []
        self._failed: set[str] = set()

    def take_all(self, script: Iterable[ScriptLine]) -> None:
        for _, statement in script:
            try:
                self.take(statement)
            except UschedError as error:
                self._failures.append((type(error), error.problems))
                if isinstance(statement, (Declare, Unreadable)) and statement.name:
                    self._failed.add(statement.name)
        if self._failures:
            raise self._gather()

    def take(self, statement: Statement | Unreadable) -> None:
        if isinstance(statement, Unreadable):
            raise statement.kind(statement.problem)
        hands_over = isinstance(statement, (Grant, Revoke))
        if hands_over and self.hands is None and self._find_hands is not None:
            self.hands = self._find_hands()
        if self.hands is not None:
            self.hands.check(statement)
            if isinstance(statement, (Grant, Revoke)):
                self._note(statement, *self._hand_over(statement, self.hands))
                return
        befores = _Befores(self.tree, statement)
        changes = self.tree.apply(statement, self.number)
        edits = befores.edits(changes)
        if not edits:
            self.done.append(Done(statement, (), None))
            return
        text = format_statement(statement)
        self.drafts.append(Draft(self.number, text, edits, None, _list_moved(changes)))
        self.done.append(Done(statement, changes, self.number))
        self.number += 1

    def _hand_over(
        self, statement: Grant | Revoke, hands: Hands
    ) -> tuple[GrantEdit, tuple[Change, ...]]:
        """What a grant or a revoke does: to the hands at once, and to what stands beneath."""
        from usched.meaning.grants import same_grant

        self.tree.apply(statement, self.number)
        name = statement.name
        if isinstance(statement, Revoke):
            part = hands.revoke(statement)
            inside = [child.name for child in self.tree.resolver.children(name)]
            changes = self.tree.set_aside(inside, stranded=True)
            hands.drop(name)
            return GrantEdit(name, part.granted, None), changes
        old = hands.parts.get(name)
        children = self.tree.resolver.child_names(name)
        granted = hands.grant(statement, children, self.tree.resolver.topology.hz)
        before = None if old is None else old.granted
        if same_grant(before, granted):
            return GrantEdit(name, before, before), ()
        changes = self._tighten(statement, hands, granted) if old else ()
        hands.put(granted)
        return GrantEdit(name, before, granted), changes

    def _tighten(self, grant: Grant, hands: Hands, granted: Granted) -> tuple[Change, ...]:
        """What stands in a part and exceeds the bounds that it is to have stands aside."""
        from usched.meaning.grants import check_bounds

        resolver = self.tree.resolver
        part = hands.after(granted)
        beneath = list(resolver.walk(grant.name))
        beyond = {each.name: check_bounds(each.declare, part) for each in beneath}
        beyond = {name: problems for name, problems in beyond.items() if problems}
        if beyond and not self.strand:
            problems = [
                problem._replace(
                    what=f"{name} would not hold: {problem.what}",
                    where=grant.spans.get("name"),
                    remedy="with --strand it stands aside, and comes back when it holds again",
                )
                for name, found in beyond.items()
                for problem in found
            ]
            raise Refused(problems)
        return self.tree.set_aside(beyond, stranded=True)

    def _note(
        self, statement: Grant | Revoke, edit: GrantEdit, changes: tuple[Change, ...]
    ) -> None:
        if edit.before is edit.after:
            self.done.append(Done(statement, (), None))
            return
        text = format_statement(statement)
        self.drafts.append(Draft(self.number, text, moved=_list_moved(changes), grants=(edit,)))
        ends = None if edit.after is None else edit.after.ends
        self.done.append(Done(statement, changes, self.number, ends))
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

    def find_aside(self) -> set[str]:
        """What some statement stranded, whatever came after that."""
        changes = (change for done in self.done for change in done.changes)
        return {change.name for change in changes if change.stranded and change.after is None}

    def add_moved(self, moved: Iterable[Moved]) -> None:
        """The last revision moves these, too."""
        if self.drafts:
            last = self.drafts[-1]
            known = {each.name: each for each in last.moved}
            for each in moved:
                had = known.get(each.name, each).had
                known[each.name] = each._replace(had=had)
            changed = tuple(each for each in known.values() if each.had != each.has)
            self.drafts[-1] = last._replace(moved=changed)

    def follow_up(self, back: Collection[str], pushed: Iterable[Change]) -> list[Change]:
        """What statements did is told as it is in the end. back: who is told of as such, and not as
        new. pushed: who has other cpus than after the last statement; those of them of whom no
        statement tells."""
        untold = {each.name: each for each in pushed}
        for at in reversed(range(len(self.done) if back else 0)):
            changes = []
            done = self.done[at]
            for told in done.changes:
                last = untold.pop(told.name, None)
                now = told if last is None else told._replace(after=last.after, has=last.has)
                is_new = now.after is not None and now.before is None
                moves = last is None or now.differs or now.name == done.statement.name
                if moves and not (is_new and now.name in back):
                    changes.append(now)
            self.done[at] = done._replace(changes=tuple(changes))
        return list(untold.values())

    def _gather(self) -> UschedError:
        """All errors as one, less those that only follow from a declaration that failed."""
        problems = [problem for _, found in self._failures for problem in found]
        causes = [problem for problem in problems if not self._follows(problem)]
        for kind in (Misused, NotPermitted, NoSuchName):
            matching = [issubclass(each, kind) for each, _ in self._failures]
            if all(matching) if kind is NoSuchName else any(matching):
                return kind(causes or problems)
        return Refused(causes or problems)

    def _follows(self, problem: Problem) -> bool:
        missing = {"parent": parent_of(problem.name), "name": problem.name}.get(problem.rule)
        return missing is not None and not self._failed.isdisjoint(lineage(missing))


def _list_moved(changes: Iterable[Change]) -> tuple[Moved, ...]:
    """Whose real cpus a statement changed that it does not name: all of them, of who stands
    aside."""
    return tuple(
        each.moved
        for each in changes
        if each.before and (each.after or each.stranded) and each.had != each.has
    )


class _Befores:
    """The declarations that a statement may replace, looked up before it is carried out."""

    def __init__(self, tree: Tree, statement: Statement) -> None:
        self._tree = tree
        self._statement = statement
        self._stored = {statement.name: tree.resolver.stored(statement.name)}
        if not isinstance(statement, Declare):
            gone = going(tree.resolver, statement.name)
            self._stored.update((name, tree.resolver.stored(name)) for name in gone)

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """What the registry itself must note: declarations, not what follows from them."""
        if isinstance(self._statement, Declare):
            names = [self._statement.name]
        else:
            names = [change.name for change in changes if change.name in self._stored]
        edits = (Edit(name, self._stored[name], self._tree.resolver.find(name)) for name in names)
        return tuple(edit for edit in edits if differs(edit.before, edit.after))


def carry_out_on(tree: Tree, script: Iterable[ScriptLine], hands: Hands | None = None) -> None:
    """Statements on a tree that nobody keeps. Raises with every problem of the script."""
    position = 1 + max((entry.position for entry in tree.resolver.walk()), default=0)
    Ledger(tree, position, hands).take_all(script)
