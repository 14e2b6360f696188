"""Machines whose parts are all alike: the compact form of a topology."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from usched.words.cpuset import MAX_CPU
from usched.words.machine import Cpu, Topology

MAX_CPUS = MAX_CPU + 1

#: linux: all first threads, then all second ones; compact: the threads of a core adjacent.
NUMBERINGS = ("linux", "compact")


class Shape(NamedTuple):
    """A machine whose parts are all alike. Each count is per part of the level before it.

    llcs: None where caches are not declared; cores are per node then.
    """

    sockets: int = 1
    nodes: int = 1
    llcs: int | None = None
    cores: int = 1
    threads: int = 1
    numbering: str = "linux"

    @property
    def total(self) -> int:
        """The number of cpus."""
        return self.sockets * self.nodes * (self.llcs or 1) * self.cores * self.threads

    def cpus(self) -> tuple[Cpu, ...]:
        """The cpus in ascending order."""
        cores = self.total // self.threads
        return tuple(self._cpu(number, cores) for number in range(self.total))

    def _cpu(self, number: int, cores: int) -> Cpu:
        core = number % cores if self.numbering == "linux" else number // self.threads
        cache = core // self.cores
        node = cache // (self.llcs or 1)
        llc = None if self.llcs is None else cache
        return Cpu(number, node // self.nodes, node, llc, core)


def find_shape(topology: Topology) -> Shape | None:
    """The shape that gives exactly these cpus, or None."""
    sockets, nodes, llcs, cores = (
        len(topology.groups[level]) for level in ("socket", "node", "llc", "core")
    )
    counts = (sockets, nodes, *((llcs,) if llcs else ()), cores, len(topology.cpus))
    if any(inner % outer for outer, inner in pairwise(counts)):
        return None
    threads = len(topology.cpus) // cores
    per = (nodes // sockets, llcs // nodes if llcs else None, cores // (llcs or nodes))
    for numbering in NUMBERINGS[: 2 if threads > 1 else 1]:
        shape = Shape(sockets, *per, threads, numbering)
        if shape.cpus() == topology.cpus:
            return shape
    return None
