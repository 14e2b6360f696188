"""Turns among equals: children of one lwktpri, cpu by cpu (usched-model(7), dispatch).

Cpus with the same members have their turns in the same order and differ only in whose it is. A
level keeps, for each place in that order and each member, the mask of cpus on which it stands
there: a pass offers each its mask. A turn is counted from the tick at which it would have begun
without pauses, and looked at again when it is used up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usched.engine.masks import bits
from usched.engine.waiting import could_run_above, waits_above

if TYPE_CHECKING:
    from usched.engine.domain import Domain

NOBODY: Final = -1


class Turn:
    """Whose turn it is on one cpu. used: its ticks, while it does not run; else now - began."""

    __slots__ = ("began", "holder", "running", "used")

    def __init__(self, holder: int, used: int) -> None:
        self.holder = holder
        self.used = used
        self.began = 0
        self.running = False

    def ticks(self, now: int, quantum: int) -> int:
        """Ticks used before this one. Alone on a cpu, a used up turn is followed by a fresh one."""
        if not self.running or now == self.began:
            return self.used
        return (now - self.began - 1) % quantum + 1


class Peers:
    """Cpus that the same members of a level have in their pools.

    members: indexes into the level's, in declaration order.
    """

    def __init__(self, members: list[int], mask: int) -> None:
        self.members = members
        self.mask = mask


class Level:
    """The children of one lwktpri in a domain, in declaration order.

    pool: all their cpus. load: how many members have a load. tracked: those cpus on which turns
    are kept, the ones with several members, and every one where declarations are to come.
    running[i]: the tracked cpus on which member i ran in the tick before. used_up: cpus whose
    holder has had its turn, whether it runs or not; passed: those of them where another is first
    in the tick at hand. ranks[j][i]: the cpus on which member i is j-th in the order of turns;
    first: on each tracked one, which member is first. shared: the cpus of several.
    """

    def __init__(self, members: list[Domain], tracks_all: bool) -> None:
        self.members = members
        self.lwktpri = members[0].lwktpri
        self.pool = 0
        self.load = sum(1 for child in members if child.load)
        shared = 0
        for child in members:
            shared |= self.pool & child.outer
            self.pool |= child.outer
        self.shared = shared
        self.tracked = self.pool if tracks_all else shared
        classes = _class_cpus(members, shared)
        most = max(len(peers.members) for peers in classes)
        self.ranks = [[0] * len(members) for _ in range(most)]
        self.first: dict[int, int] = {}
        self.peers_of: dict[int, Peers] = {}
        for peers in classes:
            for rank, index in zip(self.ranks, peers.members, strict=False):
                rank[index] |= peers.mask
            for cpu in bits(peers.mask & self.tracked):
                self.peers_of[cpu] = peers
                self.first[cpu] = peers.members[0]
        self.turns: dict[int, Turn] = {}
        self.running = [0] * len(members)
        self.used_up = 0
        self.passed = 0

    def put_first(self, cpu: int, index: int) -> None:
        """Make a member first on a cpu, and the others follow it."""
        if self.first[cpu] == index:
            return
        members = self.peers_of[cpu].members
        first = members.index(self.first[cpu])
        position = members.index(index)
        self.first[cpu] = index
        bit = 1 << cpu
        for place, rank in enumerate(self.ranks[: len(members)]):
            rank[members[(first + place) % len(members)]] ^= bit
            rank[members[(position + place) % len(members)]] ^= bit

    # -- before a tick's dispatch ---------------------------------------------

    def use_up(self, cpus: int, now: int) -> bool:
        """Whether turns on some of these cpus are used up at this tick, as was thought."""
        used_up = 0
        for cpu in bits(cpus):
            turn = self.turns.get(cpu)
            if turn is None or not turn.running:
                continue
            if now - turn.began == self.members[turn.holder].quantum:
                used_up |= 1 << cpu
        self.used_up |= used_up
        return used_up > 0

    def wanted(self) -> bool:
        """Whether an lwp of this level waits for a cpu whose turn is used up."""
        return any(mask & self.used_up for child in self.members for mask in waits_above(child))

    # -- when cpus are offered to it ------------------------------------------

    def pass_turns(self, cpus: int) -> None:
        """Put first whose turn it is now, on those of the offered cpus where it passes."""
        self._take_back(self.passed & cpus)
        used_up = self.used_up & cpus
        waits = {mask & used_up: None for child in self.members for mask in waits_above(child)}
        waits.pop(0, None)
        wanted = alone = 0
        for mask in waits:
            wanted |= mask
            if not mask & (mask - 1):
                alone |= mask  # somebody waits there and nowhere else: like no other cpu
        if not wanted:
            return
        wide = [mask for mask in waits if mask & (mask - 1)]
        could_run = [could_run_above(child) for child in self.members]
        together: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for cpu in bits(wanted):
            peers = self.peers_of[cpu]
            position = self._next(peers, cpu, could_run)
            if position is not None:
                if alone >> cpu & 1:
                    alike: tuple[int, ...] = (cpu,)
                else:
                    alike = (id(peers), *[mask >> cpu & 1 for mask in wide])
                together.setdefault(alike, []).append((cpu, position))
        for group in together.values():
            peers = self.peers_of[group[0][0]]
            for cpu, position in self._exchange(peers, group) if len(group) > 1 else group:
                self.put_first(cpu, peers.members[position])
                self.passed |= 1 << cpu

    def _take_back(self, passed: int) -> None:
        """Who is not taken up on its turn is first no more."""
        for cpu in bits(passed):
            self.put_first(cpu, self.turns[cpu].holder)
        self.passed ^= passed

    def _next(self, peers: Peers, cpu: int, could_run: list[int]) -> int | None:
        """The next after the holder that has somebody runnable for the cpu; None without."""
        count = len(peers.members)
        holder = peers.members.index(self.turns[cpu].holder)
        for step in range(1, count):
            position = (holder + step) % count
            if could_run[peers.members[position]] >> cpu & 1:
                return position
        return None

    def _exchange(self, peers: Peers, group: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Turns that pass on cpus that are alike, as (cpu, position), but for those where who ran
        takes it back: there the holder stays."""
        owed = [0] * len(peers.members)
        for _, position in group:
            owed[position] += 1
        rest = []
        for cpu, _ in group:
            holder = peers.members.index(self.turns[cpu].holder)
            if owed[holder] and self.running[peers.members[holder]] >> cpu & 1:
                owed[holder] -= 1
            else:
                rest.append(cpu)
        positions = [position for position, count in enumerate(owed) for _ in range(count)]
        return list(zip(rest, positions, strict=True))

    # -- after it -------------------------------------------------------------

    def take_turns(self, now: int) -> dict[int, int]:
        """Who of the level ran where in this tick takes turns; when those that began will be used
        up, on which cpus."""
        ends: dict[int, int] = {}
        gains: list[tuple[int, int]] = []
        turns = self.turns
        for index, child in enumerate(self.members):
            if child.begun != now:
                continue  # it runs where it ran
            runs = child.taken & self.tracked
            ran = self.running[index]
            if runs == ran:
                continue
            self.running[index] = runs
            for cpu in bits(ran & ~runs):
                turn = turns[cpu]
                turn.used = turn.ticks(now, child.quantum)
                turn.running = False
            gains.append((index, runs & ~ran))
        for cpu in bits(self.used_up):
            turn = turns[cpu]
            if turn.running:
                self._begin(turn, cpu, now, 0, ends)
        for index, cpus in gains:
            quantum = self.members[index].quantum
            for cpu in bits(cpus):
                if cpu not in turns:
                    turns[cpu] = Turn(index, 0)
                turn = turns[cpu]
                same = turn.holder == index and turn.used < quantum
                turn.holder = index
                self._begin(turn, cpu, now, turn.used if same else 0, ends)
        if self.passed:
            self._take_back(self.passed)
        return ends

    def _begin(self, turn: Turn, cpu: int, now: int, used: int, ends: dict[int, int]) -> None:
        """A turn begins, or goes on after so many ticks."""
        turn.used = used
        turn.began = now - used
        turn.running = True
        bit = 1 << cpu
        if self.used_up & bit:
            self.used_up ^= bit
        if self.shared & bit:
            tick = turn.began + self.members[turn.holder].quantum
            ends[tick] = ends.get(tick, 0) | bit
            if self.first[cpu] != turn.holder:
                self.put_first(cpu, turn.holder)

    # -- when declarations change ---------------------------------------------

    def standing(self, now: int) -> dict[int, tuple[Domain, int]]:
        """For each cpu with a turn: whose it is, and the ticks used of it before this one."""
        found = {}
        for cpu, turn in self.turns.items():
            holder = self.members[turn.holder]
            found[cpu] = (holder, turn.ticks(now, holder.quantum))
        return found

    def restore(self, standing: dict[int, tuple[Domain, int]], now: int) -> dict[int, int]:
        """Take over turns from before a change; when they will be used up, on which cpus."""
        ends: dict[int, int] = {}
        self.running = [child.taken & self.tracked for child in self.members]
        for cpu, (holder, used) in standing.items():
            if holder not in self.members or not holder.outer >> cpu & 1:
                continue
            index = self.members.index(holder)
            turn = self.turns[cpu] = Turn(index, used)
            turn.running = bool(self.running[index] >> cpu & 1)
            turn.began = now - used
            self.put_first(cpu, index)
            bit = 1 << cpu
            if used >= holder.quantum:
                self.used_up |= bit
            elif turn.running and self.shared & bit:
                tick = turn.began + holder.quantum
                ends[tick] = ends.get(tick, 0) | bit
        return ends


def _class_cpus(members: list[Domain], shared: int) -> list[Peers]:
    """The cpus of a level by who has them."""
    classes: dict[tuple[int, ...], int] = {}
    for index, child in enumerate(members):
        if alone := child.outer & ~shared:
            classes[index,] = alone
    for cpu in bits(shared):
        key = tuple(index for index, child in enumerate(members) if child.outer >> cpu & 1)
        classes[key] = classes.get(key, 0) | 1 << cpu
    return [Peers(list(key), mask) for key, mask in classes.items()]
