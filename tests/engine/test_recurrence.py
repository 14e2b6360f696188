"""A run that leaps is the run that does not: every figure, every segment, to the last tick."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.runs import plan
from tests.scenarios import Scenario, seeded
from usched.engine.dispatcher import DEFAULT_TICKS, simulate
from usched.figures.who_ran import each_cpu, sum_up
from usched.words.problems import UschedError
from usched.words.run import Run

PERIODS = (8, 12, 16, 24, 48)


def steady(seed: int) -> Scenario:
    """The machine and the schedulers of a random scenario (nested, locked, virtual, exclusive),
    under programs that go on for long or for ever, some in long bursts, and no events."""
    rng = random.Random(seed)
    scenario = seeded(seed)
    targets = [each["scheduler"] for each in scenario.workload["programs"]]
    programs: list[dict[str, Any]] = []
    for number, target in enumerate(targets):
        repeat = "forever" if rng.random() < 0.7 else rng.randint(1, 120)
        program = {"name": f"p{number}", "scheduler": target, "repeat": repeat}
        program["rforks"] = rng.randint(1, 2)
        program["at"] = rng.randint(0, 20)
        kind = rng.random()
        if kind < 0.4:
            program |= {"run": rng.randint(1, 3), "period": rng.choice(PERIODS)}
            if rng.random() < 0.5:
                program["deadline"] = rng.randint(1, 12)
        elif kind < 0.8:
            program |= {"run": rng.randint(1, 4), "sleep": rng.randint(0, 20)}
        elif kind < 0.9:
            program["run"] = rng.choice((300, 700, 1200, 10**9))
        else:
            program["bursts"] = [[rng.randint(1, 4), rng.randint(0, 8)] for _ in range(3)]
        programs.append(program)
    return replace(scenario, workload={"programs": programs}, ticks=rng.randint(1500, 2500))


def run_both(scenario: Scenario, segments: bool) -> tuple[Run, Run] | None:
    """The run that may leap, and the one that may not; None where the scenario is refused."""
    try:
        timetable = plan(scenario)
    except UschedError:
        return None
    ticks = scenario.ticks
    leaping = simulate(timetable, ticks, None, segments)
    stepping = simulate(timetable, ticks, None, segments, leap=False)
    return leaping, stepping


def figures(run: Run) -> tuple[object, ...]:
    groups = sum_up(run, each_cpu(run))
    return run.cpus, groups, run.schedulers, run.lwps, run.assignments, run.offline


def compare(seeds: range, segments: bool) -> tuple[int, int]:
    """How many scenarios were run, and how many of them leapt."""
    ran = leapt = 0
    for seed in seeds:
        both = run_both(steady(seed), segments)
        if both is None:
            continue
        leaping, stepping = both
        ran += 1
        leapt += leaping.cycle is not None
        assert stepping.cycle is None
        assert figures(leaping) == figures(stepping), seed
        assert list(leaping.timeline) == list(stepping.timeline), seed
    return ran, leapt


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 4))]
)
def test_every_figure_and_segment_is_that_of_the_run_that_is_dispatched(part: int) -> None:
    ran, leapt = compare(range(part * 10, part * 10 + 10), segments=True)
    assert ran > 3
    assert leapt > ran // 5


def test_who_ran_is_told_alike_whether_segments_are_kept_or_not() -> None:
    ran = leapt = 0
    for seed in range(30, 50):
        kept, not_kept = (run_both(steady(seed), segments) for segments in (True, False))
        if kept is None or not_kept is None:
            continue
        run, same = kept[0], not_kept[0]
        assert sum_up(run, each_cpu(run)) == sum_up(same, each_cpu(same)), seed
        ran += any(group.ran for group in sum_up(run, each_cpu(run)))
        leapt += run.cycle is not None
    assert ran > 5
    assert leapt > 1


def test_a_cycle_is_told_only_where_the_run_keeps_to_it_until_its_end() -> None:
    """Here the last burst of b.0 ends at tick 294."""
    programs: list[dict[str, Any]] = [
        {"name": "a", "scheduler": "A", "run": 3, "period": 10, "repeat": "forever"},
        {"name": "b", "scheduler": "A", "run": 4, "period": 10, "repeat": 30},
    ]
    script = ["A on cpu* lwktpri 4 quantum 2"]
    for ticks in range(280, 330):
        scenario = Scenario({"machine": "m", "cores": 2}, script, {"programs": programs}, ticks)
        both = run_both(scenario, segments=True)
        assert both is not None
        leaping, stepping = both
        assert figures(leaping) == figures(stepping)
        cycle = leaping.cycle
        if cycle is not None:
            for cpu in (0, 1):
                starts = {
                    (start, lwp)
                    for start, _, lwp in leaping.timeline.on_cpu(cpu)
                    if start > cycle.start
                }
                again = {(start + cycle.period, lwp) for start, lwp in starts}
                assert {each for each in again if each[0] < ticks} <= starts, ticks
            assert ticks <= 294 or cycle.start > 294


def test_a_run_ends_after_a_destroyed_scheduler_took_its_vcpus_with_it() -> None:
    """Of a machine on which nobody can run any more, and no slice is left to end."""
    workload = {
        "programs": [{"name": "p", "scheduler": "V", "run": 100}],
        "events": [
            {"at": 5, "usched": "destroy V into A"},
            {"at": 10, "offline": "cpu0"},
        ],
    }
    script = ["V on cpu0 lwktpri 4 vcpus 1 quantum 2", "A on cpu0 lwktpri 4"]
    run = simulate(plan(Scenario({"machine": "m", "cores": 2}, script, workload, 0)))
    assert run.ticks == DEFAULT_TICKS
    assert run.cycle is None or run.cycle.period == 1


@pytest.mark.parametrize("seed", [1140, 1320, 1682])
def test_an_lwp_that_waits_through_all_of_a_leap_starves_as_it_would(seed: int) -> None:
    both = run_both(seeded(seed), segments=True)
    assert both is not None
    leaping, stepping = both
    assert leaping.cycle is not None
    assert any(each.starved for each in stepping.schedulers)
    assert figures(leaping) == figures(stepping)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_every_figure_of_many_runs(part: int) -> None:
    ran, leapt = compare(range(1000 + part * 60, 1060 + part * 60), segments=part % 2 == 0)
    assert leapt > ran // 5


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_any_scenario(seed: int) -> None:
    compare(range(seed, seed + 1), segments=True)
