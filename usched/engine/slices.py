"""Slices that nobody waits for.

Where nobody waits, a slice that is used up is followed by a fresh one, and nobody moves. Such an
lwp *runs free*: no tick at which its slices end is in the calendar. What must be known of them is
reckoned from when it was settled: how much of the slice at hand is used, and its place in pick
order, in which a fresh slice puts it last.

A domain heeds the slices of its own lwps where somebody waits in it, its cpus become fewer, or they
are offered in several parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usched.engine.masks import bits
from usched.engine.run_queue import NOWHERE

if TYPE_CHECKING:
    from usched.engine.domain import Domain
    from usched.engine.lwp import Lwp

#: As the tick at which a slice of a vcpu, or a turn, is over: nobody waits for that.
FREE: Final = 1 << 60


def first_end(lwp: Lwp, quantum: int) -> int:
    """The tick at which the slice is over that a running lwp had when it was settled."""
    ticks = quantum - lwp.used
    # a slice may have been used under a larger quantum than is declared now
    return lwp.settled + (ticks if ticks > 1 else 1)


def next_end(lwp: Lwp, quantum: int, now: int) -> int:
    """The first tick after this one at which a slice of it is over."""
    first = first_end(lwp, quantum)
    return first if first > now else now + quantum - (now - first) % quantum


def used_before(lwp: Lwp, quantum: int, now: int) -> int:
    """Ticks of its slice that it used before this one; 0 where that is a fresh one."""
    first = first_end(lwp, quantum)
    return (now - first) % quantum if now >= first else lwp.used + now - lwp.settled


def ends_at(lwp: Lwp, quantum: int, now: int) -> bool:
    """Whether a slice of it ended with the tick before."""
    first = first_end(lwp, quantum)
    return now >= first and (now - first) % quantum == 0


def line_up(lwps: list[Lwp], quantum: int, now: int) -> None:
    """In pick order, running lwps of one scheduler, some of which may have run free.

    Each was picked when its last slice began. Of one tick, those who did not run before were picked
    before those whose slices ended with it; and these follow each other as they did before that
    tick: whose first slice ended in it as a whole one came after all others in the tick in which it
    began, unless theirs ended then; whose first slice was but the rest of one was picked last.
    """

    def place(lwp: Lwp) -> tuple[int, int, int, int]:
        first = first_end(lwp, quantum)
        if now < first:
            return lwp.settled, 0, 0, lwp.order
        last = now - (now - first) % quantum
        return (last, 2, first, lwp.order) if lwp.used else (last, 1, -first, lwp.order)

    lwps.sort(key=place)


# -- of the own lwps of a domain ----------------------------------------------


def settle(domain: Domain, lwp: Lwp, now: int) -> None:
    """What is left to one that runs, and what it used, as of this tick."""
    ticks = now - lwp.settled
    lwp.used = used_before(lwp, domain.quantum, now) if lwp.ran_free else lwp.used + ticks
    lwp.left -= ticks
    lwp.settled = now


def let_run_free(domain: Domain, lwp: Lwp) -> bool:
    """Nobody waits for the slices of one that runs; whether that its burst ends is yet to be put in
    the calendar."""
    domain.runs_free |= lwp.at.mask
    if not lwp.ran_free:
        lwp.ran_free = True
        domain.ran_free += 1
    lwp.ends = lwp.settled + lwp.left
    if lwp.booked == lwp.ends:
        return False
    lwp.booked = lwp.ends
    return True


def forget_free(domain: Domain, lwp: Lwp) -> None:
    """One that has run free runs no more."""
    lwp.ran_free = False
    domain.ran_free -= 1
    domain.runs_free &= ~lwp.at.mask


def call_in(domain: Domain, cpus: int, now: int) -> list[Lwp]:
    """Somebody waits for the slices of these who run free; whose slices will be over."""
    domain.runs_free ^= cpus
    users = domain.base.users
    called = []
    for cpu in bits(cpus):
        lwp = users[cpu]
        end = next_end(lwp, domain.quantum, now)
        if end < lwp.ends:
            lwp.ends = end
            called.append(lwp)
    return called


def ends_matter(domain: Domain) -> bool:
    """Whether it decides who runs that slices of who runs free ended with the tick before: others
    want these cpus. Not locked, only where it was offered what it used; else `_run` looks."""
    queue = domain.queue
    if domain.locked:
        return bool(queue.expired or domain.runs_free & queue.seats)
    if domain.dirty or domain.own_offered != domain.kept:
        return False
    return queue.count() > (domain.kept ^ domain.claims).bit_count()


def expire(domain: Domain, cpus: int, now: int) -> None:
    """Who runs free on these cpus, some of `claims`, and whose slice ended with the tick before,
    has used it up as if it had been known; till requeued, as one that runs free."""
    domain.heeded = now
    users = domain.base.users
    for cpu in bits(cpus):
        lwp = users[cpu]
        if ends_at(lwp, domain.quantum, now):
            domain.claims ^= lwp.at.mask
            domain.queue.expired.append(lwp)


def requeue(domain: Domain, now: int) -> None:
    """Who has used up a slice goes to the tail."""
    expired = domain.queue.expired
    if len(expired) > 1:
        domain.line_up(expired, now)
    if domain.ran_free:
        for lwp in expired:
            if lwp.ran_free:
                forget_free(domain, lwp)
    domain.heeded = domain.returned = now
    domain.queue.requeue(now)


def settle_all(domain: Domain, now: int, clock: int) -> list[Lwp]:
    """Before events: nobody runs free, all who ran are settled and numbered anew, from this number
    on, and who has used up a slice does not run. Whose slices will be over."""
    expire(domain, domain.runs_free, now)
    running = domain.runners(domain.claims, now)
    expired = domain.queue.expired
    ran = running + expired
    domain.line_up(ran, now - 1)  # as they were picked: who has used up a slice is not requeued yet
    domain.line_up(expired, now - 1)
    called = call_in(domain, domain.runs_free & domain.claims, now)
    for order, lwp in enumerate(ran, clock):
        lwp.order = order
    for lwp in running:
        settle(domain, lwp, now)
    for lwp in expired:
        settle(domain, lwp, now)
        if lwp.ran_free:
            lwp.used = domain.quantum
        lwp.ends = NOWHERE
    for lwp in ran:
        lwp.ran_free = False
    domain.runs_free = domain.ran_free = 0
    return called
