"""A machine as a drawing, a line, or a record."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from usched.face.output import tree_guides
from usched.words.cpuset import CpuSet, count_cpus, format_cpus
from usched.words.machine import Cpu, Topology
from usched.words.phrases import count

_NOUNS = {"llc": "last-level cache"}


def summarise_machine(topology: Topology) -> str:
    """`twin (16 cpus, 8 cores, 4 last-level caches, 2 nodes, 2 sockets)`."""
    counts = [count(len(topology.cpus), "cpu")]
    for level in ("core", "llc", "node", "socket"):
        if topology.groups[level]:
            counts.append(count(len(topology.groups[level]), _NOUNS.get(level, level)))
    if topology.offline:
        counts.append(f"offline: {format_cpus(topology.offline)}")
    return f"{topology.machine} ({', '.join(counts)})"


def machine_record(topology: Topology, origin: str) -> dict[str, object]:
    """origin: `declared`, `given` (with the command) or `host` (the machine at hand)."""
    return {
        "machine": topology.machine,
        "origin": origin,
        "hz": topology.hz,
        "sockets": len(topology.groups["socket"]),
        "nodes": len(topology.groups["node"]),
        "llcs": len(topology.groups["llc"]),
        "cores": len(topology.groups["core"]),
        "offline": list(topology.offline),
        "cpus": [
            {
                "cpu": cpu.number,
                "socket": cpu.socket,
                "node": cpu.node,
                "llc": cpu.llc,
                "core": cpu.core,
                "online": cpu.number not in topology.offline,
            }
            for cpu in topology.cpus
        ],
    }


def draw_machine(topology: Topology, width: int, unicode: bool) -> Iterator[str]:
    """Sockets, nodes, last-level caches as a tree; at its leaves the cores, [cpu cpu] each."""
    heading = f"{summarise_machine(topology)}, {topology.hz} Hz"
    yield from textwrap.wrap(heading, width, subsequent_indent="  ")
    levels = [level for level in ("socket", "node", "llc") if topology.groups[level]]
    yield from _draw_level(topology, topology.cpus, levels, "", (width, unicode))
    marks = "; ! is offline" if topology.offline else ""
    yield f"[cpu ...] is a core with its threads{marks}"


def _draw_level(
    topology: Topology,
    cpus: Sequence[Cpu],
    levels: Sequence[str],
    margin: str,
    page: tuple[int, bool],
) -> Iterator[str]:
    if not levels:
        yield from _draw_cores(topology, cpus, margin, page[0])
        return
    tee, elbow, bar = tree_guides(page[1])
    level = levels[0]
    branches = _join_crossing(cpus, levels)
    for inside in branches:
        last = inside is branches[-1]
        cores = len({cpu.core for cpu in inside})
        counted = count_cpus(CpuSet.of(cpu.number for cpu in inside), topology.offline)
        numbers = dict.fromkeys(getattr(cpu, level) for cpu in inside)
        names = ", ".join(f"{level}{number}" for number in numbers)
        yield f"{margin}{elbow if last else tee}{names}: {count(cores, 'core')}, {counted}"
        below = margin + ("    " if last else bar)
        yield from _draw_level(topology, inside, levels[1:], below, page)


def _join_crossing(cpus: Sequence[Cpu], levels: Sequence[str]) -> list[list[Cpu]]:
    """The cpus by the first level, in order; groups of it that share one of a level beneath, such
    as two sockets with a node over both, are one branch, so that nothing is drawn twice."""
    level, *beneath = levels
    branches: dict[int, list[Cpu]] = {}
    for cpu in cpus:
        branches.setdefault(getattr(cpu, level), []).append(cpu)
    for other in (*beneath, "core"):
        owners: dict[int, int] = {}
        for number, inside in list(branches.items()):
            for shared in dict.fromkeys(getattr(cpu, other) for cpu in inside):
                owner = owners.setdefault(shared, number)
                if owner != number and number in branches:
                    branches[owner] += branches.pop(number)
                    owners.update((getattr(cpu, other), owner) for cpu in inside)
    return [sorted(inside) for inside in branches.values()]


def _draw_cores(topology: Topology, cpus: Sequence[Cpu], margin: str, width: int) -> Iterator[str]:
    threads: dict[int, list[str]] = {}
    for cpu in cpus:
        mark = "!" if cpu.number in topology.offline else ""
        threads.setdefault(cpu.core, []).append(f"{cpu.number}{mark}")
    cores = " ".join("[" + "\N{NO-BREAK SPACE}".join(numbers) + "]" for numbers in threads.values())
    for line in textwrap.wrap(
        cores, max(24, width - len(margin)), break_long_words=False, break_on_hyphens=False
    ):
        yield margin + line.replace("\N{NO-BREAK SPACE}", " ")
