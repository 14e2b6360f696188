"""The reference against the worked examples and the laws, and the laws against broken runs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from tests.laws import (
    LAWS,
    Broken,
    Law,
    check,
    children_first,
    equals_take_turns,
    exclusive_is_exclusive,
    figures_add_up,
    higher_first,
    is_prefix,
    is_same,
    locked_stays,
    no_wider_than_its_vcpus,
    nothing_idles,
    nothing_moves_for_nothing,
    one_lwp_one_cpu,
    starvation_is_reported,
    within_its_pools,
)
from tests.reference import (
    LwpTick,
    Outcome,
    Refused,
    Run,
    RunFailed,
    Scheduler,
    Tick,
    simulate,
    table,
)
from tests.scenarios import Scenario, random_scenario, scenarios, seeded, shrink

EXAMPLES = Path(__file__).parent / "examples"
SEEDS = range(300)


def example(name: str) -> tuple[Scenario, str]:
    """A worked example and its table."""
    folder = EXAMPLES / name
    text = (folder / "table.txt").read_text()
    scenario = Scenario(
        yaml.safe_load((folder / "topology.yaml").read_text()),
        (folder / "script.usched").read_text().splitlines(),
        yaml.safe_load((folder / "workload.yaml").read_text()),
        len(text.splitlines()[0].split()) - 1,
    )
    return scenario, text


def run(script: list[str], workload: dict[str, Any], ticks: int, cores: int = 2) -> Outcome:
    """A run on so many cores."""
    return simulate({"machine": "m", "cores": cores}, script, workload, ticks)


def rows(outcome: Outcome) -> list[list[str]]:
    """By tick: who is on each cpu."""
    cpus = [entry["cpu"] for entry in outcome.run["cpus"]]
    return [[record.cpus.get(cpu, ".") for cpu in cpus] for record in outcome.ticks]


def lwp(outcome: Outcome, name: str) -> dict[str, Any]:
    """The figures of one lwp."""
    found: dict[str, Any] = next(e for e in outcome.run["lwps"] if e["name"] == name)
    return found


# --- The worked examples ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mail", "narrow", "wide", "wrap"])
def test_worked_example(name: str) -> None:
    scenario, text = example(name)
    outcome = scenario.run()
    assert table(outcome) == text
    check(outcome)


# --- The laws on random scenarios ------------------------------------------------------------


@pytest.mark.slow
def test_laws_hold_on_seeded_scenarios() -> None:
    kinds: Counter[str] = Counter()
    for seed in SEEDS:
        scenario = seeded(seed)
        try:
            outcome = scenario.run()
        except (Refused, RunFailed) as error:
            kinds[type(error).__name__] += 1
            continue
        kinds["valid"] += 1
        try:
            check(outcome)
        except Broken as broken:
            raise AssertionError(f"seed {seed}: {broken}\n{scenario}") from broken
    assert kinds["valid"] > 0.6 * len(SEEDS), kinds
    assert kinds["Refused"] > 0, kinds


@pytest.mark.parametrize("seed", range(40))
def test_prefix_and_sameness(seed: int) -> None:
    scenario = seeded(seed)
    try:
        longer = replace(scenario, ticks=scenario.ticks + 1).run()
    except (Refused, RunFailed):
        return
    shorter = scenario.run()
    is_prefix(shorter, longer)
    is_same(shorter, scenario.run())


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_laws_hold(scenario: Scenario) -> None:
    try:
        outcome = scenario.run()
    except (Refused, RunFailed):
        return
    check(outcome)


def test_same_seed_same_scenario() -> None:
    assert random_scenario(random.Random(7)) == random_scenario(random.Random(7))
    assert str(seeded(7)) == str(seeded(7))


def test_shrink_keeps_the_failure() -> None:
    def fails(scenario: Scenario) -> bool:
        try:
            return any(len(record.cpus) > 1 for record in scenario.run().ticks)
        except (Refused, RunFailed):
            return False

    start = next(seeded(seed) for seed in range(100) if fails(seeded(seed)))
    small = shrink(start, fails)
    assert fails(small)
    assert small.ticks <= start.ticks
    assert not small.workload.get("events")


# --- Each law fails on a broken run -----------------------------------------------------------

Break = Callable[[], Outcome]


def with_tick(outcome: Outcome, tick: int, **parts: Any) -> Outcome:
    """The outcome with parts of one tick replaced."""
    ticks = list(outcome.ticks)
    ticks[tick] = replace(ticks[tick], **parts)
    return replace(outcome, ticks=ticks)


def with_lwps(record: Tick, **changes: LwpTick) -> Mapping[str, LwpTick]:
    """A tick's lwps with some replaced; `_` stands for the dot of a name."""
    return {**record.lwps, **{name.replace("_", "."): at for name, at in changes.items()}}


