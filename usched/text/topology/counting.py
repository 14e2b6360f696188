"""How the firmware counts the threads of cores, told by the cpus whose cores are known.

Siblings adjacent, or all first threads before all second ones. A hybrid machine has cores of
several threads and of one: there the siblings of a core are as far apart as those of the others,
and which cores have them is told by their type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from usched.text.topology.reported import Found


def find_order(cpus: Sequence[Found], primaries_only: bool) -> tuple[str, list[int]]:
    """How the firmware counts, and for each cpu the position of its core; "" if nothing fits.

    cpus: ascending.
    """
    total = len(cpus)
    sizes = Counter(one.core for one in cpus if one.core is not None)
    threads = max(sizes.values(), default=1)
    if threads == 1 and primaries_only:
        threads = total // len(sizes) if sizes and total % len(sizes) == 0 else 2
    ranks = list(range(total))
    if threads == 1:
        return "single", ranks
    mixed = _Mixed(cpus, threads, primaries_only)
    orders = {}
    if not mixed.has_narrow():
        orders["compact"] = [rank // threads for rank in ranks]
        if total % threads == 0:
            orders["linux"] = [rank % (total // threads) for rank in ranks]
    if mixed.stride:
        orders["mixed"] = mixed.slots()
    for order, slots in orders.items():
        if _fits(cpus, slots):
            return order, slots
    return "", ranks


def _fits(cpus: Sequence[Found], slots: Sequence[int]) -> bool:
    core_of: dict[int, Hashable] = {}
    slot_of: dict[Hashable, int] = {}
    node_of: dict[int, int] = {}
    socket_of: dict[int, int] = {}
    for one, slot in zip(cpus, slots, strict=True):
        if one.node is not None and node_of.setdefault(slot, one.node) != one.node:
            return False
        if one.socket is not None and socket_of.setdefault(slot, one.socket) != one.socket:
            return False
        if one.core is None:
            continue
        if core_of.setdefault(slot, one.core) != one.core:
            return False
        if slot_of.setdefault(one.core, slot) != slot:
            return False
    return True


class _Mixed:
    """Cores of several threads among cores of one. stride: how far siblings are apart, 0 where
    the known ones do not agree."""

    def __init__(self, cpus: Sequence[Found], threads: int, primaries_only: bool) -> None:
        self.cpus = cpus
        self.threads = threads
        self.primaries_only = primaries_only
        self.members: dict[Hashable, list[int]] = {}
        for rank, one in enumerate(cpus):
            if one.core is not None:
                self.members.setdefault(one.core, []).append(rank)
        whole = [ranks for ranks in self.members.values() if len(ranks) == threads]
        strides = {ranks[1] - ranks[0] for ranks in whole} or {1}
        self.stride = strides.pop() if len(strides) == 1 else 0
        self.several = {cpus[ranks[0]].kind for ranks in whole}
        self.slot_of: dict[int, int] = {}
        self.wide: set[int] = set()

    def has_narrow(self) -> bool:
        """Whether a type of cores is there of which none has all threads."""
        kinds = {one.kind for one in self.cpus if one.core is not None}
        return bool(self.several) and None not in kinds and not kinds <= self.several

    def slots(self) -> list[int]:
        slot = 0
        for rank in range(len(self.cpus)):
            if rank in self.slot_of:
                continue
            core = [rank + self.stride * thread for thread in range(self.threads)]
            wide = self._is_core(core)
            for member in core if wide else [rank]:
                self.slot_of[member] = slot
                if wide:
                    self.wide.add(member)
            slot += 1
        return [self.slot_of[rank] for rank in range(len(self.cpus))]

    def _is_core(self, ranks: list[int]) -> bool:
        if ranks[-1] >= len(self.cpus) or any(rank in self.slot_of for rank in ranks):
            return False
        known = {self.cpus[rank].core for rank in ranks} - {None}
        if len(known) > 1 or any(not set(self.members[core]) <= set(ranks) for core in known):
            return False
        placed = [rank for rank in ranks if self.cpus[rank].core is not None]
        if len(placed) > 1 or not placed:
            return bool(placed) or self._is_among_wide(ranks)
        kind = self.cpus[placed[0]].kind
        if self.primaries_only:
            return placed[0] == ranks[0]
        return kind in self.several if kind is not None else self._is_among_wide(ranks)

    def _is_among_wide(self, ranks: list[int]) -> bool:
        """By the core before it, or the one after it."""
        after = ranks[0] + (self.threads if self.stride == 1 else 1)
        core = self.cpus[after].core if after < len(self.cpus) else None
        return ranks[0] - 1 in self.wide or (core is not None and len(self.members[core]) > 1)
