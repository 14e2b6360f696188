"""How values are spread: percentiles, the worst, and a histogram."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple


class Bucket(NamedTuple):
    """Values from `low` to `high`, both included, and how often they are there."""

    low: int
    high: int
    times: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles nearest-rank. buckets: 0, 1, 2-3, 4-7 and so on, from the first to the last that
    holds something."""

    count: int
    mean: float
    p50: int
    p90: int
    p99: int
    max: int
    buckets: tuple[Bucket, ...]


def spread_out(counts: Mapping[int, int]) -> Spread | None:
    """counts: how often each value is. None where there are none."""
    ordered = sorted((value, times) for value, times in counts.items() if times)
    if not ordered:
        return None
    seen = list(accumulate(times for _, times in ordered))
    total = seen[-1]

    def rank(percent: int) -> int:
        value, _ = ordered[bisect_left(seen, -(-total * percent // 100))]
        return value

    return Spread(
        total,
        round(sum(value * times for value, times in ordered) / total, 3),
        rank(50),
        rank(90),
        rank(99),
        ordered[-1][0],
        _fill_buckets(ordered),
    )


def _fill_buckets(ordered: list[tuple[int, int]]) -> tuple[Bucket, ...]:
    held: dict[int, int] = {}
    for value, times in ordered:
        size = value.bit_length()
        held[size] = held.get(size, 0) + times
    sizes = range(min(held), max(held) + 1)
    return tuple(
        Bucket(1 << size >> 1, max(0, (1 << size) - 1), held.get(size, 0)) for size in sizes
    )
