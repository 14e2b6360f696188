"""Schedulers as control groups (cgroup v2): how each word is lowered, how exactly, and why so.

`TABLE` is the whole of it, a row a word. What is said of the kernel is from
Documentation/admin-guide/cgroup-v2.rst and sched(7), and was tried on 6.1, 6.12 and 7.3.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from itertools import islice
from typing import NamedTuple

from usched.meaning.reach import held_cpus, own_cpus, reach, reach_of
from usched.meaning.resolver import Resolver, Scheduler
from usched.plan.kernel import (
    CONTROLLERS,
    CPUS,
    EXCLUSIVE,
    FRESH,
    PARTITION,
    PERIOD,
    SUBTREE,
    Kernel,
)
from usched.plan.partitions import Partitions, check_rest
from usched.plan.real_time import find_hosts, find_shares, tell_policy
from usched.plan.shares import IDLE, REAL, Share, Shares
from usched.plan.wanted import OUTSIDE, OWN, Group, Note, Threads, Wanted, group_of
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list
from usched.words.phrases import NAMED, count, join_names
from usched.words.statement import MACHINE, parent_of


class Case(NamedTuple):
    """A scheduler that is to be lowered, and what that depends on. shares: those of its domain.
    hosts_real: whether the threads of some scheduler beneath it are real-time ones."""

    tree: Resolver
    kernel: Kernel
    scheduler: Scheduler
    share: Share
    shares: Shares
    partitions: Partitions
    hosts_real: bool

    @property
    def lwktpri(self) -> int:
        return self.share.lwktpri

    @property
    def reach(self) -> CpuSet:
        return self.share.cpus


#: What comes out: what a file is to say, or a note.
_Said = tuple[str, str]
_Lower = Callable[[Case], Iterator["_Said | str"]]


#: What a word becomes where that is a matter of our own groups, or of the threads in them.
POLICY, AFFINITY, PARTITIONED = "SCHED_RR", "affinity of each thread", PARTITION


class Row(NamedTuple):
    """word: of the language. into: what it becomes. exactly: how far that is what it means."""

    word: str
    into: str
    exactly: str
    lower: _Lower


def _lower_pool(case: Case) -> Iterator[_Said | str]:
    yield CPUS, format_cpu_list(case.reach)


def _lower_vcpus(case: Case) -> Iterator[_Said | str]:
    width, cpus = case.scheduler.width, len(case.reach)
    if width < cpus:
        yield "cpu.max", f"{width * PERIOD} {PERIOD}"
        yield f"{count(width, 'cpu')} on {cpus}: {_tell_bound(case, width)}"
    elif width > cpus:
        many = f"{count(width, 'vcpu')} on {count(cpus, 'cpu')}"
        yield f"{many}: Linux has no virtual cpus, and its threads share the cpus themselves"


def _tell_bound(case: Case, width: int) -> str:
    if case.share.is_real:
        return f"cpu.max does not bind SCHED_RR: nothing holds its threads to {width * 100} percent"
    held = f"cpu.max holds all its threads together to {width * 100} percent"
    if case.hosts_real:
        held += ", and does not bind those of SCHED_RR beneath it"
    return f"{held}, but more than {width} may run at a time"


def _lower_lwktpri(case: Case) -> Iterator[_Said | str]:
    others = case.shares.name_other_levels(case.share)
    if case.lwktpri <= IDLE:
        yield "cpu.idle", "1"
        if others:
            yield f"with {others}: all idle alike: cpu.idle has no degrees"
        return
    weight = case.shares.weigh(case.share)
    yield "cpu.weight", str(weight)
    if case.share.is_real:
        yield from _tell_real_time(case)
        return
    if case.lwktpri >= REAL:
        yield f"{_explain_fair(case)}, so its threads are fair ones with cpu.weight {weight}"
    if others:
        apart = f"cpu.weight {case.shares.apart} to 1 between them"
        yield f"with {others}: {apart}, where lwktpri is strict"


def _explain_fair(case: Case) -> str:
    """Why threads of an lwktpri that is real-time are not."""
    if case.kernel.rt_groups:
        return "this kernel has CONFIG_RT_GROUP_SCHED: a group has no SCHED_RR"
    if case.tree.children(case.scheduler.name):
        return "SCHED_RR goes before who is beneath it, too"
    above = parent_of(case.scheduler.name)
    return f"SCHED_RR goes before all of the machine, and not of {above} alone"


def _lower_policy(case: Case) -> Iterator[_Said | str]:
    if case.share.is_real:
        yield tell_policy(case.lwktpri, case.kernel)


def _tell_real_time(case: Case) -> Iterator[str]:
    if parent_of(case.scheduler.name) != MACHINE:
        above = parent_of(case.scheduler.name)
        yield f"SCHED_RR {case.lwktpri} goes before a lower one outside {above}, too"
    if case.shares.has_equals(case.share):
        yield "among equals SCHED_RR takes turns thread by thread, and not scheduler by scheduler"
    if case.share.is_granted:
        weight = case.shares.weigh(case.share)
        yield f"once its holder subdivides it, its threads are fair ones with cpu.weight {weight}"


_ONE_SLICE = "SCHED_RR has one slice, sched_rr_timeslice_ms"


def _lower_quantum(case: Case) -> Iterator[_Said | str]:
    others = case.shares.name_other_quanta(case.share)
    if not others:
        if case.scheduler.declare.quantum is not None:
            yield _ONE_SLICE if case.share.is_real else "no turns: the kernel has slices of its own"
        return
    if case.lwktpri <= IDLE:
        yield f"against {others}: idle groups share alike, whatever the quantum"
    elif case.share.is_real:
        yield f"against {others}: {_ONE_SLICE}"
    elif case.shares.is_in_ratio(case.share):
        yield f"against {others}: shares in that ratio, by cpu.weight; no turns"
    else:
        weight = case.shares.weigh(case.share)
        yield (
            f"against {others}: cpu.weight {weight} is as near to that ratio as it goes beneath "
            "the levels above; no turns"
        )


def _lower_locked(case: Case) -> Iterator[_Said | str]:
    if case.scheduler.declare.locked:
        what = "a thread is kept on its cpu by its own affinity (exec, move, watch)"
        yield f"a group pins nobody: {what}"


def _lower_unlocked(case: Case) -> Iterator[_Said | str]:
    """In `isolated` the kernel balances no load: two that begin on one cpu share it for ever."""
    name = case.scheduler.name
    within = case.partitions.find_holder(name)
    if case.scheduler.declare.locked or within in (MACHINE, name):
        return
    above = case.tree.scheduler(within)
    if above is not None and above.declare.locked and len(case.partitions.own_reach(name)) > 1:
        yield (
            f"no load is balanced in the partition of {within}, which is locked: a thread may stay "
            "on the cpu where it is, though others idle; one that is locked is given a cpu"
        )


def _lower_exclusive(case: Case) -> Iterator[_Said | str]:
    if not case.scheduler.declare.exclusive:
        return
    kind = "isolated" if case.scheduler.declare.locked else "root"
    apart = "so there is none: cpus are kept apart by cpuset.cpus alone"
    name = case.scheduler.name
    invalid = case.partitions.foresee(name, case.reach)
    rival = case.partitions.find_rival(name, case.reach)
    if invalid:
        instead = _do_instead(case, rival)
        yield f"a partition would read back as `{kind} invalid ({invalid})`, {apart}; {instead}"
    elif rival:
        yield f"a partition would take its cpus from {rival}, which may run on them, too, {apart}"
    else:
        if case.kernel.has_remote_partitions:
            yield EXCLUSIVE, format_cpu_list(case.reach)
        yield PARTITION, kind


def _do_instead(case: Case, rival: str) -> str:
    if rival:
        return f"{rival} may run on the same real cpus"
    if case.kernel.has_remote_partitions:
        return f"make {parent_of(case.scheduler.name)} exclusive, too"
    return "boot with isolcpus=, or Linux 6.7 or later"


TABLE = (
    Row("on", CPUS, "exact: the real cpus that it can reach", _lower_pool),
    Row("vcpus", "cpu.max", "narrow: the sum is exact; overcommitted: not at all", _lower_vcpus),
    Row("lwktpri", POLICY, "strict, with what Linux keeps back", _lower_policy),
    Row("lwktpri", "cpu.weight, cpu.idle", "in classes, nearly strict", _lower_lwktpri),
    Row("quantum", "cpu.weight among equals", "the shares, not the turns", _lower_quantum),
    Row("locked", AFFINITY, "exact, and not of the group", _lower_locked),
    Row("exclusive", PARTITIONED, "exact where it is valid", _lower_exclusive),
    Row("on", PARTITIONED, "in one that is isolated a thread stays put", _lower_unlocked),
)


def lower(tree: Resolver, kernel: Kernel, granted: Container[str] = ()) -> Wanted:
    """The groups of a valid tree. granted: the names of the schedulers that are. Raises Refused
    where the rest of the system had no cpu left."""
    check_rest(tree)
    files: dict[str, dict[str, str]] = {"": {}}
    names = {"": MACHINE}
    exclusive: dict[str, CpuSet] = {}
    threads: dict[str, Threads] = {}
    notes: list[Note] = []
    for case in _cases(tree, kernel, granted):
        name = case.scheduler.name
        path = group_of(name)
        said = files[path] = dict(FRESH)
        names[path] = name
        for row in TABLE:
            for each in row.lower(case):
                if isinstance(each, str):
                    notes.append(Note(name, row.word, each, into=row.into))
                else:
                    said[each[0]] = each[1]
        if said[EXCLUSIVE]:
            exclusive[path] = case.reach
        home = path
        if tree.children(name):
            home = _add_own(case, path, files, names, notes)
        if home:
            threads[name] = _lower_threads(case, home)
    _finish(files, exclusive, kernel)
    groups = (
        Group(OUTSIDE, MACHINE, {SUBTREE: CONTROLLERS}),
        *(Group(path, names[path], said) for path, said in files.items()),
    )
    return Wanted(groups, threads, tuple(notes))


def _cases(tree: Resolver, kernel: Kernel, granted: Container[str]) -> Iterator[Case]:
    """Every scheduler, parents first."""
    partitions = Partitions(tree, kernel)
    schedulers = tree.schedulers()
    members: dict[str, list[Share]] = {}
    wanted = find_shares(tree, kernel, granted)
    hosts = find_hosts(wanted)
    for share in wanted:
        members.setdefault(parent_of(share.name), []).append(share)
    shares = {domain: Shares(children) for domain, children in members.items()}
    for each, share in zip(schedulers, wanted, strict=True):
        own = shares[parent_of(each.name)]
        yield Case(tree, kernel, each, share, own, partitions, each.name in hosts)


def _lower_threads(case: Case, home: str) -> Threads:
    """What is each thread's own. Where there is no group, what it would say is said by nice: ten
    steps, which are one to nine, for each level above."""
    scheduler = case.scheduler
    free = own_cpus(scheduler) - held_cpus(case.tree, scheduler.name)
    homes: tuple[CpuSet, ...] = ()
    if scheduler.declare.locked:
        find = case.tree.scheduler
        homes = tuple(reach(find, scheduler.name, CpuSet.of([cpu])) for cpu in free)
    return Threads(
        home,
        case.lwktpri if case.share.is_real else None,
        None if case.lwktpri <= IDLE else min(19, 10 * case.shares.count_above(case.lwktpri)),
        case.partitions.own_reach(scheduler.name),
        homes,
    )


def _add_own(
    case: Case,
    path: str,
    files: dict[str, dict[str, str]],
    names: dict[str, str],
    notes: list[Note],
) -> str:
    """The leaf for a subdivided scheduler's own lwps, since an inner group has no threads; ""
    where no cpu is left for them."""
    name = case.scheduler.name
    own = case.partitions.own_reach(name)
    if not own:
        notes.append(Note(name, "exclusive", "its children hold all its cpus: it has no threads"))
        return ""
    home = f"{path}/{OWN}"
    files[home] = {**FRESH, CPUS: format_cpu_list(own), "cpu.idle": "1"}
    names[home] = name
    what = "its own threads run when its children's do not, by cpu.idle"
    alike = list(islice(_find_idle_children(case, own), NAMED + 1))
    if alike:
        what += f", and share alike with {join_names(alike)}: cpu.idle has no degrees"
    notes.append(Note(name, "on", what))
    return home


def _find_idle_children(case: Case, own: CpuSet) -> Iterator[str]:
    """Those that idle, too, on cpus that are the scheduler's own threads'."""
    for placed in case.tree.children(case.scheduler.name):
        child = case.tree.scheduler(placed.name)
        if child is not None and child.declare.lwktpri <= IDLE and reach_of(case.tree, child) & own:
            yield child.name


def _finish(files: dict[str, dict[str, str]], exclusive: dict[str, CpuSet], kernel: Kernel) -> None:
    """What a group says because of those beneath it. exclusive: what each asks for by itself."""
    asked = dict(exclusive)
    for path in reversed(files):
        said = files[path]
        if kernel.has_remote_partitions and len(files) > 1:
            said[EXCLUSIVE] = format_cpu_list(asked.get(path, NO_CPUS))
        if path == "":
            continue
        above = path.rpartition("/")[0]
        files[above][SUBTREE] = CONTROLLERS
        if path in asked:
            asked[above] = asked.get(above, NO_CPUS) | asked[path]
        if not kernel.has_remote_partitions:
            said.pop(EXCLUSIVE)
