"""Moving processes into a scheduler, with all that they forked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.family import Family, Meant, find_meant
from usched.actions.places import (
    Changeable,
    Place,
    Refusal,
    find_homes,
    find_needs,
    find_place,
    giving_homes,
    read_neighbours,
    settle,
    tell_alone,
)
from usched.words.cpuset import format_cpu_list
from usched.words.phrases import count, join_names
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem, Refused
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.group_reading import MOUNT
from usched.world.linux.refusals import explain_refusal
from usched.world.linux.threads import Live, Thread, group_path, read_all, read_thread, threads_of

#: How often it is looked for what was forked meanwhile.
_MOST_PASSES = 1_000


class MovedCount(NamedTuple):
    processes: int
    threads: int


#: A process or thread, of which the number may be used again: with when it was born.
_Key = tuple[int, int]


def move(
    context: Context, words: Sequence[str], name: str, change: Changeable | None = None
) -> MovedCount:
    """words: pids, tids, and patterns of what processes are called.

    Raises NoSuchName, Refused or NotPermitted where something cannot be moved, before anything is,
    and EnvironmentFailed where the kernel refuses a process: then all are back where they were.
    """
    place = find_place(context, name)
    meant = find_meant(context.root, words)
    _check_threads(place, meant.tids)
    mover = _Mover(place, Family(context.root, meant, context.tell), context.tell)
    with giving_homes(place, context.tell):
        mover.enter_all()
        if mover.alone:
            tell_alone(place, context, mover.closed)
        mover.settle_all(change or Live())
        if meant.tids:
            mover.settle_threads(meant.tids, change or Live())
    mover.report()
    return mover.count(meant)


def _check_threads(place: Place, tids: Sequence[int]) -> None:
    """Single threads keep their group, and may run on its cpus only."""
    problems = []
    for thread in read_all(place.root, list(tids)):
        group = group_path(place.root, thread.pid)
        if group is None or group == place.group:
            continue
        there = Cgroups(place.root, "").effective(group) if group else None
        if there is not None and not there & place.threads.cpus:
            ours = format_cpu_list(place.threads.cpus)
            what = (
                f"thread {thread.tid} ({thread.comm}) stays in the group of its process, /{group}, "
                f"on cpus {format_cpu_list(there)}, and {place.name} has none of these, but {ours}"
            )
            remedy = f"move the whole process: {thread.pid}"
            problems.append(Problem(what, None, remedy, "thread", place.name))
    if problems:
        raise Refused(problems)


class _Mover:
    """moved: the group that each process was in before. entered: those that were put elsewhere.
    alone: the pids of those that may not enter. closed: how the kernel refused the first of them.
    settled: of each thread, its process."""

    def __init__(self, place: Place, family: Family, tell: Callable[[str], None]) -> None:
        self.place = place
        self.family = family
        self.tell = tell
        self.alone: set[int] = set()
        self.closed: StepFailed | None = None
        self.moved: dict[_Key, str | None] = {}
        self.entered: list[_Key] = []
        self.settled: dict[_Key, int] = {}
        #: Single threads of processes that are not in the group.
        self.outside: set[_Key] = set()
        #: What was refused, and of whom.
        self.refused: dict[Refusal, list[Thread]] = {}

    def enter_all(self) -> None:
        """Again and again, since they may fork while they are moved; what is forked by one that is
        inside is inside."""
        for _ in range(_MOST_PASSES):
            fresh = [each for each in self.family.look() if _key(each) not in self.moved]
            strangers = []
            for each in fresh:
                group = group_path(self.place.root, each.pid)
                self.moved[_key(each)] = group
                if not self.place.is_applied or each.parent in self.alone:
                    self.alone.add(each.pid)
                elif group != self.place.group:
                    strangers.append(each)
            if not strangers:
                return
            for each in strangers:
                self._enter(each)
        self._go_back()
        what = "processes are forked faster than they are moved"
        raise EnvironmentFailed(Problem(what, None, "stop who forks them: kill -STOP"))

    def _enter(self, process: Thread) -> None:
        try:
            self.place.groups.move(process.pid, self.place.threads.group)
        except StepFailed as failed:
            if not failed.is_closed:
                self._go_back()
                who = f"{process.pid} ({process.comm}): "
                raise explain_refusal(failed, who, "all are back where they were") from failed
            self.closed = self.closed or failed
            self.alone.add(process.pid)
        else:
            self.entered.append(_key(process))

    def _go_back(self) -> None:
        outside = Cgroups(self.place.root, "")
        for key in self.entered:
            pid, group = key[0], self.moved[key]
            if group is None:
                continue
            try:
                outside.move(pid, group)
            except StepFailed as failed:
                self.tell(
                    f"{pid} cannot be put back into /{MOUNT}/{group}: {failed.error.strerror}"
                )

    def settle_all(self, change: Changeable) -> None:
        """The threads of all of them, until every new one has it from who made it."""
        is_first = True
        for _ in range(_MOST_PASSES):
            tids = [tid for pid, _ in self.moved for tid in threads_of(self.place.root, pid)]
            found = read_all(self.place.root, tids)
            fresh = [each for each in found if _key(each) not in self.settled]
            self.settled |= {_key(each): each.pid for each in fresh}
            if not is_first:
                fresh = [each for each in fresh if self._needs(each)]
            if not fresh:
                return
            is_first = False
            for joined in (True, False):
                chosen = [each for each in fresh if (each.pid not in self.alone) == joined]
                if chosen:
                    self._settle(chosen, joined, change)
            self.enter_all()
        what = "threads are made faster than they are settled"
        raise EnvironmentFailed(Problem(what, None, "stop who makes them: kill -STOP"))

    def _needs(self, thread: Thread) -> bool:
        known = {refusal.what for refusal in self.refused}
        joined = thread.pid not in self.alone
        return not known.issuperset(find_needs(self.place, thread, joined))

    def settle_threads(self, tids: Sequence[int], change: Changeable) -> None:
        """Single threads: their group stays that of their process."""
        outside = []
        for thread in read_all(self.place.root, list(tids)):
            group = group_path(self.place.root, thread.pid)
            joined = group == self.place.group
            if not joined:
                self.tell(
                    f"thread {thread.tid} stays in the group of its process {thread.pid}, "
                    f"/{group or ''}: Linux moves whole processes, and of a thread only its cpus "
                    "and its policy"
                )
            self.settled[_key(thread)] = thread.pid
            if joined:
                self._settle([thread], True, change)
            else:
                outside.append(thread)
        self.outside = {_key(each) for each in outside}
        if outside:
            self._settle(outside, False, change)

    def _settle(self, fresh: Sequence[Thread], joined: bool, change: Changeable) -> None:
        new = {each.tid for each in fresh}
        neighbours = read_neighbours(self.place, joined)
        others = [each for each in neighbours if each.tid not in new]
        homes = find_homes(self.place, len(fresh), others)
        for each, home in zip(fresh, homes, strict=True):
            # to be moved may have cost it its affinity (Linux 6.1)
            thread = read_thread(self.place.root, each.tid)
            if thread is not None:
                for refusal in settle(self.place, thread, home, joined, change):
                    self.refused.setdefault(refusal, []).append(thread)

    def count(self, meant: Meant) -> MovedCount:
        """Raises EnvironmentFailed where all stay where they were, and NoSuchName where all have
        ended meanwhile."""
        stuck = {
            _key(thread)
            for refusal, threads in self.refused.items()
            for thread in threads
            if refusal.of_cpus and (thread.pid in self.alone or _key(thread) in self.outside)
        }
        came = {key: pid for key, pid in self.settled.items() if key not in stuck}
        if stuck and not came:
            remedy = "" if self.alone else "name the process, not its threads"
            what = f"nothing is moved into {self.place.name}"
            raise EnvironmentFailed(Problem(what, None, remedy, for_root=bool(self.alone)))
        there = {tid for tid, _ in self.settled} | set(self.settled.values())
        ended = [str(each) for each in (*meant.pids, *meant.tids) if each not in there]
        if not came:
            what = f"{join_names(ended or meant.patterns)} ended before it was moved"
            raise NoSuchName(Problem(what, None, "ps -eL shows who is there", "pid"))
        if ended:
            self.tell(f"{join_names(ended)} ended before it was moved")
        return MovedCount(len({pid for pid, _ in self.moved} & set(came.values())), len(came))

    def report(self) -> None:
        for refusal, threads in self.refused.items():
            first = f"{threads[0].tid} ({threads[0].comm})"
            more = f" and {count(len(threads) - 1, 'other')}" if len(threads) > 1 else ""
            self.tell(f"{first}{more}: {refusal.why}")


def _key(thread: Thread) -> _Key:
    return thread.tid, thread.born
