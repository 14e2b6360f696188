"""The model, tick by tick. The methods follow the sections of the model page and quote the sentence
that they implement.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tests.reference.errors import MACHINE, RunFailed
from tests.reference.language import Destroy, parse
from tests.reference.machine import Topology, read_topology
from tests.reference.outcome import LwpTick, Outcome, Tick
from tests.reference.registry import Registry, Spec, apply, doomed, resolve
from tests.reference.state import Domain, Lwp, One, Scheduler, Turn, Vcpu, _from, _is_in
from tests.reference.workload import (
    Event,
    Workload,
    event_cpus,
    event_lwps,
    event_statement,
    read_workload,
    validate,
)


class Run:
    """One run, stepped tick by tick."""

    def __init__(self, topology: Topology, registry: Registry, workload: Workload) -> None:
        self.topology = topology
        self.workload = workload
        self.registry = registry
        self.online = set(topology.cpus) - topology.offline
        self.machine = Domain()
        self.ran_on: dict[int, Lwp] = {}
        self.schedulers: dict[str, Scheduler] = {}
        self.lwps = [
            Lwp(f"{p.name}.{index}", p, p.at + index * p.every, p.scheduler)
            for p in workload.programs
            for index in range(p.rforks)
        ]
        self.names: list[str] = []
        self.ever: dict[str, set[str]] = {}
        self.scheduler_ran: dict[str, int] = {}
        self.scheduler_waited: dict[str, int] = {}
        self.cpu_busy = dict.fromkeys(topology.cpus, 0)
        self.cpu_offline = dict.fromkeys(topology.cpus, 0)
        self.records: list[Tick] = []
        self.now = 0
        self.afresh: set[str] = set()
        self.offered: dict[str, set[int]] = {}
        self.first: set[tuple[str, int, str]] = set()
        self.chosen: list[tuple[Lwp, int]] = []
        for name, spec in resolve(registry, topology, workload.hz).items():
            self._create(name, spec)

    # --- Section 2: one tick ----------------------------------------------------------------

    def tick(self) -> None:
        """At each tick t, in this order."""
        self.afresh = set()
        self.offered = {}
        self.first = set()
        self.chosen = []
        for scheduler in self.schedulers.values():
            for vcpu in scheduler.vqueue + scheduler.vpicked:
                vcpu.placed = None
        events = [event for event in self.workload.events if event.at == self.now]
        for event in events:
            self._event(event)
        self._homes()
        self._arrivals()
        self._waits()
        for scheduler in self.schedulers.values():
            self._requeue(scheduler)
        self._offer_domain(self.machine, set(self.online))
        self._run(tuple(str(event) for event in events))
        self.now += 1

    def _arrivals(self) -> None:
        """Every lwp forked or woken at t, in workload order, becomes runnable with a fresh slice
        at the tail of its scheduler's queue. In a locked scheduler, an lwp without a home gets
        one.
        """
        for lwp in self.lwps:
            forked = lwp.state == "unforked" and lwp.killed is None and lwp.fork == self.now
            if forked:
                lwp.scheduler = self.schedulers[lwp.target]
                self.ever[lwp.target].add(lwp.name)
            if not forked and not (lwp.state == "sleeping" and lwp.wake == self.now):
                continue
            burst = lwp.program.burst(lwp.burst)
            assert burst is not None
            assert lwp.scheduler is not None
            lwp.state = "runnable"
            lwp.left = burst[0]
            lwp.slice = 0
            if lwp.program.period is None:
                lwp.due = self.now
            else:
                lwp.due = lwp.fork + lwp.burst * lwp.program.period
            lwp.scheduler.queue.append(lwp)
            if lwp.scheduler.spec.locked and lwp.home is None:
                self._give_home(lwp)

    def _waits(self) -> None:
        """Who waits is settled after the arrivals, before anything is requeued or dispatched."""
        for each in (self.machine, *self.schedulers.values()):
            each.waits = {}
            each.could = {}
        for lwp in self.lwps:
            if lwp.state != "runnable":
                continue
            scheduler = lwp.scheduler
            assert scheduler is not None
            # "by its pools and home"
            could = set(range(scheduler.spec.width))
            if scheduler.spec.locked:
                could &= {lwp.home} if lwp.home is not None else set()
            for child in scheduler.children:
                if child.spec.exclusive:
                    could -= set(child.spec.pool)
            waits = could if lwp.passed_over else set()
            domain: Domain = scheduler
            while True:
                for cpu in could:
                    domain.could.setdefault(cpu, []).append(lwp)
                for cpu in waits:
                    domain.waits.setdefault(cpu, []).append(lwp)
                if not isinstance(domain, Scheduler):
                    break
                could = self._above(domain, could)
                # "through one of that scheduler's vcpus that did not run in t-1"
                waits = self._above(domain, {cpu for cpu in waits if not self._ran(domain, cpu)})
                domain = domain.parent

    def _ran(self, scheduler: Scheduler, cpu: int) -> bool:
        """Whether a vcpu of a virtual scheduler ran in tick t-1."""
        return scheduler.spec.vcpus is not None and scheduler.vcpu(cpu).last_tick == self.now - 1

    def _above(self, scheduler: Scheduler, cpus: set[int]) -> set[int]:
        """The parent's cpus that a scheduler's cpus can be on."""
        spec = scheduler.spec
        if spec.vcpus is None:
            return {spec.pool[cpu] for cpu in cpus}
        if spec.locked:
            return {spec.fixed(cpu) for cpu in cpus}
        return set(spec.pool) if cpus else set()

    def _requeue(self, scheduler: Scheduler) -> None:
        """Those with slice left go back to the head of the queue in that order, and stay [...].
        Those whose slice is used up go to the tail in that order, behind the arrivals, with a
        fresh slice and no claim.
        """
        for lwp in self.lwps:
            if lwp.scheduler is scheduler:
                lwp.stays = False
        quantum = scheduler.spec.quantum
        head = [lwp for lwp in scheduler.picked if lwp.slice < quantum]
        tail = [lwp for lwp in scheduler.picked if lwp.slice >= quantum]
        for lwp in head:
            lwp.stays = not scheduler.no_claims
        for lwp in tail:
            lwp.slice = 0
        scheduler.queue = head + scheduler.queue + tail
        scheduler.picked = []
        scheduler.no_claims = False
        # "A virtual scheduler's vcpus are requeued in the same way"
        used_up = [vcpu for vcpu in scheduler.vpicked if vcpu.slice >= quantum]
        for vcpu in used_up:
            vcpu.slice = 0
        # "But where no lwp in it or beneath it waits for one of its vcpus that did not run in t-1,
        # those whose slice is used up go to the head with the others, with a fresh slice."
        if all(self._ran(scheduler, number) for number in scheduler.waits):
            used_up = []
        vhead = [vcpu for vcpu in scheduler.vpicked if vcpu not in used_up]
        vtail = used_up
        scheduler.vqueue = vhead + scheduler.vqueue + vtail
        scheduler.vpicked = []

    # --- Section 3: dispatch ----------------------------------------------------------------

    def _offer_domain(self, domain: Domain, cpus: set[int]) -> set[int]:
        """A domain that is offered some of its cpus passes them on; the cpus that were used."""
        name = domain.spec.name if isinstance(domain, Scheduler) else MACHINE
        self.offered.setdefault(name, set()).update(cpus)
        unused = set(cpus)
        # "to its child schedulers, by descending lwktpri"
        levels = sorted({child.spec.lwktpri for child in domain.children}, reverse=True)
        for level in levels:
            # "turn order as it stood before the first pass"
            order = self._turn_orders(domain, unused, level)
            self.first |= {(name, c, order[c][0].spec.name) for c in unused if order[c]}
            visited = [child for child in domain.children if child.spec.lwktpri == level]
            for j in range(len(visited)):
                for child in visited:
                    offer = {
                        cpu for cpu in unused if j < len(order[cpu]) and order[cpu][j] is child
                    }
                    if offer:
                        unused -= self._offer_scheduler(child, offer)
        # "then, if the domain is a scheduler, to its own lwps, exclusive children's cpus aside"
        if isinstance(domain, Scheduler):
            aside = {
                cpu for child in domain.children if child.spec.exclusive for cpu in child.spec.pool
            }
            unused -= self._offer_lwps(domain, unused - aside)
        return cpus - unused

    def _turn_orders(
        self, domain: Domain, cpus: set[int], level: int
    ) -> dict[int, list[Scheduler]]:
        """The one whose turn it is comes first, then the others in declaration order, cyclically.
        With no holder, or one that is not of this level or not on this cpu any more, turn order is
        declaration order, and nothing passes.
        """
        order: dict[int, list[Scheduler]] = {}
        passed: dict[int, Scheduler] = {}
        for cpu in sorted(cpus):
            members = self._members(domain, cpu, level)
            turn = domain.turns.get((cpu, level))
            if turn is None or turn.holder not in members:
                order[cpu] = members
                continue
            successor = self._successor(domain, cpu, turn, members)
            if successor is not None:
                passed[cpu] = successor
            order[cpu] = _from(turn.holder, members)
        for cpu, child in self._exchange(domain, passed, level).items():
            order[cpu] = _from(child, self._members(domain, cpu, level))
        return order

    def _members(self, domain: Domain, cpu: int, level: int) -> list[Scheduler]:
        """Those children of one lwktpri whose pool contains it."""
        return [
            child
            for child in domain.children
            if child.spec.lwktpri == level and cpu in child.spec.pool
        ]

    def _successor(
        self, domain: Domain, cpu: int, turn: Turn, members: list[Scheduler]
    ) -> Scheduler | None:
        """It is the holder's turn until it has used its own quantum and an lwp of a child of that
        level, the holder's own included, waits for the cpu; then the turn passes to the next child
        on that cpu, in declaration order from the holder on, cyclically, that has, in it or
        beneath it, a runnable lwp that could run there by its pools and home; where there is no
        other, it does not pass.
        """
        if turn.used < turn.holder.spec.quantum or not self._waiting(domain, cpu, members):
            return None
        for child in _from(turn.holder, members)[1:]:
            if any(_is_in(lwp, child) for lwp in domain.could.get(cpu, [])):
                return child
        return None

    def _waiting(self, domain: Domain, cpu: int, members: list[Scheduler]) -> list[str]:
        """The lwps of a level that wait for a cpu."""
        waits = domain.waits.get(cpu, [])
        return [lwp.name for lwp in waits if any(_is_in(lwp, child) for child in members)]

    def _exchange(
        self, domain: Domain, passed: dict[int, Scheduler], level: int
    ) -> dict[int, Scheduler]:
        """Whose turn it is then, on each cpu whose turn passes. Those belong together [...] which
        have the same children of that level, and for which the same lwps of that level wait.
        """
        together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
        for cpu in sorted(passed):
            members = self._members(domain, cpu, level)
            names = tuple(child.spec.name for child in members)
            waiting = tuple(self._waiting(domain, cpu, members))
            together.setdefault((names, waiting), []).append(cpu)
        turns: dict[int, Scheduler] = {}
        for cpus in together.values():
            members = self._members(domain, cpus[0], level)
            # "count how many turns passed to each child"
            owed = {child.spec.name: sum(passed[cpu] is child for cpu in cpus) for child in members}
            # "each child takes back, ascending, cpus on which it ran in t-1, at most that many"
            for child in members:
                for cpu in cpus:
                    if owed[child.spec.name] > 0 and domain.ran.get(cpu) is child:
                        turns[cpu] = child
                        owed[child.spec.name] -= 1
            # "the turns still owed go to the remaining cpus, cpus ascending, children in
            # declaration order"
            for cpu in cpus:
                if cpu not in turns:
                    child = next(each for each in members if owed[each.spec.name] > 0)
                    turns[cpu] = child
                    owed[child.spec.name] -= 1
        return turns

    def _offer_scheduler(self, scheduler: Scheduler, cpus: set[int]) -> set[int]:
        """Offers a scheduler some of its parent's cpus; those that it used."""
        spec = scheduler.spec
        if spec.vcpus is None:
            # "is offered its own cpus of the same index: it is a domain"
            own = {spec.pool.index(cpu) for cpu in cpus}
            return {spec.pool[index] for index in self._offer_domain(scheduler, own)}
        if spec.locked:
            return self._offer_vcpus_locked(scheduler, cpus)
        return self._offer_vcpus_unlocked(scheduler, cpus)

    def _offer_vcpus_unlocked(self, scheduler: Scheduler, cpus: set[int]) -> set[int]:
        """It offers itself, as a domain, the first k; those that were used are chosen, the others
        are passed over; as long as m > 0 of the k cpus are without a vcpu it goes on with the next
        m of the queue. Each batch's chosen vcpus are placed before the next batch.
        """
        free = set(cpus)
        # "A vcpu placed earlier in the same tick is out."
        queue = [vcpu for vcpu in scheduler.vqueue if vcpu.placed is None]
        while free and queue:
            batch, queue = queue[: len(free)], queue[len(free) :]
            used = self._offer_domain(scheduler, {vcpu.number for vcpu in batch})
            chosen = [vcpu for vcpu in batch if vcpu.number in used]
            for vcpu, cpu in self._place(scheduler.parent, chosen, free):
                vcpu.placed = cpu
                scheduler.vpicked.append(vcpu)
                free.remove(cpu)
        return cpus - free

    def _offer_vcpus_locked(self, scheduler: Scheduler, cpus: set[int]) -> set[int]:
        """In the same way, but a batch is, for each offered cpu that is still free, the first vcpu
        of the queue that is fixed to it and was in no batch of this offer before; those that were
        used are placed on it.
        """
        free = set(cpus)
        # "A vcpu placed earlier in the same tick is out."
        queue = [vcpu for vcpu in scheduler.vqueue if vcpu.placed is None]
        while True:
            batch: dict[int, Vcpu] = {}
            for vcpu in queue:
                cpu = scheduler.spec.fixed(vcpu.number)
                if cpu in free:
                    batch.setdefault(cpu, vcpu)
            if not batch:
                return cpus - free
            queue = [vcpu for vcpu in queue if vcpu not in batch.values()]
            used = self._offer_domain(scheduler, {vcpu.number for vcpu in batch.values()})
            for vcpu in scheduler.vqueue:
                cpu = scheduler.spec.fixed(vcpu.number)
                if batch.get(cpu) is vcpu and vcpu.number in used:
                    vcpu.placed = cpu
                    scheduler.vpicked.append(vcpu)
                    free.remove(cpu)

    def _offer_lwps(self, scheduler: Scheduler, cpus: set[int]) -> set[int]:
        """A scheduler's own lwps, offered k cpus."""
        # "An lwp picked earlier in the same tick is out."
        queue = [lwp for lwp in scheduler.queue if lwp not in scheduler.picked]
        free = set(cpus)
        if scheduler.spec.locked:
            # "in queue order, each lwp whose home is among the offered and still free takes it"
            for lwp in queue:
                if lwp.home in free:
                    assert lwp.home is not None
                    free.remove(lwp.home)
                    scheduler.picked.append(lwp)
                    self.chosen.append((lwp, lwp.home))
            return cpus - free
        # "every lwp that stays and whose cpu is among the offered is chosen; the places left over
        # go to the first others of the queue, in queue order"
        chosen = [lwp for lwp in queue if lwp.stays and lwp.last in cpus]
        others = [lwp for lwp in queue if lwp not in chosen]
        chosen += others[: len(cpus) - len(chosen)]
        # "Pick order is queue order within one offer"
        chosen = [lwp for lwp in queue if lwp in chosen]
        for lwp, cpu in self._place(scheduler, chosen, cpus):
            scheduler.picked.append(lwp)
            self.chosen.append((lwp, cpu))
            free.remove(cpu)
        return cpus - free

    # --- Section 4: placement ---------------------------------------------------------------

    def _place(self, domain: Domain, chosen: list[One], cpus: set[int]) -> list[tuple[One, int]]:
        """Who of the chosen gets which of a domain's cpus; in pick order."""
        free = set(cpus)
        given: dict[int, int] = {}
        # "those that ran in tick t-1 on one of these cpus keep it"
        for index, one in enumerate(chosen):
            if one.last_tick == self.now - 1 and one.last in free:
                given[index] = one.last
                free.remove(one.last)
        # "then the others, in pick order: each takes the free cpu that is smallest by (busy,
        # distance, number)"
        for index, one in enumerate(chosen):
            if index not in given:
                last = one.last
                ranked = [
                    (self._busy(domain, cpu), self._distance(domain, last, cpu), cpu)
                    for cpu in free
                ]
                given[index] = min(ranked)[2]
                free.remove(given[index])
        return [(one, given[index]) for index, one in enumerate(chosen)]

    def _behind(self, domain: Domain, cpu: int) -> tuple[Domain, int]:
        """Behind every cpu there is, at last, a real cpu or a vcpu of the nearest virtual
        scheduler upwards.
        """
        while isinstance(domain, Scheduler) and domain.spec.vcpus is None:
            cpu = domain.spec.pool[cpu]
            domain = domain.parent
        return domain, cpu

    def _busy(self, domain: Domain, cpu: int) -> int:
        """1 if any lwp ran on that one in tick t-1 and is runnable now, else 0."""
        domain, cpu = self._behind(domain, cpu)
        lwp = domain.vcpu(cpu).lwp if isinstance(domain, Scheduler) else self.ran_on.get(cpu)
        return 1 if lwp is not None and lwp.state == "runnable" else 0

    def _distance(  # noqa: PLR0911
        self, domain: Domain, last: int | None, cpu: int
    ) -> int:
        """From the cpu it last ran on; 0 if it never ran."""
        if last is None:
            return 0
        above, here = self._behind(domain, cpu)
        _, there = self._behind(domain, last)
        if isinstance(above, Scheduler):
            # "Between virtual cpus: 0 the same, 1 otherwise."
            return 0 if here == there else 1
        a, b = self.topology.cpus[here], self.topology.cpus[there]
        if a.cpu == b.cpu:
            return 0
        if a.core == b.core:
            return 1
        if a.llc is not None and a.llc == b.llc:
            return 2
        if a.node == b.node:
            return 3
        if a.socket == b.socket:
            return 4
        return 5

    # --- Section 2, step 5 ------------------------------------------------------------------

    def _run(self, events: tuple[str, ...]) -> None:
        """Each picked lwp runs for this tick: one tick of its burst, of its slice, of the slice of
        every vcpu it runs under, and of the turn of every scheduler on its way down.
        """
        self.ran_on = {}
        for scheduler in self.schedulers.values():
            scheduler.queue = [lwp for lwp in scheduler.queue if lwp not in scheduler.picked]
            scheduler.vqueue = [v for v in scheduler.vqueue if v not in scheduler.vpicked]
            for vcpu in scheduler.vqueue + scheduler.vpicked:
                vcpu.lwp = None
        for scheduled in (self.machine, *self.schedulers.values()):
            scheduled.ran = {}
        chains: dict[str, tuple[tuple[str, int], ...]] = {}
        for lwp, own in self.chosen:
            assert lwp.scheduler is not None
            lwp.last, lwp.last_tick = own, self.now
            lwp.left -= 1
            lwp.slice += 1
            chain: list[tuple[str, int]] = []
            domain: Domain = lwp.scheduler
            cpu = own
            while isinstance(domain, Scheduler):
                chain.append((domain.spec.name, cpu))
                if domain.spec.vcpus is None:
                    cpu = domain.spec.pool[cpu]
                else:
                    vcpu = domain.vcpu(cpu)
                    assert vcpu.placed is not None
                    vcpu.slice += 1
                    vcpu.lwp = lwp
                    vcpu.last, vcpu.last_tick = vcpu.placed, self.now
                    cpu = vcpu.placed
                self._turn(domain.parent, cpu, domain)
                domain.parent.ran[cpu] = domain
                domain = domain.parent
            assert cpu not in self.ran_on
            assert cpu in self.online
            self.ran_on[cpu] = lwp
            chains[lwp.name] = tuple(chain)
        for lwp in self.lwps:
            lwp.passed_over = lwp.state == "runnable" and lwp.last_tick != self.now
        self._count(chains, events)
        for lwp, _ in self.chosen:
            if lwp.left == 0:
                self._burst_ends(lwp)

    def _turn(self, domain: Domain, cpu: int, child: Scheduler) -> None:
        """Whoever of that level runs on the cpu, if it is not the holder or the turn is used up,
        becomes the holder with a fresh turn.
        """
        key = (cpu, child.spec.lwktpri)
        turn = domain.turns.get(key)
        if turn is None or turn.holder is not child or turn.used >= child.spec.quantum:
            turn = domain.turns[key] = Turn(child, 0)
        turn.used += 1

    def _burst_ends(self, lwp: Lwp) -> None:
        """An lwp whose burst ends leaves: it sleeps for S ticks and arrives again at t+1+S, or
        exits (and gives up its home). With a period, burst k is due at f + k * period and arrives
        then, or at t+1 if that is later.
        """
        assert lwp.scheduler is not None
        lwp.scheduler.picked.remove(lwp)
        burst = lwp.program.burst(lwp.burst)
        assert burst is not None
        end = self.now + 1
        lwp.ended += 1
        lwp.responses.append(end - lwp.due)
        if lwp.program.deadline is not None and end > lwp.due + lwp.program.deadline:
            lwp.late += 1
        lwp.burst += 1
        if lwp.program.burst(lwp.burst) is None:
            lwp.state = "exited"
            lwp.exited = end
            lwp.home = None
            return
        lwp.state = "sleeping"
        if lwp.program.period is None:
            lwp.wake = end + burst[1]
        else:
            lwp.wake = max(lwp.fork + lwp.burst * lwp.program.period, end)

    # --- Section 5: on the fly --------------------------------------------------------------

    def _event(self, event: Event) -> None:
        if event.kind == "usched":
            statement = event_statement(event)
            if isinstance(statement, Destroy):
                self._destroy(statement)
            self._restate(apply(self.registry, statement, self.topology, self.workload.hz))
        elif event.kind == "offline":
            # "the machine no longer offers it"
            self.online -= event_cpus(event, self.topology)
        elif event.kind == "online":
            # "it does again. Nothing moves back by itself."
            self.online |= event_cpus(event, self.topology)
        elif event.kind == "kill":
            names = event_lwps(event, self.workload)
            for lwp in self.lwps:
                if lwp.name in names:
                    self._kill(lwp)
        else:
            names = event_lwps(event, self.workload)
            assert event.to is not None
            for lwp in self.lwps:
                if lwp.name in names:
                    self._move(lwp, event.to)

    def _create(self, name: str, spec: Spec) -> None:
        """A new scheduler stands last in declaration order."""
        parent = self.machine if spec.parent == MACHINE else self.schedulers[spec.parent]
        scheduler = Scheduler(spec=spec, parent=parent)
        parent.children.append(scheduler)
        self.schedulers[name] = scheduler
        self.afresh.add(name)
        if name not in self.names:
            self.names.append(name)
            self.ever[name] = set()
            self.scheduler_ran[name] = 0
            self.scheduler_waited[name] = 0

    def _restate(self, registry: Registry) -> None:
        """A scheduler whose effective pool, lwktpri, vcpus, quantum in ticks, exclusive or locked
        changes starts afresh, whatever the cause.
        """
        self.registry = registry
        specs = resolve(registry, self.topology, self.workload.hz)
        changed: list[Scheduler] = []
        for name, spec in specs.items():
            if name not in self.schedulers:
                self._create(name, spec)
            elif spec != self.schedulers[name].spec:
                self.schedulers[name].spec = spec
                changed.append(self.schedulers[name])
        for scheduler in changed:
            # "The turns that it holds itself are forgotten."
            self._forget_turns(scheduler)
            self._start_afresh(scheduler)

    def _forget_turns(self, scheduler: Scheduler) -> None:
        turns = scheduler.parent.turns
        scheduler.parent.turns = {k: t for k, t in turns.items() if t.holder is not scheduler}

    def _start_afresh(self, scheduler: Scheduler) -> None:
        """For it and all its descendants: no claims (the next requeue makes none) and no last cpu,
        turns inside forgotten, vcpus afresh in the order of their numbers with fresh slices.
        """
        self.afresh.add(scheduler.spec.name)
        scheduler.no_claims = True
        scheduler.turns = {}
        scheduler.fresh_vcpus()
        for lwp in self.lwps:
            if lwp.scheduler is scheduler:
                lwp.last = None
        for child in scheduler.children:
            self._start_afresh(child)

    def _move(self, lwp: Lwp, to: str) -> None:
        """Its live lwps, in workload order, leave the old one; runnable ones join the new one's
        tail with a fresh slice; sleepers wake there, later rforks fork there. No claim, last cpu
        or home is taken along; what is left of a burst is.
        """
        if lwp.state == "unforked" and lwp.killed is None:
            lwp.target = to
        if not lwp.live:
            return
        self._leave(lwp)
        lwp.scheduler = self.schedulers[to]
        lwp.stays = False
        lwp.passed_over = False  # "who [...] is moved at t does not [wait]"
        lwp.last = None
        lwp.home = None
        self.ever[to].add(lwp.name)
        if lwp.state == "runnable":
            lwp.slice = 0
            lwp.scheduler.queue.append(lwp)

    def _leave(self, lwp: Lwp) -> None:
        assert lwp.scheduler is not None
        for place in (lwp.scheduler.queue, lwp.scheduler.picked):
            if lwp in place:
                place.remove(lwp)

    def _kill(self, lwp: Lwp) -> None:
        """It exits at once; what has not forked yet never does."""
        if lwp.live:
            self._leave(lwp)
            lwp.state = "exited"
            lwp.exited = self.now
            lwp.home = None
        if lwp.killed is None:
            lwp.killed = self.now

    def _destroy(self, statement: Destroy) -> None:
        """All its lwps move to OTHER; then it is gone."""
        for name in doomed(self.registry, statement):
            scheduler = self.schedulers[name]
            lwps = [lwp for lwp in self.lwps if lwp.live and lwp.scheduler is scheduler]
            later = [lwp for lwp in self.lwps if lwp.state == "unforked" and lwp.target == name]
            if lwps and statement.into is None:
                # "live lwps at a destroy without OTHER"
                raise RunFailed(self.now, f"{name} has live lwps")
            if statement.into is not None:
                for lwp in lwps + later:  # "its lwps" are also those that it is still to get
                    self._move(lwp, statement.into)
            self._forget_turns(scheduler)
            scheduler.parent.children.remove(scheduler)
            del self.schedulers[name]

    def _reaches(self, domain: Domain, cpu: int) -> bool:
        """A transparent one's cpu through the pool cpu behind it, a locked virtual one's through
        the cpu it is fixed to, an unlocked virtual one's through any of its pool.
        """
        if not isinstance(domain, Scheduler):
            return cpu in self.online
        if domain.spec.vcpus is None:
            return self._reaches(domain.parent, domain.spec.pool[cpu])
        if domain.spec.locked:
            return self._reaches(domain.parent, domain.spec.fixed(cpu))
        return any(self._reaches(domain.parent, above) for above in domain.spec.pool)

    def _usable(self, scheduler: Scheduler, cpu: int) -> bool:
        """When no exclusive child holds it and it can reach an online real cpu."""
        if cpu >= scheduler.spec.width:
            return False
        for child in scheduler.children:
            if child.spec.exclusive and cpu in child.spec.pool:
                return False
        return self._reaches(scheduler, cpu)

    def _give_home(self, lwp: Lwp) -> None:
        """The usable cpu that is home to the fewest of the scheduler's live lwps, the
        lowest-numbered among equals.
        """
        scheduler = lwp.scheduler
        assert scheduler is not None
        ranked: list[tuple[int, int]] = []
        for cpu in range(scheduler.spec.width):
            if self._usable(scheduler, cpu):
                here = [
                    other
                    for other in self.lwps
                    if other.live and other.scheduler is scheduler and other.home == cpu
                ]
                ranked.append((len(here), cpu))
        if ranked:
            lwp.home = min(ranked)[1]

    def _homes(self) -> None:
        """Once after the events of a tick, in every scheduler, homes that are no longer usable, or
        no longer wanted because it is not locked now, are given up; then live lwps of locked
        schedulers without a home get one, in workload order.
        """
        for lwp in self.lwps:
            if lwp.live and lwp.home is not None:
                assert lwp.scheduler is not None
                if not lwp.scheduler.spec.locked or not self._usable(lwp.scheduler, lwp.home):
                    lwp.home = None
        for lwp in self.lwps:
            if lwp.live and lwp.home is None:
                assert lwp.scheduler is not None
                if lwp.scheduler.spec.locked:
                    self._give_home(lwp)

    # --- The figures ------------------------------------------------------------------------

    def _count(
        self, chains: Mapping[str, tuple[tuple[str, int], ...]], events: tuple[str, ...]
    ) -> None:
        """Counts the tick and records it; bursts that end with it have not left yet."""
        where = {lwp.name: cpu for cpu, lwp in self.ran_on.items()}
        lwps: dict[str, LwpTick] = {}
        for lwp in self.lwps:
            before = lwp.left_with_slice == self.now - 1
            if before and lwp.name not in where and lwp.killed != self.now:
                lwp.preemptions += 1
            if not lwp.live:
                continue
            assert lwp.scheduler is not None
            if lwp.state == "sleeping":
                state = "sleeping"
                lwp.slept += 1
                lwp.streak = 0
            elif lwp.name in where:
                state = "running"
                lwp.ran += 1
                lwp.streak = 0
                if lwp.left > 0 and lwp.slice < lwp.scheduler.spec.quantum:
                    lwp.left_with_slice = self.now
            else:
                state = "waiting"
                lwp.waited += 1
                lwp.streak += 1
            domain: Domain = lwp.scheduler
            while isinstance(domain, Scheduler):
                self.scheduler_ran[domain.spec.name] += state == "running"
                self.scheduler_waited[domain.spec.name] += state == "waiting"
                domain = domain.parent
            lwps[lwp.name] = LwpTick(
                lwp.scheduler.spec.name,
                state,
                lwp.home,
                where.get(lwp.name),
                chains.get(lwp.name, ()),
            )
        for cpu in self.topology.cpus:
            self.cpu_busy[cpu] += cpu in self.ran_on
            self.cpu_offline[cpu] += cpu not in self.online
        self.records.append(
            Tick(
                self.now,
                events,
                frozenset(self.afresh),
                frozenset(self.online),
                {name: scheduler.spec for name, scheduler in self.schedulers.items()},
                {cpu: self.ran_on[cpu].name for cpu in sorted(self.ran_on)},
                lwps,
                {name: frozenset(cpus) for name, cpus in self.offered.items()},
                {
                    name: {v.number: v.placed for v in s.vpicked if v.placed is not None}
                    for name, s in self.schedulers.items()
                    if s.spec.vcpus is not None
                },
                frozenset(self.first),
            )
        )

    def outcome(self) -> Outcome:
        """The dict of a run, in the format of its JSON."""
        segments = self._segments()
        run = {
            "schema": "usched.run/1",
            "machine": self.topology.name,
            "hz": self.workload.hz,
            "ticks": self.now,
            "cpus": [
                {
                    "cpu": cpu,
                    "busy": self.cpu_busy[cpu],
                    "idle": self.now - self.cpu_busy[cpu] - self.cpu_offline[cpu],
                    "offline": self.cpu_offline[cpu],
                }
                for cpu in sorted(self.topology.cpus)
            ],
            "schedulers": [self._scheduler_figures(name) for name in self.names],
            "lwps": [self._lwp_figures(lwp, segments) for lwp in self.lwps],
            "segments": segments,
        }
        return Outcome(run, self.records)

    def _segments(self) -> list[dict[str, Any]]:
        """A segment is a longest run of ticks [from, to) of one lwp on one real cpu; sorted by
        cpu, then from.
        """
        segments: list[dict[str, Any]] = []
        for cpu in sorted(self.topology.cpus):
            current: dict[str, Any] | None = None
            for record in self.records:
                name = record.cpus.get(cpu)
                if current is not None and current["lwp"] == name:
                    current["to"] = record.tick + 1
                    continue
                current = None
                if name is not None:
                    current = {"cpu": cpu, "from": record.tick, "to": record.tick + 1, "lwp": name}
                    segments.append(current)
        return segments

    def _scheduler_figures(self, name: str) -> dict[str, Any]:
        """starved: at the end some lwp of its own has waited, without a tick, for at least ten of
        its quanta.
        """
        starved = False
        if name in self.schedulers:
            scheduler = self.schedulers[name]
            for lwp in self.lwps:
                waits = lwp.state == "runnable" and lwp.scheduler is scheduler
                if waits and lwp.streak >= 10 * scheduler.spec.quantum:
                    starved = True
        return {
            "name": name,
            "ran": self.scheduler_ran[name],
            "waited": self.scheduler_waited[name],
            "lwps": len(self.ever[name]),
            "starved": starved,
        }

    def _lwp_figures(self, lwp: Lwp, segments: list[dict[str, Any]]) -> dict[str, Any]:
        mine = sorted((s for s in segments if s["lwp"] == lwp.name), key=lambda s: int(s["from"]))
        return {
            "name": lwp.name,
            "scheduler": lwp.scheduler.spec.name if lwp.scheduler is not None else lwp.target,
            "ran": lwp.ran,
            "waited": lwp.waited,
            "slept": lwp.slept,
            "dispatches": len(mine),
            "preemptions": lwp.preemptions,
            "migrations": sum(one["cpu"] != other["cpu"] for one, other in pairwise(mine)),
            "bursts": lwp.ended,
            "response": _response(lwp.responses),
            "misses": self._misses(lwp),
            "exited": lwp.exited,
        }

    def _misses(self, lwp: Lwp) -> int:
        """Bursts that ended later than due + deadline, or had not ended by then at the end of the
        run (due + deadline at most the run's length), also those that were due and never began.
        """
        program = lwp.program
        if program.period is None or program.deadline is None or lwp.state == "unforked":
            return 0
        # "An lwp's figures count from its fork to its exit or the end."
        end = self.now if lwp.exited is None else lwp.exited
        misses = lwp.late
        index = lwp.burst
        while program.burst(index) is not None:
            if lwp.fork + index * program.period + program.deadline > end:
                break
            misses += 1
            index += 1
        return misses


