"""Where Linux says that each cpu is: its socket, its core, its last cache.

What cpus share is read from the first cpu of each group only: thousands of cpus would otherwise
mean ten times as many files.
"""

from __future__ import annotations

from collections.abc import Hashable

from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.world.sys_files import CPUS, SysFiles

#: The names since 5.x, and the older ones, which are kept beside them.
_CORE = ("core_cpus", "thread_siblings")
_PACKAGE = ("package_cpus", "core_siblings")


class Places:
    """sockets, cores, llcs: of each cpu, as far as it is known. cpus: those to look at."""

    def __init__(self, files: SysFiles, cpus: CpuSet, notes: list[str]) -> None:
        self.files = files
        self.cpus = cpus
        self.sockets: dict[int, int] = {}
        self.cores: dict[int, Hashable] = {}
        self.llcs: dict[int, tuple[int, int]] = {}
        self._unnumbered: dict[int, int] = {}
        for cpu in cpus:
            self._find_core(cpu)
            self._find_socket(cpu)
            self._find_cache(cpu)
        self._count_unnumbered(notes)
        self._complete_cores(notes)

    def _group(self, cpu: int, *names: str) -> CpuSet:
        """The first group of these names that is there; NAME_list may be missing beside NAME."""
        folder = f"{CPUS}/cpu{cpu}/topology"
        for name in names:
            cpus = self.files.cpus(f"{folder}/{name}_list", f"{folder}/{name}", cpu)
            if cpus:
                return cpus & self.cpus
        return NO_CPUS

    def _find_core(self, cpu: int) -> None:
        if cpu in self.cores:
            return
        siblings = self._group(cpu, *_CORE)
        if siblings:
            for sibling in siblings:
                self.cores.setdefault(sibling, ("siblings", cpu))
            return
        folder = f"{CPUS}/cpu{cpu}/topology"
        core = self.files.number(f"{folder}/core_id")
        if core is not None:
            upper = (self.files.read(f"{folder}/{name}") for name in ("die_id", "cluster_id"))
            self.cores[cpu] = ("id", *upper, core)

    def _find_socket(self, cpu: int) -> None:
        if cpu in self.sockets or cpu in self._unnumbered:
            return
        number = self.files.number(f"{CPUS}/cpu{cpu}/topology/physical_package_id")
        mates = self._group(cpu, *_PACKAGE)
        if number is not None:
            for mate in mates | CpuSet.of([cpu]):
                self.sockets.setdefault(mate, number)
        elif mates:
            for mate in mates:
                self._unnumbered.setdefault(mate, cpu)

    def _count_unnumbered(self, notes: list[str]) -> None:
        """Sockets that the firmware does not number: one is nobody's news, several are counted."""
        groups = {first: None for cpu, first in self._unnumbered.items() if cpu not in self.sockets}
        if not groups or len(groups) + len(set(self.sockets.values())) < 2:
            return
        used = max(self.sockets.values(), default=-1)
        number = {first: used + 1 + index for index, first in enumerate(groups)}
        for cpu, first in self._unnumbered.items():
            self.sockets.setdefault(cpu, number[first])
        which = format_cpus(CpuSet.of(self._unnumbered))
        notes.append(f"no number of a socket is reported for {which}: told by their core_siblings")

    def _complete_cores(self, notes: list[str]) -> None:
        without = self.cpus - CpuSet.of(self.cores)
        silent = CpuSet.of(
            cpu for cpu in without if not self.files.exists(f"{CPUS}/cpu{cpu}/topology")
        )
        if silent:
            notes.append("no topology directory: taken for cores of their own on socket 0")
        if without - silent:
            which = "" if without == self.cpus else f" for {format_cpus(without - silent)}"
            notes.append(f"no core is reported{which}: each cpu a core of its own")
        for cpu in without:
            self.cores[cpu] = ("alone", cpu)
        for cpu in silent:
            self.sockets.setdefault(cpu, 0)

    def _find_cache(self, cpu: int) -> None:
        """(level, first cpu) of its highest data or unified cache."""
        if cpu in self.llcs:
            return
        folder = f"{CPUS}/cpu{cpu}/cache"
        best = (0, "")
        for name in self.files.names(folder):
            one = f"{folder}/{name}"
            if name.startswith("index") and self.files.read(f"{one}/type") != "Instruction":
                best = max(best, (self.files.number(f"{one}/level") or 0, one))
        level, one = best
        if not level and self.files.exists(f"{CPUS}/cpu{cpu}/l2_cache_size"):
            # SPARC tells the sizes only, of caches that are not shared.
            self.llcs[cpu] = (2, cpu)
        if level:
            names = f"{one}/shared_cpu_list", f"{one}/shared_cpu_map"
            shared = self.files.cpus(*names, cpu) & self.cpus
            # Some firmware leaves the map empty: the threads of a core share all the same.
            shared = shared or self._group(cpu, *_CORE)
            for mate in shared | CpuSet.of([cpu]):
                self.llcs.setdefault(mate, (level, cpu))

    def kind(self, cpu: int) -> Hashable:
        """The sizes of its caches, which differ between the types of cores of one machine."""
        folder = f"{CPUS}/cpu{cpu}/cache"
        sizes = [
            tuple(self.files.read(f"{folder}/{name}/{file}") for file in ("level", "type", "size"))
            for name in self.files.names(folder)
            if name.startswith("index")
        ]
        return tuple(sizes) or None
