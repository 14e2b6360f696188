"""Which exclusive schedulers become partitions of the kernel's, and what keeps the others from it.

What is asked of all the children of a domain is found once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from usched.meaning.reach import held_cpus, own_cpus, reach, reach_of
from usched.meaning.remedies import leave_one
from usched.meaning.resolver import Resolver, Scheduler
from usched.plan.kernel import Kernel, Surroundings, foresee_partition
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.phrases import join_names
from usched.words.problems import Problem, Refused
from usched.words.statement import MACHINE, parent_of


class Partitions:
    """Those of a tree. rival: of a scheduler, who else has a real cpu of its reach."""

    def __init__(self, tree: Resolver, kernel: Kernel) -> None:
        self._tree = tree
        self._kernel = kernel
        self._claims: dict[str, _Claims] = {}
        self._own: dict[str, CpuSet] = {}
        self._hold: dict[str, bool] = {}

    def hold(self, name: str) -> bool:
        """Whether there is a partition for a scheduler."""
        if name not in self._hold:
            self._hold[name] = self._holds(name)
        return self._hold[name]

    def _holds(self, name: str) -> bool:
        scheduler = self._tree.scheduler(name)
        if scheduler is None or not scheduler.declare.exclusive:
            return False
        cpus = reach_of(self._tree, scheduler)
        return not self.foresee(name, cpus) and not self.find_rival(name, cpus)

    def find_holder(self, name: str) -> str:
        """The innermost partition that a scheduler is in, its own, too; "" for none of ours."""
        while name != MACHINE and not self.hold(name):
            name = parent_of(name)
        return name

    def foresee(self, name: str, cpus: CpuSet) -> str | None:
        """Why the kernel would have none, in its words. cpus: what the scheduler can reach."""
        above = parent_of(name)
        parent = above != MACHINE and self.hold(above)
        anybody = False
        while above != MACHINE:
            anybody = anybody or self.hold(above)
            above = parent_of(above)
        shared = bool(self._find_beside(name, cpus))
        return foresee_partition(self._kernel, Surroundings(parent, anybody, shared))

    def find_rival(self, name: str, cpus: CpuSet) -> str:
        """Who else has one of the real cpus that a scheduler can reach; "" for nobody.

        `exclusive` is about the cpus of a parent, which may be virtual, or be shared with another.
        """
        while name != MACHINE:
            rival = self._find_beside(name, cpus)
            if rival:
                return rival
            name = parent_of(name)
        return ""

    def _find_beside(self, name: str, cpus: CpuSet) -> str:
        """Of those who stand in one group with `name`, which can reach these cpus."""
        above = parent_of(name)
        rival = self._claims_in(above).find_besides(name, cpus)
        if rival:
            return rival
        return above if above != MACHINE and self.own_reach(above) & cpus else ""

    def _claims_in(self, domain: str) -> _Claims:
        if domain not in self._claims:
            found = (self._tree.scheduler(each.name) for each in self._tree.children(domain))
            fitting = [each for each in found if each is not None]
            claims = ((each.name, reach_of(self._tree, each)) for each in fitting)
            self._claims[domain] = _Claims(claims)
        return self._claims[domain]

    def own_reach(self, name: str) -> CpuSet:
        """The real cpus that a scheduler's own lwps may be on: not those of exclusive children."""
        if name not in self._own:
            scheduler = self._tree.scheduler(name)
            self._own[name] = NO_CPUS if scheduler is None else self._find_own(scheduler)
        return self._own[name]

    def _find_own(self, scheduler: Scheduler) -> CpuSet:
        free = own_cpus(scheduler) - held_cpus(self._tree, scheduler.name)
        return reach(self._tree.scheduler, scheduler.name, free)


class _Claims:
    """Who of the children of one domain can reach which real cpu.

    Of each cpu the first two are known, which is enough to name somebody else.
    """

    def __init__(self, claims: Iterable[tuple[str, CpuSet]]) -> None:
        self._first: dict[int, str] = {}
        self._second: dict[int, str] = {}
        self._shared = once = NO_CPUS
        for name, cpus in claims:
            self._first.update(dict.fromkeys(cpus - once, name))
            self._second.update(dict.fromkeys((cpus & once) - self._shared, name))
            self._shared |= cpus & once
            once |= cpus

    def find_besides(self, name: str, cpus: CpuSet) -> str:
        """Another one that can reach one of these cpus, all of which `name` can; "" for nobody."""
        shared = cpus & self._shared
        if not shared:
            return ""
        cpu = next(iter(shared))
        return self._first[cpu] if self._first[cpu] != name else self._second[cpu]


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
        raise Refused(Problem(what, None, leave_one(tree, names), "rest", names[0]))
