"""What a change means for the parts of others: what is back, what stands aside, what still does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from usched.actions.context import Context
from usched.meaning.grants import Granted, same_grant
from usched.meaning.history import Draft, GrantEdit
from usched.meaning.joined import Whole
from usched.meaning.overlay import Overlay
from usched.meaning.reach import Moved, reach_of
from usched.meaning.registry import Placed, Registry, Source
from usched.meaning.resolver import Resolver
from usched.meaning.working_copy import Change
from usched.words.cpuset import NO_CPUS
from usched.words.machine import Topology
from usched.words.problems import Problem, UschedError, format_problem
from usched.words.statement import is_beneath, parent_of


class Seen:
    """The registry with its parts as everybody sees it, before a change and after it.

    then, now: their trees, on the machine before it, and after it where that is another.
    """

    def __init__(
        self, before: Whole, after: Whole, machine: Topology, other: Topology | None = None
    ) -> None:
        self.before = before
        self.after = after
        self.then = Resolver(before.source, machine)
        self.now = Resolver(after.source, machine if other is None else other)

    def find_back(
        self, edited: Collection[str] = (), aside: Collection[str] = ()
    ) -> Iterator[Change]:
        """What stood aside and holds again. edited: what the change itself declares. aside: what
        held before it and did not in the middle of it."""
        held = _held(self.before) - set(aside)
        for name in sorted(_held(self.after) - held - set(edited)):
            scheduler = self.now.scheduler(name)
            if scheduler is not None:
                yield Change(name, None, scheduler, NO_CPUS, reach_of(self.now, scheduler))

    def find_pushed(self, back: Iterable[Change], without: Resolver) -> Iterator[Change]:
        """Who has others of its parent's cpus, or other real ones, since exclusive schedulers are
        back. without: the tree as it was made before they were."""
        taking = [each for each in back if each.after is not None and each.after.declare.exclusive]
        domains = dict.fromkeys(parent_of(each.name) for each in taking)
        if not domains:
            return
        for entry in self.now.walk():
            old, new = without.scheduler(entry.name), self.now.scheduler(entry.name)
            if old is None or new is None:
                continue
            if any(is_beneath(parent_of(entry.name), domain) for domain in domains):
                had, has = reach_of(without, old), reach_of(self.now, new)
                change = Change(entry.name, old, new, had, has)
                if change.differs:
                    yield change

    def find_aside(self, edited: Collection[str] = ()) -> Iterator[Moved]:
        """What held and holds no longer."""
        for name in sorted(_held(self.before) - _held(self.after) - set(edited)):
            scheduler = self.then.scheduler(name)
            if scheduler is not None:
                yield Moved(name, reach_of(self.then, scheduler), NO_CPUS)

    def still_wrong(self) -> list[Problem]:
        """What is to be said of the parts, less what stands aside only by the change, and of what
        is granted by it: there is no place for a store yet."""
        known = {(problem.rule, problem.name) for problem in self.before.problems}
        return [
            problem
            for problem in self.after.problems
            if (problem.rule, problem.name) in known
            or (problem.rule == "part" and problem.name in self.before.parts)
        ]


def _held(whole: Whole) -> set[str]:
    return {name for part in whole.parts.values() for name in part.source.names()}


@contextmanager
def telling(whole: Whole, context: Context) -> Iterator[None]:
    """What does not hold is told of a change that fails: it is why, or it was so before."""
    try:
        yield
    except UschedError:
        tell_all(whole.problems, context)
        raise


def tell_all(problems: Iterable[Problem], context: Context) -> None:
    for problem in problems:
        context.tell(format_problem(problem))


def grants_after(grants: Iterable[Granted], drafts: Iterable[Draft]) -> list[Granted]:
    """What is granted once revisions are written, by name."""
    found: dict[str, Granted | None] = {granted.name: granted for granted in grants}
    for draft in drafts:
        found.update((edit.name, edit.after) for edit in draft.grants)
    return [each for _, each in sorted(found.items()) if each is not None]


def compare_grants(old: Iterable[Granted], new: Iterable[Granted]) -> tuple[GrantEdit, ...]:
    """What makes of the one what the other is."""
    before = {each.name: each for each in old}
    after = {each.name: each for each in new}
    names = dict.fromkeys((*before, *after))
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(GrantEdit(*each) for each in pairs if not same_grant(*each[1:]))


def source_after(source: Source, drafts: Sequence[Draft]) -> Overlay:
    """What is declared once revisions are written."""
    overlay = Overlay(source)
    for draft in drafts:
        overlay.put({edit.name: edit.after for edit in draft.edits})
    return overlay


def registry_after(registry: Registry, drafts: Sequence[Draft]) -> Registry:
    """The same, of a registry that is read."""
    after = source_after(registry, drafts)
    entries = map(after.stored, after.names())
    return Registry([each for each in entries if isinstance(each, Placed)], after.damage())


def edited_names(drafts: Iterable[Draft]) -> set[str]:
    return {edit.name for draft in drafts for edit in draft.edits}
