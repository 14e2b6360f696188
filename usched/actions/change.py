"""Changing the registry: statements, scripts, the topology, rollback. All or nothing."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from usched.actions.context import (
    Context,
    Machine,
    find_host,
    find_machine,
    open_registry,
    read_record,
    write_record,
)
from usched.meaning.registry import Placed, Registry
from usched.meaning.tree import Change, Tree
from usched.text.canonical import format_statement
from usched.text.grammar import Unreadable
from usched.words.machine import Topology
from usched.words.problems import (
    Line,
    Misused,
    NoSuchName,
    Problem,
    Refused,
    UschedError,
)
from usched.words.statement import Declare, Statement, is_beneath, parent_of
from usched.world.store import Author, Edit, Entry, Store, check_folder, is_new

R = TypeVar("R")

ScriptLine = tuple[Line | None, "Statement | Unreadable"]


class Done(NamedTuple):
    """One statement carried out. changes: every scheduler that differs; () if it was so before.

    revision: the number that it has, or would have.
    """

    statement: Statement
    changes: tuple[Change, ...]
    revision: int | None


class Outcome(NamedTuple):
    """done: in order. declared: the topology that became the registry's, if one did."""

    machine: Machine
    done: tuple[Done, ...]
    declared: Topology | None = None


def rehearse(context: Context, dry_run: bool, action: Callable[[Context, bool], R]) -> R:
    """Perform an action, given where and whether dry. Where its first write would make the
    registry it is tried without writing before: one that is refused must leave no file behind,
    and a file that others may have open cannot safely be taken away again."""
    if not dry_run and is_new(context.registry):
        if not context.is_default:
            check_folder(context.registry)
        action(context, True)
        context = context._replace(tell=lambda _: None)
    return action(context, dry_run)


def carry_out(context: Context, script: Iterable[ScriptLine], dry_run: bool = False) -> Outcome:
    """Carry out statements in one transaction, each valid in its turn.

    A topology given with the command becomes the registry's along with them. Raises with every
    problem of the whole script, and then changes nothing; nor does a dry run.
    """
    lines = list(script) if is_new(context.registry) else script  # a rehearsal reads it twice
    return rehearse(context, dry_run, lambda where, dry: _carry_out(where, lines, dry))


def _carry_out(context: Context, script: Iterable[ScriptLine], dry_run: bool) -> Outcome:
    with open_registry(context, not dry_run) as store:
        machine = find_machine(store, context)
        record = write_record(machine.topology) if machine.origin == "given" else None
        if record is not None and record != store.topology_record():
            check_topology(store, machine.topology, find_declared(store))
        else:
            record = None
        tree = Tree(store, machine.topology)
        ledger = Ledger(tree, store.last_revision() + 1)
        ledger.take_all(script)
        if record is not None:
            ledger.add_topology(record, machine.topology)
        if not dry_run:
            store.record(ledger.entries, find_author())
    declared = machine.topology if record is not None else None
    return Outcome(machine, tuple(ledger.done), declared)


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
        befores = Befores(self.tree, statement)
        changes = self.tree.apply(statement, self.number)
        edits = befores.edits(changes)
        if not edits:
            self.done.append(Done(statement, (), None))
            return
        self.entries.append(Entry(self.number, format_statement(statement), edits))
        self.done.append(Done(statement, changes, self.number))
        self.number += 1

    def add_topology(self, record: str, topology: Topology) -> None:
        """The first revision brings the topology along; without one it is a revision itself."""
        if self.entries:
            first = self.entries[0]
            text = f"{first.text}  # and {describe_topology(topology)}"
            self.entries[0] = Entry(first.number, text, first.edits, record)
        else:
            text = describe_topology(topology)
            self.entries.append(Entry(self.number, text, (), record))

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


class Befores:
    """The declarations that a statement may replace, looked up before it is carried out."""

    def __init__(self, tree: Tree, statement: Statement) -> None:
        self._tree = tree
        self._statement = statement
        self._placed: dict[str, Placed | None] = {statement.name: tree.find(statement.name)}
        if not isinstance(statement, Declare):
            self._placed.update((entry.name, entry) for entry in tree.walk(statement.name))

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """What the registry itself must note: declarations, not what follows from them."""
        if isinstance(self._statement, Declare):
            names = [self._statement.name]
        else:
            names = [change.name for change in changes if change.name in self._placed]
        edits = (Edit(name, self._placed[name], self._tree.find(name)) for name in names)
        return tuple(edit for edit in edits if _differs(edit.before, edit.after))


