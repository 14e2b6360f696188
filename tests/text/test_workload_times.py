"""Times with a unit in a workload, at the rate of the run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.problems import Refused, format_problem
from usched.words.workload import Rounded, Workload


def workload(program: str, hz: int = 100, more: str = "") -> Workload:
    text = f"workload: w\nprograms:\n  - {{name: a, scheduler: A, {program}}}\n{more}"
    return parse_workload(parse_yaml(text, "w.yaml"), hz)


def refused(program: str, hz: int = 100) -> str:
    with pytest.raises(Refused) as caught:
        workload(program, hz)
    return "\n".join(map(format_problem, caught.value.problems))


def test_every_time_of_a_program_takes_a_unit() -> None:
    found = workload("run: 50ms, sleep: 1s, at: 2s, every: 30000us, rforks: 2")
    [program] = found.programs
    assert (program.bursts, program.at, program.every) == (((5, 100),), 200, 3)
    [program] = workload("run: 20ms, period: 70ms, deadline: 50ms").programs
    assert (program.bursts, program.period, program.deadline) == (((2, 0),), 7, 5)
    [program] = workload("bursts: [[10ms, 0], [3, 20ms]]").programs
    assert program.bursts == ((1, 0), (3, 2))


def test_an_event_s_tick_takes_a_unit() -> None:
    found = workload("run: 1", more="events:\n  - {at: 1s, kill: a}\n  - {at: 5, kill: a}\n")
    assert [event.at for event in found.events] == [5, 100]


def test_the_workload_s_own_rate_counts() -> None:
    assert workload("run: 1s", hz=250).programs[0].bursts[0] == (250, 0)
    assert workload("run: 1s", hz=250, more="hz: 1000\n").programs[0].bursts[0] == (1000, 0)


def test_the_nearest_tick_is_taken_a_half_rounded_up_and_never_less_than_the_bound() -> None:
    for written, run, sleep in (("14ms", 1, 1), ("15ms", 2, 2), ("4ms", 1, 0), ("0ms", 1, 0)):
        assert workload(f"run: {written}, sleep: {written}").programs[0].bursts == ((run, sleep),)


def test_what_was_rounded_is_counted_with_the_worst() -> None:
    assert workload("run: 50ms, sleep: 7, at: 3s").rounded is None
    assert workload("run: 14ms, sleep: 26ms, at: 1s").rounded == Rounded(
        2, 4.0, "run of program 'a'", "14ms", 1
    )


@given(st.integers(0, 10**6), st.sampled_from(["us", "ms", "s"]), st.integers(1, 2000))
def test_no_time_is_off_by_more_than_half_a_tick_but_for_the_bound(
    amount: int, unit: str, hz: int
) -> None:
    found = workload(f"run: 1, sleep: {amount}{unit}", hz)
    error = found.rounded.error_ms if found.rounded else 0
    assert error <= 500 / hz * (1 + 1e-9)
    seconds = amount / {"us": 10**6, "ms": 10**3, "s": 1}[unit]
    assert abs(found.programs[0].bursts[0][1] / hz - seconds) * 1000 == pytest.approx(
        error, abs=1e-6
    )


def test_a_time_that_is_none_is_answered_with_what_to_type() -> None:
    assert refused("run: 5 ms") == (
        "w.yaml:3:34: run of program 'a' must be ticks or a time such as 5ms, not the text '5 ms'\n"
        "      - {name: a, scheduler: A, run: 5 ms}\n"
        "                                     ^^^^\n"
        "  a whole number, then us, ms or s without a blank"
    )
    for wrong in ("5m", "1.5s", "5msec", "10ns", "5MS"):
        assert f"not the text '{wrong}'" in refused(f"run: {wrong}")


def test_a_time_beyond_all_bounds_is_refused() -> None:
    assert "run of program 'a' must be at most 1000000000000000 ticks" in refused(
        "run: 999999999999999s"
    )
