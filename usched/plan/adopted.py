"""Schedulers out of control groups, whoever made them: a lowering read backwards.

What a group does not say (an lwktpri among equals, overcommitted vcpus, which vcpus) is chosen so
that lowering it again gives the same groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.rules import MAX_DEPTH
from usched.plan.adopted_cpus import Child, Domain, Spot, place, settle
from usched.plan.adopted_weights import Standing, read_weights
from usched.plan.difference import EFFECTIVE, Observed, Step
from usched.plan.kernel import CPUS, EXCLUSIVE, FRESH, PARTITION
from usched.plan.shares import IDLE, REAL
from usched.plan.wanted import OUTSIDE, OWN, Note, scheduler_of, shown_path
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus, parse_cpu_list
from usched.words.phrases import count
from usched.words.statement import DEFAULT_QUANTUM, Declare, Quantum


class Habit(NamedTuple):
    """What the threads in a group have in common. priority: of SCHED_RR, None for others.
    pinned: whether each is on one cpu."""

    priority: int | None
    pinned: bool


class Adopted(NamedTuple):
    """declares: parents first. notes: what of the groups has no word in the language."""

    declares: tuple[Declare, ...]
    notes: tuple[Note, ...]


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


#: Of each file of a group, the word that it is read as.
_WORDS = {
    CPUS: "on",
    EXCLUSIVE: "exclusive",
    PARTITION: "exclusive",
    "cpu.max": "vcpus",
    "cpu.weight": "lwktpri",
    "cpu.idle": "lwktpri",
}


def tell_undeclared(steps: Sequence[Step]) -> Iterator[Note]:
    """What of our own groups there are no words for: by what a plan has to do once they are
    adopted. What of them goes, for want of a declaration, is told by who left that out."""
    made = {step.path for step in steps if step.kind == "mkdir"}
    for path in sorted(made):
        what = f"no words say that there is no {shown_path(path)}: plan makes it"
        yield Note(scheduler_of(path), "on", what)
    writes = [each for each in steps if each.kind == "write" and each.path not in {*made, ""}]
    last = {(step.path, step.file): step.value for step in writes}
    first = {(step.path, step.file): step.before for step in reversed(writes)}
    for (path, file), after in last.items():
        before = first[path, file]
        if before == after or file not in _WORDS or (not before and FRESH[file]):
            continue  # it comes and goes on the way, or is a file that no group has here
        where = f"{shown_path(path)}/{file}"
        said = f"`{before}` of {where}" if before else f"that {where} is empty"
        becomes = f"`{after}`" if after else "empty"
        what = f"no words say {said}: plan makes it {becomes}"
        yield Note(scheduler_of(path), _WORDS[file], what)


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
        top = parse_cpu_list(self.groups.get("", {}).get(CPUS, "")) & machine
        self._adopt_below("", Domain(top or machine, {cpu: cpu for cpu in machine}, 0))
        return Adopted(tuple(self.declares), tuple(self.notes))

    def _adopt_below(self, above: str, domain: Domain) -> None:
        domain = domain._replace(own=self._find_own(above, domain))
        children = settle(list(self._children(above, domain)), domain, self._note)
        children = [each._replace(quota=self._read_quota(each)) for each in children]
        standings = self._stand(children)
        for child, spot in place(children, domain, self._note):
            self._adopt(child, spot, standings[child.path], domain)

    def _find_own(self, above: str, domain: Domain) -> CpuSet | None:
        """The cpus of a scheduler's own lwps; None where nobody says."""
        home = f"{above}/{OWN}"
        if above and home not in self.groups:
            return NO_CPUS if self.machine.ours else None
        own = parse_cpu_list(self.groups.get(home, {}).get(CPUS, ""))
        return own if own and domain.numbers is not None else None

    def _children(self, above: str, domain: Domain) -> Iterator[Child]:
        for path in self.below.get(above, ()):
            if above and path == f"{above}/{OWN}":
                if path in self.below:
                    what = f"what is beneath {OWN} is left out: own threads have no schedulers"
                    self._note(above, "on", what)
                continue
            if path.count("/") >= MAX_DEPTH:
                what = "it is left out, with all beneath it: a tree has at most"
                self._note(path, "on", f"{what} {count(MAX_DEPTH, 'level')}")
                continue
            yield self._read_child(path, domain)

    def _read_child(self, path: str, domain: Domain) -> Child:
        files = self.groups[path]
        wish = parse_cpu_list(files.get(CPUS, ""))
        cpus = wish & domain.real
        if wish - domain.real:
            gone = format_cpus(wish - domain.real)
            self._note(path, "on", f"it asks for {gone} too, which it cannot have there")
        if domain.numbers is None and cpus not in (NO_CPUS, domain.real):
            what = f"that it asks for {format_cpus(cpus)} of them is left out"
            self._note(path, "on", f"{what}: virtual cpus are no certain ones")
        kind, _, why = files.get(PARTITION, "member").partition(" ")
        if why:
            self._note(path, "exclusive", f"`{kind} {why}`: it is none, and is not taken as one")
        valid = kind != "member" and not why
        has = self._find_effective(path) if valid else NO_CPUS
        return Child(path, files, cpus, has, cpus, valid, valid and kind == "isolated")

    def _find_effective(self, path: str) -> CpuSet:
        """The cpus of a group, and those that partitions beneath it have of it."""
        cpus = parse_cpu_list(self.groups[path].get(EFFECTIVE, ""))
        for each in self.below.get(path, ()):
            cpus |= self._find_effective(each)
        return cpus

    def _stand(self, children: list[Child]) -> dict[str, Standing]:
        found = {}
        weights = {}
        for child in children:
            priority = self._habit(child.path).priority
            most = 31 if "/" in child.path else 9
            if child.idle:
                found[child.path] = Standing(IDLE, None)
            elif priority is not None and REAL <= priority <= most:
                found[child.path] = Standing(priority, None)
            else:
                weights[child.path] = int(child.files.get("cpu.weight", "100"))
        default = DEFAULT_QUANTUM.ticks(self.machine.hz)
        idles = any(child.idle for child in children)
        return {**found, **read_weights(weights, default, idles)}

    def _habit(self, path: str) -> Habit:
        home = f"{path}/{OWN}"
        return self.habits.get(home if home in self.groups else path, Habit(None, False))

    def _adopt(self, child: Child, spot: Spot, standing: Standing, domain: Domain) -> None:
        self.declares.append(
            Declare(
                child.name,
                spot.cpus,
                standing.lwktpri,
                spot.vcpus,
                None if standing.quantum is None else Quantum(standing.quantum),
                child.exclusive,
                child.locked or self._habit(child.path).pinned,
            )
        )
        virtual = domain.numbers is None or (spot.vcpus is not None and not child.holds)
        numbers = None if virtual else {cpu: own for own, cpu in enumerate(child.cpus)}
        self._adopt_below(child.path, Domain(child.cpus, numbers, spot.width))

    def _read_quota(self, child: Child) -> int | None:
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
            wish = parse_cpu_list(self.groups[path].get(CPUS, "")) & child.cpus
            if wish and wish != child.cpus:
                what = f"cpu.max {percent:g} percent is left out: its groups have cpus of their own"
                self._note(child.path, "vcpus", what)
                return None
        return whole

    def _note(self, path: str, word: str, what: str) -> None:
        self.notes.append(Note(scheduler_of(path), word, what))
