"""Who gets which cpu (usched-model(7), placement)."""

from __future__ import annotations

from usched.engine.domain import Domain, Vcpu
from usched.engine.lwp import Lwp
from usched.engine.run_queue import NOWHERE
from usched.words.machine import LEVELS, Topology


class Placement:
    """Placement on a machine."""

    def __init__(self, topology: Topology, root: Domain) -> None:
        self._topology = topology
        self._root = root
        self._near: dict[int, list[int]] = {}

    def place_lwp(self, lwp: Lwp, free: int, base: Domain, now: int) -> int:
        """The cpu for one lwp: its own, if it ran there in the tick before, else the one that is
        smallest by (busy, distance, number)."""
        last = lwp.last
        if last >= 0 and free >> last & 1 and (lwp.settled == now or lwp.running):
            return last
        return self._nearest(last, free & ~base.busy | free & base.freed or free, base)

    def place_lwps(self, chosen: list[Lwp], free: int, base: Domain, now: int) -> list[int]:
        """A cpu for each lwp, in pick order, of cpus that are at least as many.

        Who ran in the tick before on one of them keeps it; the others, in pick order, each take
        the one that is smallest by (busy, distance, number).
        """
        on = [lwp.last if lwp.settled == now or lwp.running else NOWHERE for lwp in chosen]
        return self._place(on, [lwp.last for lwp in chosen], free, base)

    def place_vcpus(self, chosen: list[Vcpu], free: int, base: Domain) -> list[int]:
        """Likewise for vcpus, on the cpus of the scheduler's parent."""
        return self._place([vcpu.on for vcpu in chosen], [v.last for v in chosen], free, base)

    def _place(self, on: list[int], last: list[int], free: int, base: Domain) -> list[int]:
        places = on
        others = False
        for item, cpu in enumerate(on):
            if cpu >= 0 and free >> cpu & 1:
                free ^= 1 << cpu
            else:
                places[item] = NOWHERE
                others = True
        if not others:
            return places
        idle = free & ~base.busy | free & base.freed
        busy = free ^ idle
        for item, place in enumerate(places):
            if place >= 0:
                continue
            near = last[item]
            if idle:
                cpu = near if near >= 0 and idle >> near & 1 else self._nearest(near, idle, base)
                idle ^= 1 << cpu
            else:
                cpu = self._nearest(near, busy, base)
                busy ^= 1 << cpu
            places[item] = cpu
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
