"""What of Linux's groups a user has in his charge: root all of them, a holder what he holds."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.groups import Groups
from usched.actions.parts import find_owner, read_holders
from usched.actions.read_parts import chain_of
from usched.actions.remedies import by_me, by_root
from usched.actions.undoing import describe_trial, finish_earlier, refuse_during_trial
from usched.meaning.grants import Hands, Part
from usched.plan.difference import PROCESSES, Observed, Step
from usched.plan.owners import holder_of
from usched.plan.part_groups import Portion, narrow_observed
from usched.plan.wanted import TOP, full_path, group_of
from usched.words.problems import EnvironmentFailed, Problem
from usched.words.statement import is_beneath, parent_of
from usched.world.accounts import find_actor, owns
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.journal import Journal
from usched.world.linux.part_journal import PartJournal
from usched.world.linux.threads import group_path
from usched.world.registry_file import is_new


class Charge(NamedTuple):
    """portion: of a holder; None for all there is. groups: what may be changed. everything: all
    groups, to be read."""

    portion: Portion | None
    groups: Groups
    everything: Groups
    journal: Journal

    def read(self) -> Observed:
        """The groups with whose they are; a holder's, and what is above and handed on of it."""
        return self.everything.read(self.portion.path if self.portion else "")


def find_charges(context: Context, groups: Groups | None = None) -> list[Charge]:
    """Raises NotPermitted for a holder of nothing but grants that have ended."""
    groups = groups or Cgroups(context.root, TOP)
    parts = _find_parts(context)
    actor = find_actor(context.registry)
    hands = Hands({each.name: each for each in parts}, find_owner(context.registry), actor)
    held = hands.held()
    current = [name for name in held if not hands.has_ended(hands.parts[name])]
    if held and not current:
        hands.require_current(held[0])
    if not held:
        return [charge_of_all(context.root, groups)]
    return [_charge(context, groups, parts, name) for name in current]


def charge_of_all(root: str, groups: Groups) -> Charge:
    """Root's, and that of who has a registry of his own."""
    return Charge(None, groups, groups, Journal(root))


def my_holders() -> set[str]:
    """What an `Owner` says of this user."""
    return {str(os.geteuid()), *(f"@{each}" for each in (os.getegid(), *os.getgroups()))}


def _find_parts(context: Context) -> Sequence[Part]:
    """None for who has all there is in his charge anyway, or has no registry of anybody's."""
    if os.geteuid() == 0 or is_new(context.registry) or owns(context.registry):
        return ()
    return read_holders(context)


def _charge(context: Context, groups: Groups, parts: Sequence[Part], name: str) -> Charge:
    part = next(each for each in parts if each.name == name)
    handed = [each.name for each in parts if is_beneath(parent_of(each.name), name)]
    portion = Portion(group_of(name), tuple(map(group_of, handed)), holder_of(part))
    journal = PartJournal(context.root, context.registry, chain_of(parts, name), portion.path)
    return Charge(portion, _PartGroups(groups, portion, context.root), groups, journal)


class _PartGroups:
    """Of all groups those in a holder's charge, and no others, whatever is asked for."""

    def __init__(self, groups: Groups, portion: Portion, root: str) -> None:
        self._groups = groups
        self._portion = portion
        self._root = root

    def read(self, within: str = "") -> Observed:
        observed = self._groups.read(within or self._portion.path)
        return narrow_observed(observed, self._portion)

    def do(self, step: Step) -> None:
        self._require(step, step.path)
        if step.kind == "move":
            self._require(step, step.value)
        self._groups.do(step)

    def processes(self, path: str) -> list[int]:
        return self._groups.processes(path)

    def move(self, pid: int, path: str) -> None:
        """Of those in the part; a journal that others may write could name any."""
        self._require(Step("move", path, PROCESSES, str(pid)), path)
        if is_beneath(group_path(self._root, pid) or "", full_path(self._portion.path)):
            self._groups.move(pid, path)

    def _require(self, step: Step, path: str) -> None:
        if path != self._portion.path and not self._portion.has(path):
            raise StepFailed(step, OSError(errno.EACCES, "it is not this holder's"))


@contextmanager
def hold(charge: Charge, context: Context) -> Iterator[None]:
    """Nobody else changes what is in the charge, and nothing of before is unfinished.

    Raises EnvironmentFailed where somebody is at it, Refused where an apply waits to be confirmed.
    Root never waits for a holder: who holds a part waits for root.
    """
    with charge.journal.lock():
        if charge.portion is not None:
            _refuse_while_root_is_at_it(context)
        finish_earlier(charge.journal, charge.groups, context.tell)
        refuse_during_trial(charge.journal, by_me(context, "confirm"))
        yield


def _refuse_while_root_is_at_it(context: Context) -> None:
    journal = Journal(context.root)
    if journal.exists():
        what = "root's apply goes on, or did not come to its end"
        roots = by_root(context.registry, "apply")
        remedy = f"try again when it is done; if nothing goes on, root types: {roots}"
        raise EnvironmentFailed(Problem(what, None, remedy))
    waits = describe_trial(journal)
    if waits:
        remedy = "try again when it is confirmed, or undone"
        raise EnvironmentFailed(Problem(f"root: {waits}", None, remedy, "trial"))
