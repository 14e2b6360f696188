"""Who runs in which scheduler."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import tell_unapplied
from usched.actions.read import read_tree
from usched.plan.wanted import OUTSIDE, TOP, scheduler_of
from usched.words.statement import is_beneath
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.threads import Thread, read_all


class Running(NamedTuple):
    scheduler: str
    thread: Thread


def list_running(context: Context, name: str | None = None) -> list[Running]:
    """The threads in all groups, or those in one scheduler and beneath it; by groups, each the
    oldest first. Raises NoSuchName, and EnvironmentFailed where there is no cgroup v2."""
    groups = Cgroups(context.root, TOP)
    paths = [path for path in groups.read() if path != OUTSIDE]
    if not paths:
        tell_unapplied(context)
    owners = {path: scheduler_of(path) for path in paths}
    if name is not None and name not in owners.values():
        read_tree(context).require(name)
    return [
        Running(owner, thread)
        for path, owner in owners.items()
        if name is None or is_beneath(owner, name)
        for thread in read_all(context.root, groups.threads(path))
    ]
