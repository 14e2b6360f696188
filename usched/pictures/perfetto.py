"""A run as a trace for the Perfetto UI: the JSON of the Chrome trace event format.

Tracks: the cpus, grouped by node; each scheduler with its virtual cpus, the states of its lwps, and
counters of those that run and those that wait. Times are microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from usched.figures.abridged import spell_out
from usched.figures.chains import Passage, trace_vcpus
from usched.figures.lives import Life, follow_all
from usched.figures.load import count_over_time
from usched.meaning.timetable import Timetable
from usched.pictures.happenings import describe_event
from usched.words.run import Run
from usched.words.workload import Workload

_Event = Mapping[str, Any]


class _Track(NamedTuple):
    """Of a process, as the format has it, a thread."""

    pid: int
    tid: int


#: Events to one piece of text.
_CHUNK = 2048

#: Of threads, which Perfetto tells apart by their number alone.
_FIRST_TID = 1_000_000

_WAKE = "wake to run"
_WAIT = "waiting"


def format_perfetto(timetable: Timetable, workload: Workload, run: Run) -> Iterator[str]:
    """One JSON object, an event a line."""
    drawing = _Drawing(timetable, workload, run, _make_clock(run.hz))
    head = {"workload": workload.name, "machine": run.machine, "hz": run.hz, "ticks": run.ticks}
    yield f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(head)}, "traceEvents": [\n'
    lines: list[str] = []
    comma = ""
    for event in drawing.events():
        lines.append(json.dumps(event, separators=(",", ":")))
        if len(lines) == _CHUNK:
            yield comma + ",\n".join(lines)
            comma = ",\n"
            lines.clear()
    yield comma + ",\n".join(lines) if lines else ""
    yield "\n]}\n"


def _make_clock(hz: int) -> Callable[[int], float]:
    """Ticks to microseconds: whole ones where they are, else to the nanosecond."""

    def tell(tick: int) -> float:
        whole, rest = divmod(tick * 10**6, hz)
        return whole if not rest else round(whole + rest / hz, 3)

    return tell


@dataclass(frozen=True, slots=True)
class _Drawing:
    timetable: Timetable
    workload: Workload
    run: Run
    at: Callable[[int], float]
    tids: dict[tuple[int, bool, int], int] = field(default_factory=dict)

    def track(self, pid: int, number: int, lwp: bool = False) -> _Track:
        """Of a cpu, a vcpu or an lwp; in the order in which they are asked for."""
        tid = self.tids.setdefault((pid, lwp, number), _FIRST_TID + len(self.tids))
        return _Track(pid, tid)

    def events(self) -> Iterator[_Event]:
        told = spell_out(self.run)
        lives = follow_all(self.timetable, self.run, told)
        nodes = self.number_nodes()
        schedulers = {
            each.name: len(nodes) + number for number, each in enumerate(self.run.schedulers, 1)
        }
        yield from self.name_cpus(nodes)
        yield from self.draw_cpus(nodes, lives)
        passages = trace_vcpus(self.timetable, self.run.ticks)
        yield from self.name_schedulers(schedulers, lives, passages)
        for each in passages:
            track = self.track(schedulers[each.scheduler], each.vcpu)
            yield self.span(track, (each.start, each.end), each.lwp, {"cpu": each.cpu})
        for number, life in enumerate(lives):
            yield from self.draw_lwp(schedulers, number, life)
        yield from self.count(schedulers, lives)
        for event in self.workload.events:
            if event.at <= self.run.ticks:
                what = describe_event(event)
                yield {"ph": "i", "s": "g", "pid": 1, "tid": 0, "ts": self.at(event.at),
                       "name": what, "cat": "event"}  # fmt: skip

    def span(
        self, track: _Track, ticks: tuple[int, int], name: str, args: Mapping[str, object]
    ) -> _Event:
        """A complete event."""
        began, ended = map(self.at, ticks)
        took = ended - began
        return {
            "ph": "X",
            "pid": track.pid,
            "tid": track.tid,
            "ts": began,
            "dur": took if isinstance(took, int) else round(took, 3),
            "name": name,
            "cat": "sched",
            "args": args,
        }

    # -- cpus -------------------------------------------------------------------

    def number_nodes(self) -> dict[tuple[int, int], int]:
        """The process of each node, from 1."""
        cpus = self.timetable.topology.cpus
        return {key: pid for pid, key in enumerate(sorted({(c.socket, c.node) for c in cpus}), 1)}

    def name_cpus(self, nodes: Mapping[tuple[int, int], int]) -> Iterator[_Event]:
        for (socket, node), pid in nodes.items():
            yield from _name_process(pid, f"socket{socket} node{node}")
        for cpu in self.timetable.topology.cpus:
            llc = "" if cpu.llc is None else f", llc{cpu.llc}"
            name = f"cpu{cpu.number} (core{cpu.core}{llc})"
            yield from _name_thread(self.track(nodes[cpu.socket, cpu.node], cpu.number), name)

    def draw_cpus(
        self, nodes: Mapping[tuple[int, int], int], lives: list[Life]
    ) -> Iterator[_Event]:
        pids = {cpu.number: nodes[cpu.socket, cpu.node] for cpu in self.timetable.topology.cpus}
        names = self.run.timeline.lwps
        for cpu in self.run.timeline.cpus():
            for start, end, lwp in self.run.timeline.on_cpu(cpu):
                args = {"scheduler": lives[lwp].scheduler_at(start)}
                yield self.span(self.track(pids[cpu], cpu), (start, end), names[lwp], args)
        for cpu, spans in self.run.offline.items():
            for start, end in spans:
                yield self.span(self.track(pids[cpu], cpu), (start, end), "offline", {})

    # -- schedulers ---------------------------------------------------------------

    def name_schedulers(
        self, pids: Mapping[str, int], lives: list[Life], passages: Iterable[Passage]
    ) -> Iterator[_Event]:
        for name, pid in pids.items():
            yield from _name_process(pid, name)
        for scheduler, vcpu in sorted({(each.scheduler, each.vcpu) for each in passages}):
            yield from _name_thread(self.track(pids[scheduler], vcpu), f"vcpu{vcpu}")
        for number, life in enumerate(lives):
            for scheduler in dict.fromkeys(where for *_, where in _pieces(life)):
                name = self.run.timeline.lwps[number]
                yield from _name_thread(self.track(pids[scheduler], number, lwp=True), name)

    def draw_lwp(self, pids: Mapping[str, int], number: int, life: Life) -> Iterator[_Event]:
        """Running, waiting, and what of this is the latency of a wake-up."""
        for run in life.runs:
            for start, end, scheduler in life.split(run.start, run.end):
                track = self.track(pids[scheduler], number, lwp=True)
                yield self.span(track, (start, end), "running", {"cpu": run.cpu})
        woken = {wake.tick - wake.took for wake in life.wakes if wake.took}
        waking = False
        ended = -1
        for wait in life.waits:
            waking = wait.start in woken or (waking and wait.start == ended)
            ended = wait.end
            name = _WAKE if waking else _WAIT
            yield self.span(self.track(pids[wait.scheduler], number, lwp=True), wait[:2], name, {})

    def count(self, pids: Mapping[str, int], lives: list[Life]) -> Iterator[_Event]:
        """The length of each run queue, and how many run."""
        waiting: dict[str, list[tuple[int, int]]] = {name: [] for name in pids}
        running: dict[str, list[tuple[int, int]]] = {name: [] for name in pids}
        for life in lives:
            for wait in life.waits:
                waiting[wait.scheduler].append((wait.start, wait.end))
            for run in life.runs:
                for start, end, scheduler in life.split(run.start, run.end):
                    running[scheduler].append((start, end))
        for title, spans in (("run queue", waiting), ("running", running)):
            for scheduler, pid in pids.items():
                if not spans[scheduler]:
                    continue
                for tick, lwps in count_over_time(spans[scheduler]):
                    yield {"ph": "C", "pid": pid, "ts": self.at(tick), "name": title,
                           "args": {"lwps": lwps}}  # fmt: skip


def _pieces(life: Life) -> Iterator[tuple[int, int, str]]:
    for run in life.runs:
        yield from life.split(run.start, run.end)
    for wait in life.waits:
        yield wait.start, wait.end, wait.scheduler


def _name_process(pid: int, name: str) -> Iterator[_Event]:
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": name}}
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_sort_index",
           "args": {"sort_index": pid}}  # fmt: skip


def _name_thread(track: _Track, name: str) -> Iterator[_Event]:
    pid, tid = track
    yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}}
    yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_sort_index",
           "args": {"sort_index": tid}}  # fmt: skip
