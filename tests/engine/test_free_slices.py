"""Slices and turns that nobody waits for: the run is the reference's, they take no steps, and keep
no run from leaping."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest

from tests.engine.few_lwps import few_lwps
from tests.engine.runs import plan
from tests.engine.test_against_reference import disagreement
from tests.engine.test_recurrence import figures, run_both
from tests.scenarios import Scenario
from usched.engine import slices
from usched.engine.dispatcher import simulate
from usched.words.run import Run

HOG = 10**13
LONG = 10**12


def hog(name: str, scheduler: str) -> dict[str, Any]:
    return {"name": name, "scheduler": scheduler, "run": HOG}


def periodic(name: str, scheduler: str, run: int, period: int) -> dict[str, Any]:
    return {
        "name": name,
        "scheduler": scheduler,
        "run": run,
        "period": period,
        "repeat": "forever",
    }


def disagreements(seeds: range) -> dict[int, str]:
    found = {}
    for seed in seeds:
        said = disagreement(few_lwps(seed, 150, events=seed % 2 == 1))
        if said:
            found[seed] = said
    return found


def compare(seeds: range) -> tuple[int, int]:
    """How many scenarios were run, and how many of them leapt."""
    ran = leapt = 0
    for seed in seeds:
        both = run_both(few_lwps(seed, 2000), segments=True)
        assert both is not None, seed
        leaping, stepping = both
        ran += 1
        leapt += leaping.cycle is not None
        assert figures(leaping) == figures(stepping), seed
        assert list(leaping.timeline) == list(stepping.timeline), seed
    return ran, leapt


def test_the_run_is_the_reference_s() -> None:
    assert disagreements(range(40)) == {}


def test_the_run_that_leaps_is_the_run_that_does_not() -> None:
    ran, leapt = compare(range(60))
    assert leapt > ran // 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_runs_are_the_reference_s(part: int) -> None:
    assert disagreements(range(1_000 + part * 150, 1_150 + part * 150)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_runs_that_leap_are_the_runs_that_do_not(part: int) -> None:
    ran, leapt = compare(range(2_000 + part * 200, 2_200 + part * 200))
    assert leapt > ran // 4


def test_what_runs_free_is_in_pick_order_as_if_it_had_been_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The slow way to line up is taken in these scenarios, and agrees with the reference."""
    lined_up = []
    line_up = slices.line_up

    def told(lwps: list[Any], quantum: int, now: int) -> None:
        line_up(lwps, quantum, now)
        lined_up.append(len(lwps))

    monkeypatch.setattr(slices, "line_up", told)
    assert disagreements(range(100, 130)) == {}
    if lined_up:  # compiled, it cannot be replaced
        assert max(lined_up) > 2


def test_slices_used_count_against_a_new_quantum_in_the_order_of_picks() -> None:
    """Before the event the slice of q.0 ends, and that of q.1 by the new quantum: they are requeued
    in the order in which they were picked, not as after a requeue of q.0 alone."""
    script = ["A on cpu* lwktpri 6 quantum 2"]
    programs = [{"name": "q", "scheduler": "A", "rforks": 4, "at": 1, "every": 3, "run": 30}]
    events = [{"at": 7, "usched": "A on cpu* lwktpri 6 quantum 1"}]
    workload = {"programs": programs, "events": events}
    scenario = Scenario({"machine": "m", "cores": 2}, script, workload, 40)
    assert disagreement(scenario) == ""


def test_a_free_turn_may_be_over_as_an_event_makes_somebody_wait_for_the_cpu() -> None:
    """As cpu3 goes offline p1.0 gets another home, and waits there for a cpu whose turn ended with
    the tick before; nobody did till then."""
    script = [
        "S0 on cpu0 cpu1 cpu2 cpu3 lwktpri 7 quantum 3 locked",
        "S1 on cpu0 cpu3 lwktpri 7 quantum 3 locked",
    ]
    bursts = [[12, 0], [12, 6]]
    programs: list[dict[str, Any]] = [
        {"name": "p0", "scheduler": "S1", "at": 6, "run": 1000},
        {"name": "p1", "scheduler": "S0", "rforks": 3, "at": 7, "bursts": bursts},
        {"name": "p2", "scheduler": "S1", "at": 7, "run": 1000},
    ]
    programs[1]["repeat"] = "forever"
    events = [
        {"at": 25, "offline": "cpu0"},
        {"at": 44, "online": "cpu2"},
        {"at": 58, "offline": "cpu3"},
        {"at": 66, "usched": "S1 on cpu0 cpu3 lwktpri 7 quantum 7 locked"},
    ]
    workload = {"programs": programs, "events": events}
    assert disagreement(Scenario({"machine": "m", "cores": 4}, script, workload, 160)) == ""


@pytest.mark.parametrize(
    ("cpus", "script", "programs"),
    [
        (
            1,
            [
                "V on cpu0 lwktpri 4 vcpus 2 quantum 7",
                "V/A on cpu0 lwktpri 4 quantum 1",
                "V/B on cpu1 lwktpri 4 quantum 1",
            ],
            [hog("a", "V/A"), periodic("b", "V/B", 1, 10)],
        ),
        (
            2,
            [
                "A on cpu* lwktpri 4 quantum 31",
                "B on cpu* lwktpri 4 quantum 3",
                "C on cpu1 lwktpri 4 quantum 2",
            ],
            [hog("a", "A"), periodic("b", "B", 2, 10) | {"rforks": 2}, periodic("c", "C", 1, 15)],
        ),
    ],
)
def test_what_is_used_must_recur_where_somebody_waits_now_and_then(
    cpus: int, script: list[str], programs: list[dict[str, Any]]
) -> None:
    """Of slices of vcpus, and of turns."""
    scenario = Scenario({"machine": "m", "cores": cpus}, script, {"programs": programs}, 1500)
    both = run_both(scenario, segments=True)
    assert both is not None
    leaping, stepping = both
    assert figures(leaping) == figures(stepping)
    assert list(leaping.timeline) == list(stepping.timeline)


