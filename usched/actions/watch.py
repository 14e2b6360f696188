"""Watching over what is applied: new threads, cpus that come and go, what somebody else changes.

Nothing is kept that could not be told anew: who has which home says his affinity, as long as the
kernel leaves it to him.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from usched.actions.apply import apply_registry
from usched.actions.charges import find_charges
from usched.actions.context import Context
from usched.actions.groups import Groups
from usched.actions.places import Changeable, Place, find_places, giving_homes
from usched.actions.plan import Plan, make_plan
from usched.actions.remedies import by_me
from usched.plan.difference import find_part
from usched.plan.owners import Held
from usched.plan.pins import choose_homes, find_crowded
from usched.plan.readings import find_drift
from usched.plan.wanted import REAL_TIME, TOP, Group
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list
from usched.words.phrases import count
from usched.words.problems import UschedError
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.home_lock import PATIENCE
from usched.world.linux.journal import Journal
from usched.world.linux.ownership import find_holder_name
from usched.world.linux.threads import Live, Thread, online_cpus, read_all

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
        self._context = context.quiet
        self._report_only = report_only
        self._say = say
        self._patience = PATIENCE
        self._groups = groups or Cgroups(context.root, TOP)
        self._change = change or Live()
        self._places: list[Place] = []
        self._online = NO_CPUS
        #: What Linux was last seen to be like, as a registry says.
        self._applied: tuple[Group, ...] | None = None
        self._said: list[str] = []
        self._again: list[float] = []
        charges = find_charges(context, groups)
        self._journals = [Journal(context.root), *(each.journal for each in charges)]
        #: By scheduler and thread, which is told by when it was born, too.
        self._homes: dict[str, dict[tuple[int, int], CpuSet]] = {}
        #: What was said of threads when all were looked at last, and since.
        self._of_threads: set[str] = set()
        self._now: set[str] = set()

    @property
    def schedulers(self) -> int:
        """How many are applied."""
        return len(self._places)

    # -- threads --------------------------------------------------------------

    def start(self) -> None:
        """Raises Refused and EnvironmentFailed where the registry cannot be put on this machine."""
        plan = make_plan(self._context, self._groups)
        self._learn(plan)
        self._compare(plan, 0.0)
        self.look_at_threads(is_first=True)

    def look_at_threads(self, is_first: bool = False) -> None:
        """All of them; and if cpus came or went, that is told. is_first: whether some threads may
        never have been given a home."""
        online = online_cpus(self._context.root)
        if self._online and online != self._online:
            self._say(f"cpus {format_cpu_list(online)} are online")
        self._online = online
        self._now = set()
        for place in self._places:
            if not _is_fair(place):
                self._settle(place, set(), is_first)
        self._of_threads = set(self._now)

    def hear(self, forked: Collection[int]) -> None:
        """These threads are new."""
        new = set(forked)
        for place in self._places:
            if new and not _is_fair(place):
                there = place.groups.threads(place.threads.group)
                if not new.isdisjoint(there):
                    self._settle(place, new, False)

    def notice_cpus(self) -> None:
        """If some came or went, homes are looked at anew."""
        if online_cpus(self._context.root) != self._online:
            self.look_at_threads()

    def _settle(self, place: Place, new: set[int], is_first: bool) -> None:
        """new: who was just forked, if that is why one looks."""
        with giving_homes(place, self._say, self._patience) as is_alone:
            if place.threads.pinned:  # who never lets go is waited for once, and told of once
                self._patience = PATIENCE if is_alone else 0.0
            self._settle_all(place, new, is_first)

    def _settle_all(self, place: Place, new: set[int], is_first: bool) -> None:
        there = place.groups.threads(place.threads.group)
        if new and not place.threads.pinned:  # the others do not matter to them
            there = [tid for tid in there if tid in new]
        threads = read_all(place.root, there)
        known = self._homes.get(place.name, {})
        homes = self._choose(place, threads, new, is_first)
        for thread, home in zip(threads, homes, strict=True):
            if home is not None and self._is_to_be_pinned(
                place, thread, home, known.get((thread.tid, thread.born))
            ):
                self._pin(place, thread, home)
            if place.threads.priority is not None and thread.policy not in REAL_TIME:
                self._give_priority(place, thread, place.threads.priority)

    def _is_to_be_pinned(
        self, place: Place, thread: Thread, home: CpuSet, known: CpuSet | None
    ) -> bool:
        """known: the home that it had. Where that is offline, and one cpu is left, the kernel has
        put it there already, and would take it back with the cpu (from Linux 6.12 on)."""
        if home & place.online != thread.affinity & place.online:
            return True
        return known is not None and not known & place.online and not self._report_only

    def _choose(
        self, place: Place, threads: Sequence[Thread], new: set[int], is_first: bool
    ) -> Sequence[CpuSet | None]:
        if not place.threads.pinned:
            return [None] * len(threads)
        homes, online = place.threads.homes, place.online
        pinned: list[CpuSet | None] = [
            None if each.tid in new else self._find_home(place, each) for each in threads
        ]
        if is_first:
            pinned = find_crowded(homes, online, pinned)
        chosen = choose_homes(homes, online, pinned)
        keys = [(each.tid, each.born) for each in threads]
        self._homes[place.name] = {
            key: home for key, home in zip(keys, chosen, strict=True) if home
        }
        return chosen

    def _find_home(self, place: Place, thread: Thread) -> CpuSet:
        """Where it is pinned. Linux 6.1 takes that from all threads of a group when one of its cpus
        goes: then as it was."""
        homes, online = place.threads.homes, place.online
        known = self._homes.get(place.name, {}).get((thread.tid, thread.born))
        if known is None or any(home & online == thread.affinity & online for home in homes):
            return thread.affinity
        return known

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
        is_new = line not in self._of_threads
        self._now.add(line)
        self._of_threads.add(line)
        if is_new:
            self._say(line)

    # -- groups ---------------------------------------------------------------

    def look_at_groups(self, now: float) -> None:
        """now: seconds of any clock. What is not as it was applied is said, and applied again."""
        stamps = self._stamps()
        if self._somebody_applies():
            return
        try:
            plan = make_plan(self._context, self._groups)
            # somebody began while this was read, and may have come to his end as well
            if self._somebody_applies() or self._stamps() != stamps:
                return
            self._learn(plan)
            self._compare(plan, now)
        except UschedError as error:
            self._tell([problem.what for problem in error.problems])

    def _somebody_applies(self) -> bool:
        return any(each.exists() for each in self._journals)

    def _stamps(self) -> list[str]:
        return [each.stamp() for each in self._journals]

    def _learn(self, plan: Plan) -> None:
        self._places = find_places(self._context.root, plan.wanted.threads)

    def _compare(self, plan: Plan, now: float) -> None:
        found = find_drift(plan.wanted.groups, plan.observed, find_holder_name)
        drift = [each.what for each in found]
        if not drift:
            self._said = []
            # what waits to be confirmed may be undone, and is then not to be applied again
            if all(each.load_trial() is None for each in self._journals):
                self._applied = plan.wanted.groups
        elif not any(top in plan.observed for top in plan.tops):
            self._applied = None  # by `usched release`, which is meant
            self._tell(drift)
        elif plan.wanted.groups != self._applied:
            # declared since, or not applied yet: that is for whoever declares to do
            how = by_me(self._context, "apply")
            self._tell([f"Linux is not as the registry says (see verify): {how}"])
        else:
            wishes = _is_ours(plan) and not self._report_only
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


def _is_ours(plan: Plan) -> bool:
    """Whether anything is to be done but what others make of what they hold."""
    held = Held.of_wanted(plan.wanted.groups)
    return any(find_part(held, step) is None for step in plan.steps)
