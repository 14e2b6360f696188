"""Dates further off than a cycle: the run leaps up to them, and is the run that does not."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.engine import few_lwps
from tests.engine.runs import plan
from tests.engine.test_free_slices import hog, periodic, run_long
from tests.engine.test_recurrence import figures
from tests.scenarios import Scenario
from usched.engine.dispatcher import simulate

FAR_QUANTA = (1, 2, 3, 5, 7, 10, 13, 50, 200, 1000, 4000)
FAR = (300, 700, 2500, 7000, 9000)
DAY = 8_640_000


def far_dates(seed: int) -> Scenario:
    """Few lwps, of which some sleep for long, or are waited for in long slices."""
    rng = random.Random(seed)
    scenario = few_lwps.few_lwps(seed, 12_000, events=rng.random() < 0.25)
    script = []
    for line in scenario.script:
        words = line.split()
        words[words.index("quantum") + 1] = str(rng.choice(FAR_QUANTA))
        script.append(" ".join(words))
    programs = []
    for each in scenario.workload["programs"]:
        program = dict(each)
        if "period" in program and rng.random() < 0.4:
            program["period"] = rng.choice(FAR)
            program["run"] = rng.randint(1, program["period"] // 4)
        elif "bursts" in program and rng.random() < 0.3:
            program["bursts"] = [*program["bursts"], [3, rng.choice(FAR)]]
        elif "sleep" in program and rng.random() < 0.3:
            program["sleep"] = rng.choice(FAR)
        programs.append(program)
    workload = scenario.workload | {"programs": programs}
    return replace(scenario, script=script, workload=workload)


def compare(seeds: range) -> tuple[int, int]:
    """About how many steps were taken: of the runs that may leap, and of those that may not."""
    leapt: list[int] = []
    stepped: list[int] = []
    for seed in seeds:
        scenario = far_dates(seed)
        timetable, ticks = plan(scenario), scenario.ticks
        leaping = simulate(timetable, ticks, leapt.append, segments=False)
        stepping = simulate(timetable, ticks, stepped.append, segments=False, leap=False)
        assert figures(leaping) == figures(stepping), seed
    return len(leapt), len(stepped)


def test_the_run_is_the_one_that_is_dispatched() -> None:
    leapt, stepped = compare(range(20))
    assert leapt < stepped * 3 / 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_many_runs_are_the_ones_that_are_dispatched(part: int) -> None:
    leapt, stepped = compare(range(1_000 + part * 60, 1_060 + part * 60))
    assert leapt < stepped * 3 / 4


@pytest.mark.parametrize(
    ("script", "programs", "period"),
    [
        (
            ["A on cpu0 lwktpri 4 quantum 1000000000", "B on cpu1 lwktpri 4"],
            [hog("a", "A") | {"rforks": 2}, periodic("b", "B", 3, 10)],
            2 * 10**9,
        ),
        (
            ["A on cpu0 lwktpri 4", "B on cpu1 lwktpri 4"],
            [periodic("a", "A", 100, DAY), periodic("b", "B", 3, 10)],
            DAY,
        ),
        (
            [
                "V on cpu0 lwktpri 4 quantum 5000000 vcpus 2",
                "V/A on cpu0 lwktpri 4",
                "V/B on cpu1 lwktpri 4",
                "C on cpu1 lwktpri 4 quantum 3000000",
                "D on cpu1 lwktpri 4 quantum 2000000",
                "E on cpu2 lwktpri 4",
            ],
            [
                hog("a", "V/A"),
                hog("b", "V/B"),
                hog("c", "C"),
                hog("d", "D"),
                periodic("e", "E", 3, 10),
            ],
            10**7,
        ),
    ],
)
def test_what_is_far_off_is_leapt_up_to_and_the_whole_cycle_found(
    script: list[str], programs: list[dict[str, Any]], period: int
) -> None:
    run, steps = run_long(3, script, programs)
    assert steps < 20
    assert run.cycle is not None
    assert run.cycle.period == period
    in_a_cycle = {lwp.name: ran for lwp, ran in zip(run.lwps, run.cycle.ran, strict=True)}
    assert in_a_cycle[run.lwps[-1].name] * 10 == 3 * period
    for lwp in run.lwps:
        assert abs(lwp.ran - 10**12 * in_a_cycle[lwp.name] // period) <= period
