"""The accounts of a run: against its own figures, against the naive reference's ticks, and with
what repeats told shortly against all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.engine.runs import plan
from tests.engine.test_recurrence import steady
from tests.reference import Outcome, Spec, Tick
from tests.scenarios import Scenario, seeded
from usched.engine.dispatcher import simulate
from usched.figures.accounts import Accounts, take_account
from usched.figures.waiting import NOBODY
from usched.meaning.timetable import Timetable
from usched.words.problems import UschedError
from usched.words.run import Run


def valid(seeds: range) -> Iterator[tuple[Scenario, Timetable, Run, Run]]:
    """Scenarios that run, each as it leaps and as it does not."""
    for seed in seeds:
        for scenario in (steady(seed), seeded(seed)):
            try:
                timetable = plan(scenario)
                leaping = simulate(timetable, scenario.ticks)
                stepping = simulate(timetable, scenario.ticks, leap=False)
            except UschedError:
                continue
            yield scenario, timetable, leaping, stepping


def same(one: object, other: object) -> bool:
    """Equal, shares of ticks but for the last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other)
    return one == other


def check_against_the_run(accounts: Accounts, run: Run) -> None:
    for account, lwp in zip(accounts.lwps, run.lwps, strict=True):
        assert (account.ran, account.waited) == (lwp.ran, lwp.waited)
        assert sum(account.moves) == lwp.migrations
        spread = account.response
        assert (spread.count if spread else 0) == lwp.bursts
        if spread and lwp.response:
            said = lwp.response
            assert (spread.max, spread.mean, spread.p50, spread.p99) == (
                (said.max, said.mean, said.p50, said.p99)
            )
            assert sum(bucket.times for bucket in spread.buckets) == lwp.bursts
    for each, figures in zip(accounts.schedulers, run.schedulers, strict=True):
        assert each.own.lwps <= figures.lwps  # one that moved on at once was there for no tick
        assert each.got == figures.ran
        assert each.got <= each.wanted <= each.promised
        assert each.own.waited == figures.own_waited
        assert sum(each.own.blame.by.values()) == pytest.approx(figures.own_waited)
        assert sum(each.own.blame.beside.values()) <= figures.own_waited
    assert accounts.idle == sum(cpu.idle for cpu in run.cpus)
    assert accounts.beside <= accounts.idle


def compare_accounts(seeds: range) -> None:
    ran = leapt = 0
    for _, timetable, leaping, stepping in valid(seeds):
        accounts = take_account(timetable, leaping)
        check_against_the_run(accounts, leaping)
        assert same(asdict(accounts), asdict(take_account(timetable, stepping)))
        ran += 1
        leapt += any(stretch.times > 2 for stretch in leaping.timeline.stretches)
    assert ran > len(seeds) // 2
    assert leapt


def test_accounts_are_those_of_the_run_and_of_all_its_ticks() -> None:
    compare_accounts(range(2, 5))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_accounts_of_many_runs(part: int) -> None:
    compare_accounts(range(1000 + part * 20, 1020 + part * 20))


# -- the reference's ticks --------------------------------------------------------------


def real_cpus(record: Tick, name: str, cpus: set[int]) -> frozenset[int]:
    """The online cpus on which these of a scheduler can be, whatever the vcpus do just now."""
    while name:
        spec = record.tree[name]
        if spec.vcpus is None:
            cpus = {spec.pool[cpu] for cpu in cpus}
        elif spec.locked:
            cpus = {spec.fixed(cpu) for cpu in cpus}
        elif cpus:
            cpus = set(spec.pool)
        name = spec.parent
    return frozenset(cpus & record.online)


def own_cpus(record: Tick, spec: Spec) -> set[int]:
    cpus = set(range(spec.width))
    for child in record.tree.values():
        if child.parent == spec.name and child.exclusive:
            cpus -= set(child.pool)
    return cpus


def floats(record: Tick, name: str) -> bool:
    while name:
        spec = record.tree[name]
        if spec.vcpus is not None and not spec.locked:
            return True
        name = spec.parent
    return False


def bound_by(record: Tick, name: str) -> str:
    if record.tree[name].locked:
        return "locked"
    return "vcpus" if floats(record, name) else "locked"


def in_the_way(record: Tick, name: str, place: frozenset[int]) -> Iterator[tuple[str, float]]:
    """Who is, and for how much of the tick."""
    if not place:
        yield NOBODY, 1
        return
    running = [record.lwps[lwp].scheduler for lwp in record.cpus.values()]
    while floats(record, name):
        users = [each for each in running if (each + "/").startswith(name + "/")]
        if len(users) >= record.tree[name].width:
            for each in users:
                yield each, 1 / len(users)
            return
        name = record.tree[name].parent
    for cpu in place:
        runs = record.cpus.get(cpu)
        yield record.lwps[runs].scheduler if runs else NOBODY, 1 / len(place)


def recount(outcome: Outcome) -> dict[str, tuple[dict[str, float], dict[str, int]]]:
    """Tick by tick, for each lwp: by whom it is kept waiting, and beside which idle cpus."""
    found: dict[str, tuple[dict[str, float], dict[str, int]]] = {}
    for record in outcome.ticks:
        idle = record.online - set(record.cpus)
        for name, at in record.lwps.items():
            if at.state != "waiting":
                continue
            by, beside = found.setdefault(name, ({}, {}))
            spec = record.tree[at.scheduler]
            reached = real_cpus(record, at.scheduler, own_cpus(record, spec))
            place = reached
            if spec.locked:
                home = set() if at.home is None else {at.home}
                place = real_cpus(record, at.scheduler, home)
            for holder in in_the_way(record, at.scheduler, place):
                by[holder[0]] = by.get(holder[0], 0.0) + holder[1]
            if idle:
                why = bound_by(record, at.scheduler) if idle & reached else "pool"
                beside[why] = beside.get(why, 0) + 1
    return found


def compare_blames(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        scenario = seeded(seed)
        if scenario.kind() != "valid":
            continue
        timetable = plan(scenario)
        accounts = take_account(timetable, simulate(timetable, scenario.ticks))
        counted = recount(scenario.run())
        for account in accounts.lwps:
            if account.name in counted:
                by, beside = counted[account.name]
                assert same(account.blame.by, by), (seed, account.name)
                assert account.blame.beside == beside, (seed, account.name)
                compared += 1
    assert compared > len(seeds)


def test_who_is_to_blame_is_what_counting_tick_by_tick_gives() -> None:
    compare_blames(range(12))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_who_is_to_blame_in_many_runs(part: int) -> None:
    compare_blames(range(100 + part * 100, 200 + part * 100))
