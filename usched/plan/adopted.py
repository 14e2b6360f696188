"""Schedulers out of control groups, whoever made them: a lowering read backwards.

What a group does not say (an lwktpri among equals, overcommitted vcpus, which vcpus) is chosen so
that lowering it again gives the same groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from usched.plan.adopted_weights import Standing, read_weights
from usched.plan.difference import Observed
from usched.plan.lower_cgroup import FRESH
from usched.plan.wanted import OUTSIDE, OWN, Note, scheduler_of
from usched.words.cpuset import CpuSet, format_cpus, parse_cpu_list
from usched.words.phrases import count
from usched.words.statement import DEFAULT_QUANTUM, Cpus, Declare, Quantum, Term

_IDLE = 4
_WITHOUT_WISH = {file: text for file, text in FRESH.items() if file != "cgroup.subtree_control"}


class Habit(NamedTuple):
    """What the threads in a group have in common. priority: of SCHED_RR, None for others.
    pinned: whether each is on one cpu."""

    priority: int | None
    pinned: bool


class Adopted(NamedTuple):
    """declares: parents first. notes: what of the groups has no word in the language."""

    declares: tuple[Declare, ...]
    notes: tuple[Note, ...]


class _Domain(NamedTuple):
    """Where groups stand. real: the cpus that they may have. numbers: the domain's own number of
    each; None in a virtual one, which has `width` of them, of which nobody has `first` and those
    behind it exclusively."""

    real: CpuSet
    numbers: Mapping[int, int] | None
    width: int
    first: int = 0


class _Child(NamedTuple):
    path: str
    files: Mapping[str, str]
    cpus: CpuSet
    exclusive: bool
    locked: bool

    @property
    def name(self) -> str:
        return scheduler_of(self.path)

    @property
    def idle(self) -> bool:
        return self.files.get("cpu.idle") == "1"


class Machine(NamedTuple):
    """cpus: all of them. hz: ticks a second. ours: whether `usched apply` made the groups, so that
    one without an `:own` has no cpu left for what is its own."""

    cpus: CpuSet
    hz: int
    ours: bool = False


def adopt_groups(
    groups: Observed, machine: Machine, habits: Mapping[str, Habit] | None = None
) -> Adopted:
    """groups: by the path that `group_of` gives a scheduler; the one above all of them is "", or
    not there."""
    return _Adopting(groups, machine, habits or {}).adopt()


class _Adopting:
    def __init__(self, groups: Observed, machine: Machine, habits: Mapping[str, Habit]) -> None:
        self.groups = groups
        self.machine = machine
        self.habits = habits
        self.declares: list[Declare] = []
        self.notes: list[Note] = []
        self.below: dict[str, list[str]] = {}
        for path in groups:
            if path not in ("", OUTSIDE):
                self.below.setdefault(path.rpartition("/")[0], []).append(path)

    def adopt(self) -> Adopted:
        machine = self.machine.cpus
        top = parse_cpu_list(self.groups.get("", {}).get("cpuset.cpus", "")) & machine
        self._adopt_below("", _Domain(top or machine, {cpu: cpu for cpu in machine}, 0))
        return Adopted(tuple(self.declares), tuple(self.notes))

    def _adopt_below(self, above: str, domain: _Domain) -> None:
        children = self._children(above, domain)
        standing = self._stand(children)
        first = 0
        for child in children:
            width = self._adopt(child, domain._replace(first=first), standing, children)
            first += width if child.exclusive else 0

    def _children(self, above: str, domain: _Domain) -> list[_Child]:
        found = []
        home = f"{above}/{OWN}"
        own = parse_cpu_list(self.groups.get(home, {}).get("cpuset.cpus", ""))
        held = self.machine.ours and above != "" and home not in self.groups
        for path in self.below.get(above, ()):
            if path == home:
                continue
            files = self.groups[path]
            wish = parse_cpu_list(files.get("cpuset.cpus", ""))
            cpus = wish & domain.real or domain.real
            if wish - domain.real:
                gone = format_cpus(wish - domain.real)
                self._note(path, "on", f"it asks for {gone} too, which it cannot have there")
            kind, _, why = files.get("cpuset.cpus.partition", "member").partition(" ")
            if why:
                self._note(
                    path, "exclusive", f"`{kind} {why}`: it is none, and is not taken as one"
                )
            valid = kind != "member" and not why
            # what its parent's own lwps have nothing of is its own, partition or not
            apart = bool(own) and domain.numbers is not None and not own & cpus
            exclusive = valid or apart or held
            found.append(_Child(path, files, cpus, exclusive, valid and kind == "isolated"))
        return [self._less_taken(child, found) for child in found]

    def _less_taken(self, child: _Child, siblings: list[_Child]) -> _Child:
        """The kernel leaves cpus to the partition, whoever asks for them."""
        if child.exclusive:
            return child
        left = child.cpus
        for each in siblings:
            left -= each.cpus if each.exclusive else CpuSet()
        return child._replace(cpus=left or child.cpus)

    def _stand(self, children: list[_Child]) -> dict[str, Standing]:
        found = {}
        weights = {}
        for child in children:
            priority = self._habit(child.path).priority
            most = 31 if "/" in child.path else 9
            if child.idle:
                found[child.path] = Standing(_IDLE, None)
            elif priority is not None and 8 <= priority <= most:
                found[child.path] = Standing(priority, None)
            else:
                weights[child.path] = int(child.files.get("cpu.weight", "100"))
        return {**found, **read_weights(weights, DEFAULT_QUANTUM.ticks(self.machine.hz))}

    def _habit(self, path: str) -> Habit:
        home = f"{path}/{OWN}"
        return self.habits.get(home if home in self.groups else path, Habit(None, False))

    def _adopt(
        self,
        child: _Child,
        domain: _Domain,
        standings: Mapping[str, Standing],
        siblings: list[_Child],
    ) -> int:
        """Its width."""
        standing = standings[child.path]
        quota = self._read_quota(child)
        if domain.numbers is None:
            cpus, vcpus, width = _place_virtual(child, domain, quota)
        else:
            cpus, vcpus = _place(child, domain.numbers, siblings), quota
            width = len(child.cpus) if quota is None else quota
        self.declares.append(
            Declare(
                child.name,
                cpus,
                standing.lwktpri,
                vcpus,
                None if standing.quantum is None else Quantum(standing.quantum),
                child.exclusive,
                child.locked or self._habit(child.path).pinned,
            )
        )
        virtual = domain.numbers is None or vcpus is not None
        numbers = None if virtual else {cpu: own for own, cpu in enumerate(child.cpus)}
        self._adopt_below(child.path, _Domain(child.cpus, numbers, width))
        return width

    def _read_quota(self, child: _Child) -> int | None:
        """Whole cpus, fewer than it has; None where there is no such bound."""
        quota, period = child.files.get("cpu.max", "max 100000").split()
        if quota == "max":
            return None
        percent = 100 * int(quota) / int(period)
        whole = max(1, -(-int(quota) // int(period)))
        if whole >= len(child.cpus) and whole * 100 != percent:
            many = count(len(child.cpus), "cpu")
            self._note(child.path, "vcpus", f"cpu.max is {percent:g} percent: all of {many}")
        elif whole * 100 != percent:
            what = f"cpu.max is {percent:g} percent, no whole cpus: {count(whole, 'cpu')} instead"
            self._note(child.path, "vcpus", what)
        if whole >= len(child.cpus):
            return None
        for path in self.below.get(child.path, ()):
            wish = parse_cpu_list(self.groups[path].get("cpuset.cpus", "")) & child.cpus
            if wish and wish != child.cpus:
                what = f"cpu.max {percent:g} percent is left out: its groups have cpus of their own"
                self._note(child.path, "vcpus", what)
                return None
        return whole

    def _note(self, path: str, word: str, what: str) -> None:
        self.notes.append(Note(scheduler_of(path), word, what))


_ALL = Cpus((Term("cpu*"),))


def _place(child: _Child, numbers: Mapping[int, int], siblings: list[_Child]) -> Cpus:
    """Its cpus by the numbers that they have there: all, where it has what is nobody's alone."""
    every = CpuSet.of(numbers)
    for each in siblings:
        if each.exclusive and each.path != child.path:
            every -= each.cpus
    if child.cpus == every and not (child.exclusive and len(every) < len(numbers)):
        return _ALL
    return _numbered(CpuSet.of(numbers[cpu] for cpu in child.cpus))


