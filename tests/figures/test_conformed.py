"""A run as simulated beside what a kernel did."""

from __future__ import annotations

from tests.figures.plans import plan
from usched.engine.dispatcher import simulate
from usched.figures.conformed import (
    Did,
    describe_share,
    find_largest,
    hold_against,
    list_deeds,
    points,
)

SCRIPT = """
POOL on cpu0 cpu1 lwktpri 6 quantum 1
POOL/IN on cpu0 lwktpri 6 quantum 1
IDLE on cpu* lwktpri 4
UNUSED on cpu0 lwktpri 3
"""

PROGRAMS = """
- {name: own, scheduler: POOL, run: 1, repeat: forever}
- {name: in, scheduler: POOL/IN, rforks: 2, run: 1, repeat: forever}
- {name: idle, scheduler: IDLE, run: 1, repeat: forever}
"""

#: As Linux might do it.
REAL = [Did(0.9, 0.1, 3), Did(0.5, 0.5, 1), Did(0.4, 0.6, None), Did(0.2, 0.8, 2)]


def test_shares_of_lwps_are_of_one_cpu_and_those_of_schedulers_of_all_that_they_reach() -> None:
    timetable = plan(2, SCRIPT, PROGRAMS)
    simulated = list_deeds(simulate(timetable, 100))
    lines = hold_against(timetable, simulated, REAL)
    assert [(line.of, line.name, line.figure.name, *line.values) for line in lines] == [
        ("scheduler", "POOL", "share", 100.0, 90.0),
        ("scheduler", "POOL", "waited", 33.33, 40.0),
        ("scheduler", "POOL", "migrations", 0, None),
        ("scheduler", "POOL/IN", "share", 100.0, 90.0),
        ("scheduler", "POOL/IN", "waited", 50.0, 55.0),
        ("scheduler", "POOL/IN", "migrations", 0, None),
        ("scheduler", "IDLE", "share", 0.0, 10.0),
        ("scheduler", "IDLE", "waited", 100.0, 80.0),
        ("scheduler", "IDLE", "migrations", 0, 2),
        ("lwp", "own.0", "share", 100.0, 90.0),
        ("lwp", "own.0", "waited", 0.0, 10.0),
        ("lwp", "own.0", "migrations", 0, 3),
        ("lwp", "in.0", "share", 50.0, 50.0),
        ("lwp", "in.0", "waited", 50.0, 50.0),
        ("lwp", "in.0", "migrations", 0, 1),
        ("lwp", "in.1", "share", 50.0, 40.0),
        ("lwp", "in.1", "waited", 50.0, 60.0),
        ("lwp", "in.1", "migrations", 0, None),
        ("lwp", "idle.0", "share", 0.0, 20.0),
        ("lwp", "idle.0", "waited", 100.0, 80.0),
        ("lwp", "idle.0", "migrations", 0, 2),
    ]


def test_the_largest_difference_is_of_a_share() -> None:
    timetable = plan(2, SCRIPT, PROGRAMS)
    lines = hold_against(timetable, list_deeds(simulate(timetable, 100)), REAL)
    largest = find_largest(lines)
    assert (largest.name, points(largest)) == ("idle.0", 20.0)
    assert describe_share(largest) == "idle.0 has 0% simulated, and 20% on Linux"
