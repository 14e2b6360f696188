"""What an hwloc export holds, and what it says of each cpu.

Only the numbers of PUs and NUMANodes mean anything outside: the os_index of a package is a label,
which some firmware makes of an address, and that of a device is its place on a bus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from usched.text.topology.reported import Found
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus


@dataclass(frozen=True, slots=True)
class Object:
    """An object on the way from the root. number: counts all objects, so it names this one.

    cache: the level of a data or unified cache, else 0. size: a cache's, as printed. complete: its
    cpus, those that are offline or not allowed included. nodes: the numbers of the nodes it is
    local to, None where not said.
    """

    number: int
    kind: str
    os_index: int | None
    cache: int = 0
    size: str = ""
    complete: CpuSet = NO_CPUS
    nodes: CpuSet | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """cpus: as its sets say. parent: what it stands in, where it has no sets."""

    number: int
    os_index: int
    parent: int | None
    cpus: CpuSet


@dataclass(slots=True)
class Export:
    """What one reading of a file has gathered. pus: for each cpu its path from the root.

    partial: the objects, outer ones first, that have cpus which are not in the export.
    """

    pus: dict[int, tuple[Object, ...]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    partial: list[Object] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    complete: CpuSet = NO_CPUS
    online: CpuSet | None = None
    #: The nodes that are there, as far as a nodeset of the root tells.
    all_nodes: CpuSet = NO_CPUS

    @property
    def node_numbers(self) -> list[int]:
        """Ascending, those without a cpu in the export included."""
        return list(self.all_nodes | CpuSet.of(node.os_index for node in self.nodes))

    @property
    def missing(self) -> CpuSet:
        """The cpus that only the sets tell of."""
        return self.complete - CpuSet.of(self.pus)


def find_cpus(export: Export, notes: list[str]) -> Iterator[Found]:
    """Each cpu as the export tells of it."""
    missing = export.missing
    paths = dict(export.pus)
    for cpu in missing:
        paths[cpu] = tuple(one for one in export.partial if cpu in one.complete)
    sockets = _name_packages(paths)
    nodes = _node_of(export, paths, notes)
    if not any(one.kind == "core" for path in export.pus.values() for one in path):
        notes.append("the export has no cores: each cpu a core of its own")
    for cpu, path in paths.items():
        socket = next((sockets[one.number] for one in path if one.kind == "package"), None)
        core = next((one.number for one in path if one.kind == "core"), None)
        caches = [(one.cache, one.number) for one in path if one.cache]
        here = cpu in export.pus
        online = here and (export.online is None or cpu in export.online)
        key = ("pu", cpu) if core is None and here else core
        last = max(caches, default=None)
        kind = tuple((one.cache, one.size) for one in path if one.size) or None
        yield Found(cpu, socket, nodes.get(cpu), last, key, online, kind)
    if missing:
        notes.append(
            f"{format_cpus(missing)}: offline, or not allowed where the export was made; "
            "taken as offline"
        )


def _name_packages(paths: dict[int, tuple[Object, ...]]) -> dict[int, int]:
    """The socket of each package: its label where all have one, else counted by first cpus."""
    labels = {
        one.number: one.os_index
        for cpu in sorted(paths)
        for one in paths[cpu]
        if one.kind == "package"
    }
    known = [label for label in labels.values() if label is not None]
    if len(set(known)) == len(labels):
        return dict(zip(labels, known, strict=True))
    return {number: count for count, number in enumerate(labels)}


def _node_of(
    export: Export, paths: dict[int, tuple[Object, ...]], notes: list[str]
) -> dict[int, int]:
    """cpu -> node: by what stands inside the node (1.x), else by cpuset, else by its parent.

    Of several nodes the nearest is taken, the one with the fewest cpus; of equals the lowest.
    """
    members: dict[int, list[int]] = {}
    for cpu, path in export.pus.items():
        for one in path:
            members.setdefault(one.number, []).append(cpu)
    local = []
    for node in export.nodes:
        cpus = CpuSet.of(members.get(node.number, ())) | node.cpus
        if not cpus and node.parent is not None:
            cpus = CpuSet.of(members.get(node.parent, ()))
        local.append((len(cpus), node.os_index, cpus))
    nodes: dict[int, int] = {}
    further = []
    for _, number, cpus in sorted(local, key=lambda one: one[:2]):
        for cpu in cpus:
            if nodes.setdefault(cpu, number) != number:
                further.append(number)
    if further:
        numbers = ", ".join(str(number) for number in dict.fromkeys(further))
        notes.append(
            f"node {numbers}: local to cpus of a nearer or lower node, which they are counted to"
        )
    for cpu, path in paths.items():
        named = None if cpu in nodes else _named_node(path)
        if named is not None:
            nodes[cpu] = named
    return nodes


def _named_node(path: Sequence[Object]) -> int | None:
    """A node that a job may not use is not exported, but the nodesets of its cpus name it."""
    for one in reversed(path):
        if one.nodes is not None:
            sure = len(one.nodes) == 1 or one.kind == "pu"
            return next(iter(one.nodes), None) if sure else None
    return None
