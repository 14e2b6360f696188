"""A workload done by real processes in the groups of its schedulers, and what the kernel saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from usched.actions.charges import Charge
from usched.actions.conform_events import Cue
from usched.actions.context import Context
from usched.actions.places import Changeable, find_place
from usched.actions.staging import Played, Player, Stage
from usched.figures.conformed import Did
from usched.meaning.timetable import Timetable
from usched.meaning.witness import Witnessed, witness
from usched.plan.wanted import Wanted
from usched.text.traces.lines import FTRACE, TraceCounts, read_events
from usched.words.trace import SECOND
from usched.words.workload import Program
from usched.world.linux.counts import Counts, read_counts
from usched.world.linux.runners import Act, Role, Runners
from usched.world.linux.tracing import Recording, open_recording


@dataclass(frozen=True, slots=True)
class Performance:
    """did: by the index of the lwp. recorded: by what, `sched_switch` or `schedstat`. breaks, lost:
    what is missing of the trace; lost is None where there is none, breaks where it is not used.
    others: for how many seconds others ran where an lwp would have gone on, by what they are
    called; None where no trace tells. played: the events."""

    did: Sequence[Did]
    recorded: str
    breaks: int | None
    lost: int | None
    others: Mapping[str, float] | None
    played: Sequence[Played] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """What is to be performed. wanted: what Linux is like at its begin. charge: what cues may
    change of that, None where they change nothing."""

    timetable: Timetable
    ticks: int
    wanted: Wanted
    cues: Sequence[Cue] = ()
    charge: Charge | None = None


def perform(context: Context, play: Play, change: Changeable) -> Performance:
    """Takes as long as it says, and leaves no process behind. Raises NotPermitted or
    EnvironmentFailed where an lwp cannot be what its scheduler is."""
    programs, hz = play.timetable.programs, play.timetable.hz
    for name in dict.fromkeys(each.scheduler for each in programs):
        if play.timetable.is_there_at_first(name):
            find_place(context, name)
    owners = [each.scheduler for each in programs for _ in range(each.rforks)]
    roles = [role for program in programs for role in _list_roles(program, hz)]
    with Runners(roles) as runners:
        players = [
            Player(pid, role.name, owner)
            for pid, role, owner in zip(runners.pids, roles, owners, strict=True)
        ]
        stage = Stage(context, players, play.wanted, play.charge, change)
        stage.place_all(sorted(range(len(roles)), key=lambda index: (roles[index].start, index)))
        acts = [Act(cue.at * SECOND // hz, partial(stage.perform, cue)) for cue in play.cues]
        done = _record(context.root, runners, play.ticks * SECOND // hz, acts)
        return replace(done, played=stage.played)


def _list_roles(program: Program, hz: int) -> Iterator[Role]:
    def last(ticks: int) -> int:
        return ticks * SECOND // hz

    bursts = tuple((last(ran), last(slept)) for ran, slept in program.bursts)
    period = None if program.period is None else last(program.period)
    for number in range(program.rforks):
        start = last(program.at + number * program.every)
        yield Role(f"{program.name}.{number}", start, bursts, program.repeat, period)


def _record(root: str, runners: Runners, length: int, acts: Sequence[Act]) -> Performance:
    """length: ns. By a trace where there is a whole one, else by what is counted for everybody."""
    pids = runners.pids
    with open_recording(root) as recording:
        before = [read_counts(root, pid) for pid in pids]
        if recording is not None:
            recording.begin(pids)
        begin = runners.run(length, acts)
        after = [read_counts(root, pid) for pid in pids]
        lost = None
        if recording is not None:
            seen = _hear(recording, pids, begin, begin + length)
            lost = seen.lost
            if not lost:
                did = [_measure(*seen.deeds[pid], length) for pid in pids]
                others = {comm: ran / SECOND for comm, ran in seen.others.items()}
                return Performance(did, "sched_switch", seen.breaks, 0, others)
    did = [_measure(*_subtract(now, then), length) for now, then in zip(after, before, strict=True)]
    return Performance(did, "schedstat", None, lost, None)


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
