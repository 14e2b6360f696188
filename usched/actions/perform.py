"""A workload done by real processes in the groups of its schedulers, and what the kernel saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from usched.actions.context import Context
from usched.actions.places import (
    Changeable,
    Place,
    find_home,
    find_place,
    settle,
)
from usched.figures.conformed import Did
from usched.meaning.timetable import Timetable
from usched.meaning.witness import Witnessed, witness
from usched.text.traces.lines import FTRACE, TraceCounts, read_events
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem
from usched.words.workload import Program
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.counts import Counts, read_counts
from usched.world.linux.refusals import explain_refusal
from usched.world.linux.runners import Part, Runners
from usched.world.linux.threads import read_thread
from usched.world.linux.tracing import Recording, open_recording

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Performance:
    """did: by the index of the lwp. recorded: by what, `sched_switch` or `schedstat`. breaks, lost:
    what is missing of the trace. others: for how many seconds others ran where an lwp would have
    gone on, by what they are called; empty where that is not known."""

    did: Sequence[Did]
    recorded: str
    breaks: int
    lost: int
    others: Mapping[str, float]


def perform(context: Context, timetable: Timetable, ticks: int, change: Changeable) -> Performance:
    """Takes as long as it says, and leaves no process behind. Raises NotPermitted or
    EnvironmentFailed where an lwp cannot be what its scheduler is."""
    programs, hz = timetable.programs, timetable.hz
    names = dict.fromkeys(each.scheduler for each in programs)
    places = {name: find_place(context, name) for name in names}
    owners = [places[each.scheduler] for each in programs for _ in range(each.rforks)]
    parts = [part for program in programs for part in _list_parts(program, hz)]
    with Runners(parts) as runners:
        for index in sorted(range(len(parts)), key=lambda index: (parts[index].start, index)):
            _put(owners[index], runners.pids[index], parts[index].name, change)
        return _record(context.root, runners, ticks * _SECOND // hz)


def _list_parts(program: Program, hz: int) -> Iterator[Part]:
    def last(ticks: int) -> int:
        return ticks * _SECOND // hz

    bursts = tuple((last(ran), last(slept)) for ran, slept in program.bursts)
    period = None if program.period is None else last(program.period)
    for number in range(program.rforks):
        start = last(program.at + number * program.every)
        yield Part(f"{program.name}.{number}", start, bursts, program.repeat, period)


def _put(place: Place, pid: int, name: str, change: Changeable) -> None:
    """Into its scheduler, as `exec` does it."""
    try:
        place.groups.move(pid, place.threads.group)
    except StepFailed as failed:
        raise explain_refusal(failed, f"{name}: ") from failed
    thread = read_thread(place.root, pid)
    if thread is None:
        raise EnvironmentFailed(f"somebody ended {name}, process {pid}, before it began")
    home = find_home(place, thread, joined=True)
    for refusal in settle(place, thread, home, True, change):
        raise NotPermitted(Problem(f"{name} cannot be in {place.name}: {refusal.why}"))


def _record(root: str, runners: Runners, length: int) -> Performance:
    """length: ns. By a trace where there is a whole one, else by what is counted for everybody."""
    pids = runners.pids
    with open_recording(root) as recording:
        before = [read_counts(root, pid) for pid in pids]
        if recording is not None:
            recording.begin(pids)
        begin = runners.run(length)
        after = [read_counts(root, pid) for pid in pids]
        lost = 0
        if recording is not None:
            seen = _hear(recording, pids, begin, begin + length)
            lost = seen.lost
            if not lost:
                did = [_measure(*seen.deeds[pid], length) for pid in pids]
                others = {comm: ran / _SECOND for comm, ran in seen.others.items()}
                return Performance(did, "sched_switch", seen.breaks, 0, others)
    did = [_measure(*_subtract(now, then), length) for now, then in zip(after, before, strict=True)]
    return Performance(did, "schedstat", 0, lost, {})


def _hear(recording: Recording, pids: Sequence[int], begin: int, end: int) -> Witnessed:
    counts = TraceCounts("the kernel's trace", FTRACE)
    seen = witness(read_events(recording.end(), counts), pids, begin, end)
    return seen._replace(lost=seen.lost + counts.overwritten + counts.unread)


def _subtract(now: Counts, then: Counts) -> Counts:
    moves = None
    if now.migrations is not None and then.migrations is not None:
        moves = now.migrations - then.migrations
    return Counts(now.ran - then.ran, now.waited - then.waited, moves)


def _measure(ran: int, waited: int, migrations: int | None, length: int) -> Did:
    return Did(ran / length, waited / length, migrations)
