"""An lwp, as a run knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usched.engine.run_queue import NOWHERE, Runner
from usched.words.workload import Program

if TYPE_CHECKING:
    from usched.engine.domain import Domain


class Lwp(Runner):
    """One schedulable thread.

    home: a cpu in its scheduler's own numbers; seat: the same in those of the base. left, used,
    ran: ticks of its burst and slice, and of its life, as of tick `settled`, and counting while it
    runs; not running, it stopped there. ends: the tick at which its burst or slice will be over.
    due: of the burst at hand. total: how many bursts it has in its life, None without end. route:
    of who was moved or wakes at once, who was behind which cpus when it stopped, as (base, cpu).
    """

    def __init__(self, index: int, program: Program, number: int) -> None:
        super().__init__()
        self.index = index
        self.program = program
        self.bursts = program.bursts
        self.deadline = program.deadline
        repeat = program.repeat
        self.total = None if repeat is None else repeat * len(program.bursts)
        self.name = f"{program.name}.{number}"
        self.target = program.scheduler
        self.scheduler: Domain | None = None
        self.forked = NOWHERE
        self.exited = NOWHERE
        self.runnable = False
        self.running = False
        self.burst = 0
        self.left = 0
        self.due = 0
        self.ran = 0
        self.settled = 0
        self.home = NOWHERE
        self.route: list[tuple[Domain, int]] = []
        # figures: since is the tick of the last change between asleep and runnable
        self.since = 0
        self.waiting_since = 0
        self.runnable_ticks = 0
        self.asleep = 0
        self.dispatches = 0
        self.preemptions = 0
        self.migrations = 0
        self.misses = 0
        self.real = NOWHERE
        self.responses: dict[int, int] = {}
        # what of ran, of runnable_ticks and of migrations fell into schedulers left since
        self.elsewhere = (0, 0, 0)

    def change_state(self, now: int) -> None:
        """It stops being runnable, or asleep, as `runnable` still says."""
        if self.runnable:
            self.runnable_ticks += now - self.since
        else:
            self.asleep += now - self.since
        self.since = now

    def settle(self, now: int) -> None:
        """Count what it ran up to this tick."""
        ticks = now - self.settled
        self.left -= ticks
        self.used += ticks
        self.ran += ticks
        self.settled = now

    def stop(self, now: int) -> None:
        """It ran until this tick; whether it goes on is open."""
        self.settle(now)
        self.running = False
        self.ends = NOWHERE
        self.waiting_since = now

    def ran_before(self, now: int) -> bool:
        """Whether it ran in the tick before, on its last cpu."""
        return self.last >= 0 and (self.running or self.settled == now)
