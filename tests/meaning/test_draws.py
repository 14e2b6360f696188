"""Draws from a seed, and utilisations drawn as they are for published experiments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from statistics import fmean

import pytest

from usched.meaning.draws import Draws
from usched.meaning.utilisations import MAX_FIXED_SUM, randfixedsum, uunifast_discard


def test_the_words_are_those_of_splitmix64() -> None:
    draws = Draws(1234567)
    assert [draws.word() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_roots_and_logarithms_are_the_same_everywhere() -> None:
    draws = Draws(42)
    assert [draws.root(degree).hex() for degree in (1, 2, 63)] == [
        "0x1.7bae644c5fd6dp-1",
        "0x1.997c3bc1c9280p-2",
        "0x1.f5b7f3699bfb8p-1",
    ]
    assert [draws.log_uniform(10, 1000) for _ in range(6)] == [48, 11, 545, 27, 399, 47]
    assert [draws.whole(1, 6) for _ in range(8)] == [4, 2, 3, 4, 4, 4, 2, 1]


def test_draws_stay_in_their_bounds() -> None:
    draws = Draws(0)
    assert {draws.log_uniform(3, 5) for _ in range(200)} == {3, 4, 5}
    assert {draws.whole(3, 5) for _ in range(200)} == {3, 4, 5}
    assert draws.log_uniform(7, 7) == draws.whole(7, 7) == 7
    assert all(0 < draws.uniform() < 1 for _ in range(1000))
    logs = [draws.log_uniform(10, 1000) for _ in range(4000)]
    assert fmean(period < 100 for period in logs) == pytest.approx(0.5, abs=0.03)


def distance(one: list[float], other: list[float]) -> float:
    """Kolmogorov's and Smirnov's, between two samples."""
    found, i, j = 0.0, 0, 0
    one, other = sorted(one), sorted(other)
    while i < len(one) and j < len(other):
        if one[i] <= other[j]:
            i += 1
        else:
            j += 1
        found = max(found, abs(i / len(one) - j / len(other)))
    return found


def simplex(count: int, total: float, sets: int) -> Iterator[list[float]]:
    """Uniform sets of that sum by another way: exponentials, those with one over 1 thrown away;
    where the sum is large, what each lacks to 1."""
    source = random.Random(7)
    is_large = total > count / 2
    rest = count - total if is_large else total
    while sets:
        drawn = [source.expovariate(1) for _ in range(count)]
        scaled = [each * rest / sum(drawn) for each in drawn]
        if max(scaled) <= 1:
            sets -= 1
            yield [1 - each for each in scaled] if is_large else scaled


Draw = Callable[[Draws, int, float], list[float] | None]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "count", "total"),
    [
        (randfixedsum, 2, 1.3), (randfixedsum, 3, 1.7), (randfixedsum, 5, 0.5),
        (randfixedsum, 4, 2.0), (randfixedsum, 8, 7.5), (uunifast_discard, 2, 1.3),
        (uunifast_discard, 3, 1.2), (uunifast_discard, 5, 0.5), (uunifast_discard, 4, 2.0),
    ],
)  # fmt: skip
def test_sets_are_uniform_among_all_of_that_sum(draw: Draw, count: int, total: float) -> None:
    """At 0.0435 two samples of 4,000 of one law differ once in a thousand times."""
    draws = Draws(1)
    drawn = [found for _ in range(4000) if (found := draw(draws, count, total)) is not None]
    assert len(drawn) == 4000
    assert all(abs(sum(each) - total) < 1e-9 and 0 <= min(each) <= max(each) <= 1 for each in drawn)
    wanted = list(simplex(count, total, 4000))
    for at in range(count):
        assert distance([each[at] for each in drawn], [each[at] for each in wanted]) < 0.0435
    assert distance([min(each) for each in drawn], [min(each) for each in wanted]) < 0.0435
    assert distance([max(each) for each in drawn], [max(each) for each in wanted]) < 0.0435


@pytest.mark.slow
def test_the_ends() -> None:
    draws = Draws(5)
    assert randfixedsum(draws, 1, 0.7) == uunifast_discard(draws, 1, 0.7) == [0.7]
    assert randfixedsum(draws, 4, 4.0) == pytest.approx([1] * 4)
    many = randfixedsum(draws, MAX_FIXED_SUM, 600.5)
    assert sum(many) == pytest.approx(600.5)
    assert 0 <= min(many) <= max(many) <= 1
    assert uunifast_discard(draws, 64, 62.0) is None
