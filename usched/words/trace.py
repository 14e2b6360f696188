"""What a kernel recorded: events, and the threads that they tell of.

Times are nanoseconds, on whatever clock the trace has. A pid is a thread's (Linux: a tid); 0 is the
idle thread of every cpu.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from usched.words.cpuset import CpuSet

IDLE = 0

MICROSECOND, SECOND = 1_000, 1_000_000_000


class Switch(NamedTuple):
    """A cpu leaves one thread for another. state: of the one it leaves: `run` (it would have gone
    on), `sleep` (it waits for something) or `exit`. is_idle_wait: a kernel thread's own sleep."""

    at: int
    cpu: int
    prev: int
    prev_comm: str
    state: str
    is_idle_wait: bool
    next: int
    next_comm: str


class Wake(NamedTuple):
    """A thread is made runnable; is_new: for the first time."""

    at: int
    pid: int
    comm: str
    is_new: bool


class Fork(NamedTuple):
    """A thread makes another one."""

    at: int
    parent: int
    parent_comm: str
    child: int
    child_comm: str


class Exit(NamedTuple):
    """A thread is about to exit; it is switched out once more."""

    at: int
    pid: int
    comm: str


class Ran(NamedTuple):
    """The kernel's own account: a thread has run for so long since it was last said."""

    at: int
    pid: int
    comm: str
    ns: int


class Lost(NamedTuple):
    """Events are missing here. at: 0 where no time is said. cpu: of that one only, or None. events:
    how many, if it is said."""

    at: int
    cpu: int | None
    events: int | None


class InCgroup(NamedTuple):
    """The cgroup of the thread that was current."""

    at: int
    pid: int
    cgroup: str


class Migrate(NamedTuple):
    """A thread goes from one cpu to another, which a replay decides anew."""

    at: int
    pid: int


TraceEvent = Switch | Wake | Fork | Exit | Ran | Lost | InCgroup | Migrate


@dataclass(frozen=True, slots=True)
class TracedThread:
    """A thread of a trace. bursts: (ran, slept) pairs in ns, the last sleep 0.

    arrived: ns from the beginning of the trace. comm: the one under which it ran longest, of so
    many `comms`. cpu: the one it ran on longest. generation: from 0, for a pid that is used again.
    """

    pid: int
    generation: int
    comm: str
    comms: int
    cpu: int
    cgroup: str
    is_kernel: bool
    arrived: int
    bursts: Sequence[tuple[int, int]]
    ran: int


@dataclass(frozen=True, slots=True)
class Doubts:
    """What a trace leaves out, and what was made of it.

    from_idle: switches away from idle that are missing; other: other switches that are missing.
    lost: events that the recorder says it lost. unordered: events that stand behind later ones.
    cut_start: threads that ran or waited before the trace; what they ran before the first switch of
    a cpu is not counted. cut_end: threads that still ran or waited at its end. unwoken: sleeps that
    end with the next time on a cpu, as no waking is recorded. counted: threads whose time on cpu
    is the kernel's account, not the intervals between switches.
    """

    from_idle: int = 0
    other: int = 0
    lost: int = 0
    unordered: int = 0
    cut_start: int = 0
    cut_end: int = 0
    unwoken: int = 0
    counted: int = 0
    reused: int = 0
    renamed: int = 0


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole trace as threads, in the order in which they arrived. span: ns from its first event
    to its last. cpus: those that it has events of."""

    threads: tuple[TracedThread, ...]
    span: int
    cpus: int
    switches: int
    doubts: Doubts


@dataclass(frozen=True, slots=True)
class Rule:
    """Which threads go to a scheduler. kind: `comm`, `pid`, `cgroup`, `cpu` or `policy`; patterns:
    one of which fits. written: as it was typed."""

    kind: str
    patterns: tuple[str, ...]
    cpus: CpuSet
    scheduler: str
    written: str
