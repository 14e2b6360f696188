"""Who gets which cpu (usched-model(7), placement)."""

from __future__ import annotations

from typing import TypeVar

from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import CPUS, Word, join, split
from usched.engine.run_queue import NOWHERE, Runner
from usched.engine.vcpus import Vcpu
from usched.words.machine import LEVELS, Topology

R = TypeVar("R", bound=Runner)


class Near:
    """Of cpus around a real one those in one word of the machine's."""

    __slots__ = ("cpus", "word")

    def __init__(self, word: Word, cpus: int) -> None:
        self.word = word
        self.cpus = cpus


class Placement:
    """Placement on a machine. What is free is looked at in words, of which each cpu has its own."""

    def __init__(self, topology: Topology, root: Domain) -> None:
        self._root = root
        #: Ever wider around a real cpu: its core, last-level cache, node and socket; nothing
        #: around NOWHERE, which is the last.
        self._nearby: list[list[Near]] = [[] for _ in range(topology.all.mask.bit_length() + 1)]
        groups = _Groups(topology, root.words)
        for cpu in topology.all:
            self._nearby[cpu] = groups.around(cpu)

    def place_lwps(
        self, chosen: list[Lwp], free: int, base: Domain, returned: bool, now: int
    ) -> int:
        """Give each lwp, in pick order, one of these cpus, which are at least as many. The mask of
        those given.

        Who ran in the tick before on one of them keeps it; the others, in pick order, each take
        the one that is smallest by (busy, distance, number). returned: whether any of them may
        have run in the tick before.
        """
        idle = base.idle_at(now)
        if returned:
            kept = 0
            for lwp in chosen:
                if lwp.settled == now:
                    kept |= lwp.at.mask & free
            if kept:
                rest = [lwp for lwp in chosen if lwp.settled != now or not lwp.at.mask & kept]
                return kept | self._place(rest, free ^ kept, idle, base)
        return self._place(chosen, free, idle, base)

    def place_vcpus(self, chosen: list[Vcpu], free: int, base: Domain, now: int) -> int:
        """Likewise vcpus, on the cpus of the scheduler's parent."""
        idle = base.idle_at(now)
        kept = 0
        for vcpu in chosen:
            if vcpu.on >= 0:
                kept |= free & vcpu.at.mask
        if kept:
            rest = [vcpu for vcpu in chosen if vcpu.on < 0 or not vcpu.at.mask & kept]
            return kept | self._place(rest, free ^ kept, idle, base)
        return self._place(chosen, free, idle, base)

    def _place(self, chosen: list[R], free: int, idle: int, base: Domain) -> int:
        """Likewise those who did not run on any of these cpus in the tick before."""
        part = free & idle
        if part == free or (part and len(chosen) == 1):
            return self._give(chosen, part, base)
        room = part.bit_count()
        if room >= len(chosen):
            return self._give(chosen, part, base)
        # of the idle ones; there are the busy ones
        given = self._give(chosen[:room], part, base) if room else 0
        return given | self._give(chosen[room:], free ^ part, base)

    def _give(self, chosen: list[R], cpus: int, base: Domain) -> int:
        """Each takes the nearest to its last one, and of these the lowest."""
        words = base.words
        split(cpus, words)
        nearby = self._nearby
        real = base is self._root
        for runner in chosen:
            at = runner.at
            word = words[at.word]
            found = word.left & at.bit
            if found:
                word.left ^= found
                continue
            for near in nearby[at.number if real else NOWHERE]:
                word = near.word
                found = word.left & near.cpus
                if found:
                    break
            else:
                for word in words:
                    found = word.left
                    if found:
                        break
            found &= -found
            word.left ^= found
            runner.at = CPUS[word.first + found.bit_length() - 1]
        return cpus ^ join(words)


class _Groups:
    """The cpus of each core, last-level cache, node and socket, by word."""

    def __init__(self, topology: Topology, words: list[Word]) -> None:
        self._topology = topology
        self._words = words
        self._found: dict[int, list[Near]] = {}

    def around(self, cpu: int) -> list[Near]:
        place = self._topology.places[cpu]
        found: list[Near] = []
        widest = 1 << cpu
        for level in reversed(LEVELS):
            number = getattr(place, level)
            if number is not None:
                mask = self._topology.groups[level][number].mask
                # what holds no more than the one before cannot be the first that has a free cpu
                if mask != widest:
                    widest = mask
                    found += self._split(mask)
        return found

    def _split(self, mask: int) -> list[Near]:
        found = self._found.get(mask)
        if found is None:
            split(mask, self._words)
            found = [Near(word, word.left) for word in self._words if word.left]
            self._found[mask] = found
        return found
