"""The run: from one change to the next, by the rules of usched-model(7).

A tick is dispatched in full whenever anything may differ from the tick before. Where a tick in
which nothing arrived, expired or happened decides exactly as the one before, so will every tick
until the next of these: the queue it leaves behind is the queue that it found. The run leaps
there in one step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from usched.engine.events import Machine
from usched.engine.offer import Tick, offer_cpus
from usched.engine.state import Domain, Lwp, Turn
from usched.engine.tally import STARVED_QUANTA, Tally
from usched.meaning.timetable import Ending, Timetable
from usched.words.problems import Problem, Refused
from usched.words.run import Assignment, Hop, Run
from usched.words.statement import MAX_TICKS

#: How long a run is when it has no end of its own.
DEFAULT_TICKS = 1_000

Progress = Callable[[int], None]


def simulate(
    timetable: Timetable,
    ticks: int | None = None,
    at: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Dispatch a workload for so many ticks.

    ticks: None for the end of the last lwp, or DEFAULT_TICKS where some never end. at: a tick
    of the run whose assignments are wanted. progress: called now and then with the tick reached.
    Raises Refused, naming the tick, when an event cannot be carried out, and for a workload that
    takes more than MAX_TICKS to end by itself.
    """
    if ticks is None and _runs_forever(timetable):
        ticks = DEFAULT_TICKS
    if ticks is None and _shortest(timetable) > MAX_TICKS:
        what = f"this workload does not end within {MAX_TICKS} ticks"
        raise Refused(Problem(what, None, "say how long to run it: --ticks N", "ticks"))
    return _Dispatcher(timetable, at, progress).run(ticks)


