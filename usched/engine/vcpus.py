"""Virtual cpus: the line in which they stand, and who of them runs (usched-model(7), dispatch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usched.engine.masks import bits
from usched.engine.run_queue import NOWHERE, Runner, pick_order
from usched.engine.slices import FREE

if TYPE_CHECKING:
    from usched.engine.domain import Domain


class Vcpu(Runner):
    """A virtual cpu.

    scheduler: whose it is. on: the cpu of the parent that it runs on; NOWHERE while it does not.
    fixed: the only one that it may run on, in a locked scheduler; it stands in one line with the
    others all the same. began: the tick at which its slice would have begun without pauses; one
    that runs free (its slice ends at FREE) may have had others since.
    """

    __slots__ = ("began", "bit", "fixed", "number", "on", "scheduler")

    def __init__(self, scheduler: Domain, number: int) -> None:
        super().__init__()
        self.scheduler = scheduler
        self.number = number
        self.bit = 1 << number
        self.on = NOWHERE
        self.fixed = NOWHERE
        self.began = 0


class Vcpus:
    """The virtual cpus of a scheduler, by number. Those that run are its `busy`; the others are
    waiting, in queue order. expired: who ran in the tick before and has used up its slice. heeded:
    the last tick at which somebody waited for those who do not run.

    In the tick at hand, as masks: stay, those that stay if they can, as long as no cpus were
    offered, on the parent's cpus stay_on; picked, those that were. started: the ones of these that
    did not simply stay.
    """

    def __init__(self, scheduler: Domain, count: int) -> None:
        self.all = [Vcpu(scheduler, number) for number in range(count)]
        self.waiting = list(self.all)
        self.expired: list[Vcpu] = []
        self.heeded = NOWHERE
        self.stay = 0
        self.stay_on = 0
        self.picked = 0
        self.started: list[Vcpu] = []

    def has(self, vcpu: Vcpu) -> bool:
        """Whether it is one of these, and not of those that were before a redeclaration."""
        return vcpu.number < len(self.all) and self.all[vcpu.number] is vcpu

    def let_run_free(self) -> None:
        """Nobody waits for the slices that are used up."""
        for vcpu in self.expired:
            vcpu.ends = FREE
        self.expired = []

    def call_in(self, running: int, quantum: int, now: int) -> list[Vcpu]:
        """Somebody waits for the slices of those who run free; who they were."""
        called = []
        for number in bits(running):
            vcpu = self.all[number]
            if vcpu.ends == FREE:
                vcpu.began = now - (now - vcpu.began) % quantum
                called.append(vcpu)
        return called

    def set_free(self) -> None:
        """Nobody waits for any slice."""
        for vcpu in self.all:
            if vcpu.ends >= 0:
                vcpu.ends = FREE

    def requeue(self, ran: int, ran_on: int) -> None:
        """As a tick's dispatch begins, after one in which these ran, on these cpus."""
        expired = self.expired
        if expired:
            if len(expired) > 1:
                expired.sort(key=pick_order)
            for vcpu in expired:
                ran ^= vcpu.bit
                ran_on ^= vcpu.at.mask
                vcpu.used = 0
            self.waiting += expired
            self.expired = []
        self.stay = ran
        self.stay_on = ran_on
        self.picked = 0

    def in_order(self, vcpus: int) -> list[Vcpu]:
        """Of a mask of those that ran, in the order in which they were picked."""
        found = [self.all[number] for number in bits(vcpus)]
        if len(found) > 1:
            found.sort(key=pick_order)
        return found

    def line_up(self) -> None:
        """Those who stay are but the first of the queue."""
        self.waiting[:0] = self.in_order(self.stay)
        self.stay = 0

    def take_first(self, count: int) -> tuple[list[Vcpu], int]:
        """So many of those who wait, out of the line, and as a mask."""
        batch = self.waiting[:count]
        mask = 0
        for vcpu in batch:
            mask |= vcpu.bit
        del self.waiting[:count]
        return batch, mask

    def displaced(self, stay: int, cpus: int) -> tuple[list[Vcpu], int]:
        """Of those who would stay: who ran on none of these cpus, in pick order; and which of the
        cpus the others keep."""
        displaced = kept = 0
        for number in bits(stay):
            vcpu = self.all[number]
            on = vcpu.at.mask
            if cpus & on:
                kept |= on
            else:
                displaced |= vcpu.bit
        return self.in_order(displaced), kept


def first_fixed(line: list[Vcpu], free: int) -> list[Vcpu]:
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
