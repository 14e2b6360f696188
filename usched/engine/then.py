"""What is kept of a state, to compare a later one with it and to repeat what happened between.

Each of these knows of one thing whether it is again as it was then, how often the same can come
again, and what it is after that. Ticks are relative to the tick at which they were kept.

Dates that are further off than a cycle are *pending* in it: a slice or a turn for which somebody
waits, a sleep that goes on through all of it. They come nearer each time, and bound how often.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import bits, to_mask
from usched.engine.recorder import CpuCounts
from usched.engine.slices import FREE, next_end, used_before
from usched.engine.turns import Level, Turn
from usched.engine.vcpus import Vcpu, Vcpus

#: How it is now: not as it was, but for what is pending, as it was.
OTHER: Final = 0
PENDING: Final = 1
SAME: Final = 2

#: As often as one likes.
ALWAYS: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Leap:
    """What happened in [began, now) comes so many times more; shift: in all those ticks."""

    began: int
    now: int
    times: int

    @property
    def shift(self) -> int:
        return (self.now - self.began) * self.times


class LwpThen:
    """An lwp, and what it had until a tick."""

    # there are many: compiled, a dataclass takes ten times as long to make
    __slots__ = (
        "burst", "dispatches", "due", "left", "migrations", "misses", "preemptions", "ran",
        "responses", "runnable", "state", "used",
    )  # fmt: skip

    def __init__(self, lwp: Lwp, now: int) -> None:
        self.state = _lwp_state(lwp)
        self.ran = lwp.ran(now)
        self.left = lwp.left_at(now)
        self.used = _used_of_slice(lwp, now)
        self.due = lwp.due - now
        self.runnable = lwp.runnable_until(now)
        self.dispatches = lwp.dispatches
        self.preemptions = lwp.preemptions
        self.migrations = lwp.migrations
        self.misses = lwp.misses
        self.burst = lwp.burst
        self.responses = lwp.responses.copy()

    def compare(self, lwp: Lwp, then: int, now: int) -> int:
        """OTHER, PENDING or SAME."""
        if _lwp_state(lwp) != self.state:
            return OTHER
        if lwp.exited >= 0 or (not lwp.runnable and lwp.due - now == self.due):
            return SAME
        if lwp.runnable:
            return self._compare_burst(lwp, then, now)
        return PENDING if self.sleeps_on(lwp, then, now) else OTHER

    def _compare_burst(self, lwp: Lwp, then: int, now: int) -> int:
        """Likewise what is left of its burst and its slice, as far as that decides anything."""
        left = lwp.left_at(now)
        if lwp.burst != self.burst and (left != self.left or lwp.due - now != self.due):
            return OTHER
        heeded = _heeded(lwp, then)
        used = _used_of_slice(lwp, now) if heeded else 0
        if not heeded or used == self.used:
            return SAME if min(left, heeded + 1) == min(self.left, heeded + 1) else OTHER
        in_one_slice = _ran_on(lwp, then) and used == self.used + now - then
        return PENDING if in_one_slice else OTHER

    def bound(self, lwp: Lwp, then: int, now: int) -> int:
        """How often the same may come again before a slice, a sleep or a burst ends that did not in
        these ticks, or the lwp does."""
        if lwp.exited >= 0:
            return ALWAYS
        if lwp.burst == self.burst:
            if lwp.runnable:
                return self._bound_by_burst(lwp, then, now)
            return (lwp.due - now - 1) // (now - then)
        if lwp.total < 0:
            return ALWAYS
        return (lwp.total - lwp.burst - 1) // (lwp.burst - self.burst)

    def _bound_by_burst(self, lwp: Lwp, then: int, now: int) -> int:
        """Likewise where it is at the same burst."""
        left = lwp.left_at(now)
        ran = self.left - left
        if not ran:
            return ALWAYS
        heeded = _heeded(lwp, then)
        if not _ran_on(lwp, then):
            return (left - heeded - 1) // ran
        assert lwp.scheduler is not None
        end = lwp.settled + lwp.left
        if heeded and _used_of_slice(lwp, now) != self.used:
            end = min(end, next_end(lwp, lwp.scheduler.quantum, now))
        return (end - now - 1) // ran

    def sleeps_on(self, lwp: Lwp, then: int, now: int) -> bool:
        """Whether it has slept through all these ticks."""
        return lwp.burst == self.burst and lwp.due - then == self.due and lwp.due > now

    def leap(self, lwp: Lwp, leap: Leap) -> None:
        """What was counted is counted again, and what is dated moves."""
        if lwp.exited >= 0:
            return
        after = LwpThen(lwp, leap.now)
        times, shift = leap.times, leap.shift
        goes_on = _ran_on(lwp, leap.began)
        whole = lwp.ends == lwp.settled + lwp.left
        if lwp.burst == self.burst and not goes_on:
            lwp.left -= times * (self.left - after.left)
        # what is dated from before these ticks stays: it has gone on for longer than all of them
        if lwp.since > leap.began or not lwp.runnable:
            lwp.runnable_ticks += times * (after.runnable - self.runnable)
            lwp.since += shift
        lwp.dispatches += times * (after.dispatches - self.dispatches)
        lwp.preemptions += times * (after.preemptions - self.preemptions)
        lwp.migrations += times * (after.migrations - self.migrations)
        lwp.misses += times * (after.misses - self.misses)
        lwp.burst += times * (after.burst - self.burst)
        for response, count in after.responses.items():
            lwp.responses[response] = count + times * (count - self.responses.get(response, 0))
        if lwp.burst != self.burst:  # else it is at the burst that it was at
            lwp.due += shift
        if goes_on:
            return
        if lwp.settled > leap.began:
            lwp.settled += shift
        if lwp.ends >= 0:
            lwp.ends = lwp.settled + lwp.left if whole else lwp.ends + shift


def _lwp_state(lwp: Lwp) -> Hashable:
    if lwp.exited >= 0:
        return None
    return (
        lwp.runnable,
        lwp.ends >= 0,
        lwp.burst % len(lwp.bursts),
        lwp.home,
        lwp.at.number,
        lwp.real,
    )


def _used_of_slice(lwp: Lwp, now: int) -> int:
    if not lwp.runnable or lwp.scheduler is None:
        return 0
    return used_before(lwp, lwp.scheduler.quantum, now) if lwp.ends >= 0 else lwp.used


def _ran_on(lwp: Lwp, then: int) -> bool:
    """Whether it has run since, on one cpu: what is dated of it stays."""
    return lwp.ends >= 0 and lwp.settled <= then


def _heeded(lwp: Lwp, then: int) -> int:
    """How much of what is left of a burst decides something, from a state that was kept on: what a
    slice may end before, where somebody waited for slices."""
    domain = lwp.scheduler
    return 0 if domain is None or domain.heeded < then else domain.quantum


class CpuThen:
    """A real cpu. closed: how many of its segments are over, as numbers in memory."""

    __slots__ = ("busy", "closed", "ran")

    def __init__(self, counts: CpuCounts, closed: int, now: int) -> None:
        self.busy = _busy(counts, now)
        self.ran = _ran(counts, now)
        self.closed = closed

    def leap(self, counts: CpuCounts, leap: Leap) -> None:
        if counts.lwp() >= 0 and counts.since() <= leap.began:
            return  # it has run on without a break, and what that is will be counted at its end
        if counts.ran is not None and self.ran is not None:
            for index, ticks in (_ran(counts, leap.now) or {}).items():
                more = leap.times * (ticks - self.ran.get(index, 0))
                if more:
                    counts.ran[index] = counts.ran.get(index, 0) + more
        counts.busy += leap.times * (_busy(counts, leap.now) - self.busy)
        counts.log[-2] += leap.shift


def _busy(counts: CpuCounts, now: int) -> int:
    return counts.busy + (now - counts.since() if counts.lwp() >= 0 else 0)


def _ran(counts: CpuCounts, now: int) -> dict[int, int] | None:
    if counts.ran is None:
        return None
    ran = dict(counts.ran)
    lwp = counts.lwp()
    if lwp >= 0:
        ran[lwp] = ran.get(lwp, 0) + now - counts.since()
    return ran


class DomainThen:
    """A domain, its levels and vcpus, and how much is used of turns and of slices of vcpus.

    Where nobody has waited for these, since they were kept, they decide nothing. taken: of each
    level, see there.
    """

    def __init__(self, domain: Domain, now: int) -> None:
        self._state = _domain_state(domain)
        self._order = _pick_order(domain, now)
        self._levels = [_level_state(level) for level in domain.levels]
        self._turns = [level.standing(now) for level in domain.levels]
        self._taken = [0 for level in domain.levels]
        vcpus = domain.vcpus
        self._slices = [] if vcpus is None else _slices(vcpus, domain.quantum, now)

    def take(self, domain: Domain) -> None:
        """Before it is forgotten what was taken in its levels."""
        for place, level in enumerate(domain.levels):
            self._taken[place] |= level.taken

    def compare(self, domain: Domain, then: int, now: int) -> int:
        """OTHER, PENDING or SAME."""
        if _domain_state(domain) != self._state:
            return OTHER
        if domain.heeded >= then and _pick_order(domain, now) != self._order:
            return OTHER
        found = SAME
        for place, level in enumerate(domain.levels):
            if _level_state(level) != self._levels[place]:
                return OTHER
            for _, how, _ in self._look_at_turns(level, place, then, now):
                found = min(found, how)
        vcpus = domain.vcpus
        if vcpus is None or vcpus.heeded < then or found == OTHER:
            return found
        after = _slices(vcpus, domain.quantum, now)
        for vcpu, was, used in zip(vcpus.all, self._slices, after, strict=True):
            if was != used:
                found = min(found, PENDING if _runs_on(vcpu, was, used, now - then) else OTHER)
        return found

    def bound(self, domain: Domain, then: int, now: int) -> int:
        """How often the same may come again before a turn or a slice of a vcpu is over for which
        somebody waits, and which was not in these ticks."""
        period = now - then
        bound = ALWAYS
        for place, level in enumerate(domain.levels):
            for _, how, left in self._look_at_turns(level, place, then, now):
                if how == PENDING:
                    bound = min(bound, (left - 1) // period)
        vcpus = domain.vcpus
        if vcpus is not None and vcpus.heeded >= then:
            after = _slices(vcpus, domain.quantum, now)
            for was, used in zip(self._slices, after, strict=True):
                if was != used:
                    bound = min(bound, (domain.quantum - used - 1) // period)
        return bound

    def _look_at_turns(
        self, level: Level, place: int, then: int, now: int
    ) -> list[tuple[int, int, int]]:
        """Of turns of which as much must be used as was, since somebody waited or they are others:
        the cpu, OTHER, PENDING or SAME, and what is left of it."""
        found = []
        before, after = self._turns[place], level.standing(now)
        taken = self._taken[place] | level.taken
        heeded = level.heeded >= then
        for cpu in level.peers_of:
            if cpu in after and (heeded or taken >> cpu & 1):
                was, used = (_used(level, cpu, *standing[cpu]) for standing in (before, after))
                how = SAME if was == used else OTHER
                runs_on = used == was + now - then and not taken >> cpu & 1
                if how == OTHER and runs_on and level.runs_on(cpu):
                    how = PENDING
                found.append((cpu, how, level.members[after[cpu][0]].quantum - used))
        return found

    def leap(self, domain: Domain, leap: Leap) -> tuple[list[Turn], list[Vcpu]]:
        """What is dated moves; of what nobody waited for, as much is used each time again. Of what
        somebody waits for, what is pending, and stays."""
        turns: list[Turn] = []
        stay: list[Vcpu] = []
        for place, level in enumerate(domain.levels):
            if level.heeded >= leap.began:
                looked = self._look_at_turns(level, place, leap.began, leap.now)
                pending = to_mask([cpu for cpu, how, _ in looked if how == PENDING])
                turns += level.shift(leap.shift, pending)
            else:
                _leap_turns(level, self._turns[place], leap)
        vcpus = domain.vcpus
        if vcpus is None:
            return turns, stay
        quantum = domain.quantum
        after = _slices(vcpus, quantum, leap.now)
        for vcpu, was, used in zip(vcpus.all, self._slices, after, strict=True):
            if vcpus.heeded < leap.began:
                vcpu.used = (used + leap.times * (used - was)) % quantum
                if vcpu.on >= 0:
                    vcpu.began = leap.now + leap.shift - vcpu.used
            elif was == used:
                vcpu.began += leap.shift
                if 0 <= vcpu.ends < FREE:
                    vcpu.ends += leap.shift
            elif vcpu.ends < FREE:
                stay.append(vcpu)
        return turns, stay


def _domain_state(domain: Domain) -> Hashable:
    """Queues, claims, levels and vcpus. What it keeps of its last offers follows from these."""
    vcpus = domain.vcpus
    return (
        tuple(lwp.index for lwp in domain.queue.in_line()),
        tuple((lwp.index, lwp.seat) for lwp in domain.queue.seated()),
        domain.claims,
        domain.own_waits,
        domain.busy,
        domain.freed,
        tuple(domain.users[cpu].index for cpu in bits(domain.busy)),
        domain.dirty,
        None
        if vcpus is None
        else (
            tuple(vcpu.number for vcpu in vcpus.in_order(domain.busy)),
            tuple(vcpu.number for vcpu in vcpus.waiting),
            tuple((vcpu.on, vcpu.at.number) for vcpu in vcpus.all),
        ),
    )


def _pick_order(domain: Domain, now: int) -> list[int]:
    """Of its own lwps, those that run."""
    return [lwp.index for lwp in domain.runners(domain.claims, now)]


def _slices(vcpus: Vcpus, quantum: int, now: int) -> list[int]:
    """What each vcpu has used of its slice."""
    return [(now - each.began) % quantum if each.on >= 0 else each.used for each in vcpus.all]


def _runs_on(vcpu: Vcpu, was: int, used: int, period: int) -> bool:
    """Whether a vcpu has run in all these ticks, in one slice."""
    return vcpu.on >= 0 and used == was + period


def _level_state(level: Level) -> Hashable:
    """Who runs where, and whose turn it is."""
    return tuple(level.running), level.held, tuple(level.ranks[0])


def _used(level: Level, cpu: int, index: int, used: int) -> int:
    """Of a turn; where a used up one goes on, as of the one that follows."""
    return used % level.members[index].quantum if level.running[index] >> cpu & 1 else used


def _leap_turns(level: Level, before: dict[int, tuple[int, int]], leap: Leap) -> None:
    standing = {}
    for cpu, (index, now_used) in level.standing(leap.now).items():
        was = before[cpu][1] if cpu in before else now_used
        quantum = level.members[index].quantum
        used = now_used + leap.times * (now_used - was)
        runs = level.running[index] >> cpu & 1
        standing[cpu] = index, used % quantum if runs else (used - 1) % quantum + 1
    level.replace(standing, leap.now + leap.shift)
