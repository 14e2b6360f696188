"""Runs that are drawn: a small one with everything in it, and many at random."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.engine.runs import plan
from tests.scenarios import seeded
from usched.engine.dispatcher import simulate
from usched.meaning.timetable import Timetable
from usched.text.workload import parse_workload
from usched.words.located import locate
from usched.words.problems import UschedError
from usched.words.run import Run
from usched.words.workload import Workload

MACHINE = {"machine": "m", "sockets": 2, "cores": 2}
SCRIPT = """
    REAL on cpu0 lwktpri 9
    POOL on cpu* lwktpri 5 vcpus 2 quantum 3
    POOL/IN on cpu* lwktpri 4 quantum 2
    """
PROGRAMS = """
    - {name: a, scheduler: POOL/IN, rforks: 4, run: 5, sleep: 3, repeat: 3}
    - {name: r, scheduler: REAL, run: 1, period: 4, repeat: 9}
    """


class Drawn(NamedTuple):
    """A scenario that can be carried out."""

    timetable: Timetable
    workload: Workload
    run: Run
    ticks: int


def runs_of(seeds: Iterable[int]) -> Iterator[Drawn]:
    """Those of the seeded scenarios that are not refused."""
    for seed in seeds:
        scenario = seeded(seed)
        try:
            timetable = plan(scenario)
            run = simulate(timetable, scenario.ticks)
        except UschedError:
            continue
        workload = parse_workload(locate(scenario.workload))
        yield Drawn(timetable, workload, run, scenario.ticks)
