"""Carrying out statements and scripts: all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from usched.actions.context import (
    Context,
    Machine,
    find_machine,
    open_registry,
    write_record,
)
from usched.actions.topology import (
    News,
    check_topology,
    describe_topology,
    find_declared,
    find_news,
)
from usched.meaning.lost import describe_damage
from usched.meaning.reach import Moved
from usched.meaning.registry import differs
from usched.meaning.tree import Change, Tree
from usched.meaning.warnings import find_new_warnings
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import Unreadable
from usched.words.machine import Topology
from usched.words.problems import (
    Line,
    Misused,
    NoSuchName,
    Problem,
    Refused,
    UschedError,
    format_problem,
)
from usched.words.statement import Declare, Statement, is_beneath, parent_of
from usched.world.author import find_author
from usched.world.registry_file import is_new
from usched.world.store import Edit, Entry

ScriptLine = tuple[Line | None, "Statement | Unreadable"]


class Done(NamedTuple):
    """One statement carried out. changes: every scheduler that differs; () if it was so before.

    revision: the number that it has, or would have.
    """

    statement: Statement
    changes: tuple[Change, ...]
    revision: int | None


class Outcome(NamedTuple):
    """done: in order. declared: the topology that became the registry's, if one did. news: whom
    that moved, and all that `usched check` would warn of only now."""

    machine: Machine
    done: tuple[Done, ...]
    declared: Topology | None = None
    news: News = News()


def carry_out(context: Context, script: Iterable[ScriptLine], dry_run: bool = False) -> Outcome:
    """Carry out statements in one transaction, each valid in its turn.

    A topology given with the command becomes the registry's along with them. Raises with every
    problem of the whole script, and then changes nothing; nor does a dry run. Where the registry
    is yet to be made, it is only when all is known to be well (see `rehearse`).
    """
    if dry_run or not is_new(context.registry):
        return _carry_out(context, script, dry_run)[0]
    lines = list(script)
    outcome, entries = _carry_out(context, lines, dry_run=True)
    with open_registry(context, write=True) as store:
        if store.last_revision() == 0:  # as it was when this was tried
            store.record(entries, find_author())
            return outcome
    return _carry_out(context._replace(tell=lambda _: None), lines, dry_run)[0]


def _carry_out(
    context: Context, script: Iterable[ScriptLine], dry_run: bool
) -> tuple[Outcome, list[Entry]]:
    with open_registry(context, not dry_run) as store:
        machine = find_machine(store, context)
        record = write_record(machine.topology) if machine.origin == "given" else None
        news = News()
        if record is not None and record != store.topology_record():
            check_topology(store, machine.topology, find_declared(store))
            news = find_news(store, context, machine.topology)
        else:
            record = None
        ledger = Ledger(Tree(store, machine.topology), store.last_revision() + 1)
        ledger.take_all(script)
        if record is not None:
            ledger.add_topology(record, machine.topology, news.moved)
        met = list(store.met)
        names = dict.fromkeys(change.name for done in ledger.done for change in done.changes)
        warnings = find_new_warnings(Tree(store, machine.topology), ledger.tree, names)
        if not dry_run:
            store.record(ledger.entries, find_author())
        for damaged in met:
            if not damaged.name or ledger.tree.stored(damaged.name) == damaged:  # not mended
                context.tell(format_problem(describe_damage(ledger.tree, damaged)))
    declared = machine.topology if record is not None else None
    news = News(news.moved, tuple(dict.fromkeys((*news.warnings, *warnings))))
    return Outcome(machine, tuple(ledger.done), declared, news), ledger.entries


class Ledger:
    """Statements as they are carried out, what each one did, and all that went wrong."""

    def __init__(self, tree: Tree, number: int) -> None:
        self.tree = tree
        self.number = number
        self.done: list[Done] = []
        self.entries: list[Entry] = []
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
        self.entries.append(Entry(self.number, format_statement(statement), edits, None, moved))
        self.done.append(Done(statement, changes, self.number))
        self.number += 1

    def add_topology(self, record: str, topology: Topology, moved: Sequence[Moved]) -> None:
        """The first revision brings the topology along, and moves what that moves; without one it
        is a revision itself."""
        if self.entries:
            first = self.entries[0]
            text = f"{first.text}  # and {describe_topology(topology)}"
            known = {each.name: each for each in (*first.moved, *moved)}
            self.entries[0] = Entry(first.number, text, first.edits, record, (*known.values(),))
        else:
            text = describe_topology(topology)
            self.entries.append(Entry(self.number, text, (), record, tuple(moved)))

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
        self._stored = {statement.name: tree.stored(statement.name)}
        if not isinstance(statement, Declare):
            self._stored.update((name, tree.stored(name)) for name in tree.going(statement.name))

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """What the registry itself must note: declarations, not what follows from them."""
        if isinstance(self._statement, Declare):
            names = [self._statement.name]
        else:
            names = [change.name for change in changes if change.name in self._stored]
        edits = (Edit(name, self._stored[name], self._tree.find(name)) for name in names)
        return tuple(edit for edit in edits if differs(edit.before, edit.after))
