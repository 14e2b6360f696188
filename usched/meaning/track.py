"""One thread of a trace, as it is followed from event to event."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from usched.meaning.kernel_threads import KTHREADD

#: What a burst may be, in ns: as many ticks of 1 us as a workload can have.
_MOST = 10**18


class Track:
    """A thread as it is being followed. Its bursts: triples of ns between switches, ns by the
    kernel's account, and ns asleep after it."""

    def __init__(self, pid: int, generation: int, at: int) -> None:
        self.pid = pid
        self.generation = generation
        self.arrived = at
        self.first = ""  # how it was first met: `wake`, `fork`, `start` or `stop`
        self.is_user = False
        self.is_kernel = pid == KTHREADD
        self.exiting = False  # it may be preempted and sleep some more times until it is gone
        self.gone = False
        self.comms: dict[str, int] = {}
        self.cpus: dict[int, int] = {}
        self.cgroup = ""
        self.bursts = array("q")
        self.between = 0
        self.counted = 0
        self.blocked: int | None = None
        self.woken_early = False
        self.on: int | None = None  # the cpu that it was last switched to, until it leaves it
        self.unwoken = 0

    def meet(self, how: str, at: int) -> None:
        """The first that is told of it, but for the kernel's account, is how it arrives."""
        if not self.first:
            self.first = how
            self.arrived = at

    def credit(self, comm: str, cpu: int, ns: int) -> None:
        self.between += ns
        self.cpus[cpu] = self.cpus.get(cpu, 0) + ns
        self.comms[comm] = self.comms.get(comm, 0) + ns

    def count(self, comm: str, at: int, ns: int) -> None:
        """The kernel's account: it ran for so long until now."""
        if self.blocked is not None and self.on is None and at - ns >= self.blocked:
            self._arrive_unwoken(at - ns)  # its switch to the cpu is missing, and its waking
        self.counted = min(self.counted + ns, _MOST)
        self.comms.setdefault(comm, 0)

    def wake(self, at: int) -> None:
        if self.blocked is None:
            self.woken_early = self.on is not None
        else:
            self._arrive(max(0, at - self.blocked))

    def start(self, at: int, cpu: int) -> None:
        if self.blocked is not None:
            self._arrive_unwoken(at)
        self.woken_early = False
        self.on = cpu

    def stop(self, at: int, state: str, started: bool) -> None:
        """started: whether it was known to be on a cpu."""
        if self.blocked is not None:  # its switch to the cpu is missing, and so is its waking
            self._arrive_unwoken(at if started else at - self.counted)
        self.on = None
        if state == "exit":
            self.gone = True
        elif state == "sleep":
            self.blocked = at

    def _arrive_unwoken(self, at: int) -> None:
        assert self.blocked is not None
        if self.woken_early:  # woken on its way to sleep: it never slept
            self._arrive(0)
        else:
            self.unwoken += 1
            self._arrive(max(0, at - self.blocked))

    def _arrive(self, slept: int) -> None:
        self.bursts.extend((self.between, self.counted, slept))
        self.between = self.counted = 0
        self.blocked = None
        self.woken_early = False

    def end(self) -> None:
        """The trace ends: what it ran since its last sleep is its last burst."""
        if self.between or self.counted:
            self.bursts.extend((self.between, self.counted, 0))
        self.between = self.counted = 0


def prefers_account(bursts: array[int], is_short: bool) -> bool:
    """Whether a thread's time is the kernel's account: there is one, and switches are missing.

    One that has not even half of what lies between switches is not whole: kernels before 6.9 keep
    none for real-time threads.
    """
    between, counted = sum(bursts[0::3]), sum(bursts[1::3])
    if not between:
        return counted > 0
    return is_short and 2 * counted >= between


def pairs(bursts: array[int], is_counted: bool) -> Iterator[tuple[int, int]]:
    first = 1 if is_counted else 0
    for start in range(0, len(bursts), 3):
        yield bursts[start + first], bursts[start + 2]
