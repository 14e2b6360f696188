"""Threads in groups that do not run as their schedulers say: not pinned, or of another policy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import Place, find_places
from usched.actions.remedies import by_me
from usched.plan.difference import EFFECTIVE, Observed
from usched.plan.strays import Runs, find_strays
from usched.plan.wanted import Wanted
from usched.words.cpuset import parse_cpu_list
from usched.words.phrases import count
from usched.words.problems import Problem
from usched.world.linux.threads import read_all

#: Seconds until it is looked again: who was only just forked may be about to get a home.
_AGAIN = 0.2


class _Stray(NamedTuple):
    """how: the end of a sentence. born: since numbers are used again."""

    scheduler: str
    tid: int
    born: int
    comm: str
    how: str

    @property
    def who(self) -> tuple[str, int, int]:
        return self.scheduler, self.tid, self.born


def find_stray_threads(context: Context, wanted: Wanted, observed: Observed) -> list[Problem]:
    """In sentences, the last with what to type. observed: the groups as they were just read."""
    places = find_places(context.root, wanted.threads)
    first = {each.who for each in _look(places, observed)}
    if not first:
        return []
    time.sleep(_AGAIN)
    strays = [each for each in _look(places, observed) if each.who in first]
    problems = [Problem(what, None, "", "thread", name) for name, what in _describe(strays)]
    if problems:
        move, watch = by_me(context, "move PID into NAME"), by_me(context, "watch")
        remedy = f"{move} makes it run as NAME says\n{watch} sees to new threads"
        problems[-1] = problems[-1]._replace(remedy=remedy)
    return problems


def _look(places: list[Place], observed: Observed) -> Iterator[_Stray]:
    for place in places:
        effective = parse_cpu_list(observed.get(place.threads.group, {}).get(EFFECTIVE, ""))
        tids = place.groups.threads(place.threads.group)
        threads = [each for each in read_all(place.root, tids) if not each.is_kernel]
        runs = [Runs(each.policy, each.priority, each.affinity) for each in threads]
        for at, how in find_strays(place.threads, effective, place.online, runs):
            each = threads[at]
            yield _Stray(place.name, each.tid, each.born, each.comm, how)


def _describe(strays: list[_Stray]) -> Iterator[tuple[str, str]]:
    """A sentence for all of a scheduler that are alike, with its name."""
    alike: dict[tuple[str, str], list[_Stray]] = {}
    for each in strays:
        alike.setdefault((each.scheduler, each.how), []).append(each)
    for (name, how), group in alike.items():
        first = f"{group[0].tid} ({group[0].comm})"
        more = f" and {count(len(group) - 1, 'other')}" if len(group) > 1 else ""
        yield name, f"{first}{more} of {name} {how}"