def _response(values: list[int]) -> dict[str, Any] | None:
    """Percentiles nearest-rank, mean to three decimals; null where none ended."""
    if not values:
        return None
    ordered = sorted(values)
    count = len(ordered)
    return {
        "max": ordered[-1],
        "mean": round(sum(ordered) / count, 3),
        "p50": ordered[-(-50 * count // 100) - 1],
        "p99": ordered[-(-99 * count // 100) - 1],
    }


def simulate(
    topology: dict[str, Any], script: list[str], workload: dict[str, Any], ticks: int
) -> Outcome:
    """Runs a workload under a script on a machine for so many ticks."""
    machine = read_topology(topology)
    work = read_workload(workload, machine)
    registry: Registry = {}
    for line in script:
        statement = parse(line)
        if statement is not None:
            registry = apply(registry, statement, machine, work.hz)
    validate(registry, machine, work)
    run = Run(machine, registry, work)
    for _ in range(ticks):
        run.tick()
    return run.outcome()


def table(outcome: Outcome) -> str:
    """The per-cpu assignment, one row a cpu and one column a tick; `.` is idle."""
    cpus = [entry["cpu"] for entry in outcome.run["cpus"]]
    columns = [["tick", *(f"cpu{cpu}" for cpu in cpus)]]
    for record in outcome.ticks:
        columns.append([str(record.tick), *(record.cpus.get(cpu, ".") for cpu in cpus)])
    first = max(map(len, columns[0]))
    width = max((len(cell) for column in columns[1:] for cell in column), default=1)
    rows = []
    for row in zip(*columns, strict=True):
        rows.append(
            " ".join([row[0].ljust(first) + " ", *(cell.ljust(width) for cell in row[1:])]).rstrip()
        )
    return "\n".join(rows) + "\n"
