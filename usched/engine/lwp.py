"""An lwp, as a run knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from usched.engine.masks import NO_CPU
from usched.engine.run_queue import NOWHERE, Runner
from usched.words.workload import Program

if TYPE_CHECKING:
    from usched.engine.domain import Domain


#: As a deadline: longer than any run.
_NEVER: Final = 1 << 60


class Lwp(Runner):
    """One schedulable thread.

    home: a cpu in its scheduler's own numbers; seat: the same in those of the base. left, used:
    ticks of its burst and slice as of tick `settled`, and counting while it runs; not running, it
    stopped there. ends: the tick at which its burst or slice will be looked at; NOWHERE while it
    does not run. ran_free: whether it has run free since it was settled (see slices); booked: a
    tick for which it was put in the calendar then, beside `ends`. burst: how many have ended;
    total: how many it has in its life, NOWHERE without end.
    pause: the sleep after the one at hand; period: 0 without; due: when the burst at hand was due.
    route: of who was moved or wakes at once, who was behind which cpus when it stopped, as
    (base, cpu).
    """

    # so many in an instance dict are slow to find
    __slots__ = (
        "booked", "burst", "bursts", "deadline", "dispatches", "due", "elsewhere", "exited",
        "forked", "here", "home", "index", "indexed", "left", "migrations", "misses",
        "name", "pause", "period", "preemptions", "program", "ran_free", "real", "responses",
        "route", "runnable", "runnable_ticks", "scheduler", "settled", "since", "target", "total",
    )  # fmt: skip

    def __init__(self, index: int, program: Program, number: int) -> None:
        super().__init__()
        self.index = index
        self.indexed: Any = index  # compiled, one object for all segments
        self.program = program
        self.bursts = program.bursts
        self.period = program.period or 0
        self.deadline = _NEVER if program.deadline is None else program.deadline
        repeat = program.repeat
        self.total = NOWHERE if repeat is None else repeat * len(program.bursts)
        self.name = f"{program.name}.{number}"
        self.target = program.scheduler
        self.scheduler: Domain | None = None
        self.forked = NOWHERE
        self.exited = NOWHERE
        self.runnable = False
        self.burst = 0
        self.left = 0
        self.pause = 0
        self.due = 0
        self.settled = 0
        self.ran_free = False
        self.booked = NOWHERE
        self.home = NOWHERE
        self.route: Sequence[tuple[Domain, int]] = ()
        # figures: runnable_ticks are those before tick `since`, from when on it counts if runnable
        self.since = 0
        self.runnable_ticks = 0
        self.dispatches = 0
        self.preemptions = 0
        self.migrations = 0
        self.misses = 0
        self.real = NOWHERE
        self.responses: dict[int, int] = {}
        # on the cpu that is being counted
        self.here = 0
        # what of ran, of runnable_ticks and of migrations fell into schedulers left since
        self.elsewhere = (0, 0, 0)

    def ran(self, now: int) -> int:
        """The ticks that it ran in its life: its bursts less what is left of the one at hand."""
        bursts = self.bursts
        if len(bursts) == 1:
            run, _ = bursts[0]
            ran = self.burst * run
        else:
            runs = [run for run, _ in bursts]
            times, further = divmod(self.burst, len(runs))
            run = runs[further]
            ran = times * sum(runs) + sum(runs[:further])
        return ran + run - self.left_at(now) if self.runnable else ran

    def left_at(self, now: int) -> int:
        """What is left of the burst at hand; 0 for a sleeper."""
        if not self.runnable:
            return 0
        return self.left - (now - self.settled) if self.ends >= 0 else self.left

    def runnable_until(self, now: int) -> int:
        return self.runnable_ticks + (now - self.since if self.runnable else 0)

    def waiting_since(self, now: int) -> int:
        """Since when it waits, runnable; the tick at hand where it runs."""
        return now if self.ends >= 0 else max(self.settled, self.since)

    def forget_cpu(self) -> None:
        """It runs next as if it never had."""
        self.at = NO_CPU

    def ran_before(self, now: int) -> bool:
        """Whether it ran in the tick before, on its last cpu."""
        return self.at is not NO_CPU and (self.ends >= 0 or self.settled == now)
