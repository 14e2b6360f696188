"""A workload on Linux beside the same in the simulator: how far the kernel does as the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

from usched.actions.apply import borrow_groups, verify
from usched.actions.conform_events import plan_cues
from usched.actions.context import Context
from usched.actions.perform import Performance, Play, perform
from usched.actions.simulate import Simulation, prepare, run
from usched.figures.compared import ComparedFigure
from usched.figures.conformed import hold_against, list_deeds
from usched.plan.kernel import Kernel
from usched.plan.wanted import Note
from usched.words.phrases import count
from usched.words.problems import Problem, Refused
from usched.words.run import Run
from usched.world.linux.threads import Live

#: Each lwp is a process.
MOST_LWPS = 256

#: Ticks in a second: a thread cannot be told to run for much less than 100 us.
MOST_HZ = 10_000

MOST_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Conformance:
    """lines: each value as simulated, then as Linux did it. notes: what Linux does otherwise, of
    the schedulers that had lwps."""

    simulation: Simulation
    run: Run
    kernel: Kernel
    performance: Performance
    lines: Sequence[ComparedFigure]
    notes: Sequence[Note]

    @property
    def seconds(self) -> float:
        return self.run.ticks / self.run.hz


class Length(NamedTuple):
    """Of a run, in ticks or in seconds; where neither is given, as the simulator has it."""

    ticks: int | None
    seconds: float | None

    def at(self, hz: int) -> int | None:
        return self.ticks if self.seconds is None else max(1, round(self.seconds * hz))


def conform(
    context: Context, path: str, length: Length, progress: Callable[[int], None]
) -> Conformance:
    """Simulate a workload, then run it under the applied registry for as long.

    Raises Refused where it cannot be run, and Drifted where Linux is not as the registry says:
    both before anything is run.
    """
    simulation = prepare(context, path, None)
    timetable = simulation.timetable
    ticks = length.at(timetable.hz)
    _check(simulation, ticks)
    plan = verify(context)
    simulated = run(simulation, ticks, progress, segments=False)
    _check_length(simulated.ticks, timetable.hz)
    events = [each for each in simulation.workload.events if each.at < simulated.ticks]
    cues = plan_cues(context, plan, events, timetable)
    changes = any(cue.wanted is not None for cue in cues)
    with borrow_groups(context) if changes else nullcontext() as charge:
        play = Play(timetable, simulated.ticks, plan.wanted, cues, charge)
        performance = perform(context, play, Live())
    lines = hold_against(timetable, list_deeds(simulated), performance.did)
    owners = {each.scheduler for each in timetable.programs}
    notes = [note for note in plan.wanted.notes if note.scheduler in owners]
    return Conformance(simulation, simulated, plan.kernel, performance, lines, notes)


def _check(simulation: Simulation, ticks: int | None) -> None:
    problems = []
    lwps, hz = simulation.timetable.lwps(), simulation.timetable.hz
    if lwps > MOST_LWPS:
        what = f"{lwps} lwps; conform runs at most {MOST_LWPS}, each as a process"
        problems.append(Problem(what, None, "give the programs fewer rforks", "lwps"))
    if hz > MOST_HZ:
        what = f"{hz} Hz are ticks too short for real threads; conform takes at most {MOST_HZ} Hz"
        problems.append(Problem(what, None, "give the workload a rate of its own: hz: 1000", "hz"))
    if problems:
        raise Refused(problems)
    if ticks is not None:
        _check_length(ticks, hz)


def _check_length(ticks: int, hz: int) -> None:
    if ticks > MOST_SECONDS * hz:
        what = f"{count(ticks, 'tick')} at {hz} Hz take longer than {MOST_SECONDS} s, the most"
        raise Refused(Problem(what, None, "say how long: --seconds 10", "length"))