def _place_virtual(
    child: _Child, domain: _Domain, quota: int | None
) -> tuple[Cpus, int | None, int]:
    """Which of the virtual cpus, its vcpus where these are not as many, and its width. All virtual
    cpus are alike, so that the first that are free will do."""
    if quota is not None and quota < domain.width:
        last = domain.first + quota - 1
        return _numbered(CpuSet.span(domain.first, last)), None, quota
    wanted = len(child.cpus) if quota is None else quota
    return _ALL, None if wanted == domain.width else wanted, wanted


def _numbered(cpus: CpuSet) -> Cpus:
    return Cpus(tuple(Term("cpu", first, last) for first, last in cpus.runs()))


def keep_wishing(groups: Observed) -> dict[str, Mapping[str, str]]:
    """The groups that want anything, and those that they stand in."""
    wishing = set()
    for path, files in groups.items():
        if path not in ("", OUTSIDE) and any(_wishes(files)):
            wishing |= {path, *_ancestors(path)}
    return {path: files for path, files in groups.items() if path in wishing or path == ""}


def _wishes(files: Mapping[str, str]) -> Iterator[str]:
    for file, fresh in _WITHOUT_WISH.items():
        if files.get(file, fresh) != fresh and not (
            file == "cpu.weight" and files.get("cpu.idle") == "1"
        ):
            yield file


def _ancestors(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
