"""Who gets which cpu (usched-model(7), placement)."""

from __future__ import annotations

from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.run_queue import NOWHERE
from usched.engine.vcpus import Vcpu
from usched.words.machine import LEVELS, Topology


class Placement:
    """Placement on a machine."""

    def __init__(self, topology: Topology, root: Domain) -> None:
        self._root = root
        #: Ever wider masks around a real cpu: its core, last-level cache, node and socket; none
        #: around NOWHERE, which is the last.
        self._nearby: list[list[int]] = [[] for _ in range(topology.all.mask.bit_length() + 1)]
        for cpu in topology.all:
            self._nearby[cpu] = _neighbours(topology, cpu)

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
        part = free & base.idle_at(now)
        if kept:
            part &= ~kept
        unused = part
        given = kept
        nearby = self._nearby
        real = base is self._root
        for lwp in chosen:
            last = mask = lwp.mask
            if kept and last & kept and lwp.settled == now:
                continue
            if not unused:  # of the idle ones; there are the busy ones
                given |= part
                part = unused = free ^ given
            if not last & unused:
                mask = unused
                for near in nearby[lwp.last if real else NOWHERE]:
                    if found := near & unused:
                        mask = found
                        break
                mask &= -mask
            unused ^= mask
            if mask is not last:
                lwp.mask = mask
                lwp.last = mask.bit_length() - 1
        return given | part ^ unused

    def place_vcpus(self, chosen: list[Vcpu], free: int, base: Domain, now: int) -> int:
        """Likewise vcpus, on the cpus of the scheduler's parent."""
        kept = 0
        for vcpu in chosen:
            if vcpu.on >= 0:
                kept |= free & 1 << vcpu.on
        part = unused = free & base.idle_at(now) & ~kept
        given = kept
        for vcpu in chosen:
            if vcpu.on >= 0 and kept >> vcpu.on & 1:
                continue
            if not unused:
                given |= part
                part = unused = free ^ given
            mask = self._nearest(vcpu.last, unused, base)
            unused ^= mask
            vcpu.last = mask.bit_length() - 1
        return given | part ^ unused

    def _nearest(self, last: int, free: int, base: Domain) -> int:
        """The lowest of the free cpus that are nearest to the one last run on, as a mask."""
        if last >= 0:
            if free >> last & 1:
                return 1 << last
            if base is self._root:
                for near in self._nearby[last]:
                    if found := near & free:
                        free = found
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
