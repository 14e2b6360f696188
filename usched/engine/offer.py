"""Cpus are offered downwards, and those who were chosen are placed (usched-model(7), dispatch).

An offer returns who runs on which of the offered cpus; what is missing was not used. Picks are
final, so everything that the next tick must know is noted on the way in `Tick`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeVar

from usched.engine.state import Domain, Lwp
from usched.words.machine import Topology

Used = dict[int, Lwp]
T = TypeVar("T")


@dataclass(slots=True)
class Tick:
    """What one tick's dispatch decided, on a machine.

    lwps: each picked lwp with its scheduler's cpu. vcpus: (scheduler, vcpu, the parent's cpu,
    who runs on it). turns: (domain, its cpu, the child that runs there).
    """

    topology: Topology
    lwps: list[tuple[Lwp, int]] = field(default_factory=list)
    vcpus: list[tuple[Domain, int, int, Lwp]] = field(default_factory=list)
    turns: list[tuple[Domain, int, Domain]] = field(default_factory=list)


def offer_cpus(domain: Domain, cpus: Sequence[int], tick: Tick) -> Used:
    """Offer a domain some of its cpus, ascending: children first, then its own lwps."""
    used: Used = {}
    for level in domain.levels:
        free = [cpu for cpu in cpus if cpu not in used] if used else cpus
        if not free:
            return used
        if any(child.load for child in level):
            _offer_level(domain, level, free, tick, used)
    if domain.queue:
        free = [cpu for cpu in cpus if cpu not in used and cpu not in domain.held]
        if free:
            _run_own(domain, free, tick, used)
    return used


def _offer_level(
    domain: Domain,
    level: Sequence[Domain],
    cpus: Sequence[int],
    tick: Tick,
    used: Used,
) -> None:
    """Children of one lwktpri: pass by pass, each offered the cpus on which it is j-th."""
    orders = {cpu: _turn_order(domain, level, cpu) for cpu in cpus}
    for rank in range(len(level)):
        # each cpu has one j-th child, so what this pass uses is not offered twice in it
        offers: dict[Domain, list[int]] = {}
        for cpu, order in orders.items():
            if cpu not in used and rank < len(order) and order[rank].load:
                offers.setdefault(order[rank], []).append(cpu)
        for child in level if offers else ():
            if child in offers:
                taken = _offer_scheduler(child, offers[child], tick)
                tick.turns.extend((domain, cpu, child) for cpu in taken)
                used.update(taken)
        if all(cpu in used for cpu in cpus):
            return


def _turn_order(domain: Domain, level: Sequence[Domain], cpu: int) -> Sequence[Domain]:
    """The children with this cpu, beginning with the one whose turn it is, cyclically."""
    members = [child for child in level if cpu in child.index_of]
    turn = domain.turns.get((cpu, level[0].lwktpri))
    if turn is None or turn.holder not in members:
        return members
    first = members.index(turn.holder)
    if turn.used >= turn.holder.quantum:
        first = (first + 1) % len(members)
    return members[first:] + members[:first]


def _offer_scheduler(child: Domain, cpus: Sequence[int], tick: Tick) -> Used:
    """Offer a scheduler cpus of its pool, in its parent's numbers, and answer in those."""
    if child.virtual:
        offer = _offer_locked_vcpus if child.locked else _offer_floating_vcpus
        return offer(child, cpus, tick)
    own = [child.index_of[cpu] for cpu in cpus]
    return {child.pool[cpu]: lwp for cpu, lwp in offer_cpus(child, own, tick).items()}


def _offer_floating_vcpus(scheduler: Domain, cpus: Sequence[int], tick: Tick) -> Used:
    """vcpus in queue order, as many at a time as cpus are free; those that were used are placed."""
    assert scheduler.parent is not None
    result: Used = {}
    free = list(cpus)
    waiting = scheduler.vcpu_queue
    position = 0
    while free and position < len(waiting):
        batch = waiting[position : position + len(free)]
        position += len(batch)
        used = offer_cpus(scheduler, sorted(batch), tick)
        chosen = [vcpu for vcpu in batch if vcpu in used]
        places = place(chosen, free, scheduler.parent, tick, scheduler.vcpu_history)
        for vcpu, cpu in zip(chosen, places, strict=True):
            _put_vcpu(scheduler, vcpu, cpu, used[vcpu], tick)
            result[cpu] = used[vcpu]
            free.remove(cpu)
    _leave_queue(scheduler)
    return result


