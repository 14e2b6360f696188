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

What is pending through all of these ticks (see then) decides nothing in them either. Where the
state recurs but for that, a part of the way is leapt, which takes no less time than the state took
to keep, and the search for a state that recurs as a whole goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from usched.engine.calendar import Calendar
from usched.engine.events import Machine
from usched.engine.lwp import Lwp
from usched.engine.recorder import Recorder
from usched.engine.run_queue import NOWHERE
from usched.engine.slices import let_run_free
from usched.engine.then import ALWAYS, OTHER, PENDING, SAME, CpuThen, DomainThen, Leap, LwpThen
from usched.engine.waiting import somebody_waits, waited_on
from usched.words.run import Cycle, Stretch


@dataclass(slots=True)
class _Kept:
    """A state to compare with, and the counts as of then.

    lwp, cpu, busy_mask, following: what of it is looked at first. Who runs on the first cpu that is
    busy, the busy ones, and how far off the next change is.
    """

    tick: int
    lwp: Lwp | None
    cpu: int
    busy_mask: int
    following: int
    lwps: list[LwpThen]
    domains: list[DomainThen]
    cpus: dict[int, CpuThen]
    put_away: int


class _Search:
    """For a state that recurs: one is kept and compared with those that follow, until it is
    replaced after twice as many. seen: how many followed it."""

    def __init__(self, distance: int) -> None:
        self._first = distance
        self.begin_anew()

    def begin_anew(self) -> None:
        self.kept: _Kept | None = None
        self.seen = 0
        self._distance = self._first

    def is_over(self) -> bool:
        """One more was looked at; whether the one at hand is to be kept."""
        self.seen += 1
        return self.seen >= self._distance

    def keep(self, kept: _Kept) -> None:
        self.kept = kept
        self.seen = 0
        self._distance *= 2


