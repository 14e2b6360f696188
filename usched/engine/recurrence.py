"""Steady states in one leap: where the whole state recurs, what follows is known.

The state after a tick is everything that decides what comes, with ticks relative to now: queues,
claims, slices, turns, sleepers. Where it is what it was so many ticks before, and nothing comes
from outside, those ticks come again; their counts are added as often as they fit, and all that is
dated is moved on. It is found by keeping one state and comparing the ones that follow, until it
is replaced at twice the distance (Brent 1980).

What is left of a burst that is longer than a quantum, and of a finite number of bursts, decides
nothing until it runs out: it is not in the state, but bounds how often the ticks come again. How
much of a slice or a turn is used decides nothing as long as nobody waits for it: where nobody has
since the state was kept, nobody will, and it is not in the state either. Lwps that fall behind
further and further never come to the same state.
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
from usched.engine.slices import let_run_free, used_before
from usched.engine.turns import Level
from usched.engine.vcpus import Vcpus
from usched.engine.waiting import somebody_waits, waited_on
from usched.words.run import Cycle, Stretch


class _LwpCounts:
    """What an lwp had until a tick."""

    # there are many: compiled, a dataclass takes ten times as long to make
    __slots__ = (
        "burst", "dispatches", "due", "left", "migrations", "misses", "preemptions", "ran",
        "responses", "runnable", "used",
    )  # fmt: skip

    def __init__(self, lwp: Lwp, now: int) -> None:
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


@dataclass(slots=True)
class _Kept:
    """A state to compare with, and the counts as of then. closed: segments by cpu, in memory.

    lwp, cpu, busy_mask, following: what of it is looked at first. Who runs on the first cpu that is
    busy, the busy ones, and how far off the next change is.
    """

    tick: int
    lwp: Lwp | None
    cpu: int
    busy_mask: int
    following: int
    lwp_states: list[Hashable]
    domains: list[_Domain]
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
                ran = before.left - left
                if ran and lwp.runnable:
                    bounds.append((left - _heeded(lwp, kept.tick) - 1) // ran)
            elif left != before.left or lwp.due - now != before.due:
                return 0
            if lwp.total >= 0 and lwp.burst != before.burst:
                bounds.append((lwp.total - lwp.burst - 1) // (lwp.burst - before.burst))
        return min(bounds, default=None)

    def rest(self, now: int) -> None:
        """After tick `now`, up to which nothing was found, and after which nothing comes before the
        run is over: every tick is as this one, unless something else than bursts will end."""
        if self.cycle is not None or not self._machine.left:
            return
        self._set_free(now)
        if self._calendar.has_only_bursts():
            ran = tuple(int(lwp.ends >= 0) for lwp in self._machine.lwps)
            self.cycle = Cycle(now, 1, ran)

    # -- the state ------------------------------------------------------------

    def _may_be(self, kept: _Kept, now: int) -> bool:
        """Whether what seldom is the same is the same. At every step: it must cost nothing."""
        root = self._machine.root
        lwp = kept.lwp
        if lwp is not None and root.users[kept.cpu] is not lwp:
            return False
        return root.busy == kept.busy_mask and self._next(now) == kept.following

    def _next(self, now: int) -> int:
        following = self._calendar.next()
        return NOWHERE if following is None else following - now

    def _is(self, kept: _Kept, now: int) -> bool:
        """Whether the state is the one that was kept; as far as the first difference."""
        then = kept.tick
        for lwp, state, before in zip(self._machine.lwps, kept.lwp_states, kept.lwps, strict=True):
            if _lwp_state(lwp) != state or not _is_as_far(lwp, before, then, now):
                return False
        for domain, was in zip(self._domains, kept.domains, strict=True):
            if not was.is_again(domain, then, now):
                return False
        return True

    def _set_free(self, now: int) -> None:
        """What nobody waits for runs free, and from now on is known where somebody does."""
        for domain in self._domains:
            if domain.own_waits:
                domain.heeded = now
            for lwp in domain.runners(domain.claims & ~domain.own_waits, now):
                if lwp.ends < lwp.settled + lwp.left and let_run_free(domain, lwp):
                    self._calendar.end_lwp(lwp)
            for level in domain.levels:
                level.taken = 0
                level.set_free()
                if waited_on(level) & level.shared:
                    level.heeded = now
            if domain.vcpus is None:
                continue
            if somebody_waits(domain):
                domain.vcpus.heeded = now
            else:
                domain.vcpus.set_free()
                domain.watched = True
        self._calendar.shift(0)

    def _keep(self, now: int) -> _Kept:
        self._set_free(now)
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
            [_lwp_state(lwp) for lwp in self._machine.lwps],
            [_Domain(domain, now) for domain in self._domains],
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
        self._set_free(leap.now)
        self._calendar.shift(leap.shift)
        for lwp, before in zip(self._machine.lwps, kept.lwps, strict=True):
            if lwp.exited >= 0:
                continue
            ends = lwp.ends
            _leap_lwp(lwp, before, leap)
            if ends >= 0 and lwp.ends != ends + leap.shift:
                lwp.booked = lwp.ends
                self._calendar.end_lwp(lwp)
            elif lwp.booked >= 0:
                lwp.booked += leap.shift
        self._repeat_segments(kept, leap)
        for cpu, each in self._recorder.cpus.items():
            _leap_cpu(each, kept.busy[cpu], kept.ran[cpu], leap)
        for domain, was in zip(self._domains, kept.domains, strict=True):
            was.leap(domain, leap)

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


def _heeded(lwp: Lwp, then: int) -> int:
    """How much of what is left of a burst decides something, from a state that was kept on: what a
    slice may end before, where somebody waited for slices."""
    domain = lwp.scheduler
    return 0 if domain is None or domain.heeded < then else domain.quantum


def _is_as_far(lwp: Lwp, before: _LwpCounts, then: int, now: int) -> bool:
    """Whether as much is left of its sleep or its burst, and of its slice, as far as that decides
    anything."""
    if lwp.exited >= 0:
        return True
    if not lwp.runnable:
        return lwp.due - now == before.due
    heeded = _heeded(lwp, then)
    if min(lwp.left_at(now), heeded + 1) != min(before.left, heeded + 1):
        return False
    return not heeded or _used_of_slice(lwp, now) == before.used


def _leap_lwp(lwp: Lwp, before: _LwpCounts, leap: _Leap) -> None:
    after = _LwpCounts(lwp, leap.now)
    times, shift = leap.times, leap.shift
    # who has run on since before these ticks runs free, and does all through those to come
    touched = lwp.settled > leap.began or lwp.ends < 0
    whole = lwp.ends == lwp.settled + lwp.left
    if touched and lwp.burst == before.burst:
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
    if lwp.settled > leap.began:
        lwp.settled += shift
    if lwp.ends >= 0:
        lwp.ends = lwp.settled + lwp.left if whole else lwp.ends + shift


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


class _Domain:
    """What is kept of a domain: its state, that of its levels and vcpus, and how much is used of
    turns and of slices of vcpus.

    Where nobody has waited for these, since they were kept, they decide nothing.
    """

    def __init__(self, domain: Domain, now: int) -> None:
        self.state = _domain_state(domain)
        self.order = _pick_order(domain, now)
        self.levels = [_level_state(level) for level in domain.levels]
        self.turns = [level.standing(now) for level in domain.levels]
        vcpus = domain.vcpus
        self.slices = [] if vcpus is None else _slices(vcpus, domain.quantum, now)

    def is_again(self, domain: Domain, then: int, now: int) -> bool:
        """Whether the domain is as it was."""
        if _domain_state(domain) != self.state:
            return False
        if domain.heeded >= then and _pick_order(domain, now) != self.order:
            return False
        for level, state, turns in zip(domain.levels, self.levels, self.turns, strict=True):
            if _level_state(level) != state or not _stand_again(level, turns, then, now):
                return False
        vcpus = domain.vcpus
        if vcpus is None or vcpus.heeded < then:
            return True
        return _slices(vcpus, domain.quantum, now) == self.slices

    def leap(self, domain: Domain, leap: _Leap) -> None:
        """What is dated moves; of what nobody waited for, as much is used each time again."""
        for level, turns in zip(domain.levels, self.turns, strict=True):
            if level.heeded >= leap.began:
                level.shift(leap.shift)
            else:
                _leap_turns(level, turns, leap)
        vcpus = domain.vcpus
        if vcpus is None:
            return
        if vcpus.heeded >= leap.began:
            vcpus.shift(leap.shift)
            return
        quantum = domain.quantum
        after = _slices(vcpus, quantum, leap.now)
        for vcpu, was, used in zip(vcpus.all, self.slices, after, strict=True):
            vcpu.used = (used + leap.times * (used - was)) % quantum
            if vcpu.on >= 0:
                vcpu.began = leap.now + leap.shift - vcpu.used


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


# -- levels -------------------------------------------------------------------


def _level_state(level: Level) -> Hashable:
    """Who runs where, and whose turn it is."""
    return tuple(level.running), level.held, tuple(level.ranks[0])


def _used(level: Level, cpu: int, index: int, used: int) -> int:
    """Of a turn; where a used up one goes on, as of the one that follows."""
    return used % level.members[index].quantum if level.running[index] >> cpu & 1 else used


def _stand_again(level: Level, before: dict[int, tuple[int, int]], then: int, now: int) -> bool:
    """Whether as much is used of turns as was, where that matters or they are others."""
    heeded = level.heeded >= then
    after = level.standing(now)
    for cpu in level.peers_of:
        if cpu not in after:
            continue
        if heeded or level.taken >> cpu & 1:
            was, used = (_used(level, cpu, *standing[cpu]) for standing in (before, after))
            if was != used:
                return False
    return True


def _leap_turns(level: Level, before: dict[int, tuple[int, int]], leap: _Leap) -> None:
    standing = {}
    for cpu, (index, now_used) in level.standing(leap.now).items():
        was = before[cpu][1] if cpu in before else now_used
        quantum = level.members[index].quantum
        used = now_used + leap.times * (now_used - was)
        runs = level.running[index] >> cpu & 1
        standing[cpu] = index, used % quantum if runs else (used - 1) % quantum + 1
    level.replace(standing, leap.now + leap.shift)
