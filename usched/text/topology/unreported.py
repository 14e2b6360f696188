"""Places for the cpus that a source lists without saying where they are.

An offline cpu has no topology directory in Linux, and lscpu prints `-` for it. The numbers of the
others show how the firmware counts. Where a count fits every cpu that is known, the unknown ones
are placed by it, and a note says so; where none fits, each is taken for a core of its own beside
its neighbour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from usched.text.topology.counting import find_order
from usched.text.topology.reported import Found
from usched.words.cpuset import CpuSet, format_cpus

_SAID = {
    "compact": "siblings adjacent",
    "linux": "first threads before second ones",
    "mixed": "siblings where like cores have theirs",
    "single": "one thread a core",
}

#: A node and a socket, None for any.
_Where = tuple[int | None, int | None]


def place_unplaced(
    cpus: list[Found], primaries_only: bool, nodes: Sequence[int], notes: list[str]
) -> list[Found]:
    """Give every cpu a socket, node, core (and llc, where there are any). cpus: ascending.

    nodes: those that are named, ascending; one without a cpu may be that of the unplaced.
    """
    unplaced = [one for one in cpus if one.core is None]
    if not unplaced:
        return cpus
    order, slots = find_order(cpus, primaries_only)
    names = format_cpus(CpuSet.of(one.cpu for one in unplaced))
    offline = "offline " if not any(one.online for one in unplaced) else ""
    notes.append(
        f"{offline}{names}: the place is not reported, "
        + (
            f"assumed from the numbers of the others ({_SAID[order]})"
            if order
            else "taken for cores of their own beside their neighbours"
        )
    )
    return _Placing(_spread_nodes(cpus, slots, nodes) if order else cpus, slots).place()


def _spread_nodes(cpus: list[Found], slots: Sequence[int], nodes: Sequence[int]) -> list[Found]:
    """Where the known cores stand as if all nodes had equally many, in turn, so do the others."""
    total = max(slots) + 1
    if (
        not nodes
        or total % len(nodes)
        or {one.node for one in cpus if one.core is not None} >= set(nodes)
    ):
        return cpus
    spread = [nodes[slot * len(nodes) // total] for slot in slots]
    if any(one.node not in (None, node) for one, node in zip(cpus, spread, strict=True)):
        return cpus
    return [one._replace(node=node) for one, node in zip(cpus, spread, strict=True)]


class _Placing:
    """slots: the position of each cpu's core, by the order that was found."""

    def __init__(self, cpus: list[Found], slots: list[int]) -> None:
        self.cpus = cpus
        self.slots = slots
        self.anchors: dict[int, Found] = {}
        for one, slot in zip(cpus, slots, strict=True):
            if one.core is not None:
                self.anchors.setdefault(slot, one)
        known = [one for one in cpus if one.core is not None]
        self.sizes: Counter[Hashable] = Counter(one.socket for one in known)
        self.sizes.update((one.socket, one.llc) for one in known)
        cores = {(one.llc, one.core) for one in known}
        #: Where each core has a cache of its own, so have those that are not known.
        self.caches_are_private = len(cores) > 1 and len({llc for llc, _ in cores}) == len(cores)
        #: Of each node its socket; a node of several is of the last of them.
        self.socket_of = {one.node or 0: one.socket or 0 for one in self.anchors.values()}
        self.nodes_per_socket = max(
            Counter(
                socket for socket, _ in {(a.socket, a.node) for a in self.anchors.values()}
            ).values()
        )
        self.before = self._neighbours(range(max(slots) + 1))
        self.after = self._neighbours(range(max(slots), -1, -1))

    def _neighbours(self, order: Sequence[int]) -> dict[tuple[int, _Where], Found]:
        """The placed core met last on the way to each slot, anywhere and where a cpu must be."""
        wanted: dict[int, set[_Where]] = {}
        for one, slot in zip(self.cpus, self.slots, strict=True):
            if one.core is None:
                wanted.setdefault(slot, set()).add((one.node, one.socket))
        last: dict[_Where, Found] = {}
        met = {}
        for slot in order:
            anchor = self.anchors.get(slot)
            if anchor is not None:
                node, socket = anchor.node, anchor.socket
                for where in ((node, socket), (node, None), (None, socket), (None, None)):
                    last[where] = anchor
            for where in wanted.get(slot, ()):
                if where in last:
                    met[slot, where] = last[where]
        return met

    def place(self) -> list[Found]:
        return [
            one if one.core is not None else self._one(one, slot)
            for one, slot in zip(self.cpus, self.slots, strict=True)
        ]

    def _one(self, one: Found, slot: int) -> Found:
        near = self.anchors.get(slot)
        if near is not None:
            return one._replace(socket=near.socket, node=near.node, llc=near.llc, core=near.core)
        key = slot, (one.node, one.socket)
        sides = [side[key] for side in (self.before, self.after) if key in side]
        core = ("unplaced", slot)
        if sides:
            near = min(sides, key=self._fullness)
            placed = near._replace(cpu=one.cpu, online=one.online, core=core)
        else:
            placed = self._nowhere_yet(one, core)
        if self.caches_are_private:
            placed = placed._replace(llc=core)
        self.sizes.update([placed.socket, (placed.socket, placed.llc)])
        self.anchors[slot] = placed
        return placed

    def _fullness(self, side: Found) -> tuple[int, int]:
        return self.sizes[side.socket], self.sizes[side.socket, side.llc]

    def _nowhere_yet(self, one: Found, core: Hashable) -> Found:
        """Nothing of its node, or of its socket, is known."""
        node = one.node
        for anchor in reversed(list(self.anchors.values())):
            same_node = node is not None and anchor.node == node
            if same_node and one.socket in (None, anchor.socket):
                return anchor._replace(cpu=one.cpu, online=one.online, core=core)
        socket = one.socket if one.socket is not None else self._find_socket(node or 0)
        some = next(iter(self.anchors.values()))
        node = node if node is not None else some.node
        self.socket_of[node or 0] = socket
        llc = None if some.llc is None else ("unplaced", node)
        return one._replace(socket=socket, node=node, llc=llc, core=core)

    def _find_socket(self, node: int) -> int:
        """Nodes count on through the sockets, and each socket has as many as the fullest."""
        below = max((other for other in self.socket_of if other < node), default=None)
        above = min((other for other in self.socket_of if other > node), default=None)
        sides = [self.socket_of[side] for side in (below, above) if side is not None]
        if len(sides) == 2 and sides[0] == sides[1]:
            return sides[0]
        taken = Counter(self.socket_of.values())
        for socket in sides:
            if taken[socket] < self.nodes_per_socket:
                return socket
        if below is None and sides and sides[0] > 0:
            free = sides[0] - 1
        else:
            free = sides[0] + 1 if len(sides) == 2 else max(taken) + 1
        return free if free not in taken else max(taken) + 1