def _offer_locked_vcpus(scheduler: Domain, cpus: Sequence[int], tick: Tick) -> Used:
    """vcpus in queue order, each alone on the one cpu that it is fixed to."""
    result: Used = {}
    pool = scheduler.pool
    for vcpu in scheduler.vcpu_queue:
        cpu = pool[vcpu % len(pool)]
        if cpu in cpus and cpu not in result:
            used = offer_cpus(scheduler, [vcpu], tick)
            if used:
                _put_vcpu(scheduler, vcpu, cpu, used[vcpu], tick)
                result[cpu] = used[vcpu]
    _leave_queue(scheduler)
    return result


def _put_vcpu(scheduler: Domain, vcpu: int, cpu: int, lwp: Lwp, tick: Tick) -> None:
    scheduler.vcpu_picked.append(vcpu)
    tick.vcpus.append((scheduler, vcpu, cpu, lwp))


def _leave_queue(scheduler: Domain) -> None:
    """A vcpu that was placed is out for the rest of the tick."""
    placed = set(scheduler.vcpu_picked)
    scheduler.vcpu_queue = [vcpu for vcpu in scheduler.vcpu_queue if vcpu not in placed]


def _run_own(domain: Domain, cpus: Sequence[int], tick: Tick, used: Used) -> None:
    """A scheduler's own lwps, in queue order; who was picked leaves the queue."""
    if domain.locked:
        chosen, places = _choose_at_home(domain, cpus)
    else:
        chosen = _choose_floating(domain, cpus)
        places = place(chosen, cpus, domain, tick, lambda lwp: (lwp.ran_on, lwp.last))
    for lwp, cpu in zip(chosen, places, strict=True):
        used[cpu] = lwp
        tick.lwps.append((lwp, cpu))
    domain.picked.extend(chosen)
    if chosen:
        # only the part of the queue that was looked at: behind it there may be many thousands
        gone = set(chosen)
        seen = domain.queue.index(chosen[-1]) + 1
        domain.queue[:seen] = [lwp for lwp in domain.queue[:seen] if lwp not in gone]


def _choose_at_home(domain: Domain, cpus: Sequence[int]) -> tuple[list[Lwp], list[int]]:
    """Each lwp whose home is offered and still free takes it."""
    free = set(cpus)
    chosen = []
    places = []
    for lwp in domain.queue:
        if not free:
            break
        if lwp.home is not None and lwp.home in free:
            free.remove(lwp.home)
            chosen.append(lwp)
            places.append(lwp.home)
    return chosen, places


def _choose_floating(domain: Domain, cpus: Sequence[int]) -> list[Lwp]:
    """Every lwp that stays and whose cpu is offered; then the first others of the queue."""
    # who has a claim was put to the head of the queue for it, and is still there
    heads = list(takewhile(lambda lwp: lwp.claim is not None, domain.queue))
    room = len(cpus) - sum(1 for lwp in heads if lwp.claim in cpus)
    chosen = []
    for lwp in domain.queue:
        if lwp.claim is not None and lwp.claim in cpus:
            chosen.append(lwp)
        elif room > 0:
            room -= 1
            chosen.append(lwp)
        elif lwp.claim is None:
            break
    return chosen


def place(
    chosen: Sequence[T],
    cpus: Sequence[int],
    domain: Domain,
    tick: Tick,
    history: Callable[[T], tuple[int | None, int | None]],
) -> list[int]:
    """A cpu of the domain for each chosen lwp or vcpu, in their order.

    history: its cpu in the tick before, and the cpu it last ran on. Who ran in the tick before
    on one of the cpus keeps it; the others, in pick order, each take the free one that is
    smallest by (busy, distance, number).
    """
    histories = [history(item) for item in chosen]
    kept = {ran_on for ran_on, _ in histories if ran_on in cpus}
    if len(kept) == len(histories):
        return [ran_on for ran_on, _ in histories if ran_on is not None]
    idle: list[int] = []
    busy: list[int] = []
    for cpu in cpus:
        if cpu not in kept:
            (busy if domain.is_busy(cpu) else idle).append(cpu)
    places = []
    for ran_on, last in histories:
        if ran_on is not None and ran_on in kept:
            places.append(ran_on)
            continue
        free = idle or busy
        if last is None or last in free:  # no cpu is nearer than that one, none at all is far
            nearest = free[0] if last is None else last
        else:
            nearest = min(free, key=lambda cpu: (domain.distance(last, cpu, tick.topology), cpu))
        places.append(nearest)
        free.remove(nearest)
    return places