def swapped(outcome: Outcome, tick: int, runs: str, waits: str) -> Outcome:
    """In one tick, a waiting lwp of a top-level scheduler runs where another one does."""
    record = outcome.ticks[tick]
    out, into = record.lwps[runs], record.lwps[waits]
    assert out.cpu is not None
    own = record.tree[into.scheduler].pool.index(out.cpu)
    lwps = {
        **record.lwps,
        runs: replace(out, state="waiting", cpu=None, chain=()),
        waits: replace(into, state="running", cpu=out.cpu, chain=((into.scheduler, own),)),
    }
    return with_tick(outcome, tick, cpus={**record.cpus, out.cpu: waits}, lwps=lwps)


def forever(name: str, scheduler: str, rforks: int = 1) -> dict[str, Any]:
    """A program that never sleeps."""
    return {"name": name, "scheduler": scheduler, "rforks": rforks, "run": 999}


def mail() -> Outcome:
    return example("mail")[0].run()


def twice_on_cpus() -> Outcome:
    outcome = mail()
    return with_tick(outcome, 0, cpus={**outcome.ticks[0].cpus, 3: "n.0"})


def on_an_offline_cpu() -> Outcome:
    outcome = mail()
    return with_tick(outcome, 0, online=outcome.ticks[0].online - {0})


def overlapping_segments() -> Outcome:
    outcome = mail()
    segments = outcome.run["segments"]
    longer = [{**segments[0], "to": segments[0]["to"] + 1}, *segments[1:]]
    return replace(outcome, run={**outcome.run, "segments": longer})


def out_of_its_pool() -> Outcome:
    outcome = mail()
    record = outcome.ticks[2]  # m.0 runs on cpu1, and its scheduler has cpu1 and cpu2
    at = replace(record.lwps["m.0"], cpu=3)
    cpus = {**record.cpus, 3: "m.0"}
    return with_tick(outcome, 2, cpus=cpus, lwps=with_lwps(record, m_0=at))


def on_another_cpu_than_its_vcpu() -> Outcome:
    outcome = example("wrap")[0].run()
    record = outcome.ticks[0]
    return with_tick(outcome, 0, placed={**record.placed, "P": {0: 2, 1: 1}})


def parent_on_an_exclusive_cpu() -> Outcome:
    script = [
        "P on cpu* lwktpri 4 quantum 2",
        "P/X on cpu0 lwktpri 4 quantum 2",
    ]
    outcome = run(script, {"programs": [forever("p", "P", 2)]}, 3)
    record = outcome.ticks[1]
    tree = {**record.tree, "P/X": replace(record.tree["P/X"], exclusive=True)}
    return with_tick(outcome, 1, tree=tree)


def siblings_share_an_exclusive_cpu() -> Outcome:
    outcome = mail()
    record = outcome.ticks[4]
    tree = {**record.tree, "NORM": replace(record.tree["NORM"], exclusive=True)}
    return with_tick(outcome, 4, tree=tree)


