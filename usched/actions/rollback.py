"""Going back to a revision, which is a revision itself."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context, change_registry, find_host
from usched.actions.topology import News, compare_machines
from usched.meaning.history import Draft, Edit, NewTopology
from usched.meaning.registry import Damaged, Placed, Registry, differs
from usched.meaning.resolver import Resolver
from usched.words.problems import NoSuchName, Problem, Refused
from usched.world.store import Store


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
    return change_registry(context, dry_run, lambda store, told: _roll_back(store, told, number))


def _roll_back(store: Store, context: Context, number: int) -> tuple[Rollback, list[Draft]]:
    require_revision(store, number)
    now, then = store.registry(), store.registry_at(number)
    if then.damage():
        raise Refused(_describe_gap(each, number) for each in then.damage())
    edits = _list_edits(now, then)
    declared, before = store.topology(number), store.topology()
    if not edits and declared == before:
        return Rollback((), False, None), []
    machine = find_host(context).topology if declared is None else declared
    tree = Resolver(then, machine)
    problems = tree.survey()
    if problems:
        raise Refused(problems)
    if declared == before:
        before = machine
    elif before is None:
        before = find_host(context._replace(tell=lambda _: None)).topology
    news = compare_machines(Resolver(now, before), tree)
    changed = None if declared == store.topology() else NewTopology(declared)
    draft = Draft(store.last_revision() + 1, f"rollback {number}", edits, changed, news.moved)
    name = None if declared is None else declared.machine
    return Rollback(edits, changed is not None, draft.number, name, news), [draft]


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
