"""Turns among equals: children of one lwktpri, cpu by cpu (usched-model(7), dispatch).

Cpus with the same members have their turns in the same order and differ only in whose it is. A
level keeps, for each place in that order and each member, the mask of cpus on which it stands
there: a pass offers each its mask. Turns of one member that began in the same tick are one, on
several cpus. It is counted from the tick at which it would have begun without pauses, and looked at
again when it is used up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usched.engine.masks import bits, lowest, to_mask
from usched.engine.slices import FREE
from usched.engine.waiting import could_run_above, gather_waits, waited_on

if TYPE_CHECKING:
    from usched.engine.domain import Domain


class Peers:
    """Cpus that the same members of a level have in their pools.

    members: indexes into the level's, in declaration order.
    """

    def __init__(self, members: list[int], mask: int) -> None:
        self.members = members
        self.mask = mask


class Turn:
    """A member's turn, on the cpus where it is at it. began: the tick at which it would have
    without pauses. ends: the tick at which it is used up, where that is in the calendar; FREE where
    nobody waits for that, and there may have been others since."""

    __slots__ = ("began", "cpus", "ends", "index", "level")

    def __init__(self, level: Level, index: int, began: int, cpus: int) -> None:
        self.level = level
        self.index = index
        self.began = began
        self.cpus = cpus
        self.ends = FREE


class Level:
    """The children of one lwktpri in a domain, in declaration order.

    domain: whose children. pool: all their cpus. load: how many members have a load. waited: the
    cpus for which lwps of this level wait, known since asked for. shared: the cpus of several;
    alone: those of one; tracked: those on which turns are kept, the shared ones, and all where
    declarations are to come.
    ranks[j][i]: the cpus on which member i is j-th in the order of turns; the holder is first.

    Of tracked cpus: held, those that have a holder; running[i], where member i ran in the tick
    before, which has the turn there; turns[i]: its turns that are not over; used: where nobody
    runs, the ticks used of a turn that is not over. used_up: cpus whose holder has had its turn,
    whether it runs or not; ended: the last tick at which one had. passed: those of them where
    another is first in the tick at hand, and holder: whose turn it was, where it is not just
    another's.

    watched: whether it is to be told (see `Roused`) that somebody may wait for a cpu of it. heeded:
    the last tick at which somebody did. taken: the shared cpus where a turn began that did not just
    follow on one of the same member, since this was last forgotten.
    """

    def __init__(self, members: list[Domain], tracks_all: bool) -> None:
        assert members[0].parent is not None
        self.domain = members[0].parent
        self.members = members
        self.lwktpri = members[0].lwktpri
        self.pool = 0
        self.waited = -1
        self.load = sum(1 for child in members if child.load)
        shared = 0
        for child in members:
            shared |= self.pool & child.outer
            self.pool |= child.outer
        self.shared = shared
        self.alone = self.pool & ~shared
        self.tracked = self.pool if tracks_all else shared
        classes = _class_cpus(members, shared)
        most = max(len(peers.members) for peers in classes)
        self.ranks = [[0] * len(members) for _ in range(most)]
        self.classes = [peers for peers in classes if len(peers.members) > 1]
        self.peers_of: dict[int, Peers] = {}
        for peers in classes:
            for rank, index in zip(self.ranks, peers.members, strict=False):
                rank[index] |= peers.mask
            if len(peers.members) > 1:
                for cpu in bits(peers.mask):
                    self.peers_of[cpu] = peers
        self.held = 0
        self.running = [0] * len(members)
        self.turns: list[list[Turn]] = [[] for _ in members]
        self.used: dict[int, int] = {}
        self.used_up = 0
        self.ended = -1
        self.passed = 0
        self.watched = False
        self.heeded = -1
        self.taken = 0
        self.holder: dict[int, int] = {}

    def put_first(self, cpu: int, index: int) -> None:
        """Make a member first on a shared cpu, and the others follow it."""
        bit = 1 << cpu
        ranks = self.ranks
        if ranks[0][index] & bit:
            return
        members = self.peers_of[cpu].members
        if len(members) == 2:
            other = members[0] if members[1] == index else members[1]
            self._swap(other, index, bit)
            return
        first = self._first(members, bit)
        position = members.index(index)
        for place, rank in enumerate(ranks[: len(members)]):
            rank[members[(first + place) % len(members)]] ^= bit
            rank[members[(position + place) % len(members)]] ^= bit

    def _swap(self, first: int, second: int, cpus: int) -> None:
        """Where there are two members: they change places."""
        before, behind = self.ranks[0], self.ranks[1]
        before[first] = before[first] ^ cpus  # compiled, `^=` on what is in a list is slow
        before[second] = before[second] ^ cpus
        behind[first] = behind[first] ^ cpus
        behind[second] = behind[second] ^ cpus

    # -- before a tick's dispatch ---------------------------------------------

    def use_up(self, turn: Turn) -> None:
        """A turn is used up."""
        self.turns[turn.index].remove(turn)
        self.used_up |= turn.cpus

    def wanted(self) -> bool:
        """Whether an lwp of this level waits for a cpu whose turn is used up."""
        return waited_on(self) & self.used_up != 0

    # -- when cpus are offered to it ------------------------------------------

    def pass_turns(self, cpus: int) -> None:
        """Put first whose turn it is now, on those of the offered cpus where it passes."""
        if self.passed & cpus:
            self._take_back(self.passed & cpus)
        used_up = self.used_up & cpus
        wanted = waited_on(self) & used_up
        if not wanted:
            return
        for peers in self.classes:
            there = peers.mask & wanted
            if there:
                if len(peers.members) == 2:
                    self._pass_between(peers, there, used_up)
                else:
                    self._pass_among(peers, there, used_up)

    def _take_back(self, passed: int) -> None:
        """Who is not taken up on its turn is first no more."""
        for peers in self.classes:
            back = peers.mask & passed
            if back:
                if len(peers.members) == 2:
                    self._swap(peers.members[0], peers.members[1], back)
                else:
                    for cpu in bits(back):
                        self.put_first(cpu, self.holder[cpu])
        self.passed ^= passed

    def _pass_between(self, peers: Peers, cpus: int, used_up: int) -> None:
        """Of two members the other is next, where it has somebody runnable for the cpu."""
        one, other = peers.members
        members, first = self.members, self.ranks[0]
        to_one, to_other = cpus & first[other], cpus & first[one]
        if to_one:
            to_one &= could_run_above(members[one])
        if to_other:
            to_other &= could_run_above(members[other])
        if to_one and to_other:
            keeps = 0
            for alike in self._alike(to_one | to_other, used_up):
                mine, yours = alike & to_one, alike & to_other
                if mine and yours:
                    keeps |= self._exchange_between(one, other, mine, yours)
            to_one &= ~keeps
            to_other &= ~keeps
        self._swap(one, other, to_one | to_other)
        self.passed |= to_one | to_other

    def _exchange_between(self, one: int, other: int, to_one: int, to_other: int) -> int:
        """Turns that pass both ways on cpus that are alike: where the holder stays."""
        for_one, for_other = to_one.bit_count(), to_other.bit_count()
        one_stays = lowest(to_other & self.running[one], for_one)
        other_stays = lowest(to_one & self.running[other], for_other)
        rest = (to_one | to_other) & ~(one_stays | other_stays)
        for_one -= one_stays.bit_count()
        one_gets = lowest(rest, for_one)
        return one_stays | other_stays | to_other & one_gets | to_one & rest & ~one_gets

    def _alike(self, cpus: int, used_up: int) -> list[int]:
        """Those of the cpus for which the same lwps of this level wait, set by set."""
        several: list[int] = []
        single = 0
        for child in self.members:
            single |= gather_waits(child, several)
        sets = [cpus]
        for waited in several:
            mask = waited & used_up
            if not mask & (mask - 1):
                single |= mask
                continue
            for place, alike in enumerate(sets):
                within = alike & mask
                if within and within != alike:
                    sets[place] = within
                    sets.append(alike ^ within)
        # somebody waits there and nowhere else: like no other cpu
        return [alike & ~single for alike in sets]

    def _pass_among(self, peers: Peers, cpus: int, used_up: int) -> None:
        """Of several members the next one that has somebody runnable for the cpu."""
        could_run = [could_run_above(self.members[index]) for index in peers.members]
        passing = {}
        for cpu in bits(cpus):
            position = self._next(peers, cpu, could_run)
            if position is not None:
                passing[cpu] = position
        if len(passing) > 1:
            for alike in self._alike(to_mask(passing), used_up):
                if alike & (alike - 1):
                    self._exchange(peers, alike, passing)
        for cpu, position in passing.items():
            bit = 1 << cpu
            self.holder[cpu] = peers.members[self._first(peers.members, bit)]
            self.put_first(cpu, peers.members[position])
            self.passed |= bit

    def _first(self, members: list[int], cpu: int) -> int:
        """Who of these is first on a cpu, by its place among them."""
        first = self.ranks[0]
        return next(place for place, index in enumerate(members) if first[index] & cpu)

    def _next(self, peers: Peers, cpu: int, could_run: list[int]) -> int | None:
        """The next after the holder that has somebody runnable for the cpu; None without."""
        count = len(peers.members)
        holder = self._first(peers.members, 1 << cpu)
        for step in range(1, count):
            position = (holder + step) % count
            if could_run[position] >> cpu & 1:
                return position
        return None

    def _exchange(self, peers: Peers, cpus: int, passing: dict[int, int]) -> None:
        """Turns that pass on cpus that are alike: where who ran takes it back, the holder stays."""
        owed = [0] * len(peers.members)
        for cpu in bits(cpus):
            owed[passing[cpu]] += 1
        rest = []
        for cpu in bits(cpus):
            holder = self._first(peers.members, 1 << cpu)
            if owed[holder] and self.running[peers.members[holder]] >> cpu & 1:
                owed[holder] -= 1
                del passing[cpu]
            else:
                rest.append(cpu)
        positions = [position for position, count in enumerate(owed) for _ in range(count)]
        passing.update(zip(rest, positions, strict=True))

    # -- after it -------------------------------------------------------------

    def take_turns(self, now: int) -> list[Turn]:
        """Who of the level ran where in this tick takes turns; those that will be over."""
        begun: list[Turn] = []
        tracked, running, used_up = self.tracked, self.running, self.used_up
        gained = 0
        again = used_up
        for index, child in enumerate(self.members):
            if child.begun == now:  # else it runs where it ran
                runs = child.taken & tracked
                ran = running[index]
                if runs != ran:
                    running[index] = runs
                    lost = ran & ~runs
                    if lost:
                        again &= ~lost
                        lost &= ~used_up
                        if lost:
                            self._give_up(index, lost, now)
                    gain = runs & ~ran
                    if gain:
                        gained |= gain
                        self._take(index, gain, used_up, now, begun)
        again &= ~gained
        if again:
            self._take_again(again, now, begun)
        if gained:
            self.used_up &= ~gained
            self.held |= gained
            self.passed &= ~gained
        if self.passed:
            self._take_back(self.passed)
        return begun

    def renew_turns(self, now: int) -> None:
        """Where all run on and nobody waits, a turn that is used up is followed by a free one."""
        self._take_again(self.used_up, now, [])

    def call_in(self, cpus: int, now: int) -> list[Turn]:
        """Somebody waits for these cpus: the free turns there, which will be over."""
        called = []
        left = False
        for member, turns in zip(self.members, self.turns, strict=True):
            for turn in turns:
                if turn.ends == FREE and turn.cpus & self.shared:
                    if turn.cpus & cpus:
                        turn.began = now - (now - turn.began) % member.quantum
                        called.append(turn)
                    else:
                        left = True
        self.watched = left or not cpus
        return called

    def _give_up(self, index: int, cpus: int, now: int) -> None:
        """A member does not run any more where its turn is not over: it goes on when it does
        again, unless another runs there."""
        over = []
        for turn in self.turns[index]:
            stopped = turn.cpus & cpus
            if stopped:
                turn.cpus ^= stopped
                if not turn.cpus:
                    over.append(turn)
                used = self._ticks(turn, now)
                if used == self.members[index].quantum:
                    self.used_up |= stopped & self.shared
                for cpu in bits(stopped):
                    self.used[cpu] = used
        for turn in over:
            turn.ends = FREE
            self.turns[index].remove(turn)

    def _take_again(self, cpus: int, now: int, begun: list[Turn]) -> None:
        """Where the holder runs on, its turn is followed by a fresh one."""
        for index, runs in enumerate(self.running):
            if runs & cpus:
                self._begin(index, now, runs & cpus, begun)
                self.used_up ^= runs & cpus

    def _take(self, index: int, cpus: int, used_up: int, now: int, begun: list[Turn]) -> None:
        """A member runs on cpus on which it did not: its turns begin, or go on after a pause."""
        paused = cpus & self.held & self.ranks[0][index] & ~used_up
        if paused:
            quantum = self.members[index].quantum
            for cpu in bits(paused):
                used = self.used[cpu]
                if used < quantum:
                    self._begin(index, now - used, 1 << cpu, begun)
                    cpus ^= 1 << cpu
        if cpus:
            self.taken |= cpus
            self._begin(index, now, cpus, begun)
            behind = cpus & self.shared & ~self.ranks[0][index]
            if behind:
                for cpu in bits(behind):
                    self.put_first(cpu, index)

    def _begin(self, index: int, began: int, cpus: int, begun: list[Turn]) -> None:
        turns = self.turns[index]
        if self.alone:
            alone = cpus & self.alone
            if alone:  # it follows on itself
                turns.append(Turn(self, index, began, alone))
                cpus ^= alone
        if cpus:
            turn = Turn(self, index, began, cpus)
            turns.append(turn)
            begun.append(turn)

    def _ticks(self, turn: Turn, now: int) -> int:
        """Ticks used of a turn before this tick. Where nobody waits, a used up turn is followed by
        a fresh one."""
        ticks = now - turn.began
        return (ticks - 1) % self.members[turn.index].quantum + 1 if ticks else 0

    # -- when declarations change, and states are compared --------------------

    def standing(self, now: int) -> dict[int, tuple[int, int]]:
        """For each cpu with a turn: whose it is, and the ticks used of it before this one."""
        found = {}
        for index, member in enumerate(self.members):
            holds = self.held & self.ranks[0][index]
            for cpu in bits(holds & self.used_up):
                found[cpu] = (index, member.quantum)
            for cpu in bits(holds & ~self.used_up & ~self.running[index]):
                found[cpu] = (index, self.used[cpu])
            for turn in self.turns[index]:
                for cpu in bits(turn.cpus):
                    found[cpu] = (index, self._ticks(turn, now))
        return found

    def restore(self, standing: dict[int, tuple[Domain, int]], now: int) -> list[Turn]:
        """Take over turns from before a change; those that will be over."""
        begun: list[Turn] = []
        self.running = [child.taken & self.tracked for child in self.members]
        for cpu, (holder, used) in standing.items():
            if holder not in self.members or not holder.outer >> cpu & 1:
                continue
            index = self.members.index(holder)
            bit = 1 << cpu
            self.held |= bit
            if self.shared & bit:
                self.put_first(cpu, index)
            if used >= holder.quantum:
                self.used_up |= bit
            elif self.running[index] & bit:
                self._begin(index, now - used, bit, begun)
            else:
                self.used[cpu] = used
        return begun

    def runs_on(self, cpu: int) -> bool:
        """Whether one of it runs on a tracked cpu."""
        return any(runs >> cpu & 1 for runs in self.running)

    def shift(self, ticks: int, stay: int) -> list[Turn]:
        """What is dated is so many ticks later, but for the turns that stay, on these cpus; which
        of them will be over."""
        stayed = []
        for turns in self.turns:
            for turn in turns:
                if turn.cpus & stay:
                    if turn.ends != FREE:
                        stayed.append(turn)
                    continue
                turn.began += ticks
                if turn.ends != FREE:
                    turn.ends += ticks
        return stayed

    def set_free(self) -> None:
        """All turns for which nobody waits are free; who comes to wait will be told of."""
        waited = waited_on(self)
        for turns in self.turns:
            for turn in turns:
                if not turn.cpus & waited:
                    turn.ends = FREE
        self.watched = True

    def replace(self, standing: dict[int, tuple[int, int]], now: int) -> None:
        """Turns of the same holders, so many ticks used before this one; free ones."""
        self.turns = [[] for _ in self.members]
        self.used_up = 0
        groups: dict[tuple[int, int], int] = {}
        for cpu, (index, used) in standing.items():
            bit = 1 << cpu
            if self.running[index] & bit:
                groups[index, used] = groups.get((index, used), 0) | bit
            elif used == self.members[index].quantum:
                self.used_up |= bit & self.shared
            self.used[cpu] = used
        for (index, used), cpus in groups.items():
            self._begin(index, now - used, cpus, [])


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