class Recurrence:
    """Looks at every tick that is decided, from the tick on at which nothing more comes from
    outside. cycle: what was found."""

    def __init__(self, machine: Machine, recorder: Recorder, calendar: Calendar) -> None:
        self._machine = machine
        self._recorder = recorder
        self._calendar = calendar
        self._domains = list(machine.domains.values())
        # keeping a state takes time for every lwp: no more of it than the steps in between take
        distance = max(1, len(machine.lwps) // 16)
        self._whole = _Search(distance)
        # segments would have to be repeated of what was repeated
        self._part = _Search(distance) if recorder.segments is None else None
        self.cycle: Cycle | None = None

    def look(self, now: int, ticks: int | None) -> int:
        """After tick `now` was decided, in a run of so many (None: till its end): the tick at which
        it is now.

        Later than `now` where the run could leap.
        """
        for search in (self._whole, self._part):
            if search is None or (search is self._whole and self.cycle is not None):
                continue
            kept = search.kept
            if kept is not None and self._may_be(kept, now):
                how = self._compare(kept, now)
                if how == SAME or (how == PENDING and search is self._part):
                    times = self._count(search, kept, now, ticks, how)
                    if times > 0:
                        self._leap(kept, Leap(kept.tick, now, times))
                        self._search_on()
                        return now + (now - kept.tick) * times
            if search.is_over():
                search.keep(self._keep(now))
        return now

    def _count(self, search: _Search, kept: _Kept, now: int, ticks: int | None, how: int) -> int:
        """How often it comes again, in the run and before what runs out or is pending ends.

        Only where nothing does before the run is over is it what the run comes to in the long run.
        """
        period = now - kept.tick
        bound = times = self._bound(kept, now)
        if ticks is not None:
            rest, further = divmod(ticks - 1 - now, period)
            times = min(rest, bound)
            if how == SAME and times == rest and (bound > times or not further):
                self.cycle = self.cycle or self._describe(kept, now)
                return times
        if times == ALWAYS:
            return 0
        # a leap takes about as long as to keep a state
        worth = self._part is None or times * (search.seen + 1) >= len(kept.lwps)
        return times if worth else 0

    def _search_on(self) -> None:
        """After a leap. The search for a state that recurs as a whole goes on, where that which it
        began with is still at hand."""
        if self._part is None:
            self._whole.begin_anew()
        else:
            self._part.begin_anew()

    def _bound(self, kept: _Kept, now: int) -> int:
        """How often the same may come again before something ends that did not in these ticks."""
        then = kept.tick
        bounds = [
            was.bound(lwp, then, now)
            for lwp, was in zip(self._machine.lwps, kept.lwps, strict=True)
        ]
        bounds += [
            was.bound(domain, then, now)
            for domain, was in zip(self._domains, kept.domains, strict=True)
        ]
        return min(bounds)

    def rest(self, now: int, ticks: int) -> None:
        """After tick `now`, the last that was decided in a run of so many, nothing was found: every
        tick is as this one, where nothing is to come at all but ends of bursts, and these not for
        as long as the run again."""
        if self.cycle is not None or not self._machine.left:
            return
        self._set_free(now)
        self._calendar.tidy()
        running = [lwp for lwp in self._machine.lwps if lwp.ends >= 0]
        if self._calendar.has_only_lwps() and all(
            lwp.ends == lwp.settled + lwp.left and lwp.ends >= 2 * ticks for lwp in running
        ):
            ran = tuple(int(lwp.ends >= 0) for lwp in self._machine.lwps)
            self.cycle = Cycle(now, 1, ran)

    # -- the state ------------------------------------------------------------

    def _may_be(self, kept: _Kept, now: int) -> bool:
        """Whether what seldom is the same is the same. At every step: it must cost nothing."""
        if kept.put_away != self._recorder.put_away:
            return False  # the segments since then are not at hand any more
        root = self._machine.root
        lwp = kept.lwp
        if lwp is not None and root.users[kept.cpu] is not lwp:
            return False
        return root.busy == kept.busy_mask and self._next(now) == kept.following

    def _next(self, now: int) -> int:
        following = self._calendar.next()
        return NOWHERE if following is None else following - now

    def _compare(self, kept: _Kept, now: int) -> int:
        """The state with the one that was kept, as far as the first difference: OTHER, PENDING or
        SAME."""
        then = kept.tick
        found = SAME
        for lwp, was in zip(self._machine.lwps, kept.lwps, strict=True):
            found = min(found, was.compare(lwp, then, now))
            if found == OTHER:
                return OTHER
        for domain, before in zip(self._domains, kept.domains, strict=True):
            found = min(found, before.compare(domain, then, now))
            if found == OTHER:
                return OTHER
        return found

    def _set_free(self, now: int) -> None:
        """What nobody waits for runs free, and from now on is known where somebody does."""
        for search in (self._whole, self._part):
            if search is not None and search.kept is not None:
                for domain, was in zip(self._domains, search.kept.domains, strict=True):
                    was.take(domain)
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

    def _keep(self, now: int) -> _Kept:
        self._set_free(now)
        self._calendar.tidy()
        recorder = self._recorder
        recorder.count()
        segments = recorder.segments or {}
        root = self._machine.root
        cpu = (root.busy & -root.busy).bit_length() - 1
        return _Kept(
            now,
            root.users[cpu] if root.busy else None,
            cpu,
            root.busy,
            self._next(now),
            [LwpThen(lwp, now) for lwp in self._machine.lwps],
            [DomainThen(domain, now) for domain in self._domains],
            {
                cpu: CpuThen(each, len(segments.get(cpu, ())), now)
                for cpu, each in recorder.cpus.items()
            },
            recorder.put_away,
        )

    def _describe(self, kept: _Kept, now: int) -> Cycle:
        pairs = zip(self._machine.lwps, kept.lwps, strict=True)
        ran = tuple(lwp.ran(now) - before.ran for lwp, before in pairs)
        return Cycle(kept.tick, now - kept.tick, ran)

    # -- the leap -------------------------------------------------------------

    def _leap(self, kept: _Kept, leap: Leap) -> None:
        """What was counted since the state kept is counted again, and all that is dated moves but
        for what is pending."""
        calendar = self._calendar
        self._set_free(leap.now)
        pairs = list(zip(self._machine.lwps, kept.lwps, strict=True))
        asleep = {lwp.index for lwp, was in pairs if was.sleeps_on(lwp, leap.began, leap.now)}
        calendar.shift(leap.shift, asleep)
        for lwp, was in pairs:
            ends = lwp.ends
            was.leap(lwp, leap)
            if ends >= 0 and lwp.ends != ends + leap.shift:
                lwp.booked = lwp.ends
                calendar.end_lwp(lwp)
            elif lwp.booked >= 0:
                lwp.booked += leap.shift
        self._repeat_segments(kept, leap)
        for cpu, each in self._recorder.cpus.items():
            kept.cpus[cpu].leap(each, leap)
        for domain, before in zip(self._domains, kept.domains, strict=True):
            turns, vcpus = before.leap(domain, leap)
            for turn in turns:
                calendar.end_turn(turn)
            for vcpu in vcpus:
                calendar.end_vcpu(vcpu.ends, vcpu)

    def _repeat_segments(self, kept: _Kept, leap: Leap) -> None:
        """The segments that were closed since the state kept, as one stretch."""
        recorder = self._recorder
        recorder.count()
        if recorder.segments is None:
            return
        period = leap.now - leap.began
        again: dict[int, list[int]] = {}
        for cpu, flat in recorder.segments.items():
            cycle = flat[kept.cpus[cpu].closed :]
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
