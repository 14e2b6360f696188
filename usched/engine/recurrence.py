"""Steady states in one leap: where the whole state recurs, what follows is known.

The state after a tick is everything that decides what comes, with ticks relative to now: queues,
claims, slices, turns, sleepers. Where it is what it was so many ticks before, and nothing comes
from outside, those ticks come again; their counts are added as often as they fit, and all that is
dated is moved on. It is found by keeping one state and comparing the ones that follow, until it
is replaced at twice the distance (Brent 1980).

What is left of a burst that is longer than a quantum, and of a finite number of bursts, decides
nothing until it runs out: it is not in the state, but bounds how often the ticks come again. Lwps
that fall behind further and further never come to the same state.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from usched.engine.calendar import Calendar
from usched.engine.domain import Domain
from usched.engine.events import Machine
from usched.engine.lwp import Lwp
from usched.engine.masks import bits
from usched.engine.recorder import CpuCounts, Recorder
from usched.engine.run_queue import NOWHERE
from usched.engine.turns import Level
from usched.words.run import Cycle, Stretch


class _LwpCounts:
    """What an lwp had until a tick."""

    # there are many: compiled, a dataclass takes ten times as long to make
    __slots__ = (
        "burst", "dispatches", "due", "left", "migrations", "misses", "preemptions", "ran",
        "responses", "runnable",
    )  # fmt: skip

    def __init__(self, lwp: Lwp, now: int) -> None:
        self.ran = lwp.ran(now)
        self.left = lwp.left_at(now)
        self.due = lwp.due - now
        self.runnable = lwp.runnable_until(now)
        self.dispatches = lwp.dispatches
        self.preemptions = lwp.preemptions
        self.migrations = lwp.migrations
        self.misses = lwp.misses
        self.burst = lwp.burst
        self.responses = lwp.responses.copy()


@dataclass(slots=True)
class _Kept:
    """A state to compare with, and the counts as of then. closed: segments by cpu, in memory.

    lwp, cpu, busy_mask, following, left: what of it is looked at first. Who runs on the first cpu
    that is busy, the busy ones, how far off the next change is, and what is left of the burst.
    """

    tick: int
    lwp: Lwp | None
    cpu: int
    busy_mask: int
    following: int
    left: int
    lwp_states: list[Hashable]
    domain_states: list[Hashable]
    lwps: list[_LwpCounts]
    busy: dict[int, int]
    ran: dict[int, dict[int, int] | None]
    closed: dict[int, int]
    put_away: int


@dataclass(frozen=True, slots=True)
class _Leap:
    """What happened in [began, now) comes so many times more; shift: in all those ticks."""

    began: int
    now: int
    times: int

    @property
    def shift(self) -> int:
        return (self.now - self.began) * self.times


class Recurrence:
    """Looks at every tick that is decided, from the tick on at which nothing more comes from
    outside. cycle: what was found."""

    def __init__(self, machine: Machine, recorder: Recorder, calendar: Calendar) -> None:
        self._machine = machine
        self._recorder = recorder
        self._calendar = calendar
        self._domains = list(machine.domains.values())
        self._kept: _Kept | None = None
        self._seen = 0
        # keeping a state takes time for every lwp: no more of it than the steps in between take
        self._first_distance = self._distance = max(1, len(machine.lwps) // 16)
        self.cycle: Cycle | None = None

    def look(self, now: int, ticks: int | None) -> int:
        """After tick `now` was decided, in a run of so many (None: till its end): the tick at which
        it is now.

        Later than `now` where the run could leap.
        """
        if self.cycle is not None:
            return now
        kept = self._kept
        if kept is not None and kept.put_away != self._recorder.put_away:
            kept = None  # the segments since then are not at hand any more
        if kept is not None and self._may_be(kept, now) and self._is(kept, now):
            bound = self._bound(kept, now)
            if bound is None or bound > 0:
                return self._go_on(kept, now, ticks, bound)
        self._seen += 1
        if self._seen >= self._distance:
            self._kept = self._keep(now)
            self._seen = 0
            self._distance *= 2
        return now

    def _go_on(self, kept: _Kept, now: int, ticks: int | None, bound: int | None) -> int:
        """It recurs: leap as far as the run and what runs out allow. Only where nothing runs out
        before the run is over is it what the run comes to in the long run."""
        period = now - kept.tick
        rest = further = None
        if ticks is not None:
            rest, further = divmod(ticks - 1 - now, period)
        bounds = [each for each in (rest, bound) if each is not None]
        times = min(bounds, default=0)
        if rest == times and (bound is None or bound > times or not further):
            self.cycle = self._describe(kept, now)
        if times > 0:
            self._leap(kept, _Leap(kept.tick, now, times))
        self._kept = None
        self._seen, self._distance = 0, self._first_distance
        return now + period * times

    def _bound(self, kept: _Kept, now: int) -> int | None:
        """How often the same may come again before a burst or an lwp ends that has not in these
        ticks; None where nothing runs out, 0 where it is not the same."""
        bounds = []
        for lwp, before in zip(self._machine.lwps, kept.lwps, strict=True):
            if lwp.exited >= 0:
                continue
            left = lwp.left_at(now)
            if lwp.burst == before.burst:
                assert lwp.scheduler is not None
                used = before.left - left
                if used and lwp.runnable:
                    bounds.append((left - lwp.scheduler.quantum - 1) // used)
            elif left != before.left or lwp.due - now != before.due:
                return 0
            if lwp.total >= 0 and lwp.burst != before.burst:
                bounds.append((lwp.total - lwp.burst - 1) // (lwp.burst - before.burst))
        return min(bounds, default=None)

    # -- the state ------------------------------------------------------------

    def _may_be(self, kept: _Kept, now: int) -> bool:
        """Whether what seldom is the same is the same. At every step: it must cost nothing."""
        root = self._machine.root
        lwp = kept.lwp
        if lwp is not None and root.users[kept.cpu] is not lwp:
            return False
        if root.busy != kept.busy_mask or self._next(now) != kept.following:
            return False
        return lwp is None or _short_left(lwp, now) == kept.left

    def _next(self, now: int) -> int:
        following = self._calendar.next()
        return NOWHERE if following is None else following - now

    def _is(self, kept: _Kept, now: int) -> bool:
        """Whether the state is the one that was kept; as far as the first difference."""
        for lwp, before in zip(self._machine.lwps, kept.lwp_states, strict=True):
            if _lwp_state(lwp, now) != before:
                return False
        for domain, before in zip(self._domains, kept.domain_states, strict=True):
            if _domain_state(domain, now) != before:
                return False
        return True

    def _keep(self, now: int) -> _Kept:
        recorder = self._recorder
        recorder.count()
        segments = recorder.segments or {}
        root = self._machine.root
        cpu = (root.busy & -root.busy).bit_length() - 1
        lwp = root.users[cpu] if root.busy else None
        return _Kept(
            now,
            lwp,
            cpu,
            root.busy,
            self._next(now),
            _short_left(lwp, now) if lwp else 0,
            [_lwp_state(lwp, now) for lwp in self._machine.lwps],
            [_domain_state(domain, now) for domain in self._domains],
            [_LwpCounts(lwp, now) for lwp in self._machine.lwps],
            {cpu: _busy(each, now) for cpu, each in recorder.cpus.items()},
            {cpu: _ran(each, now) for cpu, each in recorder.cpus.items()},
            {cpu: len(flat) for cpu, flat in segments.items()},
            recorder.put_away,
        )

    def _describe(self, kept: _Kept, now: int) -> Cycle:
        pairs = zip(self._machine.lwps, kept.lwps, strict=True)
        ran = tuple(lwp.ran(now) - before.ran for lwp, before in pairs)
        return Cycle(kept.tick, now - kept.tick, ran)

    # -- the leap -------------------------------------------------------------

    def _leap(self, kept: _Kept, leap: _Leap) -> None:
        """What was counted since the state kept is counted again, and all that is dated moves."""
        for lwp, before in zip(self._machine.lwps, kept.lwps, strict=True):
            if lwp.exited < 0:
                _leap_lwp(lwp, before, leap)
        self._repeat_segments(kept, leap)
        for cpu, each in self._recorder.cpus.items():
            _leap_cpu(each, kept.busy[cpu], kept.ran[cpu], leap)
        for domain in self._domains:
            _shift_domain(domain, leap.shift)
        self._calendar.shift(leap.shift)

    def _repeat_segments(self, kept: _Kept, leap: _Leap) -> None:
        """The segments that were closed since the state kept, as one stretch."""
        recorder = self._recorder
        recorder.count()
        if recorder.segments is None:
            return
        period = leap.now - leap.began
        again: dict[int, list[int]] = {}
        for cpu, flat in recorder.segments.items():
            cycle = flat[kept.closed[cpu] :]
            if cycle:
                # the first was open when the cycle began: as long as the one that is open now
                counts = recorder.cpus[cpu]
                cycle[0] = counts.since() - period if counts.lwp() >= 0 else cycle[0]
                for place in range(0, len(cycle), 3):
                    cycle[place] += period
                    cycle[place + 1] += period
            again[cpu] = cycle
        recorder.end_stretch()
        recorder.stretches.append(Stretch(again, period, leap.times, leap.now))


# -- lwps ---------------------------------------------------------------------


def _short_left(lwp: Lwp, now: int) -> int:
    """What is left of the burst at hand, where that is no more than a quantum; else one more."""
    quantum = lwp.scheduler.quantum if lwp.scheduler else 0
    return min(lwp.left_at(now), quantum + 1)


def _lwp_state(lwp: Lwp, now: int) -> Hashable:
    if lwp.exited >= 0:
        return None
    running = now - lwp.settled if lwp.ends >= 0 else 0
    return (
        lwp.index,
        lwp.runnable,
        lwp.burst % len(lwp.bursts),
        _short_left(lwp, now),
        lwp.used + running if lwp.runnable else 0,
        0 if lwp.runnable else lwp.due - now,
        lwp.ends - now if lwp.ends >= 0 else NOWHERE,
        lwp.home,
        lwp.at.number,
        lwp.real,
    )


def _leap_lwp(lwp: Lwp, before: _LwpCounts, leap: _Leap) -> None:
    after = _LwpCounts(lwp, leap.now)
    times, shift = leap.times, leap.shift
    if lwp.burst == before.burst:
        lwp.left -= times * (before.left - after.left)
    # what is dated from before these ticks stays: it has gone on for longer than all of them
    if lwp.since > leap.began or not lwp.runnable:
        lwp.runnable_ticks += times * (after.runnable - before.runnable)
        lwp.since += shift
    lwp.dispatches += times * (after.dispatches - before.dispatches)
    lwp.preemptions += times * (after.preemptions - before.preemptions)
    lwp.migrations += times * (after.migrations - before.migrations)
    lwp.misses += times * (after.misses - before.misses)
    lwp.burst += times * (after.burst - before.burst)
    for response, count in after.responses.items():
        lwp.responses[response] = count + times * (count - before.responses.get(response, 0))
    if lwp.burst != before.burst:  # else it is at the burst that it was at
        lwp.due += shift
    if lwp.ends >= 0:
        lwp.ends += shift
        lwp.settled += shift
    elif lwp.settled > leap.began:
        lwp.settled += shift


# -- cpus ---------------------------------------------------------------------


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


def _leap_cpu(counts: CpuCounts, busy: int, ran: dict[int, int] | None, leap: _Leap) -> None:
    if counts.lwp() >= 0 and counts.since() <= leap.began:
        return  # it has run on without a break, and what that is will be counted at its end
    if counts.ran is not None and ran is not None:
        for index, ticks in (_ran(counts, leap.now) or {}).items():
            more = leap.times * (ticks - ran.get(index, 0))
            if more:
                counts.ran[index] = counts.ran.get(index, 0) + more
    counts.busy += leap.times * (_busy(counts, leap.now) - busy)
    counts.log[-2] += leap.shift


# -- domains ------------------------------------------------------------------


def _domain_state(domain: Domain, now: int) -> Hashable:
    """Queues, claims, turns and vcpus. What it keeps of its last offers follows from these."""
    return (
        tuple(lwp.index for lwp in domain.queue.in_line()),
        tuple((lwp.index, lwp.seat) for lwp in domain.queue.seated()),
        tuple(lwp.index for lwp in domain.runners(domain.claims)),
        domain.claims,
        domain.own_waits,
        domain.busy,
        domain.freed,
        tuple(domain.users[cpu].index for cpu in bits(domain.busy)),
        domain.dirty,
        tuple(_level_state(level, now) for level in domain.levels),
        _vcpus_state(domain, now),
    )


def _level_state(level: Level, now: int) -> Hashable:
    """Whose turn it is and for how long it has been, where several share a cpu."""
    standing = level.standing(now)
    turns = [(cpu, *standing[cpu]) for cpu in level.peers_of if cpu in standing]
    first = tuple(level.ranks[0])
    return tuple(level.running), level.used_up, tuple(turns), first


def _vcpus_state(domain: Domain, now: int) -> Hashable:
    vcpus = domain.vcpus
    if vcpus is None:
        return None
    return (
        tuple(vcpu.number for vcpu in vcpus.in_order(domain.busy)),
        tuple(vcpu.number for vcpu in vcpus.waiting),
        tuple(
            (vcpu.on, vcpu.at.number, now - vcpu.began, vcpu.ends - now)
            if vcpu.on >= 0
            else (NOWHERE, vcpu.at.number, vcpu.used, NOWHERE)
            for vcpu in vcpus.all
        ),
    )


def _shift_domain(domain: Domain, shift: int) -> None:
    for level in domain.levels:
        level.shift(shift)
    if domain.vcpus is not None:
        for vcpu in domain.vcpus.all:
            vcpu.began += shift
            if vcpu.ends >= 0:
                vcpu.ends += shift