def idle_while_one_waits() -> Outcome:
    outcome = mail()
    record = outcome.ticks[4]
    at = replace(record.lwps["i.0"], state="waiting", cpu=None, chain=())
    cpus = {cpu: name for cpu, name in record.cpus.items() if name != "i.0"}
    return with_tick(outcome, 4, cpus=cpus, lwps=with_lwps(record, i_0=at))


def idle_vcpu_while_one_waits() -> Outcome:
    outcome = example("narrow")[0].run()
    record = outcome.ticks[0]  # with vcpu 0 offered, unused and unplaced while a.2 waits
    at = replace(record.lwps["a.0"], state="sleeping", cpu=None, chain=())
    cpus = {cpu: name for cpu, name in record.cpus.items() if name != "a.0"}
    placed = {"POOL": {n: cpu for n, cpu in record.placed["POOL"].items() if n != 0}}
    online = record.online - {0}
    lwps = with_lwps(record, a_0=at)
    return with_tick(outcome, 0, cpus=cpus, lwps=lwps, placed=placed, online=online)


def lower_before_higher() -> Outcome:
    script = ["LOW on cpu* lwktpri 4 quantum 2", "HIGH on cpu* lwktpri 5 quantum 2"]
    programs = [forever("l", "LOW", 2), forever("h", "HIGH", 2)]
    return swapped(run(script, {"programs": programs}, 4), 1, "h.0", "l.0")


def parent_before_child() -> Outcome:
    script = ["P on cpu* lwktpri 4 quantum 2", "P/C on cpu* lwktpri 4 quantum 2"]
    outcome = run(script, {"programs": [forever("p", "P"), forever("c", "P/C")]}, 3, cores=1)
    return swapped_in(outcome, 1, "c.0", "p.0")


def swapped_in(outcome: Outcome, tick: int, runs: str, waits: str) -> Outcome:
    """As `swapped`, on cpu0 of everything: the other one is in a parent of the first."""
    record = outcome.ticks[tick]
    out, into = record.lwps[runs], record.lwps[waits]
    chain = tuple(step for step in out.chain if step[0] in (into.scheduler,))
    lwps = {
        **record.lwps,
        runs: replace(out, state="waiting", cpu=None, chain=()),
        waits: replace(into, state="running", cpu=0, chain=chain),
    }
    return with_tick(outcome, tick, cpus={0: waits}, lwps=lwps)


def wider_than_its_vcpus() -> Outcome:
    outcome = example("narrow")[0].run()
    record = outcome.ticks[0]
    tree = {**record.tree, "POOL": replace(record.tree["POOL"], vcpus=3)}
    return with_tick(outcome, 0, tree=tree)


def locked_on_another_cpu() -> Outcome:
    outcome = mail()
    record = outcome.ticks[2]
    at = replace(record.lwps["m.0"], chain=(("MYCUSTOM", 1),))
    return with_tick(outcome, 2, lwps=with_lwps(record, m_0=at))


def locked_has_another_home() -> Outcome:
    outcome = mail()
    record = outcome.ticks[6]
    at = replace(record.lwps["m.2"], home=1)
    return with_tick(outcome, 6, lwps=with_lwps(record, m_2=at))


def an_equal_without_a_turn() -> Outcome:
    script = ["A on cpu* lwktpri 4 quantum 2", "B on cpu* lwktpri 4 quantum 1"]
    programs = [forever("a", "A"), forever("b", "B")]
    outcome = run(script, {"programs": programs}, 6, cores=1)
    first = outcome.ticks[1]
    ticks = [outcome.ticks[0], *(replace(first, tick=tick) for tick in range(1, 6))]
    return replace(outcome, ticks=ticks)


def figure(**parts: Any) -> Break:
    """The mail's run with one lwp's figures replaced."""

    def doctored() -> Outcome:
        outcome = mail()
        first, *rest = outcome.run["lwps"]
        return replace(outcome, run={**outcome.run, "lwps": [{**first, **parts}, *rest]})

    return doctored


