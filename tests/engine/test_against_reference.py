"""The dispatcher against the naive reference, which shares no code with it."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings

from tests import laws, reference
from tests.engine.nested_pools import TICKS, nested
from tests.engine.runs import dispatch, first_difference, plan
from tests.scenarios import Scenario, scenarios, seeded
from usched.engine.dispatcher import simulate
from usched.words.problems import UschedError


def ours(scenario: Scenario) -> tuple[str, object]:
    try:
        timetable = plan(scenario)
    except UschedError:
        return "refused", None
    try:
        return "valid", dispatch(timetable, scenario.ticks)
    except UschedError:
        return "failed", None


def theirs(scenario: Scenario) -> tuple[str, object]:
    try:
        return "valid", scenario.run().run
    except reference.Refused:
        return "refused", None
    except reference.RunFailed:
        return "failed", None


def disagreement(scenario: Scenario) -> str:
    """Where the dispatcher and the reference part, and the rule that decides; "" for nowhere."""
    (kind, run), (right_kind, right) = ours(scenario), theirs(scenario)
    if kind != right_kind or not isinstance(run, dict) or not isinstance(right, dict):
        return "" if kind == right_kind else f"{kind}, not {right_kind}"
    return first_difference(run, right) or ("" if run == right else "other figures")


def disagreements(seeds: Iterable[int]) -> dict[int, str]:
    found = {seed: disagreement(seeded(seed)) for seed in seeds}
    return {seed: said for seed, said in found.items() if said}


def test_the_dispatcher_is_the_reference_tick_by_tick() -> None:
    assert disagreements(range(90_000, 90_040)) == {}


def test_those_destroyed_together_go_in_declaration_order() -> None:
    """One of them was declared anew before, at the place that it had."""
    assert disagreements((100_941, 101_115, 101_513)) == {}


def test_nested_pools_are_dispatched_as_by_the_reference() -> None:
    pools = {seed: nested(seed) for seed in range(8)}
    assert {seed: said for seed in pools if (said := disagreement(pools[seed]))} == {}
    runs = [scenario.run().run for scenario in pools.values()]
    assert sum(lwp["dispatches"] for run in runs for lwp in run["lwps"]) > 8 * TICKS


@pytest.mark.parametrize("seed", range(3))
def test_what_comes_hundreds_of_ticks_later_comes_at_its_tick(seed: int) -> None:
    """Sleeps, slices and turns beyond what the calendar has at hand, among those within it."""
    rng = random.Random(seed)
    script = [
        "A on cpu* lwktpri 4 quantum 300",
        "B on cpu* lwktpri 4 quantum 7",
        "V on cpu* lwktpri 4 quantum 260 vcpus 3",
        "V/X on cpu* lwktpri 1 quantum 510",
    ]
    programs = [
        {
            "name": f"p{number}",
            "scheduler": ("A", "B", "V/X")[number % 3],
            "rforks": 2,
            "at": rng.randint(0, 600),
            "bursts": [[rng.choice((3, 400)), rng.choice((2, 256, 700))] for _ in range(3)],
            "repeat": "forever",
        }
        for number in range(6)
    ]
    machine = {"machine": "two", "cores": 2}
    scenario = Scenario(machine, script, {"programs": programs}, 2500)
    assert scenario.kind() == "valid"
    assert disagreement(scenario) == ""


@pytest.mark.parametrize("seed", range(3))
def test_masks_of_several_words_are_placed_as_by_the_reference(seed: int) -> None:
    """Real cpus whose cores, nodes and sockets lie in one word or in two, and virtual ones."""
    rng = random.Random(seed)
    machine = (
        {"sockets": 2, "cores": 40, "threads": 2},
        {"sockets": 3, "nodes": 2, "cores": 15},
        {"sockets": 1, "llcs": 5, "cores": 13, "threads": 2},
    )[seed]
    script = [
        "TOP on cpu* lwktpri 6 quantum 4",
        "LOCK on cpu50-75 lwktpri 5 quantum 3 locked",
        "MANY on cpu20-89 lwktpri 5 vcpus 130 quantum 5",
        "MANY/X on cpu40-129 lwktpri 4",
        "FEW on cpu* lwktpri 5 vcpus 61 quantum 3",
    ]
    programs = [
        {
            "name": f"p{number}",
            "scheduler": ("TOP", "LOCK", "MANY/X", "FEW")[number % 4],
            "rforks": rng.randint(5, 25),
            "at": rng.randint(0, 6),
            "bursts": [[rng.randint(1, 6), rng.randint(0, 6)] for _ in range(2)],
            "repeat": "forever",
        }
        for number in range(16)
    ]
    scenario = Scenario({"machine": "wide"} | machine, script, {"programs": programs}, 16)
    assert scenario.kind() == "valid"
    assert disagreement(scenario) == ""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_nested_pools_are_dispatched_as_by_the_reference(part: int) -> None:
    seeds = range(1_000 + part * 100, 1_000 + (part + 1) * 100)
    assert {seed: said for seed in seeds if (said := disagreement(nested(seed)))} == {}


# ten parts, so that workers can share them
@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_every_figure_of_seeded_scenarios_is_the_reference_s(part: int) -> None:
    assert disagreements(range(part * 300, (part + 1) * 300)) == {}


@pytest.mark.slow
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenarios())
def test_every_figure_of_random_scenarios_is_the_reference_s(scenario: Scenario) -> None:
    assert disagreement(scenario) == ""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_the_laws_hold_on_every_tick(part: int) -> None:
    """The run equals the reference's, so the reference's ticks are the dispatcher's."""
    held = 0
    for seed in range(50_000 + part * 60, 50_000 + (part + 1) * 60):
        scenario = seeded(seed)
        if scenario.kind() != "valid":
            continue
        outcome = scenario.run()
        assert ours(scenario) == ("valid", outcome.run)
        laws.check(outcome)
        held += 1
    assert held > 30


@pytest.mark.slow
def test_a_run_is_a_prefix_of_the_run_one_tick_longer() -> None:
    compared = 0
    for seed in range(60_000, 60_060):
        scenario = seeded(seed)
        if ours(scenario)[0] != "valid":
            continue
        timetable = plan(scenario)
        runs = [simulate(timetable, ticks) for ticks in range(1, scenario.ticks + 1)]
        cells = [
            {(s.cpu, t): s.lwp for s in run.timeline for t in range(s.start, s.end)} for run in runs
        ]
        for shorter, longer, ticks in zip(cells, cells[1:], range(1, scenario.ticks), strict=False):
            assert shorter == {key: lwp for key, lwp in longer.items() if key[1] < ticks}
        compared += 1
    assert compared > 30


def test_a_long_quiet_run_takes_steps_not_ticks() -> None:
    """Two hogs in slices of a million: the count of decisions is that of the changes."""
    scenario = Scenario(
        {"machine": "two", "cores": 2},
        ["A on cpu* lwktpri 4 quantum 1000000"],
        {"programs": [{"name": "a", "scheduler": "A", "rforks": 3, "run": 10**9}]},
        10**8,
    )
    steps: list[int] = []
    run = simulate(plan(scenario), 10**8, progress=steps.append)
    assert sum(lwp.ran for lwp in run.lwps) == 2 * 10**8
    assert len(steps) < 1000
