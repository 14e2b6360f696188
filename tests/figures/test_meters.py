"""What Linux has counted, and how much that is a second."""

from __future__ import annotations

from usched.figures.meters import Meter, Rate, measure, parse_cpu_stat, parse_some, sum_up
from usched.words.cpuset import CpuSet

FOUR = CpuSet.span(0, 3)


def test_rates_between_two_looks() -> None:
    before = Meter(3, FOUR, 1_000_000, 200_000, 10, 1, 500, 10.0)
    after = Meter(5, FOUR, 4_000_000, 700_000, 30, 6, 900, 12.0)
    assert measure(before, after) == Rate(5, FOUR, 1.5, 0.375, 0.25, 0.25)


def test_what_is_not_counted_has_no_rate() -> None:
    nothing = Meter(0, FOUR, None, None, None, None, None, 1.0)
    assert measure(nothing, nothing._replace(at=2.0)) == Rate(0, FOUR, None, None, None, None)
    still = Meter(0, CpuSet(), 7, 7, 7, 7, 7, 1.0)
    assert measure(still, still._replace(at=2.0)) == Rate(0, CpuSet(), 0.0, None, 0.0, 0.0)


def test_a_group_that_was_made_anew_counts_from_nothing() -> None:
    before = Meter(0, FOUR, 9_000_000, 0, 0, 0, 0, 1.0)
    after = Meter(0, FOUR, 500_000, 2_000_000, 0, 0, 0, 2.0)
    assert measure(before, after)[2:] == (0.5, 0.125, 1.0, 0.0)


def test_of_many_counters_who_is_new_counts_from_nothing_and_who_is_gone_not_at_all() -> None:
    before = {"system.slice": 100, "thread 7": 90, "thread 8": 50}
    after = {"system.slice": 130, "thread 8": 5, "thread 9": 2}  # that 8 is another one
    assert sum_up(before, after) == 30 + 5 + 2


def test_files_of_the_kernel() -> None:
    """Of Linux 6.12."""
    stat = "usage_usec 4205\nuser_usec 0\nnr_periods 41\nnr_throttled 40\nodd\nnice_usec x\n"
    assert parse_cpu_stat(stat) == {
        "usage_usec": 4205,
        "user_usec": 0,
        "nr_periods": 41,
        "nr_throttled": 40,
    }
    pressure = (
        "some avg10=91.10 avg60=40.03 avg300=10.83 total=35182012\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=17\n"
    )
    assert parse_some(pressure) == 35182012
    assert parse_some("") is parse_some("some total=\n") is parse_some("full total=1") is None