def a_cpu_that_was_never_busy() -> Outcome:
    outcome = mail()
    first, *rest = outcome.run["cpus"]
    idle = {**first, "busy": 0, "idle": first["busy"] + first["idle"]}
    return replace(outcome, run={**outcome.run, "cpus": [idle, *rest]})


def starved_and_not_reported() -> Outcome:
    script = ["LOW on cpu* lwktpri 4 quantum 1", "HIGH on cpu* lwktpri 5 quantum 1"]
    programs = [forever("l", "LOW"), forever("h", "HIGH")]
    outcome = run(script, {"programs": programs}, 10, cores=1)
    low, high = outcome.run["schedulers"]
    assert low["starved"]
    assert not high["starved"]
    return replace(outcome, run={**outcome.run, "schedulers": [{**low, "starved": False}, high]})


@pytest.mark.parametrize(
    ("law", "doctored"),
    [
        (one_lwp_one_cpu, twice_on_cpus),
        (one_lwp_one_cpu, on_an_offline_cpu),
        (one_lwp_one_cpu, overlapping_segments),
        (within_its_pools, out_of_its_pool),
        (within_its_pools, on_another_cpu_than_its_vcpu),
        (exclusive_is_exclusive, parent_on_an_exclusive_cpu),
        (exclusive_is_exclusive, siblings_share_an_exclusive_cpu),
        (nothing_idles, idle_while_one_waits),
        (nothing_idles, idle_vcpu_while_one_waits),
        (higher_first, lower_before_higher),
        (children_first, parent_before_child),
        (no_wider_than_its_vcpus, wider_than_its_vcpus),
        (locked_stays, locked_on_another_cpu),
        (locked_stays, locked_has_another_home),
        (equals_take_turns, an_equal_without_a_turn),
        (figures_add_up, figure(ran=1)),
        (figures_add_up, figure(dispatches=99)),
        (figures_add_up, a_cpu_that_was_never_busy),
        (starvation_is_reported, starved_and_not_reported),
    ],
)
def test_law_can_fail(law: Law, doctored: Break) -> None:
    assert law in LAWS
    outcome = doctored()
    with pytest.raises(Broken):
        law(outcome)


def never_passes(self: Run, *_: object) -> None:
    """A turn that nobody else ever gets."""


def nothing_used(self: Run, scheduler: Scheduler, cpus: set[int]) -> set[int]:
    """A virtual scheduler that uses nothing."""
    return set()


def no_end_of_home(self: Run) -> None:
    """Homes are never given up."""


@pytest.mark.parametrize(
    ("method", "wrong", "law"),
    [
        ("_successor", never_passes, equals_take_turns),
        ("_offer_vcpus_unlocked", nothing_used, nothing_idles),
        ("_offer_vcpus_locked", nothing_used, nothing_idles),
        ("_homes", no_end_of_home, locked_stays),
    ],
)
def test_laws_see_a_wrong_dispatcher(
    monkeypatch: pytest.MonkeyPatch, method: str, wrong: Callable[..., Any], law: Law
) -> None:
    monkeypatch.setattr(Run, method, wrong)
    for seed in SEEDS:
        try:
            law(seeded(seed).run())
        except (Refused, RunFailed):
            continue
        except Broken:
            return
    pytest.fail("no seed shows it")


def contest(script: list[str], programs: list[dict[str, Any]], cpus: int, ticks: int) -> Outcome:
    """Programs that want to run for ever, on a machine of so many cpus."""
    endless = [{"run": 5, "repeat": "forever", **program} for program in programs]
    return simulate({"machine": "m", "cores": cpus}, script, {"programs": endless}, ticks)


