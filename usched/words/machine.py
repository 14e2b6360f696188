"""The machine as declared: cpus, and the cores, caches, nodes and sockets that they share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

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


class Topology:
    """A machine. cpus: ascending by number; offline: those the machine does not offer now.

    hz: ticks per second. `groups[level][number]` are the cpus of that socket, node, llc or core;
    `threads[number]`: of each core the cpu so many after its first, offline ones counted.

    Not to be changed; written out, as the nouns of a statement are.
    """

    __slots__ = ("all", "cpus", "groups", "hz", "machine", "offline", "places", "threads")

    def __init__(
        self, machine: str, cpus: tuple[Cpu, ...], hz: int = DEFAULT_HZ, offline: CpuSet = NO_CPUS
    ) -> None:
        assert cpus, "a machine has a cpu"
        self.machine: Final = machine
        self.cpus: Final = cpus
        self.hz: Final = hz
        self.offline: Final = offline
        self.all: Final = CpuSet.of(cpu.number for cpu in cpus)
        self.places: Final = {cpu.number: cpu for cpu in cpus}
        self.groups: Final = {level: _group(cpus, level) for level in LEVELS}
        self.threads: Final = _threads(self.groups["core"].values())

    def _declared(self) -> tuple[object, ...]:
        return self.machine, self.cpus, self.hz, self.offline

    def __eq__(self, other: object) -> bool:
        return self._declared() == other._declared() if isinstance(other, Topology) else False

    def __hash__(self) -> int:
        return hash(self._declared())

    def __repr__(self) -> str:
        return f"Topology{self._declared()}"

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
