"""Percentiles and histograms of values counted by hand."""

from __future__ import annotations

from usched.figures.fairness import jain
from usched.figures.latency import Bucket, spread_out


def test_percentiles_are_nearest_rank() -> None:
    spread = spread_out(dict.fromkeys(range(1, 11), 1))
    assert spread is not None
    assert (spread.count, spread.mean, spread.p50, spread.p90) == (10, 5.5, 5, 9)
    assert (spread.p99, spread.max) == (10, 10)


def test_a_value_counts_as_often_as_it_is_there() -> None:
    spread = spread_out({0: 98, 7: 1, 30: 1, 99: 0})
    assert spread is not None
    assert (spread.count, spread.p50, spread.p90, spread.p99, spread.max) == (100, 0, 0, 7, 30)


def test_buckets_double_from_the_first_to_the_last_that_holds_something() -> None:
    spread = spread_out({2: 1, 3: 4, 17: 2})
    assert spread is not None
    assert spread.buckets == (
        (Bucket(2, 3, 5), Bucket(4, 7, 0), Bucket(8, 15, 0), Bucket(16, 31, 2))
    )


def test_nought_has_a_bucket_of_its_own() -> None:
    spread = spread_out({0: 3, 1: 1})
    assert spread is not None
    assert spread.buckets == (Bucket(0, 0, 3), Bucket(1, 1, 1))


def test_nothing_has_no_spread() -> None:
    assert spread_out({}) is None
    assert spread_out({4: 0}) is None


def test_equal_shares_are_fair_and_one_that_has_all_is_not() -> None:
    assert jain([0.5, 0.5, 0.5]) == 1.0
    assert jain([1, 0, 0, 0]) == 0.25
    assert jain([0, 0]) == 1.0
    assert jain([]) is None
