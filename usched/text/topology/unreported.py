"""Places for the cpus that a source lists without saying where they are.

An offline cpu has no topology directory in Linux, and lscpu prints `-` for it. The numbers of the
others show how the firmware counts: siblings adjacent, or all first threads before all second
ones. Where a count fits every cpu that is known, the unknown ones are placed by it, and a note
says so; where none fits, each is taken for a core of its own beside its neighbour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from usched.text.topology.reported import Found
from usched.words.cpuset import CpuSet, format_cpus

_SAID = {
    "compact": "siblings adjacent",
    "linux": "first threads before second ones",
    "single": "one thread a core",
}


def place_unplaced(cpus: list[Found], primaries_only: bool, notes: list[str]) -> list[Found]:
    """Give every cpu a socket, node, core (and llc, where there are any). cpus: ascending."""
    unplaced = [one for one in cpus if one.core is None]
    if not unplaced:
        return cpus
    order, slots = _find_order(cpus, primaries_only)
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
    return _Placing(cpus, slots).place()


def _find_order(cpus: Sequence[Found], primaries_only: bool) -> tuple[str, list[int]]:
    """How the firmware counts, and for each cpu the position of its core; "" if nothing fits."""
    total = len(cpus)
    sizes = Counter(one.core for one in cpus if one.core is not None)
    threads = max(sizes.values(), default=1)
    if threads == 1 and primaries_only:
        threads = total // len(sizes) if sizes and total % len(sizes) == 0 else 2
    ranks = list(range(total))
    if threads == 1:
        return "single", ranks
    orders = {"compact": [rank // threads for rank in ranks]}
    if total % threads == 0:
        orders["linux"] = [rank % (total // threads) for rank in ranks]
    for order, slots in orders.items():
        if _fits(cpus, slots):
            return order, slots
    return "", ranks


def _fits(cpus: Sequence[Found], slots: Sequence[int]) -> bool:
    core_of: dict[int, Hashable] = {}
    slot_of: dict[Hashable, int] = {}
    node_of: dict[int, int] = {}
    for one, slot in zip(cpus, slots, strict=True):
        if one.node is not None and node_of.setdefault(slot, one.node) != one.node:
            return False
        if one.core is None:
            continue
        if core_of.setdefault(slot, one.core) != one.core:
            return False
        if slot_of.setdefault(one.core, slot) != slot:
            return False
    return True


class _Placing:
    """slots: the position of each cpu's core, by the order that was found."""

    def __init__(self, cpus: list[Found], slots: list[int]) -> None:
        self.cpus = cpus
        self.slots = slots
        self.anchors: dict[int, Found] = {}
        for one, slot in zip(cpus, slots, strict=True):
            if one.core is not None:
                self.anchors.setdefault(slot, one)
        self.sizes = Counter((one.socket, one.llc) for one in cpus if one.core is not None)
        self.nodes_per_socket = Counter(
            socket for socket, _ in {(a.socket, a.node) for a in self.anchors.values()}
        )
        self.before = self._neighbours(range(max(slots) + 1))
        self.after = self._neighbours(range(max(slots), -1, -1))

    def _neighbours(self, order: Sequence[int]) -> dict[tuple[int, int | None], Found]:
        """The placed core met last on the way to each slot: of any node, and of each node."""
        wanted: dict[int, set[int | None]] = {}
        for one, slot in zip(self.cpus, self.slots, strict=True):
            if one.core is None:
                wanted.setdefault(slot, set()).add(one.node)
        last: dict[int | None, Found] = {}
        met = {}
        for slot in order:
            anchor = self.anchors.get(slot)
            if anchor is not None:
                last[anchor.node] = last[None] = anchor
            for node in wanted.get(slot, ()):
                if node in last:
                    met[slot, node] = last[node]
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
        sides = [
            side[slot, one.node] for side in (self.before, self.after) if (slot, one.node) in side
        ]
        core = ("unplaced", slot)
        if sides:
            near = min(sides, key=lambda side: self.sizes[side.socket, side.llc])
            placed = near._replace(cpu=one.cpu, online=one.online, core=core)
        else:
            placed = self._whole_node(one, core)
        self.sizes[placed.socket, placed.llc] += 1
        self.anchors[slot] = placed
        return placed

    def _whole_node(self, one: Found, core: Hashable) -> Found:
        """Nothing of this node is known: it is like the others, as far as one can tell."""
        others = [anchor for anchor in self.anchors.values() if anchor.node == one.node]
        if others:
            return others[-1]._replace(cpu=one.cpu, online=one.online, core=core)
        some = next(iter(self.anchors.values()))
        sockets = {anchor.socket or 0 for anchor in self.anchors.values()}
        alone = all(count == 1 for count in self.nodes_per_socket.values())
        socket = max(sockets) + 1 if alone else some.socket
        llc = None if some.llc is None else ("unplaced", one.node)
        return one._replace(socket=socket, llc=llc, core=core)