class _Dispatcher:
    def __init__(self, timetable: Timetable, at: int | None, progress: Progress | None) -> None:
        self.timetable = timetable
        self.tally = Tally(list(timetable.topology.all), timetable.lwps())
        self.machine = Machine(timetable, self.tally)
        self.actions = list(reversed(timetable.actions))
        #: (tick, lwp): forks and wakings to come; those of the dead are passed over.
        self.arrivals = list(_forks(timetable))
        heapq.heapify(self.arrivals)
        self.before = Tick(timetable.topology)
        #: Who ran in the tick before and was left with burst and slice.
        self.unfinished: list[Lwp] = []
        self.at = at
        self.progress = progress
        self.assignments: tuple[Assignment, ...] = ()

    def run(self, ticks: int | None) -> Run:
        now = 0
        while now < ticks if ticks is not None else self.is_anybody_left():
            quiet = self.begin(now)
            tick = Tick(self.timetable.topology)
            users = offer_cpus(self.machine.root, self.machine.online, tick)
            end: int | None = now + 1
            if quiet and tick.lwps == self.before.lwps and tick.vcpus == self.before.vcpus:
                end = self.next_change(now, tick)
            if end is None and ticks is None:  # who is left can never run
                ticks = max(now + 1, DEFAULT_TICKS)
            if end is None or (ticks is not None and end > ticks):
                assert ticks is not None
                end = ticks
            self.pass_time(tick, users, now, end)
            now = end
            if self.progress is not None:
                self.progress(now)
        return self.report(now)

    def is_anybody_left(self) -> bool:
        lwps = self.machine.lwps
        while self.arrivals and lwps[self.arrivals[0][1]].exited is not None:
            heapq.heappop(self.arrivals)
        return bool(self.arrivals) or self.machine.root.load > 0

    # -- the beginning of a tick ----------------------------------------------

    def begin(self, now: int) -> bool:
        """Events, arrivals and requeues of a tick; whether nothing of it was a change."""
        actions = []
        while self.actions and self.actions[-1].at == now:
            actions.append(self.actions.pop())
        quiet = not actions
        if actions:
            self.machine.carry_out(actions)
            self.unfinished = [lwp for lwp in self.unfinished if lwp.exited is None]
        while self.arrivals and self.arrivals[0][0] == now:
            self.arrive(self.machine.lwps[heapq.heappop(self.arrivals)[1]], now)
            quiet = False
        for domain in self.machine.domains.values():
            if domain.picked or domain.vcpu_picked:
                quiet = domain.requeue() and quiet
        return quiet and not self.is_turn_over()

    def arrive(self, lwp: Lwp, now: int) -> None:
        """An lwp forks or wakes: runnable, at the tail, with a fresh slice."""
        if lwp.exited is not None:
            return
        if lwp.forked is None:
            lwp.forked = lwp.due = now
            self.tally.lwps[lwp.index].since = now
            self.machine.enter(lwp, self.machine.domains[lwp.target])
        assert lwp.scheduler is not None
        self.tally.change_state(lwp, now)
        lwp.runnable = True
        lwp.scheduler.add_load(1)
        lwp.left = lwp.program.bursts[lwp.burst % len(lwp.program.bursts)][0]
        lwp.used = 0
        lwp.waiting_since = now
        lwp.scheduler.queue.append(lwp)
        self.machine.find_home(lwp)

    def is_turn_over(self) -> bool:
        """Whether a turn taken in the tick before is used up, or was forgotten since."""
        for domain, cpu, child in self.before.turns:
            turn = domain.turns.get((cpu, child.lwktpri))
            if turn is None or turn.used >= turn.holder.quantum:
                return True
        return False

    # -- the length of a step -------------------------------------------------

    def next_change(self, now: int, tick: Tick) -> int | None:
        """The first tick after now that may be decided otherwise; None if there is none."""
        changes = []
        for lwp, _ in tick.lwps:
            assert lwp.scheduler is not None
            changes.append(now + min(lwp.left, lwp.scheduler.quantum - lwp.used))
        for scheduler, vcpu, _, _ in tick.vcpus:
            changes.append(now + scheduler.quantum - scheduler.vcpu_used[vcpu])
        for domain, cpu, child in tick.turns:
            turn = domain.turns[cpu, child.lwktpri]
            changes.append(now + turn.holder.quantum - turn.used)
        if self.arrivals:
            changes.append(self.arrivals[0][0])
        if self.actions:
            changes.append(self.actions[-1].at)
        return min(changes, default=None)

    # -- what a step does -----------------------------------------------------

    def pass_time(self, tick: Tick, users: dict[int, Lwp], now: int, end: int) -> None:
        """Everybody picked runs for the ticks [now, end)."""
        ticks = end - now
        self.count_preemptions(tick)
        _take_turns(tick, ticks)
        self.note_places(tick, users, ticks)
        if self.at is not None and now <= self.at < end:
            self.assignments = tuple(sorted(map(_assign, tick.lwps), key=lambda each: each.cpu))
        self.tally.run(users, self.machine.offline, now, ticks)
        domains = self.machine.domains.values()
        self.tally.wait({each.name: len(each.queue) for each in domains if each.queue}, now, ticks)
        self.unfinished = []
        for lwp, _ in tick.lwps:
            assert lwp.scheduler is not None
            lwp.left -= ticks
            lwp.used += ticks
            lwp.ran += ticks
            lwp.waiting_since = end
            if lwp.left == 0:
                self.end_burst(lwp, lwp.scheduler, end)
            elif lwp.used < lwp.scheduler.quantum:
                self.unfinished.append(lwp)
        self.before = tick

    def count_preemptions(self, tick: Tick) -> None:
        running = {lwp for lwp, _ in tick.lwps}
        for lwp in self.unfinished:
            if lwp not in running:
                self.tally.lwps[lwp.index].preemptions += 1

    def note_places(self, tick: Tick, users: dict[int, Lwp], ticks: int) -> None:
        """Who ran where, for the tick that follows; nothing of the tick before is left."""
        for lwp, _ in self.before.lwps:
            lwp.claim = lwp.ran_on = None
        for scheduler, *_ in self.before.vcpus:
            scheduler.users = {}
            scheduler.vcpu_ran_on = {}
        for lwp, cpu in tick.lwps:
            lwp.ran_on = lwp.last = cpu
        for scheduler, vcpu, cpu, lwp in tick.vcpus:
            scheduler.users[vcpu] = lwp
            scheduler.vcpu_ran_on[vcpu] = scheduler.vcpu_last[vcpu] = cpu
            scheduler.vcpu_used[vcpu] += ticks
        self.machine.root.users = users

    def end_burst(self, lwp: Lwp, domain: Domain, end: int) -> None:
        """The lwp leaves: it exits, or sleeps until it arrives again."""
        self.tally.end_burst(lwp, end)
        self.tally.change_state(lwp, end)
        program = lwp.program
        lwp.burst += 1
        domain.picked.remove(lwp)
        if lwp.burst == lwp.total_bursts():
            self.machine.exit(lwp, end)
            return
        domain.add_load(-1)
        lwp.runnable = False
        if program.period is None:
            lwp.due = end + program.bursts[(lwp.burst - 1) % len(program.bursts)][1]
        else:
            assert lwp.forked is not None
            lwp.due = lwp.forked + lwp.burst * program.period
        heapq.heappush(self.arrivals, (max(lwp.due, end), lwp.index))

    # -- the end --------------------------------------------------------------

    def report(self, ticks: int) -> Run:
        self.tally.finish(ticks)
        starved = set()
        for lwp in self.machine.lwps:
            if lwp.scheduler is None:
                continue
            self.tally.change_state(lwp, ticks)
            waited = ticks - lwp.waiting_since
            if lwp.runnable and waited >= STARVED_QUANTA * lwp.scheduler.quantum:
                starved.add(lwp.scheduler.name)
        segments = self.tally.segments
        return Run(
            machine=self.timetable.topology.machine,
            hz=self.timetable.hz,
            ticks=ticks,
            cpus=self.tally.cpu_figures(ticks),
            schedulers=self.tally.scheduler_figures(starved),
            lwps=tuple(self.tally.lwp_figures(lwp, ticks) for lwp in self.machine.lwps),
            segments=tuple(segment for cpu in segments for segment in segments[cpu]),
            waiting=self.tally.waiting(),
            assignments=self.assignments,
        )


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


def _take_turns(tick: Tick, ticks: int) -> None:
    """Who ran is the holder: of the turn at hand, or of a fresh one."""
    for domain, cpu, child in tick.turns:
        turn = domain.turns.get((cpu, child.lwktpri))
        if turn is not None and turn.holder is child and turn.used < child.quantum:
            turn.used += ticks
        else:
            domain.turns[cpu, child.lwktpri] = Turn(child, ticks)


def _assign(picked: tuple[Lwp, int]) -> Assignment:
    """The way from the machine down to an lwp that was picked."""
    lwp, cpu = picked
    hops = []
    domain = lwp.scheduler
    while domain is not None and domain.parent is not None:
        hops.append(Hop(domain.name, cpu, domain.virtual))
        cpu = domain.vcpu_ran_on[cpu] if domain.virtual else domain.pool[cpu]
        domain = domain.parent
    return Assignment(cpu, lwp.name, tuple(reversed(hops)))
