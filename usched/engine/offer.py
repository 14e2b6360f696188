"""Cpus are offered downwards, and those who were chosen are placed (usched-model(7), dispatch).

A dispatch goes down only where something changed: a domain that nobody touched since it was last
offered the same cpus uses the same ones again. Where it goes, it takes the difference: who stays
is a mask, and only cpus that are free are given out one by one.
"""

from __future__ import annotations

from usched.engine.calendar import Calendar
from usched.engine.domain import NOWHERE, Domain, Lwp, Vcpus, pick_order
from usched.engine.masks import bits, to_mask
from usched.engine.placement import Placement
from usched.engine.turns import Level, Peers

#: Cpus of one class, all of whose turn is that of one member: (class, its position, rank, cpus).
_Share = tuple[Peers, int, int, int]


class Dispatch:
    """One tick after another: who runs where.

    changed: after a tick, the real cpus on which another lwp may run than in the tick before.
    """

    def __init__(self, root: Domain, calendar: Calendar, placement: Placement) -> None:
        self.root = root
        self.calendar = calendar
        self.placement = placement
        self.now = 0
        self.changed = 0
        self.touched: list[Domain] = []
        #: Serial numbers for pick order and queues, and for those put back at a queue's head.
        self.clock = 0
        self.front = 0

    def offer_machine(self, online: int, now: int) -> None:
        """Dispatch one tick, on the cpus that are online."""
        self.now = now
        self.changed = 0
        root = self.root
        self._begin(root)
        root.taken = self._offer_inside(root, online)
        touched = self.touched
        for domain in touched:  # it grows on the way
            self._finish(domain)
        for domain in reversed(touched):
            if domain.vcpus is not None:
                self._show_users(domain)
        self.changed |= root.busy ^ root.taken
        root.busy = root.taken
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
            _requeue_vcpus(domain.vcpus)

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
        displaced: list[Lwp] = []
        if free and claims != claimed:  # they stay elsewhere, or would; but they come first
            displaced = domain.runners(claims ^ claimed)[: free.bit_count()]
            in_order = sorted(domain.runners(claimed) + displaced, key=pick_order)
        group = self._keep(domain, claimed)
        queue = domain.queue
        if not free or not (queue or displaced):
            return claimed
        room = free.bit_count()
        chosen = displaced.copy()
        while len(chosen) < room and queue:
            chosen.append(queue.popleft())
        used = claimed
        for lwp in displaced:
            domain.claims ^= 1 << lwp.on
        places = self.placement.place_lwps(chosen, free, domain.base)
        for lwp, cpu in zip(chosen, places, strict=True):
            self._start(domain, lwp, cpu, group)
            used |= 1 << cpu
        if displaced:
            self._number(in_order + chosen[len(displaced) :], group)
        domain.own_groups[group] = used
        domain.kept |= used
        return used

    def _run_at_home(self, domain: Domain, cpus: int) -> int:
        """Locked: for each home, who stays there or else the first who waits for it."""
        claimed = domain.claims & cpus
        group = self._keep(domain, claimed)
        fresh = cpus & ~claimed & domain.waiting_homes
        if not fresh:
            return claimed
        chosen = []
        for cpu in bits(fresh):
            waiting = domain.at_home[cpu]
            chosen.append(waiting.popleft())
            if not waiting:
                domain.waiting_homes ^= 1 << cpu
        chosen.sort(key=lambda lwp: lwp.stamp)
        for lwp in chosen:
            self._start(domain, lwp, lwp.seat, group)
        domain.own_groups[group] = claimed | fresh
        domain.kept |= fresh
        return claimed | fresh

    def _keep(self, domain: Domain, claimed: int) -> int:
        """These stay. The number of the offer: what is picked in an earlier one comes earlier."""
        group = len(domain.own_groups)
        domain.own_groups.append(claimed)
        if claimed:
            if group >= len(domain.groups) or claimed & ~domain.groups[group]:
                # some were picked in another than this
                self._number(domain.runners(claimed), group)
            domain.claims ^= claimed
            domain.kept |= claimed
        return group

    def _number(self, lwps: list[Lwp], group: int) -> None:
        """They are picked in this order, in this offer."""
        for lwp in lwps:
            lwp.group = group
            lwp.stamp = self.clock
            self.clock += 1

    def _start(self, domain: Domain, lwp: Lwp, cpu: int, group: int) -> None:
        """An lwp was picked, and it was not there before."""
        base = domain.base
        domain.runner[cpu] = lwp
        base.users[cpu] = lwp
        if base is self.root:
            self.changed |= 1 << cpu
        lwp.group = group
        lwp.stamp = self.clock
        self.clock += 1
        lwp.on = lwp.last = cpu
        if not lwp.running:
            lwp.running = True
            lwp.settled = self.now
            # a slice may have been used under a larger quantum than is declared now
            ticks = min(max(domain.quantum - lwp.used, 1), lwp.left)
            self.calendar.end(self.now + ticks, lwp)

    # -- virtual cpus ---------------------------------------------------------

    def _offer_floating_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """vcpus in queue order, as many at a time as cpus are free; those used are placed."""
        assert scheduler.parent is not None
        above = scheduler.parent.base
        free = cpus
        rest = vcpus.queue
        passed: list[int] = []
        while free and rest:
            count = free.bit_count()
            batch, rest = rest[:count], rest[count:]
            offer = 0
            for vcpu in batch:
                offer |= 1 << vcpu
            used = self._offer_inside(scheduler, offer)
            if used == offer:
                chosen = batch
            else:
                chosen = [vcpu for vcpu in batch if used >> vcpu & 1]
                passed += [vcpu for vcpu in batch if not used >> vcpu & 1]
            if chosen:
                for vcpu, cpu in zip(
                    chosen, self.placement.place_vcpus(vcpus, chosen, free, above), strict=True
                ):
                    vcpus.picked.append(vcpu)
                    vcpus.places.append(cpu)
                    free ^= 1 << cpu
        vcpus.queue = passed + rest
        return cpus ^ free

    def _offer_fixed_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """Likewise, in a batch the first that is fixed to each free cpu and had no chance yet."""
        free = cpus
        rest = vcpus.queue
        passed: list[int] = []
        while batch := _first_fixed(vcpus, rest, free):
            used = self._offer_inside(scheduler, to_mask(batch))
            rest = [vcpu for vcpu in rest if vcpu not in batch]
            for vcpu in batch:
                if used >> vcpu & 1:
                    vcpus.picked.append(vcpu)
                    vcpus.places.append(vcpus.fixed[vcpu])
                    free ^= 1 << vcpus.fixed[vcpu]
                else:
                    passed.append(vcpu)
        if passed:
            left = {*passed, *rest}
            rest = [vcpu for vcpu in vcpus.queue if vcpu in left]
        vcpus.queue = rest
        return cpus ^ free

    # -- after the offers -----------------------------------------------------

    def _finish(self, domain: Domain) -> None:
        """All offers were made: who was not picked stops, and what must be known is kept."""
        for level in domain.levels:
            for child in level.members:
                done = child.matched if child.seen == self.now else 0
                if child.begun != self.now and (child.dirty or done < len(child.offers)):
                    self._begin_again(child)
            if level.tracked and self.take_turns(domain, level):
                domain.touch()
                self.calendar.wake(self.now + 1)
        if domain.claims:
            self._stop(domain)
        domain.claims = domain.kept
        domain.groups = domain.own_groups
        domain.finished = self.now
        domain.note_waits()
        if domain.vcpus is not None:
            self._finish_vcpus(domain, domain.vcpus)

    def take_turns(self, domain: Domain, level: Level) -> bool:
        """Whoever runs has the turn; whether others come first now than did in this tick."""
        changed, ends = level.take_turns(self.now)
        for tick, cpu in ends:
            self.calendar.end_turn(tick, domain, level, cpu)
        return changed

    def _stop(self, domain: Domain) -> None:
        """Preempted: back to the head of the queue, and no claim."""
        stopped = domain.runners(domain.claims)
        for lwp in reversed(stopped):
            lwp.settle(self.now)
            lwp.running = False
            lwp.ends = lwp.on = NOWHERE
            lwp.waiting_since = self.now
            lwp.preemptions += 1
            if domain.locked:
                self.front -= 1
                lwp.stamp = self.front
                domain.at_home[lwp.seat].appendleft(lwp)
                domain.waiting_homes |= 1 << lwp.seat
            else:
                domain.queue.appendleft(lwp)

    def _finish_vcpus(self, scheduler: Domain, vcpus: Vcpus) -> None:
        now = self.now
        running = 0
        for vcpu in vcpus.picked:
            running |= 1 << vcpu
        ran = scheduler.busy
        for vcpu in vcpus.order:
            if not running >> vcpu & 1 and vcpu not in vcpus.expired:
                vcpus.used[vcpu] = now - vcpus.began[vcpu]
            if not running >> vcpu & 1:
                vcpus.on[vcpu] = vcpus.ends[vcpu] = NOWHERE
        for vcpu, cpu in zip(vcpus.picked, vcpus.places, strict=True):
            vcpus.on[vcpu] = vcpus.last[vcpu] = cpu
            if not ran >> vcpu & 1 or vcpu in vcpus.expired:
                vcpus.began[vcpu] = now - vcpus.used[vcpu]
                vcpus.ends[vcpu] = vcpus.began[vcpu] + scheduler.quantum
                self.calendar.end_vcpu(vcpus.ends[vcpu], scheduler, vcpu)
        vcpus.expired = []
        vcpus.order = vcpus.picked
        vcpus.waiting = vcpus.queue
        scheduler.busy = running
        if vcpus.order + vcpus.waiting != vcpus.found:  # the next tick begins with another queue
            scheduler.touch()
            self.calendar.wake(now + 1)

    def _show_users(self, scheduler: Domain) -> None:
        """Who runs on a vcpu runs on the cpu that it is placed on."""
        assert scheduler.parent is not None
        assert scheduler.vcpus is not None
        above = scheduler.parent.base
        for vcpu in scheduler.vcpus.order:
            cpu = scheduler.vcpus.on[vcpu]
            lwp = scheduler.users[vcpu]
            if above.users.get(cpu) is not lwp:
                above.users[cpu] = lwp
                if above is self.root:
                    self.changed |= 1 << cpu


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


def _first_fixed(vcpus: Vcpus, queue: list[int], free: int) -> list[int]:
    """For each free cpu the first vcpu of a queue that is fixed to it."""
    batch = []
    for vcpu in queue:
        bit = 1 << vcpus.fixed[vcpu]
        if free & bit:
            free ^= bit
            batch.append(vcpu)
            if not free:
                break
    return batch


def _requeue_vcpus(vcpus: Vcpus) -> None:
    """Who ran goes to the head, or with its slice used up to the tail with a fresh one."""
    if vcpus.expired:
        tail = [vcpu for vcpu in vcpus.order if vcpu in vcpus.expired]
        for vcpu in tail:
            vcpus.used[vcpu] = 0
        head = [vcpu for vcpu in vcpus.order if vcpu not in vcpus.expired]
        vcpus.queue = head + vcpus.waiting + tail
    else:
        vcpus.queue = vcpus.order + vcpus.waiting
    vcpus.picked = []
    vcpus.places = []
    vcpus.found = vcpus.queue
