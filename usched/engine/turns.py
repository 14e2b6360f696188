"""Turns among equals: children of one lwktpri, cpu by cpu (usched-model(7), dispatch).

Cpus with the same members have their turns in the same order and differ only in whose it is. So
a level keeps its cpus in classes of equal membership, and in each, the mask of cpus on which a
member is first. A turn is counted from the tick at which it would have begun without pauses, and
looked at again when it is used up.
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

    members: indexes into the level's, in declaration order. first[p]: the cpus on which it is the
    turn of members[p].
    """

    def __init__(self, members: list[int], mask: int) -> None:
        self.members = members
        self.mask = mask
        self.first: dict[int, int] = {0: mask}

    def put_first(self, cpu: int, position: int) -> None:
        """Make a member first on a cpu."""
        bit = 1 << cpu
        first = self.first
        for each in first:
            if first[each] & bit:
                first[each] ^= bit
                break
        first[position] = first.get(position, 0) | bit


class Level:
    """The children of one lwktpri in a domain, in declaration order.

    pool: all their cpus. load: how many members have a load. tracked: those cpus on which turns
    are kept, the ones with several members, and every one where declarations are to come.
    running[i]: the tracked cpus on which member i ran in the tick before. used_up: cpus whose
    holder has had its turn, whether it runs or not.
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
        self.tracked = self.pool if tracks_all else shared
        self.peers = _class_cpus(members, shared)
        self.peers_of: dict[int, Peers] = {}
        for peers in self.peers:
            for cpu in bits(peers.mask & self.tracked):
                self.peers_of[cpu] = peers
        self.turns: dict[int, Turn] = {}
        self.running = [0] * len(members)
        self.used_up = 0

    # -- before a tick's dispatch ---------------------------------------------

    def use_up(self, cpu: int, now: int) -> bool:
        """Whether a turn is used up at this tick, as was thought."""
        turn = self.turns.get(cpu)
        if turn is None or not turn.running:
            return False
        if now - turn.began != self.members[turn.holder].quantum:
            return False
        self.used_up |= 1 << cpu
        return True

    def wanted(self) -> bool:
        """Whether an lwp of this level waits for a cpu whose turn is used up."""
        return any(mask & self.used_up for child in self.members for mask in waits_above(child))

    # -- when cpus are offered to it ------------------------------------------

    def pass_turns(self, cpus: int) -> dict[int, tuple[Peers, int]]:
        """Whose turn it is now on those of the offered cpus where it passes: (class, position)."""
        used_up = self.used_up & cpus
        waits = {mask & used_up: None for child in self.members for mask in waits_above(child)}
        waits.pop(0, None)
        wanted = 0
        for mask in waits:
            wanted |= mask
        if not wanted:
            return {}
        could_run = [could_run_above(child) for child in self.members]
        together: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for cpu in bits(wanted):
            peers = self.peers_of[cpu]
            position = self._next(peers, cpu, could_run)
            if position is not None:
                alike = (id(peers), *(mask >> cpu & 1 for mask in waits))
                together.setdefault(alike, []).append((cpu, position))
        passed: dict[int, tuple[Peers, int]] = {}
        for group in together.values():
            peers = self.peers_of[group[0][0]]
            for cpu, position in self._exchange(peers, group):
                passed[cpu] = (peers, position)
        return passed

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
        """Turns that pass on cpus that are alike, as (cpu, position): who ran there stays."""
        owed = [0] * len(peers.members)
        for _, position in group:
            owed[position] += 1
        given = []
        rest = []
        for cpu, _ in group:
            holder = peers.members.index(self.turns[cpu].holder)
            if owed[holder] and self.running[peers.members[holder]] >> cpu & 1:
                owed[holder] -= 1
                given.append((cpu, holder))
            else:
                rest.append(cpu)
        positions = [position for position, count in enumerate(owed) for _ in range(count)]
        return given + list(zip(rest, positions, strict=True))

    # -- after it -------------------------------------------------------------

    def take_turns(self, now: int) -> list[tuple[int, int]]:
        """Who of the level ran where in this tick takes turns; as (tick, cpu), when those that
        began will be used up."""
        ends: list[tuple[int, int]] = []
        gains: list[tuple[int, int]] = []
        for index, child in enumerate(self.members):
            runs = child.taken & self.tracked
            ran = self.running[index]
            if runs == ran:
                continue
            self.running[index] = runs
            quantum = child.quantum
            for cpu in bits(ran & ~runs):
                turn = self.turns[cpu]
                turn.used = turn.ticks(now, quantum)
                turn.running = False
            gains.extend((cpu, index) for cpu in bits(runs & ~ran))
        for cpu in bits(self.used_up):
            turn = self.turns[cpu]
            if turn.running:
                self._begin(cpu, turn.holder, now, ends)
        for cpu, index in gains:
            there = self.turns.get(cpu)
            quantum = self.members[index].quantum
            if there is None or there.holder != index or there.used >= quantum:
                self._begin(cpu, index, now, ends)
                continue
            there.began = now - there.used
            there.running = True
            if len(self.peers_of[cpu].members) > 1:
                ends.append((there.began + quantum, cpu))
        return ends

    def _begin(self, cpu: int, index: int, now: int, ends: list[tuple[int, int]]) -> None:
        """A fresh turn."""
        self.used_up &= ~(1 << cpu)
        turn = self.turns[cpu] = Turn(index, 0)
        turn.began = now
        turn.running = True
        peers = self.peers_of[cpu]
        if len(peers.members) > 1:
            ends.append((now + self.members[index].quantum, cpu))
            peers.put_first(cpu, peers.members.index(index))

    # -- when declarations change ---------------------------------------------

    def standing(self, now: int) -> dict[int, tuple[Domain, int]]:
        """For each cpu with a turn: whose it is, and the ticks used of it before this one."""
        found = {}
        for cpu, turn in self.turns.items():
            holder = self.members[turn.holder]
            found[cpu] = (holder, turn.ticks(now, holder.quantum))
        return found

    def restore(self, standing: dict[int, tuple[Domain, int]], now: int) -> list[tuple[int, int]]:
        """Take over turns from before a change; (tick, cpu) when they will be used up."""
        ends: list[tuple[int, int]] = []
        self.running = [child.taken & self.tracked for child in self.members]
        for cpu, (holder, used) in standing.items():
            if holder not in self.members or not holder.outer >> cpu & 1:
                continue
            index = self.members.index(holder)
            turn = self.turns[cpu] = Turn(index, used)
            turn.running = bool(self.running[index] >> cpu & 1)
            turn.began = now - used
            peers = self.peers_of[cpu]
            peers.put_first(cpu, peers.members.index(index))
            if used >= holder.quantum:
                self.used_up |= 1 << cpu
            elif turn.running and len(peers.members) > 1:
                ends.append((turn.began + holder.quantum, cpu))
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
