"""The run: from one change to the next, by the rules of usched-model(7).

Between two changes (a burst or a slice ends, a turn is used up, an lwp arrives, an event is due)
every tick is decided as the one before; nothing is computed for it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final

from usched.engine.calendar import Calendar, Due
from usched.engine.domain import Domain
from usched.engine.events import Machine
from usched.engine.lwp import Lwp
from usched.engine.masks import bits
from usched.engine.offer import Dispatch
from usched.engine.placement import Placement
from usched.engine.recorder import STARVED_QUANTA, Recorder
from usched.engine.recurrence import Recurrence
from usched.engine.run_queue import NOWHERE
from usched.engine.slices import ends_matter, expire, forget_free, let_run_free, requeue
from usched.engine.turns import Level
from usched.engine.vcpus import Vcpu, Vcpus
from usched.engine.waiting import somebody_waits, waited_on
from usched.meaning.timetable import Ending, Timetable
from usched.words.problems import Problem, Refused
from usched.words.run import Assignment, Hop, Run, Storage, Timeline
from usched.words.statement import MAX_TICKS

#: How long a run is when it has no end of its own.
DEFAULT_TICKS = 1_000

#: Steps between two reports of progress.
_STRIDE = 256

_generation: Final = attrgetter("generation")

Progress = Callable[[int], None]

#: Takes a tick that was decided, and who runs where from it on.
Watch = Callable[[int, tuple[Assignment, ...]], None]


def simulate(
    timetable: Timetable,
    ticks: int | None = None,
    progress: Progress | None = None,
    segments: bool = True,
    *,
    leap: bool = True,
    storage: Storage | None = None,
    watch: Watch | None = None,
) -> Run:
    """Dispatch a workload for so many ticks.

    ticks: None for the end of the last lwp, or DEFAULT_TICKS where some never end.
    progress: called now and then with the tick reached.
    segments: whether they are wanted. leap: whether ticks that are known from others may be
    counted without being dispatched; the run is the same. storage: where segments go that are too
    many for memory, and where they stay. watch: told of every tick that is decided, so that nothing
    leaps. Raises Refused, naming the tick, when an event cannot be carried out, and for a workload
    that takes more than MAX_TICKS to end by itself.
    """
    if ticks is None and _runs_forever(timetable):
        ticks = DEFAULT_TICKS
    if ticks is None and _shortest(timetable) > MAX_TICKS:
        what = f"this workload does not end within {MAX_TICKS} ticks"
        raise Refused(Problem(what, None, "say how long to run it: --ticks N", "ticks"))
    collects = gc.isenabled()
    gc.disable()  # there are many objects, and nothing that a run drops is in a circle
    try:
        recorder = Recorder(timetable.topology, segments, storage)
        dispatcher = _Dispatcher(timetable, recorder, progress, leap and watch is None)
        dispatcher.watch = watch
        return dispatcher.run(ticks)
    finally:
        if collects:
            gc.enable()


class _Dispatcher:
    def __init__(
        self,
        timetable: Timetable,
        recorder: Recorder,
        progress: Progress | None,
        leap: bool,
    ) -> None:
        topology = timetable.topology
        self.timetable = timetable
        self.recorder = recorder
        self.calendar = Calendar()
        self.machine = Machine(timetable, self.recorder, self.calendar)
        root = self.machine.root
        self.dispatch = Dispatch(root, self.calendar, Placement(topology, root))
        self.actions = list(reversed(timetable.actions))
        self.settled_at = 0
        for tick, index in _forks(timetable):
            self.calendar.at(tick).arrivals.append(index)
            self.settled_at = max(self.settled_at, tick)
        self.leap = leap
        self.recurrence: Recurrence | None = None
        #: Where something happened at the tick at hand: to own lwps, or to turns and vcpus.
        self.changed: list[Domain] = []
        self.touched: list[Domain] = [root]
        #: Where turns, and slices of vcpus, are used up at the tick at hand.
        self.turns: list[Level] = []
        self.vcpus: list[tuple[Domain, Vcpus]] = []
        self.progress = progress
        self.watch: Watch | None = None
        self.assignments: tuple[Assignment, ...] = ()

    def run(self, ticks: int | None) -> Run:
        if ticks is None and not self.machine.left:
            return self.report(0)
        now = 0
        steps = 0
        while ticks is None or now < ticks:
            ended = self.step(now, ticks is None)
            steps += 1
            if ended or (ticks is None and not self.machine.left):
                ticks = now if ended else now + 1
                break
            if self.leap and not self.actions and now >= self.settled_at:
                now = self.look(now, ticks)
            following = self.next_change()
            if following is None:
                following = ticks = max(now + 1, DEFAULT_TICKS) if ticks is None else ticks
            if self.recurrence is not None and ticks is not None and following >= ticks:
                self.recurrence.rest(now, ticks)
            if self.watch is not None:
                self.watch(now, self.assign())
            now = following
            if steps % _STRIDE == 0:
                self.recorder.look_how_many()
                if self.progress is not None:
                    self.progress(now)
        else:
            self.assignments = self.assign()
        assert ticks is not None
        return self.report(ticks)

    def look(self, now: int, ticks: int | None) -> int:
        """Nothing more comes from outside; the tick at which it is, after a leap if any."""
        if self.recurrence is None:
            self.recurrence = Recurrence(self.machine, self.recorder, self.calendar)
        return self.recurrence.look(now, ticks)

    def next_change(self) -> int | None:
        """The next tick that may be decided otherwise; None if there is none."""
        following = self.calendar.next()
        if self.actions and (following is None or self.actions[-1].at < following):
            return self.actions[-1].at
        return following

    # -- one tick -------------------------------------------------------------

    def step(self, now: int, may_end: bool) -> bool:
        """Everything that happens at a tick; whether nobody was left before any of it did."""
        calendar = self.calendar
        machine = self.machine
        arrivals: list[int] = []
        due = calendar.due(now)
        if due is not None:
            self.end_slices(due, now)
            self.end_lwps(due, now)
            arrivals = due.arrivals
            calendar.over(now)
        if may_end and not machine.left:
            return True
        if self.actions and self.actions[-1].at == now:
            self.carry_out(now)
        self.look_who_waits()
        if arrivals:
            arrivals.sort()
            self.arrive(arrivals, now)
        self.redispatch(now)
        for level in self.turns:
            if level.domain.begun != now:  # they go on
                level.renew_turns(now)
        self.turns.clear()
        self.look_who_was_roused(now)
        self.forget(now)
        self.recorder.run(machine.root, now)
        return False

    def carry_out(self, now: int) -> None:
        """The events of a tick."""
        actions = []
        while self.actions and self.actions[-1].at == now:
            actions.append(self.actions.pop())
        self.settle_all(now)
        self.machine.carry_out(actions, now)
        self.turns.clear()  # every domain is dispatched, with levels of its own
        self.touched = [self.machine.root]
        for domain in self.machine.domains.values():
            self.change(domain, now)

    def settle_all(self, now: int) -> None:
        """Nothing runs free while events happen; what nobody waited for may be waited for then."""
        for domain in self.machine.domains.values():
            self.dispatch.settle_all(domain, now)
            domain.watched = False
            for level in domain.levels:
                for turn in level.call_in(level.shared, now):
                    if turn.began < now:
                        self.calendar.end_turn(turn)
                    else:
                        level.use_up(turn)  # with the tick before
            vcpus = domain.vcpus
            if vcpus is None:
                continue
            for vcpu in vcpus.call_in(domain.busy, domain.quantum, now):
                if vcpu.began < now:
                    self.calendar.end_vcpu(vcpu.began + domain.quantum, vcpu)
                    continue
                self.end_slice(vcpu, domain, vcpus)  # with the tick before

    def change(self, domain: Domain, now: int) -> None:
        """Something happens to own lwps of a domain."""
        if domain.changed != now:
            domain.changed = now
            self.changed.append(domain)

    def redispatch(self, now: int) -> None:
        """Dispatch the tick: from the machine down, or only where something changes."""
        touched, within = self.touched, []
        for domain in self.changed:
            if domain.runs_free and ends_matter(domain):
                expire(domain, domain.runs_free & domain.claims, now)
            if domain.queue.expired:
                requeue(domain, now)
            if not domain.dirty:
                if domain.stays_within():
                    within.append(domain)
                else:
                    domain.dirty = True
                    touched.append(domain)
        tops = [top for domain in touched if (top := _climb(domain)) is not None]
        if len(tops) > 1:
            tops.sort(key=_generation)
        self.dispatch.dispatch(tops, within, self.machine.online, now)
        self.changed = []
        self.touched = []

    def touch(self, domain: Domain) -> None:
        """Something in a domain is not as it was, and its answers to offers may differ."""
        if not domain.dirty:
            domain.dirty = True
            self.touched.append(domain)

    def forget(self, now: int) -> None:
        """After a dispatch: what was true of those who ran in the tick before it."""
        machine = self.machine
        for base in machine.freed:
            base.freed = 0
        machine.freed = [machine.root]
        if machine.preempted:
            for lwp in machine.preempted:
                if lwp.ends < 0 and lwp.exited != now:
                    lwp.preemptions += 1
            machine.preempted.clear()

    def end_slices(self, due: Due, now: int) -> None:
        """Turns, and slices of vcpus, that end with the tick before."""
        for turn in due.turns:
            if turn.ends != now:
                continue
            level = turn.level
            level.use_up(turn)
            if level.ended != now and level in level.domain.levels:
                level.ended = now
                self.turns.append(level)
        for vcpu in due.vcpus:
            scheduler = vcpu.scheduler
            vcpus = scheduler.vcpus
            if vcpus is not None and vcpu.ends == now and vcpus.has(vcpu):
                self.end_slice(vcpu, scheduler, vcpus)

    def end_slice(self, vcpu: Vcpu, scheduler: Domain, vcpus: Vcpus) -> None:
        """A vcpu has used up its slice."""
        vcpu.ends = NOWHERE
        if not vcpus.expired:
            self.vcpus.append((scheduler, vcpus))
        vcpus.expired.append(vcpu)

    def end_lwps(self, due: Due, now: int) -> None:
        """Bursts and slices of lwps that end with the tick before."""
        for lwp in due.lwps:
            if lwp.ends != now:
                continue
            its = lwp.scheduler
            assert its is not None
            cpu = lwp.at.mask
            if now - lwp.settled == lwp.left:
                its.claims ^= cpu
                if its.changed != now:
                    its.changed = now
                    self.changed.append(its)
                if lwp.ran_free:
                    forget_free(its, lwp)
                lwp.ends = NOWHERE
                lwp.settled = now
                self.end_burst(lwp, its, now)
            elif not its.own_waits or (its.locked and not its.own_waits & cpu):
                if let_run_free(its, lwp):
                    self.calendar.end_lwp(lwp)
            else:
                lwp.ends = 0  # it is not met again
                its.claims ^= cpu
                if its.changed != now:
                    its.changed = now
                    self.changed.append(its)
                its.queue.expired.append(lwp)

    def look_who_waits(self) -> None:
        """Turns and slices of vcpus that are used up change nothing where nobody waits for it."""
        for level in self.turns:
            if level.wanted():
                self.touch(level.domain)
            else:
                level.watched = True
        for scheduler, vcpus in self.vcpus:
            if scheduler.vcpus is not vcpus:
                continue
            if somebody_waits(scheduler):
                self.touch(scheduler)
            else:
                vcpus.let_run_free()
                scheduler.watched = True
        self.vcpus.clear()

    def look_who_was_roused(self, now: int) -> None:
        """Where somebody waits now for what runs free, that will be over at some tick."""
        roused = self.machine.root.roused
        for level in roused.levels:
            waited = waited_on(level) & level.shared
            if waited:
                level.heeded = now
            for turn in level.call_in(waited, now):
                self.calendar.end_turn(turn)
        for scheduler in roused.schedulers:
            vcpus = scheduler.vcpus
            assert vcpus is not None
            if not somebody_waits(scheduler):
                scheduler.watched = True
                continue
            vcpus.heeded = now
            for vcpu in vcpus.call_in(scheduler.busy, scheduler.quantum, now):
                self.calendar.end_vcpu(vcpu.began + scheduler.quantum, vcpu)
        roused.levels.clear()
        roused.schedulers.clear()

    def end_burst(self, lwp: Lwp, domain: Domain, now: int) -> None:
        """The lwp leaves: it exits, or sleeps until it arrives again."""
        response = now - lwp.due
        responses = lwp.responses
        responses[response] = responses.get(response, 0) + 1
        if response > lwp.deadline:
            lwp.misses += 1
        lwp.runnable = False
        lwp.runnable_ticks += now - lwp.since
        domain.own_load -= 1  # take_load, of which the call alone would cost a hundredth of job B
        if not domain.own_load or domain.above:
            domain.pass_loss_on()
        if domain.locked:
            domain.forget_could_run()
        lwp.burst += 1
        if lwp.burst == lwp.total:
            self.machine.free(lwp)
            self.machine.exit(lwp, now)
            return
        due = lwp.due + lwp.period if lwp.period else now + lwp.pause
        lwp.due = due
        if due > now:
            base = domain.base
            if base.vcpus is None:
                base.freed |= lwp.at.mask
            else:
                self.machine.free(lwp)
        else:  # it is runnable again, as if it had never been otherwise
            domain.returned = due = now
        self.calendar.at(due).arrivals.append(lwp.index)

    def arrive(self, indexes: list[int], now: int) -> None:
        """lwps fork or wake, in workload order: runnable, at the tail, with a fresh slice."""
        lwps = self.machine.lwps
        for index in indexes:
            lwp = lwps[index]
            if lwp.exited >= 0:
                continue
            if lwp.forked < 0:
                lwp.forked = lwp.due = now
                self.machine.enter(lwp, self.machine.domains[lwp.target])
            domain = lwp.scheduler
            assert domain is not None
            lwp.runnable = True
            lwp.since = now
            bursts = lwp.bursts
            lwp.left, lwp.pause = bursts[lwp.burst % len(bursts)]
            lwp.used = 0
            domain.own_load += 1  # add_load, likewise
            if domain.own_load == 1 or domain.above:
                domain.pass_load_on()
            if domain.locked:
                domain.forget_could_run()
                if lwp.home < 0:
                    self.machine.find_home(lwp)
                domain.queue.add(lwp)
            else:
                domain.queue.waiting.append(lwp)
            if domain.changed != now:
                domain.changed = now
                self.changed.append(domain)

    # -- the end --------------------------------------------------------------

    def assign(self) -> tuple[Assignment, ...]:
        """Who runs on each real cpu now."""
        root = self.machine.root
        return tuple(_assign(root.users[cpu], cpu) for cpu in bits(root.busy))

    def report(self, ticks: int) -> Run:
        due = self.calendar.due(ticks)
        if due is not None:
            self.end_lwps(due, ticks)
        self.recorder.finish(ticks)
        starved = set()
        for lwp in self.machine.lwps:
            if lwp.scheduler is None:
                continue
            domain = lwp.scheduler
            self.recorder.leave(lwp, domain, ticks)
            if lwp.runnable:
                waits = ticks - lwp.waiting_since(ticks)
                if waits >= STARVED_QUANTA * domain.quantum:
                    starved.add(domain.name)
        names = tuple(lwp.name for lwp in self.machine.lwps)
        return Run(
            machine=self.timetable.topology.machine,
            hz=self.timetable.hz,
            ticks=ticks,
            cpus=self.recorder.cpu_figures(ticks),
            schedulers=self.recorder.scheduler_figures(starved),
            lwps=tuple(self.recorder.lwp_figures(lwp, ticks) for lwp in self.machine.lwps),
            timeline=Timeline(names, tuple(self.recorder.stretches)),
            assignments=self.assignments,
            offline=self.recorder.offline_spans(),
            cycle=None if self.recurrence is None else self.recurrence.cycle,
        )


def _climb(domain: Domain) -> Domain | None:
    """The lowest domain, from a dirty one upwards, above which nothing changes; None where the way
    to it has been gone. All that are passed are dirty."""
    while domain.parent is not None and not domain.uses_all():
        domain = domain.parent
        if domain.dirty:
            return None
        domain.dirty = True
    return domain


def _forks(timetable: Timetable) -> Iterator[tuple[int, int]]:
    for program, first in zip(timetable.programs, timetable.first, strict=True):
        for number in range(program.rforks):
            yield program.at + number * program.every, first + number


def _runs_forever(timetable: Timetable) -> bool:
    """Whether some lwp repeats for ever and is never killed."""
    killed = {
        index for action in timetable.actions if isinstance(action, Ending) for index in action.lwps
    }
    return any(
        program.repeat is None and not killed.issuperset(range(first, first + program.rforks))
        for program, first in zip(timetable.programs, timetable.first, strict=True)
    )


def _shortest(timetable: Timetable) -> int:
    """The ticks that a run takes at least, from fork to exit of its longest lwp, events aside."""
    longest = 0
    killed = any(isinstance(action, Ending) for action in timetable.actions)
    for program in timetable.programs:
        once = sum(run + sleep for run, sleep in program.bursts)
        period = max(once, program.period or 0)
        last_fork = program.at + program.every * (program.rforks - 1)
        if program.repeat is not None and not killed:
            longest = max(longest, last_fork + program.repeat * period)
    return longest


def _assign(lwp: Lwp, real: int) -> Assignment:
    """The way from the machine down to an lwp."""
    hops = []
    domain = lwp.scheduler
    cpu = lwp.at.number
    while domain is not None and domain.parent is not None:
        hops.append(Hop(domain.name, domain.number_of(cpu), domain.virtual))
        if domain.vcpus is not None:
            cpu = domain.vcpus.all[cpu].on
        domain = domain.parent
    return Assignment(real, lwp.name, tuple(reversed(hops)))
