"""Who runs in which scheduler."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import tell_unapplied
from usched.actions.read import read_tree
from usched.plan.wanted import OUTSIDE, TOP, scheduler_of, shown_path
from usched.words.phrases import join_names
from usched.words.statement import is_beneath
from usched.world.linux.cgroups import FROM_OUTSIDE, Cgroups
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
    if name is not None:
        if name not in owners.values():
            read_tree(context).require(name)
        paths = [path for path in paths if is_beneath(owners[path], name)]
    entered = [shown_path(path) for path in paths if groups.has_outsiders(path)]
    if entered:
        context.tell(
            f"processes {FROM_OUTSIDE} are in {join_names(entered)}, too: they have no pid here"
        )
    return [
        Running(owners[path], thread)
        for path in paths
        for thread in read_all(context.root, groups.threads(path))
    ]
