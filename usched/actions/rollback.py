"""Going back to a revision, which is a revision itself."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context, find_host, open_registry, read_record, rehearse
from usched.actions.topology import News, compare_trees, find_declared
from usched.meaning.registry import Damaged, Placed, Registry, differs
from usched.meaning.tree import Tree
from usched.words.problems import NoSuchName, Problem, Refused
from usched.world.author import find_author
from usched.world.store import Edit, Entry, Store


class Rollback(NamedTuple):
    """What going back changes: statements before and after, and whether the topology does.

    machine: the name of the topology that is declared afterwards, None for none. news:
    what that means for the schedulers that there are then.
    """

    edits: tuple[Edit, ...]
    topology: bool
    revision: int | None
    machine: str | None = None
    news: News = News()


def roll_back(context: Context, number: int, dry_run: bool = False) -> Rollback:
    """Make the registry what it was after a revision; that is a revision itself.

    Raises NoSuchName for a revision that there is not, Refused when it does not fit the machine.
    """
    return rehearse(context, dry_run, lambda where, dry: _roll_back(where, number, dry))


def _roll_back(context: Context, number: int, dry_run: bool) -> Rollback:
    with open_registry(context, not dry_run) as store:
        require_revision(store, number)
        now, then = store.registry(), store.registry_at(number)
        if then.damage():
            raise Refused(_describe_gap(each, number) for each in then.damage())
        edits = _list_edits(now, then)
        record, old_record = store.topology_record(number), store.topology_record()
        changed = record != old_record
        if not edits and not changed:
            return Rollback((), False, None)
        machine = read_record(record) if record is not None else find_host(context).topology
        tree = Tree(then, machine)
        problems = tree.survey()
        if problems:
            raise Refused(problems)
        before = find_declared(store) if changed else machine
        if before is None:
            before = find_host(context._replace(tell=lambda _: None)).topology
        news = compare_trees(Tree(now, before), tree)
        revision = store.last_revision() + 1
        if not dry_run:
            topology = (record or "") if changed else None
            entry = Entry(revision, f"rollback {number}", edits, topology, news.moved)
            store.record([entry], find_author())
    name = machine.machine if record is not None else None
    return Rollback(edits, changed, revision, name, news)


def _list_edits(now: Registry, then: Registry) -> tuple[Edit, ...]:
    damaged = (each.name for each in now.damage() if each.name)
    names = dict.fromkeys((*now.names(), *damaged, *then.names()))
    pairs = ((name, now.stored(name), then.find(name)) for name in names)
    return tuple(
        Edit(name, before, after)
        for name, before, after in pairs
        if differs(before, after) or _moved(before, after)
    )


def _moved(before: Placed | Damaged | None, after: Placed | None) -> bool:
    return isinstance(before, Placed) and after is not None and before.place != after.place


def _describe_gap(damaged: Damaged, number: int) -> Problem:
    what = f"what {damaged.name or 'a scheduler'} was at revision {number} is damaged in the log"
    return Problem(f"{what}: {damaged.why}", None, "", "log", damaged.name)


def require_revision(store: Store, number: int) -> None:
    last = store.last_revision()
    if not 0 <= number <= last:
        has = f"0 to {last}" if last else "only 0, the empty registry"
        raise NoSuchName(Problem(f"there is no revision {number}", None, f"revisions are {has}"))
