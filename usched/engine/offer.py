"""Cpus are offered downwards, and those who were chosen are placed (usched-model(7), dispatch).

A dispatch goes down only where something changed: a domain that nobody touched since it was last
offered the same cpus uses the same ones again. Where it goes, it takes the difference: who stays
is a mask, and only cpus that are free are given out one by one.
"""

from __future__ import annotations

from collections import deque

from usched.engine.calendar import Calendar
from usched.engine.domain import Domain, Vcpu, Vcpus
from usched.engine.lwp import Lwp
from usched.engine.masks import to_mask
from usched.engine.placement import Placement
from usched.engine.run_queue import NOWHERE, order_in, pick_order
from usched.engine.turns import Level, Peers

#: Cpus of one class, all of whose turn is that of one member: (class, its position, rank, cpus).
_Share = tuple[Peers, int, int, int]


class Dispatch:
    """One tick after another: who runs where."""

    def __init__(self, root: Domain, calendar: Calendar, placement: Placement) -> None:
        self.root = root
        self.calendar = calendar
        self.placement = placement
        self.now = 0
        self.touched: list[Domain] = []
        #: Serial numbers for pick order.
        self.clock = 0

    def offer_machine(self, online: int, now: int) -> None:
        """Dispatch one tick, on the cpus that are online. What came out is in the machine's domain:
        `taken` are the cpus that are used, `placed` who may be new there."""
        self.now = now
        root = self.root
        self._begin(root)
        root.taken = self._offer_inside(root, online)
        touched = self.touched
        for domain in touched:  # it grows on the way
            self._finish(domain)
        for domain in reversed(touched):
            if domain.vcpus is not None:
                self._show_users(domain)
        touched.clear()

    # -- a domain -------------------------------------------------------------

    def _begin(self, domain: Domain) -> None:
        domain.begun = self.now
        domain.dirty = False
        domain.offers = []
        domain.results = []
        domain.taken = 0
        domain.kept = 0
        domain.own_groups = []
        self.touched.append(domain)
        if domain.vcpus is not None:
            domain.vcpus.requeue()

    def _offer(self, child: Domain, cpus: int) -> int:
        """Offer a scheduler cpus of its pool; what it uses of them."""
        if child.begun != self.now:
            if child.seen != self.now:
                child.seen = self.now
                child.matched = 0
            if not child.dirty:
                matched = child.matched
                if matched < len(child.offers) and child.offers[matched] == cpus:
                    child.matched = matched + 1
                    return child.results[matched]
            self._begin_again(child)
        return self._offer_anew(child, cpus)

    def _begin_again(self, child: Domain) -> None:
        """What was answered from memory in this tick is done, since now it differs."""
        earlier = child.offers[: child.matched] if child.seen == self.now else []
        self._begin(child)
        for cpus in earlier:
            self._offer_anew(child, cpus)

    def _offer_anew(self, child: Domain, cpus: int) -> int:
        if child.vcpus is None:
            used = self._offer_inside(child, cpus)
        elif child.locked:
            used = self._offer_fixed_vcpus(child, child.vcpus, cpus)
        else:
            used = self._offer_floating_vcpus(child, child.vcpus, cpus)
        child.offers.append(cpus)
        child.results.append(used)
        child.taken |= used
        return used

    def _offer_inside(self, domain: Domain, cpus: int) -> int:
        """A domain passes cpus on: to its children, by descending lwktpri, then to its own lwps."""
        used = 0
        for level in domain.levels:
            if level.load:
                free = cpus & level.pool & ~used
                if free:
                    used |= self._offer_level(level, free)
        if domain.own_load:
            free = cpus & domain.own & ~used
            if free:
                run = self._run_at_home if domain.locked else self._run
                used |= run(domain, free)
        return used

    def _offer_level(self, level: Level, cpus: int) -> int:
        """Children of one lwktpri: pass by pass, each offered the cpus on which it is j-th."""
        if not level.tracked and len(level.members) == len(level.peers):
            return self._offer_apart(level, cpus)
        used = 0
        members = level.members
        passed = level.pass_turns(cpus) if level.used_up & cpus else {}
        # by rank and place in declaration order: who is visited when, and with which cpus
        visits: dict[int, list[_Share]] = {}
        for cpu, (peers, position) in passed.items():
            _put_off(visits, level, (peers, position, 0, 1 << cpu))
        held = cpus & ~to_mask(passed)
        for peers in level.peers:
            here = held & peers.mask
            if here:
                for position, first in peers.first.items():
                    if first & here:
                        _put_off(visits, level, (peers, position, 0, first & here))
        count = len(members)
        while visits:
            visit = min(visits)
            shares = visits.pop(visit)
            offer = 0
            for share in shares:
                offer |= share[3]
            taken = self._offer(members[visit % count], offer)
            used |= taken
            if taken != offer:
                for peers, position, rank, part in shares:
                    if part & ~taken:
                        _put_off(visits, level, (peers, position, rank + 1, part & ~taken))
        return used

    def _offer_apart(self, level: Level, cpus: int) -> int:
        """Likewise where no two share a cpu."""
        used = 0
        for child in level.members:
            if child.load:
                free = cpus & child.outer
                if free:
                    used |= self._offer(child, free)
        return used

    # -- own lwps -------------------------------------------------------------

    def _run(self, domain: Domain, cpus: int) -> int:
        """Unlocked: who stays, then as many others as there is room, in queue order."""
        claims = domain.claims
        claimed = claims & cpus
        free = cpus ^ claimed
        if free and claims != claimed:
            return self._run_displaced(domain, claimed, free)
        group = self._keep(domain, claimed)
        queue = domain.queue
        waiting = queue.waiting
        if not free or not waiting:
            return claimed
        room = free.bit_count()
        if room < len(waiting):
            popleft = waiting.popleft
            chosen = [popleft() for _ in range(room)]
        else:
            chosen = list(waiting)
            waiting.clear()
        now = self.now
        returned = domain.returned == now
        started = self.placement.place_lwps(chosen, free, domain.base, returned, now)
        self._start(domain, chosen, group)
        used = claimed | started
        domain.own_groups[group] = used
        domain.kept |= started
        return used

    def _run_displaced(self, domain: Domain, claimed: int, free: int) -> int:
        """Likewise, where some who stay were not offered their cpu: they come first."""
        displaced = domain.runners(domain.claims ^ claimed)[: free.bit_count()]
        in_order = sorted(domain.runners(claimed) + displaced, key=pick_order)
        group = self._keep(domain, claimed)
        waiting = domain.queue.waiting
        room = free.bit_count()
        chosen = displaced.copy()
        while len(chosen) < room and waiting:
            chosen.append(waiting.popleft())
        for lwp in displaced:
            domain.claims ^= lwp.mask
        used = claimed | self.placement.place_lwps(chosen, free, domain.base, True, self.now)
        self._start(domain, chosen, group)
        self._number(in_order + chosen[len(displaced) :], group)
        domain.own_groups[group] = used
        domain.kept |= used
        return used

    def _run_at_home(self, domain: Domain, cpus: int) -> int:
        """Locked: for each home, who stays there or else the first who waits for it."""
        claimed = domain.claims & cpus
        group = self._keep(domain, claimed)
        fresh = cpus & ~claimed & domain.queue.seats
        if not fresh:
            return claimed
        chosen = domain.queue.take_seated(fresh)
        for lwp in chosen:
            lwp.last = lwp.seat
            lwp.mask = 1 << lwp.seat
        self._start(domain, chosen, group)
        domain.own_groups[group] = claimed | fresh
        domain.kept |= fresh
        return claimed | fresh

    def _keep(self, domain: Domain, claimed: int) -> int:
        """These stay. The number of the offer: what is picked in an earlier one comes earlier."""
        own_groups = domain.own_groups
        group = len(own_groups)
        own_groups.append(claimed)
        if claimed:
            if group >= len(domain.groups) or claimed & ~domain.groups[group]:
                # some were picked in another than this
                self._number(domain.runners(claimed), group)
            domain.claims ^= claimed
            domain.kept |= claimed
        return group

    def _number(self, lwps: list[Lwp], offer: int) -> None:
        """They are picked in this order, in this offer."""
        for lwp in lwps:
            lwp.order = order_in(offer, self.clock)
            self.clock += 1

    def _start(self, domain: Domain, chosen: list[Lwp], offer: int) -> None:
        """These were picked, in this order, and placed where they were not before."""
        now = self.now
        base = domain.base
        base.placed += chosen
        placed_on = base.placed_on
        quantum = domain.quantum
        ends = self.calendar.lwps
        order = order_in(offer, self.clock)
        self.clock += len(chosen)
        for lwp in chosen:
            placed_on.append(lwp.last)
            lwp.order = order
            order += 1
            if lwp.ends >= 0:
                continue
            lwp.settled = now
            ticks = quantum - lwp.used
            if ticks > lwp.left:
                ticks = lwp.left
            elif ticks < 1:
                ticks = 1  # a slice may have been used under a larger quantum than is declared now
            lwp.ends = tick = now + ticks
            if tick in ends:
                ends[tick].append(lwp)
            else:
                self.calendar.end(tick, lwp)

    # -- virtual cpus ---------------------------------------------------------

    def _offer_floating_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """vcpus in queue order, as many at a time as cpus are free; those used are placed."""
        assert scheduler.parent is not None
        above = scheduler.parent.base
        free = cpus
        rest = vcpus.line
        passed: list[Vcpu] = []
        while free and rest:
            count = free.bit_count()
            batch, rest = rest[:count], rest[count:]
            offer = 0
            for vcpu in batch:
                offer |= vcpu.bit
            used = self._offer_inside(scheduler, offer)
            if not used:
                passed += batch
                continue
            if used == offer:
                chosen = batch
            else:
                chosen = [vcpu for vcpu in batch if vcpu.bit & used]
                passed += [vcpu for vcpu in batch if not vcpu.bit & used]
            free ^= self.placement.place_vcpus(chosen, free, above)
            vcpus.picked += chosen
        vcpus.line = passed + rest
        return cpus ^ free

    def _offer_fixed_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """Likewise, in a batch the first that is fixed to each free cpu and had no chance yet."""
        free = cpus
        rest = vcpus.line
        passed: list[Vcpu] = []
        while batch := _first_fixed(rest, free):
            offer = 0
            for vcpu in batch:
                offer |= vcpu.bit
            used = self._offer_inside(scheduler, offer)
            rest = [vcpu for vcpu in rest if not vcpu.bit & offer]
            for vcpu in batch:
                if vcpu.bit & used:
                    vcpus.picked.append(vcpu)
                    vcpu.last = vcpu.fixed
                    free ^= 1 << vcpu.fixed
                else:
                    passed.append(vcpu)
        if passed:
            left = {*passed, *rest}
            rest = [vcpu for vcpu in vcpus.line if vcpu in left]
        vcpus.line = rest
        return cpus ^ free

    # -- after the offers -----------------------------------------------------

    def _finish(self, domain: Domain) -> None:
        """All offers were made: who was not picked stops, and what must be known is kept."""
        for level in domain.levels:
            for child in level.members:
                done = child.matched if child.seen == self.now else 0
                if child.begun != self.now and (child.dirty or done < len(child.offers)):
                    self._begin_again(child)
            if level.tracked:
                self.take_turns(domain, level)
        if domain.claims:
            self._stop(domain)
        domain.claims = domain.kept
        domain.groups = domain.own_groups
        domain.finished = self.now
        domain.freed = 0
        domain.note_waits()
        if domain.vcpus is not None:
            self._finish_vcpus(domain, domain.vcpus)

    def take_turns(self, domain: Domain, level: Level) -> None:
        """Whoever runs has the turn."""
        for tick, cpu in level.take_turns(self.now):
            self.calendar.end_turn(tick, domain, level, cpu)

    def _stop(self, domain: Domain) -> None:
        """Preempted: back to the head of the queue, and no claim."""
        stopped = domain.runners(domain.claims)
        for lwp in stopped:
            lwp.stop(self.now)
            lwp.preemptions += 1
        domain.queue.put_back(stopped)

    def _finish_vcpus(self, scheduler: Domain, vcpus: Vcpus) -> None:
        """Who was picked runs, where it was placed; the others wait, in the order of the line."""
        now = self.now
        ran = scheduler.busy
        busy = 0
        for vcpu in vcpus.picked:
            busy |= vcpu.bit
            vcpu.order = self.clock
            self.clock += 1
            vcpu.on = vcpu.last
            if vcpu.ends < 0 or not vcpu.bit & ran:
                vcpu.began = now - vcpu.used
                self.calendar.end_vcpu(vcpu.began + scheduler.quantum, scheduler, vcpu)
        for vcpu in vcpus.line:
            if vcpu.on >= 0:
                if vcpu.ends >= 0:
                    vcpu.used = now - vcpu.began
                vcpu.on = vcpu.ends = NOWHERE
        vcpus.running = vcpus.picked
        vcpus.queue.waiting = deque(vcpus.line)
        scheduler.busy = busy

    def _show_users(self, scheduler: Domain) -> None:
        """Who runs on a vcpu runs on the cpu that it is placed on."""
        assert scheduler.parent is not None
        assert scheduler.vcpus is not None
        above = scheduler.parent.base
        users = scheduler.users
        for cpu, lwp in zip(scheduler.placed_on, scheduler.placed, strict=True):
            users[cpu] = lwp
        scheduler.placed_on.clear()
        scheduler.placed.clear()
        for vcpu in scheduler.vcpus.running:
            lwp = users[vcpu.number]
            cpu = vcpu.on
            if above.users.get(cpu) is not lwp or not above.busy >> cpu & 1:
                above.placed_on.append(cpu)
                above.placed.append(lwp)


def _put_off(visits: dict[int, list[_Share]], level: Level, share: _Share) -> None:
    """To the next member in the order of turns in which somebody is runnable, if there is one."""
    peers, position, rank, cpus = share
    members = peers.members
    while rank < len(members):
        index = members[(position + rank) % len(members)]
        if level.members[index].load:
            visit = rank * len(level.members) + index
            visits.setdefault(visit, []).append((peers, position, rank, cpus))
            return
        rank += 1


def _first_fixed(line: list[Vcpu], free: int) -> list[Vcpu]:
    """For each free cpu the first vcpu of a line that is fixed to it."""
    batch = []
    for vcpu in line:
        bit = 1 << vcpu.fixed
        if free & bit:
            free ^= bit
            batch.append(vcpu)
            if not free:
                break
    return batch
