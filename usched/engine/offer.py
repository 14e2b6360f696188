"""Cpus are offered downwards, and those who were chosen are placed (usched-model(7), dispatch).

A dispatch goes down only where something changed: a domain that nobody touched since it was last
offered the same cpus uses the same ones again. Where it goes, it takes the difference: who stays
is a mask, and only cpus that are free are given out one by one.
"""

from __future__ import annotations

from usched.engine.calendar import Calendar
from usched.engine.domain import Domain
from usched.engine.lwp import Lwp
from usched.engine.masks import CPUS, bits
from usched.engine.placement import Placement
from usched.engine.run_queue import NOWHERE
from usched.engine.slices import call_in, ends_at, expire, forget_free, requeue, settle, settle_all
from usched.engine.turns import Level
from usched.engine.vcpus import Vcpu, Vcpus, first_fixed


class Dispatch:
    """One tick after another: who runs where."""

    def __init__(self, root: Domain, calendar: Calendar, placement: Placement) -> None:
        self.root = root
        self.calendar = calendar
        self.placement = placement
        self.now = 0
        #: Virtual schedulers by depth, on whose vcpus something is new.
        self.shown: list[list[Domain]] = []
        #: Serial numbers for pick order.
        self.clock = 0

    def dispatch(self, tops: list[Domain], within: list[Domain], online: int, now: int) -> None:
        """Dispatch one tick: from these domains down, an upper one before those beneath it, and of
        others, own lwps on the cpus that these have. What came out is in the machine's domain:
        `taken` are the cpus that are used, `placed` who may be new there."""
        self.now = now
        for domain in tops:
            if domain.begun != now:
                cpus = domain.taken
                self._begin(domain)
                if domain.parent is None:
                    domain.taken = self._offer_inside(domain, online)
                elif cpus:
                    used = self._offer_anew(domain, cpus)
                    assert used == cpus
                self._finish(domain)
        for domain in within:
            if domain.begun != now:
                self._replace(domain)
        for bases in reversed(self.shown):
            for base in bases:
                assert base.vcpus is not None
                self._show_users(base, base.vcpus)
            bases.clear()

    def _show(self, base: Domain) -> None:
        """Something is new on vcpus."""
        base.shown = True
        while len(self.shown) <= base.depth:
            self.shown.append([])
        self.shown[base.depth].append(base)

    # -- a domain -------------------------------------------------------------

    def _begin(self, domain: Domain) -> None:
        domain.begun = self.now
        domain.dirty = False
        if domain.vcpus is not None:
            domain.vcpus.requeue(domain.busy, domain.taken)
        domain.taken = domain.kept = domain.offered = domain.own_offered = 0

    def _offer(self, child: Domain, cpus: int) -> int:
        """Offer a scheduler cpus of its pool; what it uses of them."""
        now = self.now
        if child.begun != now:
            if child.dirty:
                self._begin(child)
            elif child.seen != now:
                if cpus == child.offered or not (child.taken & ~cpus or cpus & ~child.offered):
                    child.seen = now
                    child.answered = cpus
                    if child.later:
                        child.later = []
                    return child.taken
                self._begin(child)
            elif not cpus & ~child.offered:
                child.later.append(cpus)
                return 0
            else:  # what was answered from memory in this tick is done, since now it differs
                self._begin(child)
                for earlier in (child.answered, *child.later):
                    self._offer_anew(child, earlier)
        return self._offer_anew(child, cpus)

    def _offer_anew(self, child: Domain, cpus: int) -> int:
        if child.leaf:
            used = self._run_at_home(child, cpus) if child.locked else self._run(child, cpus)
        elif child.vcpus is None:
            used = self._offer_inside(child, cpus)
        elif child.locked:
            used = self._offer_fixed_vcpus(child, child.vcpus, cpus)
        else:
            used = self._offer_floating_vcpus(child, child.vcpus, cpus)
        if child.offered:
            child.offered |= cpus
            child.taken |= used
        else:
            child.offered = cpus
            child.taken = used
        return used

    def _offer_inside(self, domain: Domain, cpus: int) -> int:
        """A domain passes cpus on: to its children, by descending lwktpri, then to its own lwps."""
        unused = cpus
        for level in domain.levels:
            if level.load:
                free = unused & level.pool
                if free:
                    if len(level.members) > 1:
                        unused ^= self._offer_level(level, free)
                    else:
                        unused ^= self._offer(level.members[0], free)
        if domain.own_load:
            free = unused & domain.own
            if free:
                if domain.locked:
                    unused ^= self._run_at_home(domain, free)
                else:
                    unused ^= self._run(domain, free)
        return cpus ^ unused

    def _offer_level(self, level: Level, cpus: int) -> int:
        """Children of one lwktpri: pass by pass, each offered the cpus on which it is j-th."""
        if level.used_up & cpus:
            level.pass_turns(cpus)
        free = cpus
        whole = cpus == level.pool
        for rank in level.ranks:
            for child, places in zip(level.members, rank):  # noqa: B905 - compiled, it makes no tuple
                offer = places if whole else places & free
                if offer and child.load:
                    free ^= self._offer(child, offer)
            if not free:
                break
            whole = False
        return cpus ^ free

    # -- own lwps -------------------------------------------------------------

    def _run(self, domain: Domain, cpus: int) -> int:
        """Unlocked: who stays, then as many others as there is room, in queue order."""
        claims = domain.claims
        claimed = claims & cpus
        free = cpus ^ claimed
        if domain.runs_free and (
            domain.own_offered or claims != claimed or domain.queue.count() > free.bit_count()
        ):
            self._heed_slices(domain)
            claims = domain.claims
            claimed = claims & cpus
            free = cpus ^ claimed
        if claims != claimed:
            if free:
                return self._run_displaced(domain, cpus)
            domain.claims = claims ^ claimed
        else:
            domain.claims = 0
        if not domain.own_offered:
            domain.kept = claimed
            domain.own_offered = cpus
        else:  # they come behind those who were picked in an earlier offer
            if claimed:
                self._number(domain, domain.runners(claimed, self.now))
                domain.kept |= claimed
            domain.own_offered |= cpus
        queue = domain.queue
        if not free or not queue.waiting:
            return claimed
        chosen = queue.take(free.bit_count())
        returned = domain.returned == self.now
        started = self.placement.place_lwps(chosen, free, domain.base, returned, self.now)
        self._start(domain, chosen)
        domain.kept |= started
        return claimed | started

    def _run_displaced(self, domain: Domain, cpus: int) -> int:
        """Likewise, where some who stay were not offered their cpu: they come first."""
        claimed = domain.claims & cpus
        free = cpus ^ claimed
        room = free.bit_count()
        displaced = domain.runners(domain.claims ^ claimed, self.now)[:room]
        if domain.own_offered:
            stay = domain.runners(claimed, self.now) + displaced
            domain.line_up(stay, self.now)
            self._number(domain, stay)
        domain.own_offered |= cpus
        fresh = domain.queue.take(room - len(displaced))
        domain.claims ^= claimed
        for lwp in displaced:
            domain.claims ^= lwp.at.mask
            self._call_in(domain, domain.runs_free & lwp.at.mask)
        chosen = displaced + fresh if fresh else displaced
        claimed |= self.placement.place_lwps(chosen, free, domain.base, True, self.now)
        self._tell(domain, displaced)
        if fresh:
            self._start(domain, fresh)
        domain.kept |= claimed
        return claimed

    def _run_at_home(self, domain: Domain, cpus: int) -> int:
        """Locked: for each home, who stays there or else the first who waits for it."""
        if domain.runs_free and domain.own_offered:
            self._heed_slices(domain)
        claimed = domain.claims & cpus
        if claimed and domain.own_offered:
            self._number(domain, domain.runners(claimed, self.now))
        domain.own_offered |= cpus
        fresh = cpus & ~claimed & domain.queue.seats
        if fresh:
            self._start(domain, _take_seated(domain, fresh))
            claimed |= fresh
            domain.claims |= fresh
        domain.kept |= claimed
        return claimed

    def _replace(self, domain: Domain) -> None:
        """Others of its own lwps run on the cpus of those that do not go on."""
        free = domain.kept ^ domain.claims
        if free:
            if domain.locked:
                chosen = _take_seated(domain, free)
            else:
                chosen = domain.queue.take(free.bit_count())
                returned = domain.returned == self.now
                self.placement.place_lwps(chosen, free, domain.base, returned, self.now)
            self._start(domain, chosen)
        domain.claims = 0  # nobody stops
        self._finish_own(domain)

    def _number(self, domain: Domain, lwps: list[Lwp]) -> None:
        """They are picked in this order."""
        now = self.now
        for lwp in lwps:
            settle(domain, lwp, now)
            lwp.order = self.clock
            self.clock += 1

    def _heed_slices(self, domain: Domain) -> None:
        """It matters whether slices of those who run free ended with the tick before: of who was
        picked in this one it is a fresh one, and who was not is to be."""
        expire(domain, domain.runs_free & domain.claims & ~domain.kept, self.now)
        if domain.queue.expired:
            requeue(domain, self.now)
        if domain.own_offered:
            ended = 0
            for cpu in bits(domain.runs_free & domain.kept):
                if ends_at(domain.base.users[cpu], domain.quantum, self.now):
                    ended |= 1 << cpu
            self._number(domain, domain.runners(ended, self.now))

    def settle_all(self, domain: Domain, now: int) -> None:
        """Before events: who runs is settled, and runs free no more."""
        self.calendar.end_lwps(settle_all(domain, now, self.clock))
        self.clock += domain.own_load

    def _call_in(self, domain: Domain, cpus: int) -> None:
        """These do not run free any more."""
        if cpus:
            self.calendar.end_lwps(call_in(domain, cpus, self.now))

    def _tell(self, domain: Domain, lwps: list[Lwp]) -> None:
        """These run where they did not."""
        base = domain.base
        if base.depth and not base.shown:
            self._show(base)
        base.placed += lwps
        for lwp in lwps:
            base.placed_on.append(lwp.at.number)

    def _start(self, domain: Domain, chosen: list[Lwp]) -> None:
        """These were picked, in this order, and placed; they did not run, or for a fresh slice."""
        now = self.now
        base = domain.base
        if base.depth and not base.shown:
            self._show(base)
        if not base.users:
            base.users = chosen[:1] * base.inner.bit_length()
        base.placed += chosen
        placed_on = base.placed_on
        quantum = domain.quantum
        order = self.clock
        self.clock += len(chosen)
        for lwp in chosen:
            placed_on.append(lwp.at.number)
            lwp.order = order
            order += 1
            lwp.settled = now
            ticks = quantum - lwp.used
            if ticks > lwp.left:
                ticks = lwp.left
            elif ticks < 1:
                ticks = 1  # a slice may have been used under a larger quantum than is declared now
            lwp.ends = now + ticks
        self.calendar.end_lwps(chosen)

    # -- virtual cpus ---------------------------------------------------------

    def _offer_floating_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """vcpus in queue order, as many at a time as cpus are free; those used are placed."""
        free = cpus
        waiting = vcpus.waiting
        passed: list[Vcpu] = []
        if vcpus.stay:
            free = self._offer_staying(scheduler, vcpus, cpus, passed)
        while free and waiting:
            batch, offer = vcpus.take_first(free.bit_count())
            used = self._offer_inside(scheduler, offer)
            if used != offer:
                passed += [vcpu for vcpu in batch if not vcpu.bit & used]
                batch = [vcpu for vcpu in batch if vcpu.bit & used]
            if used:
                free ^= self._pick_vcpus(scheduler, vcpus, [], batch, free)
        if passed:
            waiting[:0] = passed
        return cpus ^ free

    def _offer_staying(self, scheduler: Domain, vcpus: Vcpus, cpus: int, passed: list[Vcpu]) -> int:
        """The first batch, headed by those who stay if they can. The cpus that are left."""
        all_stay = stay = vcpus.stay
        vcpus.stay = 0
        waiting = vcpus.waiting
        room = 0 if cpus == vcpus.stay_on else cpus.bit_count() - stay.bit_count()
        if room < 0:  # the last of them must wait for what the others leave
            late = vcpus.in_order(stay)[room:]
            waiting[:0] = late
            for vcpu in late:
                stay ^= vcpu.bit
            room = 0
        batch: list[Vcpu] = []
        offer = stay
        if room:
            batch, offer = vcpus.take_first(room)
            offer |= stay
        used = self._offer_inside(scheduler, offer)
        if used != offer:
            if stay & ~used:
                passed += vcpus.in_order(stay & ~used)
                stay &= used
            passed += [vcpu for vcpu in batch if not vcpu.bit & used]
            batch = [vcpu for vcpu in batch if vcpu.bit & used]
        vcpus.picked = stay
        moved: list[Vcpu] = []
        if stay == all_stay and not vcpus.stay_on & ~cpus:
            free = cpus ^ vcpus.stay_on
        else:
            moved, kept = vcpus.displaced(stay, cpus)
            free = cpus ^ kept
        if moved or batch:
            free ^= self._pick_vcpus(scheduler, vcpus, moved, batch, free)
        return free

    def _pick_vcpus(
        self, scheduler: Domain, vcpus: Vcpus, moved: list[Vcpu], fresh: list[Vcpu], free: int
    ) -> int:
        """Those who lose their cpu, and the others of a batch that were used, are placed on free
        cpus; the cpus that they take."""
        for vcpu in fresh:
            vcpus.picked |= vcpu.bit
            vcpu.order = self.clock
            self.clock += 1
        chosen = moved + fresh if moved else fresh
        vcpus.started += chosen
        if not scheduler.shown:
            self._show(scheduler)
        assert scheduler.parent is not None
        return self.placement.place_vcpus(chosen, free, scheduler.parent.base, self.now)

    def _offer_fixed_vcpus(self, scheduler: Domain, vcpus: Vcpus, cpus: int) -> int:
        """Likewise, in a batch the first that is fixed to each free cpu and had no chance yet."""
        if vcpus.stay:
            vcpus.line_up()
        free = cpus
        rest = line = vcpus.waiting
        picked = 0
        while batch := first_fixed(rest, free):
            offer = 0
            for vcpu in batch:
                offer |= vcpu.bit
            used = self._offer_inside(scheduler, offer)
            picked |= used
            rest = [vcpu for vcpu in rest if not vcpu.bit & offer]
            for vcpu in batch:
                if vcpu.bit & used:
                    vcpu.order = self.clock
                    self.clock += 1
                    vcpus.started.append(vcpu)
                    if not scheduler.shown:
                        self._show(scheduler)
                    vcpu.at = CPUS[vcpu.fixed]
                    free ^= 1 << vcpu.fixed
        if picked:
            vcpus.picked |= picked
            vcpus.waiting = [vcpu for vcpu in line if not vcpu.bit & picked]
        return cpus ^ free

    # -- after the offers -----------------------------------------------------

    def _finish(self, domain: Domain) -> None:
        """All offers were made: who was not picked stops, and what must be known is kept."""
        now = self.now
        for level in domain.levels:
            for child in level.members:
                if child.begun == now:
                    if child.leaf:
                        self._finish_own(child)
                    else:
                        self._finish(child)
                elif child.dirty or (child.taken and child.seen != now):
                    self._begin(child)
                    self._finish(child)
            if level.tracked:
                for turn in level.take_turns(now):
                    self.calendar.end_turn(turn)
        self._finish_own(domain)
        if domain.vcpus is not None:
            self._finish_vcpus(domain, domain.vcpus)

    def _finish_own(self, domain: Domain) -> None:
        """Of its own lwps, who was not picked stops, and who is in the queue waits in the next
        tick."""
        queue = domain.queue
        kept = domain.kept
        if domain.claims and (not domain.locked or domain.claims & ~kept):
            self._stop(domain)
        domain.claims = kept
        waits = queue.seats if domain.locked else domain.own if queue.waiting else 0
        if waits != domain.own_waits:
            domain.own_waits = waits
            if waits:
                domain.heeded = self.now
                self._call_in(domain, domain.runs_free & waits)
            domain.forget_waits()

    def _stop(self, domain: Domain) -> None:
        """Who was not picked is preempted: back to the head of the queue, and no claim."""
        now = self.now
        domain.heeded = now
        if domain.runs_free:
            self._heed_slices(domain)
        stopped = domain.runners(domain.claims & ~domain.kept, now)
        for lwp in stopped:
            settle(domain, lwp, now)
            if lwp.ran_free:
                forget_free(domain, lwp)
            lwp.ends = NOWHERE
            lwp.preemptions += 1
        domain.queue.put_back(stopped)

    def _finish_vcpus(self, scheduler: Domain, vcpus: Vcpus) -> None:
        """Who was picked runs, where it was placed; the others wait."""
        now = self.now
        if vcpus.stay:
            vcpus.line_up()
        picked = vcpus.picked
        stopped = scheduler.busy & ~picked
        if stopped:
            for number in bits(stopped):
                vcpu = vcpus.all[number]
                if vcpu.ends >= 0:
                    vcpu.used = (now - vcpu.began) % scheduler.quantum
                vcpu.on = vcpu.ends = NOWHERE
        for vcpu in vcpus.started:
            vcpu.on = vcpu.at.number
            if vcpu.ends < 0:
                vcpu.began = now - vcpu.used
                self.calendar.end_vcpu(vcpu.began + scheduler.quantum, vcpu)
        if scheduler.busy != picked:
            scheduler.busy = picked
            scheduler.forget_waits()

    def _show_users(self, scheduler: Domain, vcpus: Vcpus) -> None:
        """Who is new on a vcpu, or on one that is new where it is, is new on the cpu behind it."""
        assert scheduler.parent is not None
        above = scheduler.parent.base
        users = scheduler.users
        every = vcpus.all
        placed_on = scheduler.placed_on
        if placed_on:
            placed = scheduler.placed
            for number, lwp in zip(placed_on, placed):  # noqa: B905 - as above
                users[number] = lwp
                above.placed_on.append(every[number].on)
            above.placed += placed
            placed_on.clear()
            placed.clear()
        for vcpu in vcpus.started:
            above.placed_on.append(vcpu.on)
            above.placed.append(users[vcpu.number])
        if not above.users:
            above.users = above.placed[:1] * above.inner.bit_length()
        vcpus.started.clear()
        scheduler.shown = False
        if above.depth and not above.shown:
            self._show(above)


def _take_seated(domain: Domain, cpus: int) -> list[Lwp]:
    """Out of the queue: the first who waits for each of these homes, and it runs there."""
    chosen = domain.queue.take_seated(cpus)
    for lwp in chosen:
        lwp.at = CPUS[lwp.seat]
    return chosen