@pytest.mark.parametrize(
    ("script", "programs"),
    [
        (
            ["A on cpu* lwktpri 6 quantum 2", "B on cpu* lwktpri 6 quantum 2"],
            [{"name": "a", "scheduler": "A"}, {"name": "b", "scheduler": "B"}],
        ),
        (["V on cpu* lwktpri 6 vcpus 4 quantum 2"], [{"name": "v", "scheduler": "V"}]),
        (
            ["A on cpu* lwktpri 6 quantum 2", "EMPTY on cpu* lwktpri 6 quantum 2"],
            [{"name": "a", "scheduler": "A", "rforks": 2}],
        ),
    ],
    ids=["two lone equals", "a lone lwp in four vcpus", "an empty equal"],
)
def test_where_nobody_waits_nobody_moves(script: list[str], programs: list[dict[str, Any]]) -> None:
    outcome = contest(script, programs, 2, 60)
    check(outcome)
    assert all(lwp["migrations"] == 0 for lwp in outcome.run["lwps"])
    assert all(lwp["ran"] == 60 for lwp in outcome.run["lwps"])


def test_a_model_that_moves_for_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns that pass though nobody waits, and are not exchanged."""
    script = ["A on cpu* lwktpri 6 quantum 2", "B on cpu* lwktpri 6 quantum 2"]
    programs = [{"name": "a", "scheduler": "A"}, {"name": "b", "scheduler": "B"}]
    monkeypatch.setattr(Run, "_waiting", lambda *_: ["somebody"])
    check(contest(script, programs, 2, 60))
    monkeypatch.setattr(Run, "_exchange", lambda *given: given[2])
    with pytest.raises(Broken, match="nobody waits"):
        nothing_moves_for_nothing(contest(script, programs, 2, 60))


@pytest.mark.parametrize("crowd", [1, 2, 3, 7])
def test_equals_share_a_cpu_scheduler_by_scheduler(crowd: int) -> None:
    """However many lwps one of them has."""
    script = ["A on cpu* lwktpri 6 quantum 2", "B on cpu* lwktpri 6 quantum 2"]
    programs = [
        {"name": "a", "scheduler": "A", "rforks": crowd},
        {"name": "b", "scheduler": "B", "rforks": crowd},
    ]
    for cpus in (1, 2) if crowd > 1 else (1,):
        run = contest(script, programs, cpus, 400).run
        assert [each["ran"] for each in run["schedulers"]] == [200 * cpus, 200 * cpus]


def test_prefix_can_fail() -> None:
    scenario, _ = example("mail")
    shorter, longer = replace(scenario, ticks=10).run(), replace(scenario, ticks=11).run()
    is_prefix(shorter, longer)
    with pytest.raises(Broken):
        is_prefix(swapped(shorter, 2, "r.0", "i.0"), longer)
    with pytest.raises(Broken):
        is_prefix(replace(shorter, run={**shorter.run, "segments": []}), longer)
    with pytest.raises(Broken):
        is_prefix(longer, shorter)
    with pytest.raises(Broken):
        is_same(shorter, longer)


# --- Single sentences of the model ------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        ["A on cpu* lwktpri 10"],
        ["A on cpu* lwktpri 0"],
        ["A on cpu*"],
        ["A on cpu9 lwktpri 4"],
        ["A on cpu1-0 lwktpri 4"],
        ["A on node3 lwktpri 4"],
        ["A on cpu* except cpu0 cpu1 lwktpri 4"],
        ["A/B on cpu* lwktpri 4"],
        ["A on cpu* lwktpri 4 lwktpri 5"],
        ["A on cpu* lwktpri 4 vcpus 0"],
        ["A on cpu* lwktpri 4 quantum 0"],
        ["9A on cpu* lwktpri 4"],
        ["destroy A"],
        ["A on cpu* lwktpri 4", "A/B on cpu* lwktpri 4", "destroy A"],
        ["A on cpu* lwktpri 4", "destroy A into A"],
        ["A on cpu* lwktpri 4", "A/B on cpu* lwktpri 4", "destroy A into A/B recursive"],
        ["A on cpu* lwktpri 4 vcpus 2", "A/B on node0 lwktpri 4"],
        ["A on cpu* lwktpri 4 vcpus 2", "A/B on cpu1 lwktpri 4", "A on cpu* lwktpri 4 vcpus 1"],
        ["A on cpu0 lwktpri 4 exclusive", "B on cpu0 lwktpri 4"],
        ["A on cpu0 lwktpri 4 exclusive", "B on cpu* lwktpri 4 exclusive"],
        ["A on cpu* lwktpri 4", "B on cpu* lwktpri 4 exclusive"],
    ],
)
def test_refused_statement(script: list[str]) -> None:
    with pytest.raises(Refused):
        run(script, {"programs": []}, 1)


@pytest.mark.parametrize(
    "event",
    [
        {"at": 99, "usched": "B on cpu9 lwktpri 4"},
        {"at": 0, "usched": "grant A to me"},
        {"at": 0, "usched": "destroy A"},  # p.1 forks into it later
        {"at": 0, "move": "p", "to": "B"},
        {"at": 0, "move": "q", "to": "A"},
        {"at": 0, "kill": "p.2"},
        {"at": 0, "offline": "cpu7"},
    ],
)
def test_refused_event(event: dict[str, Any]) -> None:
    program = {**forever("p", "A", 2), "every": 5}
    with pytest.raises(Refused):
        run(["A on cpu* lwktpri 4"], {"programs": [program], "events": [event]}, 3)


def test_live_lwps_at_a_destroy_without_other() -> None:
    events = [{"at": 2, "usched": "destroy A"}]
    workload = {"programs": [forever("p", "A")], "events": events}
    with pytest.raises(RunFailed, match="tick 2"):
        run(["A on cpu* lwktpri 4"], workload, 3)
    assert len(run(["A on cpu* lwktpri 4"], workload, 2).ticks) == 2


def test_figures_of_a_late_period() -> None:
    program = {"name": "p", "scheduler": "A", "run": 3, "period": 2, "repeat": 3}
    outcome = run(["A on cpu* lwktpri 4"], {"programs": [program]}, 12, cores=1)
    figures = lwp(outcome, "p.0")
    # Bursts due at 0, 2 and 4 end at 3, 6 and 9.
    assert figures["response"] == {"max": 5, "mean": 4.0, "p50": 4, "p99": 5}
    assert figures["misses"] == 3
    assert figures["exited"] == 9


def test_exclusive_takes_cpus_from_selectors_and_own_lwps() -> None:
    script = [
        "P on cpu* lwktpri 4",
        "P/A on cpu* lwktpri 4",
        "P/X on cpu0 lwktpri 4 exclusive",
    ]
    programs = [forever("p", "P", 2), forever("a", "P/A", 2)]
    outcome = run(script, {"programs": programs}, 3)
    assert rows(outcome) == [[".", "a.0"]] * 3
    check(outcome)


def test_a_move_leaves_the_claim_behind() -> None:
    events = [{"at": 1, "move": "p.0", "to": "A"}]
    programs = [forever("p", "A", 2)]
    outcome = run(["A on cpu* lwktpri 4"], {"programs": programs, "events": events}, 3, cores=1)
    assert rows(outcome) == [["p.0"], ["p.1"], ["p.1"]]


def test_a_redeclaration_that_changes_nothing() -> None:
    scenario, _ = example("mail")
    events = [{"at": 5, "usched": "IDLE on cpu0-3 quantum 20ms lwktpri 4"}]
    workload = {**scenario.workload, "events": events}
    assert rows(replace(scenario, workload=workload).run()) == rows(scenario.run())


def test_homes_follow_an_offline_cpu() -> None:
    events = [{"at": 2, "offline": "cpu1"}, {"at": 4, "online": "cpu1"}]
    workload = {"programs": [forever("p", "A", 2)], "events": events}
    outcome = run(["A on cpu* lwktpri 4 quantum 1 locked"], workload, 6)
    assert rows(outcome) == [
        ["p.0", "p.1"],
        ["p.0", "p.1"],
        ["p.0", "."],
        ["p.1", "."],
        ["p.0", "."],
        ["p.1", "."],
    ]
    check(outcome)
