"""Schedulers as control groups (cgroup v2): how each word is lowered, how exactly, and why so.

`TABLE` is the whole of it, a row a word. What is said of the kernel is from
Documentation/admin-guide/cgroup-v2.rst and sched(7), and was tried on 6.1, 6.12 and 7.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from usched.meaning.reach import held_cpus, own_cpus, reach, reach_of
from usched.meaning.resolver import Resolver, Scheduler
from usched.plan.kernel import Kernel, Place, foresee_partition
from usched.plan.wanted import OUTSIDE, OWN, Group, Note, Threads, Wanted, group_of
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list
from usched.words.phrases import count, join_names
from usched.words.problems import Problem, Refused
from usched.words.statement import MACHINE, parent_of

#: Microseconds of a period of cpu.max; the kernel's own.
_PERIOD = 100_000

#: lwktpri up to which a scheduler runs when nobody else wants to, and from which it goes first.
_IDLE, _REAL = 4, 8

_TOP_WEIGHT, _APART, _APART_ABOVE_IDLE = 10_000, 100, 31

#: What a group says that was only just made.
FRESH = {
    "cgroup.subtree_control": "",
    "cpuset.cpus": "",
    "cpuset.cpus.exclusive": "",
    "cpuset.cpus.partition": "member",
    "cpu.idle": "0",
    "cpu.weight": "100",
    "cpu.max": f"max {_PERIOD}",
}

#: As the kernel lists them.
CONTROLLERS = "cpuset cpu"


class Case(NamedTuple):
    """A scheduler that is to be lowered, and what that depends on. reach: its real cpus."""

    tree: Resolver
    kernel: Kernel
    scheduler: Scheduler
    siblings: tuple[Scheduler, ...]
    reach: CpuSet

    @property
    def lwktpri(self) -> int:
        return self.scheduler.declare.lwktpri

    @property
    def levels(self) -> set[int]:
        """The lwktpri of all siblings."""
        return {each.declare.lwktpri for each in self.siblings}

    def quantum(self, scheduler: Scheduler) -> int:
        return scheduler.declare.quantum_ticks(self.tree.topology.hz)


#: What comes out: what a file is to say, or a note.
_Said = tuple[str, str]
_Lower = Callable[[Case], Iterator["_Said | str"]]


class Row(NamedTuple):
    """word: of the language. into: what it becomes. exactly: how far that is what it means."""

    word: str
    into: str
    exactly: str
    lower: _Lower


def _lower_pool(case: Case) -> Iterator[_Said | str]:
    yield "cpuset.cpus", format_cpu_list(case.reach)


def _lower_vcpus(case: Case) -> Iterator[_Said | str]:
    width, cpus = case.scheduler.width, len(case.reach)
    if width < cpus:
        yield "cpu.max", f"{width * _PERIOD} {_PERIOD}"
        yield (
            f"{count(width, 'cpu')} on {cpus}: cpu.max holds all its threads together to "
            f"{width * 100} percent, but more than {width} may run at a time"
        )
    elif width > cpus:
        many = f"{count(width, 'vcpu')} on {count(cpus, 'cpu')}"
        yield f"{many}: Linux has no virtual cpus, and its threads share the cpus themselves"


def _lower_lwktpri(case: Case) -> Iterator[_Said | str]:
    own = case.lwktpri
    if own <= _IDLE:
        yield "cpu.idle", "1"
        yield from _tell_apart(case, "all idle alike: cpu.idle has no degrees", own, 0, _IDLE)
    elif own >= _REAL:
        yield "cpu.weight", str(_TOP_WEIGHT)
        yield from _tell_real_time(case)
    else:
        yield "cpu.weight", str(_weigh(case))
        what = f"cpu.weight {_apart(case)} to 1 between them, where lwktpri is strict"
        yield from _tell_apart(case, what, own, _IDLE + 1, _REAL - 1)


def _tell_apart(case: Case, what: str, own: int, low: int, high: int) -> Iterator[str]:
    others = [
        each.name
        for each in case.siblings
        if low <= each.declare.lwktpri <= high and each.declare.lwktpri != own
    ]
    if others:
        yield f"with {join_names(others)}: {what}"


def _tell_real_time(case: Case) -> Iterator[str]:
    if case.kernel.rt_groups:
        yield (
            "this kernel has CONFIG_RT_GROUP_SCHED: a group has no SCHED_RR, so its threads are "
            f"fair ones with cpu.weight {_TOP_WEIGHT}"
        )
        return
    rest = "5 percent of each cpu, also while nobody wants them"
    if not case.kernel.throttles_real_time:
        rest = "5 percent of each cpu, while somebody else wants to run there"
    yield (
        f"a group carries no policy: SCHED_RR {case.lwktpri} is each thread's own (exec, move, "
        f"watch); Linux keeps back {rest}"
    )


def _weigh(case: Case) -> int:
    """The level's weight, in the ratio of quanta among equals: so are their shares in turns."""
    longest = max(case.quantum(each) for each in _equals(case))
    level = _TOP_WEIGHT // int(_apart(case) ** _levels_above(case))
    return max(1, level * case.quantum(case.scheduler) // longest)


def _apart(case: Case) -> int:
    """How many times as much a level weighs as the next one down.

    cpu.idle has a weight, too, of 3 where cpu.weight 1 has 10 (Linux's WEIGHT_IDLEPRIO): beneath
    three levels all four are kept equally far apart.
    """
    levels = case.levels
    fair = sum(1 for level in levels if _IDLE < level < _REAL)
    return _APART_ABOVE_IDLE if fair > 2 and min(levels) <= _IDLE else _APART


def _levels_above(case: Case) -> int:
    """How many levels of siblings that are no real-time ones are above it."""
    return sum(1 for level in case.levels if case.lwktpri < level < _REAL)


def _equals(case: Case) -> list[Scheduler]:
    return [each for each in case.siblings if each.declare.lwktpri == case.lwktpri]


def _lower_quantum(case: Case) -> Iterator[_Said | str]:
    mine = case.quantum(case.scheduler)
    others = [each.name for each in _equals(case) if case.quantum(each) != mine]
    if not others:
        return
    if case.lwktpri <= _IDLE:
        yield f"against {join_names(others)}: idle groups share alike, whatever the quantum"
    elif case.lwktpri >= _REAL:
        yield f"against {join_names(others)}: SCHED_RR has one slice, sched_rr_timeslice_ms"
    else:
        yield f"against {join_names(others)}: shares in that ratio, by cpu.weight; no turns"


def _lower_locked(case: Case) -> Iterator[_Said | str]:
    if case.scheduler.declare.locked:
        what = "a thread is kept on its cpu by its own affinity (exec, move, watch)"
        yield f"a group pins nobody: {what}"


def _lower_exclusive(case: Case) -> Iterator[_Said | str]:
    if not case.scheduler.declare.exclusive:
        return
    kind = "isolated" if case.scheduler.declare.locked else "root"
    apart = "so there is none: cpus are kept apart by cpuset.cpus alone"
    invalid, rival = foresee_partition(case.kernel, _place(case)), _find_rival(case)
    if invalid:
        instead = _do_instead(case, rival)
        yield f"a partition would read back as `{kind} invalid ({invalid})`, {apart}; {instead}"
    elif rival:
        yield f"a partition would take its cpus from {rival}, which may run on them, too, {apart}"
    else:
        if case.kernel.has_remote_partitions:
            yield "cpuset.cpus.exclusive", format_cpu_list(case.reach)
        yield "cpuset.cpus.partition", kind


def _do_instead(case: Case, rival: str) -> str:
    if rival:
        return f"{rival} may run on the same real cpus"
    if case.kernel.has_remote_partitions:
        return f"make {parent_of(case.scheduler.name)} exclusive, too"
    return "boot with isolcpus=, or Linux 6.7 or later"


def _find_rival(case: Case) -> str:
    """Who else has a real cpu of its reach; "" for nobody.

    `exclusive` is about the cpus of a parent, which may be virtual, or be shared with another.
    """
    name = case.scheduler.name
    while name != MACHINE:
        rival = _find_beside(case, name)
        if rival:
            return rival
        name = parent_of(name)
    return ""


def _find_beside(case: Case, name: str) -> str:
    """Of those who stand in one group with `name`."""
    above = parent_of(name)
    for each in case.tree.children(above):
        sibling = case.tree.scheduler(each.name)
        if sibling and each.name != name and reach_of(case.tree, sibling) & case.reach:
            return each.name
    return above if above != MACHINE and _own_reach(case.tree, above) & case.reach else ""


def _own_reach(tree: Resolver, name: str) -> CpuSet:
    """The real cpus that a scheduler's own lwps may run on: not those of exclusive children."""
    scheduler = tree.scheduler(name)
    if scheduler is None:
        return NO_CPUS
    return reach(tree.scheduler, name, own_cpus(scheduler) - held_cpus(tree, name))


def _place(case: Case) -> Place:
    above = parent_of(case.scheduler.name)
    parent = above != MACHINE and _is_partition(case.tree, case.kernel, above)
    anybody = False
    while above != MACHINE:
        anybody = anybody or _is_partition(case.tree, case.kernel, above)
        above = parent_of(above)
    return Place(parent, anybody, bool(_find_beside(case, case.scheduler.name)))


def _is_partition(tree: Resolver, kernel: Kernel, name: str) -> bool:
    scheduler = tree.scheduler(name)
    if scheduler is None or not scheduler.declare.exclusive:
        return False
    case = _case(tree, kernel, scheduler)
    return not foresee_partition(kernel, _place(case)) and not _find_rival(case)


TABLE = (
    Row("on", "cpuset.cpus", "exact: the real cpus that it can reach", _lower_pool),
    Row("vcpus", "cpu.max", "narrow: the sum is exact; overcommitted: not at all", _lower_vcpus),
    Row("lwktpri", "cpu.weight, cpu.idle, SCHED_RR", "in classes, nearly strict", _lower_lwktpri),
    Row("quantum", "cpu.weight among equals", "the shares, not the turns", _lower_quantum),
    Row("locked", "affinity of each thread", "exact, and not of the group", _lower_locked),
    Row("exclusive", "cpuset.cpus.partition", "exact where it is valid", _lower_exclusive),
)


def lower(tree: Resolver, kernel: Kernel) -> Wanted:
    """The groups of a valid tree. Raises Refused where the rest of the system had no cpu left."""
    check_rest(tree)
    files: dict[str, dict[str, str]] = {"": {}}
    names = {"": MACHINE}
    threads: dict[str, Threads] = {}
    notes: list[Note] = []
    for scheduler in tree.schedulers():
        case = _case(tree, kernel, scheduler)
        path = group_of(scheduler.name)
        said = files[path] = dict(FRESH)
        names[path] = scheduler.name
        for row in TABLE:
            for each in row.lower(case):
                if isinstance(each, str):
                    notes.append(Note(scheduler.name, row.word, each))
                else:
                    said[each[0]] = each[1]
        home = path
        if tree.children(scheduler.name):
            home = _add_own(case, path, files, names, notes)
        if home:
            threads[scheduler.name] = _lower_threads(case, home)
    _finish(files, kernel)
    groups = (
        Group(OUTSIDE, MACHINE, {"cgroup.subtree_control": CONTROLLERS}),
        *(Group(path, names[path], said) for path, said in files.items()),
    )
    return Wanted(groups, threads, tuple(notes))


def _lower_threads(case: Case, home: str) -> Threads:
    """What is each thread's own. Where there is no group, what it would say is said by nice: ten
    steps, which are one to nine, for each level above."""
    scheduler = case.scheduler
    real = case.lwktpri >= _REAL and not case.kernel.rt_groups
    free = own_cpus(scheduler) - held_cpus(case.tree, scheduler.name)
    homes: tuple[CpuSet, ...] = ()
    if scheduler.declare.locked:
        find = case.tree.scheduler
        homes = tuple(reach(find, scheduler.name, CpuSet.of([cpu])) for cpu in free)
    return Threads(
        home,
        case.lwktpri if real else None,
        None if case.lwktpri <= _IDLE else min(19, 10 * _levels_above(case)),
        _own_reach(case.tree, scheduler.name),
        homes,
    )


def _case(tree: Resolver, kernel: Kernel, scheduler: Scheduler) -> Case:
    siblings = (tree.scheduler(each.name) for each in tree.children(parent_of(scheduler.name)))
    fitting = tuple(each for each in siblings if each is not None)
    return Case(tree, kernel, scheduler, fitting, reach_of(tree, scheduler))


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
    own = _own_reach(case.tree, name)
    if not own:
        notes.append(Note(name, "exclusive", "its children hold all its cpus: it has no threads"))
        return ""
    home = f"{path}/{OWN}"
    files[home] = {**FRESH, "cpuset.cpus": format_cpu_list(own), "cpu.idle": "1"}
    names[home] = name
    notes.append(Note(name, "on", "its own threads run when its children's do not, by cpu.idle"))
    return home


def _finish(files: dict[str, dict[str, str]], kernel: Kernel) -> None:
    """What a group says because of those beneath it."""
    for path in reversed(files):
        if path == "":
            continue
        above = path.rpartition("/")[0]
        files[above]["cgroup.subtree_control"] = CONTROLLERS
        if kernel.has_remote_partitions:
            exclusive = files[above].get("cpuset.cpus.exclusive", "")
            files[above]["cpuset.cpus.exclusive"] = _join(
                exclusive, files[path]["cpuset.cpus.exclusive"]
            )
        else:
            files[path].pop("cpuset.cpus.exclusive", None)


def _join(first: str, second: str) -> str:
    return format_cpu_list(parse_cpu_list(first) | parse_cpu_list(second))


def check_rest(tree: Resolver) -> None:
    """Partitions take their cpus from everybody: the rest of the system must keep one."""
    taken = NO_CPUS
    names = []
    for each in tree.children(MACHINE):
        scheduler = tree.scheduler(each.name)
        if scheduler is not None and scheduler.declare.exclusive:
            taken |= reach_of(tree, scheduler)
            names.append(each.name)
    if names and tree.topology.online <= taken:
        what = f"{join_names(names)} would take every cpu from the rest of the system"
        raise Refused(Problem(what, None, "leave it one: on 'cpu*' except cpu0", "rest", names[0]))