def test_no_cycle_is_told_of_bursts_that_do_not_last() -> None:
    """A burst that does not go on for as long as the run again is not what it comes to."""
    script = ["A on cpu0 lwktpri 4 quantum 10"]
    for program, ticks in (
        ({"run": 8, "sleep": 2, "repeat": "forever"}, 5),
        ({"run": 60}, 40),
    ):
        programs = [{"name": "a", "scheduler": "A"} | program]
        scenario = Scenario({"machine": "m", "cores": 1}, script, {"programs": programs}, ticks)
        assert simulate(plan(scenario), ticks).cycle is None
    for lasting in (hog("a", "A"), hog("a", "A") | {"repeat": 2}):
        scenario = Scenario({"machine": "m", "cores": 1}, script, {"programs": [lasting]}, 40)
        assert simulate(plan(scenario), 40).cycle is not None


# -- what takes no steps ------------------------------------------------------


def run_long(cpus: int, script: list[str], programs: list[dict[str, Any]]) -> tuple[Run, int]:
    """The run, and no more than how many steps it took."""
    scenario = Scenario({"machine": "m", "cores": cpus}, script, {"programs": programs}, LONG)
    reports: list[int] = []

    def stop(tick: int) -> None:
        reports.append(tick)
        assert len(reports) < 100, f"at tick {tick} after so many reports of progress"

    run = simulate(plan(scenario), LONG, stop, segments=False)
    return run, len(reports)


OWN = [
    f"S{number} on cpu{number} lwktpri 4 quantum {quantum}"
    for number, quantum in enumerate((97, 101, 103, 107, 109))
]
HOGS = [hog(f"p{number}", f"S{number}") for number in range(5)]


@pytest.mark.parametrize(
    ("cpus", "script", "programs", "period"),
    [
        (
            1,
            ["V on cpu0 lwktpri 4 vcpus 1 quantum 1000000000", "V/A on cpu* lwktpri 4"],
            [hog("a", "V/A")],
            1,
        ),
        (
            2,
            ["A on cpu0 lwktpri 4 quantum 1000000000", "B on cpu1 lwktpri 4"],
            [hog("a", "A"), periodic("b", "B", 3, 10)],
            10,
        ),
        (5, OWN, HOGS, 1),
        (5, [re.sub("cpu[0-9]", "cpu*", line) for line in OWN], HOGS, 1),
        (6, [*OWN, "P on cpu5 lwktpri 8"], [*HOGS, periodic("x", "P", 3, 10)], 10),
        # there is room for both, and a cpu more
        (3, ["A on cpu* lwktpri 4 quantum 97"], [hog("a", "A"), periodic("b", "A", 3, 10)], 10),
        # for the slices of S0 somebody waits now and then
        (5, [*OWN, "P on cpu0 lwktpri 8"], [*HOGS, periodic("x", "P", 3, 10)], 970),
        (
            2,
            [
                "V on cpu* lwktpri 4 vcpus 2 quantum 97",
                "V/A on cpu* lwktpri 4 quantum 31",
                "V/B on cpu* lwktpri 4 quantum 29",
            ],
            [periodic("a", "V/A", 3, 10), periodic("b", "V/B", 7, 11)],
            110,
        ),
    ],
)
def test_what_nobody_waits_for_takes_no_steps_and_is_in_no_cycle(
    cpus: int, script: list[str], programs: list[dict[str, Any]], period: int
) -> None:
    run, _ = run_long(cpus, script, programs)
    assert run.cycle is not None
    assert run.cycle.period == period
    for lwp, ran, program in zip(run.lwps, run.cycle.ran, programs, strict=True):
        due = LONG // program["period"] * program["run"] if "period" in program else None
        assert due is None or 0 <= due + program["run"] - lwp.ran <= program["run"]
        # in the long run it is its share
        assert abs(lwp.ran - LONG * ran // period) <= 2 * run.cycle.start + period


def test_a_cycle_does_not_hide_that_a_burst_will_end() -> None:
    """A hog of 10^8 ticks: while it lasts its slices are free, and then it is gone."""
    script = ["A on cpu0 lwktpri 4 quantum 1000000000", "B on cpu1 lwktpri 4"]
    programs = [
        {"name": "a", "scheduler": "A", "run": 10**8},
        periodic("b", "B", 3, 10),
    ]
    run, steps = run_long(2, script, programs)
    assert run.lwps[0].ran == 10**8
    assert run.lwps[0].exited == 10**8
    assert run.lwps[1].ran == LONG * 3 // 10
    assert steps < 10


def test_what_is_called_off_is_not_kept() -> None:
    """Bursts of 10^13 ticks are preempted every ten: their ends, and those of slices, come later
    each time."""
    script = ["A on cpu0 lwktpri 4 quantum 3", "B on cpu0 lwktpri 4 quantum 1000000"]
    script += ["P on cpu0 lwktpri 8"]
    programs = [hog("a", "A"), hog("b", "B"), periodic("x", "P", 2, 10)]
    timetable = plan(Scenario({"machine": "m", "cores": 1}, script, {"programs": programs}, 0))

    def peak(ticks: int) -> int:
        tracemalloc.start()
        simulate(timetable, ticks, segments=False, leap=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(80_000) < 1.5 * peak(20_000)
