"""Schedules that are in print, tick for tick."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from tests.engine.runs import dispatch, plan
from tests.scenarios import Scenario

Record = dict[str, Any]


def run(cores: int, script: str, programs: str, ticks: int) -> Record:
    lines = [line.strip() for line in script.strip().splitlines()]
    workload = {"programs": yaml.safe_load(programs)}
    return dispatch(plan(Scenario({"cores": cores}, lines, workload, ticks)), ticks)


def of_lwps(record: Record, key: str) -> list[Any]:
    return [lwp[key] for lwp in record["lwps"]]


def test_fixed_priorities_have_the_worst_responses_of_response_time_analysis() -> None:
    """Three periodic tasks, {3/7, 3/12, 5/20}, rate-monotonic (Joseph and Pandya, 1986)."""
    record = run(
        1,
        """
        HIGH on cpu0 lwktpri 9
        MIDDLE on cpu0 lwktpri 8
        LOW on cpu0 lwktpri 7
        """,
        """
        - {name: a, scheduler: HIGH, run: 3, period: 7, repeat: forever}
        - {name: b, scheduler: MIDDLE, run: 3, period: 12, repeat: forever}
        - {name: c, scheduler: LOW, run: 5, period: 20, repeat: forever}
        """,
        420,
    )
    assert [response["max"] for response in of_lwps(record, "response")] == [3, 6, 20]
    assert of_lwps(record, "misses") == [0, 0, 0]
    assert record["cpus"][0]["idle"] == 30


def round_robin(quantum: int, bursts: list[int], arrivals: list[int] | None = None) -> Record:
    at = arrivals or [0] * len(bursts)
    programs = "\n".join(
        f"- {{name: p{number}, scheduler: RR, run: {burst}, at: {at[number]}}}"
        for number, burst in enumerate(bursts)
    )
    return run(1, f"RR on cpu0 lwktpri 6 quantum {quantum}", programs, max(at) + sum(bursts))


@pytest.mark.parametrize(
    ("quantum", "bursts", "waits"),
    [(4, [24, 3, 3], [6, 4, 7]), (20, [53, 17, 68, 24], [81, 20, 94, 97])],
)
def test_round_robin_waits_as_in_silberschatz(
    quantum: int, bursts: list[int], waits: list[int]
) -> None:
    assert of_lwps(round_robin(quantum, bursts), "waited") == waits


@pytest.mark.parametrize(
    ("quantum", "finishes"), [(1, [4, 18, 17, 20, 15]), (4, [3, 17, 11, 20, 19])]
)
def test_round_robin_finishes_as_in_stallings(quantum: int, finishes: list[int]) -> None:
    record = round_robin(quantum, [3, 6, 4, 5, 2], [0, 2, 4, 6, 8])
    assert of_lwps(record, "exited") == finishes


SHORT = "- {name: short, scheduler: SHORT, rforks: %d, run: 2, period: 10, repeat: forever}\n"
LONG = "- {name: long, scheduler: LONG, run: 10, period: 11, repeat: forever}\n"


@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_dhalls_long_task_misses_when_it_floats(cpus: int) -> None:
    """Dhall and Liu, 1978: m short tasks keep one that fills a cpu from its deadline at 11."""
    script = "SHORT on cpu* lwktpri 9\nLONG on cpu* lwktpri 8"
    record = run(cpus, script, SHORT % cpus + LONG, 11)
    assert of_lwps(record, "misses") == [0] * cpus + [1]
    assert record["lwps"][-1]["ran"] == 8
    assert of_lwps(run(cpus, script, SHORT % cpus + LONG, 10), "misses") == [0] * (cpus + 1)


@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_dhalls_long_task_meets_all_deadlines_on_a_cpu_of_its_own(cpus: int) -> None:
    script = f"SHORT on cpu* lwktpri 9\nLONG on cpu{cpus - 1} lwktpri 8 locked exclusive"
    record = run(cpus, script, SHORT % cpus + LONG, 1100)
    assert of_lwps(record, "misses") == [0] * (cpus + 1)
    assert record["lwps"][-1]["bursts"] == 100


#: Shin and Lee, 2003: the least supply of a periodic resource of 3 ticks in every 5, in any window
#: of 0, 1, 2, ... ticks.
SBF = [0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 7]


def supply(offsets: list[int]) -> list[bool]:
    """Whether the one vcpu of POOL has the cpu in a tick. Above it runs a task that takes 2 of each
    5 ticks, from that offset on in each period."""
    following = zip(offsets, [*offsets[1:], 5], strict=True)
    bursts = [[2, 3 - offset + after] for offset, after in following]
    programs = f"""
        - {{name: over, scheduler: OVER, at: {offsets[0]}, bursts: {bursts}}}
        - {{name: inside, scheduler: POOL/IN, rforks: 2, run: 1000}}
        """
    ticks = 5 * len(offsets)
    record = run(
        1,
        """
        OVER on cpu0 lwktpri 9
        POOL on cpu0 lwktpri 6 vcpus 1
        POOL/IN on cpu0 lwktpri 4 quantum 2
        """,
        programs,
        ticks,
    )
    has = [False] * ticks
    for segment in record["segments"]:
        if segment["lwp"].startswith("inside"):
            length = segment["to"] - segment["from"]
            has[segment["from"] : segment["to"]] = [True] * length
    assert sum(has) == 3 * len(offsets)
    return has


def least(has: list[bool]) -> list[int]:
    """In any window of 0, 1, 2, ... ticks."""
    return [
        min(sum(has[start : start + width]) for start in range(len(has) - width + 1))
        for width in range(len(SBF))
    ]


def test_a_vcpu_that_is_a_periodic_resource_has_at_least_its_supply_bound() -> None:
    dice = random.Random(5)
    for _ in range(40):
        offsets = [dice.randrange(4) for _ in range(12)]
        assert all(got >= bound for got, bound in zip(least(supply(offsets)), SBF, strict=True))


def test_at_worst_it_has_just_that() -> None:
    """As early as can be, then always as late."""
    assert least(supply([0, 3, 0, 0, 0, 0])) == SBF
