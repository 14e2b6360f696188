"""Who gets which cpu (usched-model(7), placement)."""

from __future__ import annotations

from usched.engine.domain import Domain, Lwp, Vcpus
from usched.words.machine import LEVELS, Topology


class Placement:
    """Placement on a machine."""

    def __init__(self, topology: Topology, root: Domain) -> None:
        self._topology = topology
        self._root = root
        self._near: dict[int, list[int]] = {}

    def place_lwps(self, chosen: list[Lwp], free: int, base: Domain) -> list[int]:
        """A cpu for each lwp, in pick order, of cpus that are at least as many.

        Who ran in the tick before on one of them keeps it; the others, in pick order, each take
        the one that is smallest by (busy, distance, number).
        """
        if len(chosen) == 1:
            lwp = chosen[0]
            if lwp.on >= 0 and free >> lwp.on & 1:
                return [lwp.on]
            idle = free & ~base.busy | free & base.freed
            return [self._nearest(lwp.last, idle or free, base)]
        return self._place([lwp.on for lwp in chosen], [lwp.last for lwp in chosen], free, base)

    def place_vcpus(self, vcpus: Vcpus, chosen: list[int], free: int, base: Domain) -> list[int]:
        """Likewise for vcpus, on the cpus of the scheduler's parent."""
        on = vcpus.on
        last = vcpus.last
        return self._place(
            [on[vcpu] for vcpu in chosen], [last[vcpu] for vcpu in chosen], free, base
        )

    def _place(self, on: list[int], last: list[int], free: int, base: Domain) -> list[int]:
        places = []
        others = False
        for cpu in on:
            if cpu >= 0 and free >> cpu & 1:
                free ^= 1 << cpu
                places.append(cpu)
            else:
                places.append(-1)
                others = True
        if others:
            idle = free & ~base.busy | free & base.freed
            busy = free ^ idle
            for item, place in enumerate(places):
                if place < 0:
                    cpu = self._nearest(last[item], idle or busy, base)
                    places[item] = cpu
                    if idle:
                        idle ^= 1 << cpu
                    else:
                        busy ^= 1 << cpu
        return places

    def _nearest(self, last: int, free: int, base: Domain) -> int:
        """The lowest of the free cpus that are nearest to the one last run on."""
        if last >= 0:
            if free >> last & 1:
                return last
            if base is self._root:
                for near in self._neighbours(last):
                    if near & free:
                        free &= near
                        break
        return (free & -free).bit_length() - 1

    def _neighbours(self, cpu: int) -> list[int]:
        """Ever wider masks around a real cpu: its core, last-level cache, node and socket."""
        masks = self._near.get(cpu)
        if masks is None:
            place = self._topology.places[cpu]
            masks = []
            for level in reversed(LEVELS):
                number = getattr(place, level)
                if number is not None:
                    masks.append(self._topology.groups[level][number].mask)
            self._near[cpu] = masks
        return masks
