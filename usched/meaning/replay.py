"""Events of a trace become threads with bursts: what each ran, and slept by its own will.

To be preempted, and to wait for a cpu, is no sleep: that is what a replay decides anew. What ran
is what lies between two switches of a cpu. Where switches are missing that is too little, and the
kernel's own account (sched_stat_runtime) is taken instead, of every thread that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from usched.meaning.kernel_threads import KTHREADD, is_kernel_name
from usched.meaning.track import Track, pairs, prefers_account
from usched.words.trace import (
    IDLE,
    Doubts,
    Exit,
    Fork,
    InCgroup,
    Lost,
    Migrate,
    Ran,
    Recording,
    Switch,
    TracedThread,
    TraceEvent,
    Wake,
)


class Replayer:
    """Takes the events of a trace in order, and gives its threads."""

    def __init__(self) -> None:
        self._tracks: dict[int, Track] = {}
        self._all: list[Track] = []
        self._on: dict[int, tuple[int, int]] = {}  # of each cpu: the pid on it, and since when
        self._first: int | None = None
        self._last = 0
        self._switches = self._from_idle = self._other = 0
        self._lost = self._unordered = self._reused = self._wakes = 0
        self._actions: dict[type, Callable[[Any], None]] = {
            Ran: self._count,
            Switch: self._switch,
            Wake: self._wake,
            Fork: self._fork,
            Exit: self._exit,
            Lost: self._lose,
            InCgroup: self._join,
            Migrate: self._pass,
        }

    def take_all(self, events: Iterable[TraceEvent]) -> None:
        actions = self._actions
        for event in events:
            at = event.at
            if at < self._last:
                self._unordered += type(event) is not Lost
                actions[type(event)](event._replace(at=self._last))
                continue
            self._last = at
            if self._first is None:
                self._first = at
            actions[type(event)](event)

    def _track(self, pid: int, at: int) -> Track:
        """The thread that has the pid now; one that is gone still has what is said of it then."""
        track = self._tracks.get(pid)
        if track is None:
            track = self._begin(pid, 0, at)
        return track

    def _begin(self, pid: int, generation: int, at: int) -> Track:
        track = self._tracks[pid] = Track(pid, generation, at)
        self._all.append(track)
        return track

    def _live(self, pid: int, at: int) -> Track:
        """As `_track`, for what only a live thread does: a pid that comes back is another one."""
        track = self._track(pid, at)
        return self._renew(track, at) if track.gone else track

    def _renew(self, track: Track, at: int) -> Track:
        """Another thread has the pid now."""
        self._reused += 1
        return self._begin(track.pid, track.generation + 1, at)

    def _count(self, event: Ran) -> None:
        if event.pid:
            self._track(event.pid, event.at).count(event.comm, event.at, event.ns)

    def _wake(self, event: Wake) -> None:
        if not event.pid:
            return
        self._wakes += 1
        track = self._track(event.pid, event.at)
        if event.is_new and (track.gone or track.exiting):
            track = self._renew(track, event.at)
        track.meet("wake", event.at)
        track.comms.setdefault(event.comm, 0)
        track.wake(event.at)

    def _fork(self, event: Fork) -> None:
        if not event.child:
            return
        track = self._track(event.child, event.at)
        if track.first:
            track = self._renew(track, event.at)
        track.meet("fork", event.at)
        track.comms.setdefault(event.child_comm, 0)
        if event.parent == KTHREADD:
            track.is_kernel = True
        else:
            track.is_user = True

    def _exit(self, event: Exit) -> None:
        if event.pid:
            self._track(event.pid, event.at).exiting = True

    def _join(self, event: InCgroup) -> None:
        if event.pid > 0:
            self._track(event.pid, event.at).cgroup = event.cgroup

    def _pass(self, event: Migrate) -> None:
        pass

    def _switch(self, event: Switch) -> None:
        self._switches += 1
        before = self._on.get(event.cpu)
        if before is not None and before[0] != event.prev:
            if before[0] == IDLE:
                self._from_idle += 1
            else:
                self._other += 1
                self._abandon(before[0], event.cpu)
        if event.prev != IDLE:
            known = before is not None and before[0] == event.prev
            self._leave(event, before[1] if before is not None and known else None)
        if event.next != IDLE:
            track = self._live(event.next, event.at)
            track.meet("start", event.at)
            track.comms.setdefault(event.next_comm, 0)
            track.start(event.at, event.cpu)
        self._on[event.cpu] = (event.next, event.at)

    def _abandon(self, pid: int, cpu: int) -> None:
        """A thread has left a cpu, and nobody said when."""
        track = self._tracks[pid]
        if track.on == cpu:
            track.on = None

    def _leave(self, event: Switch, since: int | None) -> None:
        track = self._live(event.prev, event.at)
        track.meet("stop", self._first or 0)
        track.is_kernel = track.is_kernel or event.is_idle_wait
        if track.on != event.cpu:  # it was seen on another cpu since
            since = None
        track.credit(event.prev_comm, event.cpu, 0 if since is None else event.at - since)
        track.stop(event.at, event.state, since is not None)

    def _lose(self, event: Lost) -> None:
        self._lost += event.events or 1
        for cpu in [event.cpu] if event.cpu is not None else list(self._on):
            pid, _ = self._on.pop(cpu, (IDLE, 0))
            if pid != IDLE:
                self._abandon(pid, cpu)

    def finish(self) -> Recording:
        """The threads, in the order in which they arrived."""
        self._end_cpus()
        is_short = self._from_idle + self._other + self._lost > 0
        threads: list[TracedThread] = []
        counted = 0
        for track in self._all:
            track.end()
            is_counted = prefers_account(track.bursts, is_short)
            counted += is_counted
            threads.append(self._thread(track, is_counted))
        cut = ("stop", "", "start") if self._wakes else ("stop", "")
        threads.sort(key=lambda thread: thread.arrived)  # those of one moment as they appeared
        doubts = Doubts(
            from_idle=self._from_idle,
            other=self._other,
            lost=self._lost,
            unordered=self._unordered,
            cut_start=sum(track.first in cut for track in self._all),
            cut_end=sum(not track.gone and track.blocked is None for track in self._all),
            unwoken=sum(track.unwoken for track in self._all),
            counted=counted,
            reused=self._reused,
            renamed=sum(len(track.comms) > 1 for track in self._all),
        )
        span = self._last - (self._first or 0)
        return Recording(tuple(threads), span, len(self._on), self._switches, doubts)

    def _end_cpus(self) -> None:
        """Who is still on a cpu has run there until the end of the trace."""
        for cpu, (pid, since) in self._on.items():
            track = self._tracks.get(pid)
            if track is not None and track.on == cpu:
                comm = max(track.comms, key=lambda comm: track.comms[comm], default="")
                track.credit(comm, cpu, self._last - since)

    def _thread(self, track: Track, is_counted: bool) -> TracedThread:
        comm = max(track.comms, key=lambda comm: track.comms[comm], default="")
        bursts = tuple(pairs(track.bursts, is_counted))
        is_kernel = not track.is_user and (track.is_kernel or is_kernel_name(comm))
        return TracedThread(
            track.pid,
            track.generation,
            comm,
            len(track.comms),
            max(track.cpus, key=lambda cpu: track.cpus[cpu], default=0),
            track.cgroup,
            is_kernel,
            track.arrived - (self._first or 0),
            bursts,
            sum(ran for ran, _ in bursts),
        )
