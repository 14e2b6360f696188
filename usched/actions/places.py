"""Where the threads of a scheduler run here and now, and how a thread is made to run there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import NamedTuple, Protocol

from usched.actions.context import Context
from usched.actions.plan import check_machine
from usched.actions.read import read_joined
from usched.actions.remedies import by_root, by_sudo
from usched.meaning.resolver import Resolver
from usched.plan.lower_cgroup import lower
from usched.plan.pins import choose_homes
from usched.plan.wanted import REAL_TIME, TOP, Threads, full_path
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem, Refused
from usched.world.accounts import find_user_name
from usched.world.linux.cgroups import Cgroups, StepFailed, read_kernel
from usched.world.linux.home_lock import PATIENCE, lock_homes
from usched.world.linux.refusals import explain_errno
from usched.world.linux.threads import (
    Thread,
    is_live,
    online_cpus,
    possible_cpus,
    read_all,
    read_processes,
    threads_of,
)
from usched.world.paths import SYSTEM_REGISTRY


class Changeable(Protocol):
    """Threads that can be changed. Every method raises OSError."""

    def pin(self, tid: int, cpus: CpuSet) -> None: ...
    def set_policy(self, tid: int, policy: str, priority: int = 0) -> None: ...
    def set_nice(self, tid: int, nice: int) -> None: ...


class Place(NamedTuple):
    """name: of the scheduler. is_applied: whether its group is there. possible: all cpus that the
    machine can have."""

    root: str
    name: str
    threads: Threads
    is_applied: bool
    possible: CpuSet

    @property
    def group(self) -> str:
        return full_path(self.threads.group)

    @property
    def groups(self) -> Cgroups:
        return Cgroups(self.root, TOP)

    @property
    def online(self) -> CpuSet:
        """As of now; all, where Linux does not say."""
        return online_cpus(self.root) or self.possible


def find_place(context: Context, name: str) -> Place:
    """Raises NoSuchName, and Refused where no thread can run in that scheduler."""
    kernel = read_kernel(context.root)
    check_live(context.root)
    tree, hands = read_joined(context)
    _require(context, tree, name)
    resolution = tree.resolve(name)
    if resolution.scheduler is None:
        raise Refused(resolution.problems or Problem(f"{name} does not fit the machine", None))
    check_machine(context, tree)
    threads = lower(tree, kernel, hands.parts).threads.get(name)
    if threads is None:
        what = f"nothing can run in {name} itself: its children hold all its cpus (exclusive)"
        remedy = f"name one of these: usched tree {name}"
        raise Refused(Problem(what, None, remedy, "exclusive", name))
    is_applied = Cgroups(context.root, TOP).exists(threads.group)
    possible = possible_cpus(context.root) or tree.topology.all
    return Place(context.root, name, threads, is_applied, possible)


def _require(context: Context, tree: Resolver, name: str) -> None:
    """Whoever has a registry of his own may mean the system's."""
    try:
        tree.require(name)
    except NoSuchName as error:
        is_own = context.is_default and context.registry != SYSTEM_REGISTRY
        if not is_own or not os.access(SYSTEM_REGISTRY, os.R_OK):
            raise
        (problem,) = error.problems
        more = f"the system's schedulers: usched --registry {SYSTEM_REGISTRY} list"
        raise NoSuchName(problem._replace(remedy=f"{problem.remedy}\n{more}")) from error


def check_live(root: str) -> None:
    """Raises EnvironmentFailed where the numbers of processes beneath a root are not ours."""
    if not is_live(root):
        what = f"the processes of {os.path.join(root, 'proc')} are not those of this system"
        raise EnvironmentFailed(Problem(what, None, "mount -t proc none there", "root"))


def find_places(root: str, wanted: Mapping[str, Threads]) -> list[Place]:
    """Those of all schedulers that are applied."""
    groups = Cgroups(root, TOP)
    possible = possible_cpus(root)
    if not possible:  # Linux does not say
        possible = CpuSet.of(cpu for each in wanted.values() for cpu in each.cpus)
    return [
        Place(root, name, threads, True, possible)
        for name, threads in wanted.items()
        if groups.exists(threads.group)
    ]


def tell_unapplied(context: Context) -> None:
    how = by_sudo(context.registry, "apply")
    context.tell(f"nothing is applied: Linux has no group {full_path('')} ({how})")


def tell_alone(place: Place, context: Context, failed: StepFailed | None) -> None:
    """Why a thread does not enter the scheduler's group, and what that means. failed: where that
    was tried."""
    if failed is not None and not failed.is_forbidden:
        why = f"{place.group} cannot be entered, since {explain_errno(failed)}"
    elif os.geteuid() and place.is_applied and place.groups.may_enter(place.threads.group):
        # the kernel asks for the right to write cgroup.procs of the group above both, too
        user = find_user_name(os.geteuid())
        context.tell(
            f"{place.group} is yours to divide, and what comes from outside enters it by root: "
            f"its cpus are set by affinity, and its share by nice\n"
            f"  root types: {by_root(context.registry, f'move PID into {place.name}')}\n"
            f"  or: {by_root(context.registry, f'exec --user {user} {place.name} -- bash')}"
        )
        return
    elif place.is_applied:
        why = f"entering {place.group} is not permitted (it takes root)"
    else:
        why = f"{place.name} is not applied ({by_sudo(context.registry, 'apply')})"
    context.tell(f"{why}: its cpus are set by affinity, and its share by nice")


