"""The machine as declared: cpus, and the cores, caches, nodes and sockets that they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from usched.words.cpuset import NO_CPUS, CpuSet

DEFAULT_HZ = 100

#: The levels at which cpus lie together, from the widest.
LEVELS = ("socket", "node", "llc", "core")

#: What a selector can name, in the canonical order of terms. A thread is not a level: `thread1` are
#: the second cpus of all cores.
SELECTORS = (*LEVELS, "thread")


class Cpu(NamedTuple):
    """A real cpu. core, llc and node numbers are machine-wide; llc is None where not declared."""

    number: int
    socket: int
    node: int
    llc: int | None
    core: int


@dataclass(frozen=True, slots=True)
class Topology:
    """A machine. cpus: ascending by number; offline: those the machine does not offer now.

    hz: ticks per second. `groups[level][number]` are the cpus of that socket, node, llc or core;
    `threads[number]`: of each core the cpu so many after its first, offline ones counted.
    """

    machine: str
    cpus: tuple[Cpu, ...]
    hz: int = DEFAULT_HZ
    offline: CpuSet = NO_CPUS
    all: CpuSet = field(init=False, compare=False, repr=False)
    places: dict[int, Cpu] = field(init=False, compare=False, repr=False)
    groups: dict[str, dict[int, CpuSet]] = field(init=False, compare=False, repr=False)
    threads: dict[int, CpuSet] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        assert self.cpus, "a machine has a cpu"
        object.__setattr__(self, "all", CpuSet.of(cpu.number for cpu in self.cpus))
        object.__setattr__(self, "places", {cpu.number: cpu for cpu in self.cpus})
        object.__setattr__(self, "groups", {level: _group(self.cpus, level) for level in LEVELS})
        object.__setattr__(self, "threads", _threads(self.groups["core"].values()))

    def selected(self, selector: str) -> dict[int, CpuSet]:
        """What the terms of one of SELECTORS mean, by their numbers."""
        return self.threads if selector == "thread" else self.groups[selector]

    @property
    def online(self) -> CpuSet:
        return self.all - self.offline

    def distance(self, a: int, b: int) -> int:
        """How far an lwp moves between two real cpus (usched-model(7), placement).

        0 the same cpu, 1 the same core, 2 last-level cache, 3 node, 4 socket, 5 otherwise.
        """
        if a == b:
            return 0
        here, there = self.places[a], self.places[b]
        if here.core == there.core:
            return 1
        if here.llc is not None and here.llc == there.llc:
            return 2
        if here.node == there.node:
            return 3
        return 4 if here.socket == there.socket else 5


def _group(cpus: Iterable[Cpu], level: str) -> dict[int, CpuSet]:
    members: dict[int, list[int]] = {}
    for cpu in cpus:
        number = getattr(cpu, level)
        if number is not None:
            members.setdefault(number, []).append(cpu.number)
    return {number: CpuSet.of(members[number]) for number in sorted(members)}


def _threads(cores: Iterable[CpuSet]) -> dict[int, CpuSet]:
    members: dict[int, list[int]] = {}
    for core in cores:
        for number, cpu in enumerate(core):
            members.setdefault(number, []).append(cpu)
    return {number: CpuSet.of(members[number]) for number in sorted(members)}
