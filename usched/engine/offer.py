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
from usched.engine.placement import Placement
from usched.engine.run_queue import NOWHERE, order_in, pick_order
from usched.engine.turns import Level


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
                self._show_users(domain, domain.vcpus)
        touched.clear()

    # -- a domain -------------------------------------------------------------

    def _begin(self, domain: Domain) -> None:
        domain.begun = self.now
        domain.dirty = False
        domain.offers = []
        domain.results = []
        if domain.vcpus is not None:
            domain.vcpus.requeue(domain.taken)
        domain.taken = 0
        domain.kept = 0
        domain.own_groups = []
        self.touched.append(domain)

    def _offer(self, child: Domain, cpus: int) -> int:
        """Offer a scheduler cpus of its pool; what it uses of them."""
        now = self.now
        if child.begun != now:
            if child.dirty:
                self._begin(child)
            else:
                if child.seen != now:
                    child.seen = now
                    child.matched = 0
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
        vcpus = child.vcpus
        if vcpus is None:
            if child.levels:
                used = self._offer_inside(child, cpus)
            else:
                used = self._run_at_home(child, cpus) if child.locked else self._run(child, cpus)
        elif child.locked:
            used = self._offer_fixed_vcpus(child, vcpus, cpus)
        else:
            used = self._offer_floating_vcpus(child, vcpus, cpus)
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
                if domain.locked:
                    used |= self._run_at_home(domain, free)
                else:
                    used |= self._run(domain, free)
        return used

    def _offer_level(self, level: Level, cpus: int) -> int:
        """Children of one lwktpri: pass by pass, each offered the cpus on which it is j-th."""
        if level.used_up & cpus:
            level.pass_turns(cpus)
        if len(level.members) == 1:
            return self._offer(level.members[0], cpus)
        free = cpus
        for rank in level.ranks:
            for child, places in zip(level.members, rank, strict=True):
                offer = places & free
                if offer and child.load:
                    free ^= self._offer(child, offer)
            if not free:
                break
        return cpus ^ free

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
        room = free.bit_count()
        displaced = domain.runners(domain.claims ^ claimed)[:room]
        places = [lwp.order for lwp in displaced]
        in_order = None
        if domain.own_groups or len(domain.groups) > 1:  # else those have the order that they had
            in_order = sorted(domain.runners(claimed) + displaced, key=pick_order)
        group = self._keep(domain, claimed)
        waiting = domain.queue.waiting
        chosen = displaced.copy()
        while len(chosen) < room and waiting:
            chosen.append(waiting.popleft())
        for lwp in displaced:
            domain.claims ^= lwp.mask
        used = claimed | self.placement.place_lwps(chosen, free, domain.base, True, self.now)
        self._start(domain, chosen, group)
        if in_order is not None:
            self._number(in_order + chosen[len(displaced) :], group)
        else:
            for lwp, order in zip(displaced, places, strict=True):
                lwp.order = order
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
        free = cpus
        passed: list[Vcpu] = []
        if vcpus.staying:
            if cpus & vcpus.stay_on == vcpus.stay_on:
                free = self._offer_staying(scheduler, vcpus, cpus, passed)
            else:
                vcpus.line_up()
        rest = vcpus.line
        while free and rest:
            count = free.bit_count()
            batch, rest = rest[:count], rest[count:]
            offer = 0
            for vcpu in batch:
                offer |= vcpu.bit
            used = self._offer_inside(scheduler, offer)
            if used:
                free ^= self._pick_vcpus(scheduler, batch, used, free)
            if used != offer:
                passed += [vcpu for vcpu in batch if not vcpu.bit & used]
        vcpus.line = passed + rest
        return cpus ^ free

    def _offer_staying(self, scheduler: Domain, vcpus: Vcpus, cpus: int, passed: list[Vcpu]) -> int:
        """The first batch, where all who stay are of it and can: only the others are looked at.
        The cpus that are left."""
        staying = vcpus.staying
        vcpus.staying = []
        stay = 0
        for vcpu in staying:
            stay |= vcpu.bit
        free = cpus ^ vcpus.stay_on
        room = free.bit_count()
        batch, vcpus.line = vcpus.line[:room], vcpus.line[room:]
        offer = stay
        for vcpu in batch:
            offer |= vcpu.bit
        used = self._offer_inside(scheduler, offer)
        if stay & ~used:
            for vcpu in staying:
                if not vcpu.bit & used:
                    passed.append(vcpu)
                    free ^= 1 << vcpu.on
            staying = [vcpu for vcpu in staying if vcpu.bit & used]
        vcpus.picked = staying.copy()
        if used & ~stay:
            free ^= self._pick_vcpus(scheduler, batch, used, free)
        if used != offer:
            passed += [vcpu for vcpu in batch if not vcpu.bit & used]
        return free

    def _pick_vcpus(self, scheduler: Domain, batch: list[Vcpu], used: int, free: int) -> int:
        """Those of a batch that were used are placed on free cpus; the cpus that they take."""
        vcpus, parent = scheduler.vcpus, scheduler.parent
        assert vcpus is not None
        assert parent is not None
        chosen = [vcpu for vcpu in batch if vcpu.bit & used]
        vcpus.picked += chosen
        vcpus.started += chosen
        return self.placement.place_vcpus(chosen, free, parent.base)

    def _offer_fixed_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """Likewise, in a batch the first that is fixed to each free cpu and had no chance yet."""
        vcpus.line_up()
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
                    vcpus.started.append(vcpu)
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
        now = self.now
        for level in domain.levels:
            for child in level.members:
                if child.begun != now:
                    done = child.matched if child.seen == now else 0
                    if child.dirty or done < len(child.offers):
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
        for tick, cpus in level.take_turns(self.now).items():
            self.calendar.end_turns(tick, domain, level, cpus)

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
        if vcpus.staying:
            vcpus.line_up()
        for vcpu in vcpus.started:
            vcpu.order = self.clock
            self.clock += 1
            vcpu.on = vcpu.last
            if vcpu.ends < 0:
                vcpu.began = now - vcpu.used
                self.calendar.end_vcpu(vcpu.began + scheduler.quantum, scheduler, vcpu)
        for vcpu in vcpus.line:
            if vcpu.on >= 0:
                if vcpu.ends >= 0:
                    vcpu.used = now - vcpu.began
                vcpu.on = vcpu.ends = NOWHERE
        busy = 0
        for vcpu in vcpus.picked:
            busy |= vcpu.bit
        scheduler.busy = busy
        vcpus.running = vcpus.picked
        vcpus.queue.waiting = deque(vcpus.line)

    def _show_users(self, scheduler: Domain, vcpus: Vcpus) -> None:
        """Who is new on a vcpu, or on one that is new where it is, is new on the cpu behind it."""
        assert scheduler.parent is not None
        above = scheduler.parent.base
        users = scheduler.users
        for number, lwp in zip(scheduler.placed_on, scheduler.placed, strict=True):
            users[number] = lwp
            above.placed_on.append(vcpus.all[number].on)
            above.placed.append(lwp)
        for vcpu in vcpus.started:
            above.placed_on.append(vcpu.on)
            above.placed.append(users[vcpu.number])
        scheduler.placed_on.clear()
        scheduler.placed.clear()


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