def read_neighbours(place: Place, joined: bool) -> list[Thread]:
    """Who runs in the scheduler, the oldest first, as far as that decides on homes.

    Where nobody is in a group: who is pinned at all, of whom those count that are at its homes.
    """
    if not place.threads.pinned:
        return []
    if joined:
        return read_all(place.root, place.groups.threads(place.threads.group))
    homes = set(place.threads.homes)
    tids = [
        tid
        for process in read_processes(place.root)
        if not process.is_kernel
        for tid in threads_of(place.root, process.pid)
    ]
    return [each for each in read_all(place.root, tids) if each.affinity in homes]


@contextmanager
def giving_homes(
    place: Place, tell: Callable[[str], None], patience: float = PATIENCE
) -> Iterator[bool]:
    """Nobody else gives any meanwhile: from before threads enter until they are pinned. Yields
    whether that is so; arguments as `lock_homes` has them."""
    pinned = place.threads.pinned
    with lock_homes(place.root, tell, patience) if pinned else nullcontext(True) as is_alone:
        yield is_alone


def find_homes(place: Place, newcomers: int, others: list[Thread]) -> list[CpuSet | None]:
    """For each of some new threads its home, None where there is none; others: who is there."""
    if not place.threads.pinned:
        return [None] * newcomers
    pinned = [each.affinity for each in others]
    chosen = choose_homes(place.threads.homes, place.online, [*pinned, *[None] * newcomers])
    return chosen[len(pinned) :]


def find_home(place: Place, thread: Thread, joined: bool) -> CpuSet | None:
    """The home of one that was just put there; None where it has none."""
    others = [each for each in read_neighbours(place, joined) if each.tid != thread.tid]
    (home,) = find_homes(place, 1, others)
    return home


class Refusal(NamedTuple):
    """Of what was to be done to a thread, and why. of_cpus: whether it stays where it was."""

    what: str
    why: str
    of_cpus: bool


def settle(
    place: Place, thread: Thread, home: CpuSet | None, joined: bool, change: Changeable
) -> Iterator[Refusal]:
    """Make a thread run as those of the scheduler do; what it could not be.

    joined: whether it is in the scheduler's group; else it is given the cpus, and by nice what
    the group would give it.
    """
    for act in _acts(place, thread, home, joined):
        try:
            _perform(act, thread.tid, change)
        except ProcessLookupError:
            return
        except OSError as error:
            why = f"{act.what} was refused: {_explain(error, act.remedy)}"
            yield Refusal(act.what, why, act.cpus is not None)


def find_needs(place: Place, thread: Thread, joined: bool) -> list[str]:
    """What is still to be done to a thread; to one of a locked scheduler that is at any home, not
    to be pinned."""
    online, has = place.online, thread.affinity
    home = None
    if place.threads.pinned:
        home = next((each for each in place.threads.homes if each & online == has & online), None)
        is_there = home is not None
    elif joined:
        effective = place.groups.effective(place.threads.group)
        is_there = effective is None or effective == has
    else:
        is_there = has & online <= place.threads.cpus  # who asks for more may be allowed less
    acts = _acts(place, thread, home, joined)
    return [act.what for act in acts if act.cpus is None or not is_there]


class _Act(NamedTuple):
    """To be pinned to `cpus`, or else to be given a policy, or else to be as nice as `number`.

    what: the words for it. remedy: where it is refused. number: of a policy its priority.
    """

    what: str
    remedy: str
    cpus: CpuSet | None = None
    policy: str = ""
    number: int = 0


def _perform(act: _Act, tid: int, change: Changeable) -> None:
    if act.cpus is not None:
        change.pin(tid, act.cpus)
    elif act.policy:
        change.set_policy(tid, act.policy, act.number)
    else:
        change.set_nice(tid, act.number)


def _acts(place: Place, thread: Thread, home: CpuSet | None, joined: bool) -> Iterator[_Act]:
    wanted = place.threads
    cpus = home or (place.possible if joined else wanted.cpus)
    # in a group an affinity of all cpus is none at all, and follows what the group is given
    if thread.affinity != cpus:
        what = f"running on cpus {format_cpu_list(cpus)}"
        yield _Act(what, "it may be allowed others only", cpus)
    priority = wanted.priority
    if priority is not None:
        if (thread.policy, thread.priority) != ("rr", priority):
            remedy = f"it takes root, or ulimit -r {priority}"
            yield _Act(f"SCHED_RR {priority}", remedy, None, "rr", priority)
    elif joined:
        if thread.policy in REAL_TIME:
            yield _Act("SCHED_OTHER", "it takes root", None, "other")
    else:
        yield from _acts_alone(wanted.nice, thread)


def _acts_alone(nice: int | None, thread: Thread) -> Iterator[_Act]:
    """Where no group says who goes first."""
    if nice is None:
        if thread.policy != "idle":
            yield _Act("SCHED_IDLE", "it takes root", None, "idle")
        return
    if thread.policy not in ("other", "batch"):
        yield _Act("SCHED_OTHER", "it takes root", None, "other")
    if thread.nice != nice:
        yield _Act(f"nice {nice}", "only root makes it smaller", number=nice)


def _explain(error: OSError, remedy: str) -> str:
    number = error.errno or 0
    name = errno.errorcode.get(number, str(number))
    if number in (errno.EPERM, errno.EACCES):
        return f"not permitted ({name}); {remedy}"
    return f"{(error.strerror or str(error)).lower()} ({name}); {remedy}"