def _differs(before: Placed | None, after: Placed | None) -> bool:
    if before is None or after is None:
        return before is not after
    return format_statement(before.declare) != format_statement(after.declare)


# -- the topology -------------------------------------------------------------


def declare_topology(context: Context, machine: Machine, dry_run: bool = False) -> bool:
    """Make a topology the registry's; whether that is news. Raises if a scheduler is left out."""
    return rehearse(context, dry_run, lambda where, dry: _declare_topology(where, machine, dry))


def _declare_topology(context: Context, machine: Machine, dry_run: bool) -> bool:
    with open_registry(context, not dry_run) as store:
        record = write_record(machine.topology)
        if record == store.topology_record():
            return False
        check_topology(store, machine.topology, find_declared(store))
        if not dry_run:
            text = describe_topology(machine.topology)
            entry = Entry(store.last_revision() + 1, text, (), record)
            store.record([entry], find_author())
    return True


def forget_topology(context: Context, dry_run: bool = False) -> Machine | None:
    """Go back to the machine at hand; None if no topology was declared."""
    return rehearse(context, dry_run, _forget_topology)


def _forget_topology(context: Context, dry_run: bool) -> Machine | None:
    with open_registry(context, not dry_run) as store:
        old = find_declared(store)
        if old is None:
            return None
        host = find_host(context)
        check_topology(store, host.topology, old)
        if not dry_run:
            entry = Entry(store.last_revision() + 1, "topology forget", (), "")
            store.record([entry], find_author())
    return host


def find_declared(store: Store) -> Topology | None:
    """The declared topology, whatever is given with the command."""
    record = store.topology_record()
    return read_record(record) if record is not None else None


def check_topology(store: Store, new: Topology, old: Topology | None) -> None:
    """Refuse a topology on which a scheduler no longer fits, naming every one of them."""
    registry = store.registry()
    problems = Tree(registry, new).survey()
    if problems and old is not None:
        known = {problem.name for problem in Tree(registry, old).survey()}
        problems = [problem for problem in problems if problem.name not in known]
    if problems:
        raise Refused(problems)


def describe_topology(topology: Topology) -> str:
    return f"topology {topology.machine} ({len(topology.cpus)} cpus)"


# -- rollback -----------------------------------------------------------------


class Rollback(NamedTuple):
    """What going back changes: statements before and after, and whether the topology does.

    machine: the name of the topology that is declared afterwards, None for none.
    """

    edits: tuple[Edit, ...]
    topology: bool
    revision: int | None
    machine: str | None = None


def roll_back(context: Context, number: int, dry_run: bool = False) -> Rollback:
    """Make the registry what it was after a revision; that is a revision itself.

    Raises NoSuchName for a revision that there is not, Refused when it does not fit the machine.
    """
    return rehearse(context, dry_run, lambda where, dry: _roll_back(where, number, dry))


def _roll_back(context: Context, number: int, dry_run: bool) -> Rollback:
    with open_registry(context, not dry_run) as store:
        require_revision(store, number)
        now, then = store.registry(), store.registry_at(number)
        edits = _list_edits(now, then)
        record, old_record = store.topology_record(number), store.topology_record()
        changed = record != old_record
        if not edits and not changed:
            return Rollback((), False, None)
        machine = read_record(record) if record is not None else find_host(context).topology
        problems = Tree(then, machine).survey()
        if problems:
            raise Refused(problems)
        revision = store.last_revision() + 1
        if not dry_run:
            topology = (record or "") if changed else None
            entry = Entry(revision, f"rollback {number}", edits, topology)
            store.record([entry], find_author())
    return Rollback(edits, changed, revision, machine.machine if record is not None else None)


def _list_edits(now: Registry, then: Registry) -> tuple[Edit, ...]:
    names = dict.fromkeys((*now.names(), *then.names()))
    pairs = ((name, now.find(name), then.find(name)) for name in names)
    return tuple(
        Edit(name, before, after)
        for name, before, after in pairs
        if _differs(before, after) or (before and after and before.place != after.place)
    )


def require_revision(store: Store, number: int) -> None:
    last = store.last_revision()
    if not 0 <= number <= last:
        has = f"0 to {last}" if last else "only 0, the empty registry"
        raise NoSuchName(Problem(f"there is no revision {number}", None, f"revisions are {has}"))


def find_author() -> Author:
    """The real user, and where sudo stands in between, who called it."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    caller = os.environ.get("SUDO_USER")
    if uid == 0 and caller and caller != user:
        user = f"{user} (sudo: {caller})"
    return Author(uid, user)
