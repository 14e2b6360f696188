"""Who gets which cpu (usched-model(7), placement)."""

from __future__ import annotations

from usched.engine.domain import Domain, Vcpu
from usched.engine.lwp import Lwp
from usched.words.machine import LEVELS, Topology


class Placement:
    """Placement on a machine."""

    def __init__(self, topology: Topology, root: Domain) -> None:
        self._root = root
        #: Ever wider masks around a real cpu: its core, last-level cache, node and socket.
        self._nearby = {cpu: _neighbours(topology, cpu) for cpu in topology.all}

    def place_lwps(
        self, chosen: list[Lwp], free: int, base: Domain, returned: bool, now: int
    ) -> int:
        """Give each lwp, in pick order, one of these cpus, which are at least as many. The mask of
        those given.

        Who ran in the tick before on one of them keeps it; the others, in pick order, each take
        the one that is smallest by (busy, distance, number). returned: whether any of them may
        have run in the tick before.
        """
        kept = 0
        if returned:
            for lwp in chosen:
                if lwp.settled == now:
                    kept |= lwp.mask & free
        idle = free & ~base.busy | free & base.freed
        idle ^= idle & kept
        busy = free ^ idle ^ kept
        nearby = self._nearby if base is self._root else None
        for lwp in chosen:
            last = mask = lwp.mask
            if last & kept and lwp.settled == now:
                continue
            if idle:
                if not last & idle:
                    mask = idle
                    for near in nearby[lwp.last] if nearby and last else ():
                        if near & idle:
                            mask = near & idle
                            break
                    mask &= -mask
                idle ^= mask
            else:
                if not last & busy:
                    mask = self._nearest(lwp.last, busy, base)
                busy ^= mask
            if mask is not last:
                lwp.mask = mask
                lwp.last = mask.bit_length() - 1
        return free ^ idle ^ busy

    def place_vcpus(self, chosen: list[Vcpu], free: int, base: Domain) -> int:
        """Likewise vcpus, on the cpus of the scheduler's parent."""
        given = 0
        for vcpu in chosen:
            if vcpu.on >= 0:
                given |= free & 1 << vcpu.on
        idle = free & ~base.busy | free & base.freed
        idle ^= idle & given
        busy = free ^ idle ^ given
        for vcpu in chosen:
            if vcpu.on >= 0 and given >> vcpu.on & 1:
                continue
            if idle:
                mask = self._nearest(vcpu.last, idle, base)
                idle ^= mask
            else:
                mask = self._nearest(vcpu.last, busy, base)
                busy ^= mask
            vcpu.last = mask.bit_length() - 1
        return free ^ idle ^ busy

    def _nearest(self, last: int, free: int, base: Domain) -> int:
        """The lowest of the free cpus that are nearest to the one last run on, as a mask."""
        if last >= 0:
            if free >> last & 1:
                return 1 << last
            if base is self._root:
                for near in self._nearby[last]:
                    if near & free:
                        free &= near
                        break
        return free & -free


def _neighbours(topology: Topology, cpu: int) -> list[int]:
    place = topology.places[cpu]
    masks: list[int] = []
    for level in reversed(LEVELS):
        number = getattr(place, level)
        if number is not None:
            mask = topology.groups[level][number].mask
            # what holds no more than the one before cannot be the first that has a free cpu
            if mask != (masks[-1] if masks else 1 << cpu):
                masks.append(mask)
    return masks
