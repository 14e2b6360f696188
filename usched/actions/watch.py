"""Watching over what is applied: new threads, cpus that come and go, what somebody else changes.

Nothing is kept that could not be told anew: who has which home says his affinity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from usched.actions.apply import apply_registry
from usched.actions.context import Context
from usched.actions.places import Changeable, Place, find_places
from usched.actions.plan import Plan, make_plan
from usched.actions.undoing import Groups
from usched.plan.pins import choose_homes, find_crowded
from usched.plan.readings import find_drift
from usched.plan.wanted import TOP, Group
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list
from usched.words.phrases import count
from usched.words.problems import UschedError
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.journal import Journal
from usched.world.linux.threads import REAL_TIME, Live, Thread, online_cpus, read_all

#: Whoever changes it back as often within so many seconds is not fought over it.
_MOST_AGAIN, _WHILE = 3, 60.0

_RIVAL = (
    f"it was applied again {_MOST_AGAIN} times within {_WHILE:.0f} s, and something else changes "
    "it: it is left as it is for a while"
)


class Watch:
    """report_only: whether nothing is changed. say: takes each line."""

    def __init__(
        self,
        context: Context,
        report_only: bool,
        say: Callable[[str], None],
        groups: Groups | None = None,
        change: Changeable | None = None,
    ) -> None:
        self._context = context._replace(tell=lambda _: None)
        self._report_only = report_only
        self._say = say
        self._groups = groups or Cgroups(context.root, TOP)
        self._change = change or Live()
        self._places: list[Place] = []
        self._online = NO_CPUS
        #: What Linux was last seen to be like, as a registry says.
        self._applied: tuple[Group, ...] | None = None
        self._said: list[str] = []
        self._again: list[float] = []
        self._journal = Journal(context.root)
        #: What was said of threads when all were looked at last, and since.
        self._of_threads: set[str] = set()
        self._now: set[str] = set()

    # -- threads --------------------------------------------------------------

    def start(self) -> None:
        """Raises Refused and EnvironmentFailed where the registry cannot be put on this machine."""
        plan = make_plan(self._context, self._groups)
        self._learn(plan)
        self._compare(plan, 0.0)
        self.look_at_threads(is_first=True)

    def look_at_threads(self, is_first: bool = False) -> None:
        """All of them. is_first: whether some may never have been given a home."""
        self._online = online_cpus(self._context.root)
        self._now = set()
        for place in self._places:
            if not _is_fair(place):
                there = place.groups.threads(place.threads.group)
                self._settle(place, there, set(), is_first)
        self._of_threads = self._now

    def hear(self, forked: Collection[int]) -> None:
        """These threads are new."""
        new = set(forked)
        for place in self._places:
            if new and not _is_fair(place):
                there = place.groups.threads(place.threads.group)
                if not new.isdisjoint(there):
                    self._settle(place, there, new, False)

    def notice_cpus(self) -> None:
        """If some came or went, homes are looked at anew."""
        online = online_cpus(self._context.root)
        if online != self._online:
            if self._online:
                self._say(f"cpus {format_cpu_list(online)} are online")
            self.look_at_threads()

    def _settle(self, place: Place, there: list[int], new: set[int], is_first: bool) -> None:
        """there: who is in its group. new: who was just forked, if that is why one looks."""
        if new and not place.threads.pinned:  # the others do not matter to them
            there = [tid for tid in there if tid in new]
        threads = read_all(place.root, there)
        homes = self._choose(place, threads, new, is_first)
        for thread, home in zip(threads, homes, strict=True):
            has = thread.affinity & place.online
            if home is not None and home & place.online != has:
                self._pin(place, thread, home)
            if place.threads.priority is not None and thread.policy not in REAL_TIME:
                self._give_priority(place, thread, place.threads.priority)

    def _choose(
        self, place: Place, threads: Sequence[Thread], new: set[int], is_first: bool
    ) -> Sequence[CpuSet | None]:
        if not place.threads.pinned:
            return [None] * len(threads)
        homes, online = place.threads.homes, place.online
        pinned: list[CpuSet | None] = [
            None if each.tid in new else each.affinity for each in threads
        ]
        if is_first:
            pinned = find_crowded(homes, online, pinned)
        return choose_homes(homes, online, pinned)

    def _pin(self, place: Place, thread: Thread, home: CpuSet) -> None:
        who = f"{thread.tid} ({thread.comm}) of {place.name}"
        cpus = format_cpu_list(home)
        if self._report_only:
            may = format_cpu_list(thread.affinity)
            self._report(f"{who} may run on cpus {may}, and its home is {cpus}")
            return
        self._do(f"{who}: its home is {cpus}", lambda: self._change.pin(thread.tid, home))

    def _give_priority(self, place: Place, thread: Thread, priority: int) -> None:
        who = f"{thread.tid} ({thread.comm}) of {place.name}"
        if self._report_only:
            self._report(
                f"{who} is SCHED_{thread.policy.upper()}, and should be SCHED_RR {priority}"
            )
            return
        what = f"{who}: it is SCHED_RR {priority}"
        self._do(what, lambda: self._change.set_policy(thread.tid, "rr", priority))

    def _do(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except ProcessLookupError:
            return
        except OSError as error:
            self._report(f"{what}: refused: {error.strerror}")
        else:
            self._say(what)

    def _report(self, line: str) -> None:
        """What stays as it is, once for as long as it does."""
        self._now.add(line)
        if line not in self._of_threads:
            self._of_threads.add(line)
            self._say(line)

    # -- groups ---------------------------------------------------------------

    def look_at_groups(self, now: float) -> None:
        """now: seconds of any clock. What is not as it was applied is said, and applied again."""
        if self._journal.exists():
            return
        try:
            plan = make_plan(self._context, self._groups)
            if self._journal.exists():  # somebody began to apply while this was read
                return
            self._learn(plan)
            self._compare(plan, now)
        except UschedError as error:
            self._tell([problem.what for problem in error.problems])

    def _learn(self, plan: Plan) -> None:
        cpus = CpuSet.of(cpu for each in plan.wanted.threads.values() for cpu in each.cpus)
        self._places = find_places(self._context.root, plan.wanted.threads, cpus)

    def _compare(self, plan: Plan, now: float) -> None:
        drift = list(find_drift(plan.wanted.groups, plan.observed))
        if not drift:
            self._said = []
            # what waits to be confirmed may be undone, and is then not to be applied again
            if self._journal.load_trial() is None:
                self._applied = plan.wanted.groups
        elif "" not in plan.observed:
            self._applied = None  # by `usched release`, which is meant
            self._tell(drift)
        elif plan.wanted.groups != self._applied:
            # declared since, or not applied yet: that is for whoever declares to do
            self._tell(["Linux is not as the registry says: usched apply, or usched verify"])
        else:
            wishes = bool(plan.steps) and not self._report_only
            may = wishes and self._may_apply_again(now)
            self._tell([*drift, *([_RIVAL] if wishes and not may else [])])
            if may:
                self._again.append(now)
                done = apply_registry(self._context, self._groups)
                self._said = []
                self._say(f"applied again: {count(len(done.steps), 'step')}")

    def _may_apply_again(self, now: float) -> bool:
        self._again = [at for at in self._again if now - at < _WHILE]
        return len(self._again) < _MOST_AGAIN

    def _tell(self, lines: list[str]) -> None:
        """What is the matter, once, and again when it is something else."""
        for line in lines:
            if line not in self._said:
                self._say(line)
        self._said = lines


def _is_fair(place: Place) -> bool:
    """Whether its threads have neither homes nor a policy of their own."""
    return not place.threads.pinned and place.threads.priority is None
