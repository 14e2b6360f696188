"""Utilisations that sum to a given one, drawn as they are for published experiments."""

from __future__ import annotations

from usched.meaning.draws import Draws

ALGORITHMS = ("uunifast-discard", "randfixedsum")

#: Of RandFixedSum, whose table has as many rows and columns.
MAX_FIXED_SUM = 1_000

#: So many numbers may be drawn, and discarded.
MAX_DRAWN = 100_000


def uunifast_discard(draws: Draws, count: int, total: float) -> list[float] | None:
    """UUniFast (Bini, Buttazzo: Measuring the performance of schedulability tests, 2005); a set in
    which one is over 1 is discarded, and all are drawn anew (Davis, Burns: Priority assignment for
    global fixed priority pre-emptive scheduling in multiprocessor real-time systems, 2009).

    None if MAX_DRAWN numbers were drawn and all discarded.
    """
    spent = 0
    while spent < MAX_DRAWN:
        drawn: list[float] = []
        left = total
        for others in range(count - 1, 0, -1):
            rest = left * draws.root(others)
            drawn.append(left - rest)
            spent += 1
            left = rest
            if drawn[-1] > 1:
                break
        else:
            spent += 1
            if left <= 1:
                return [*drawn, left]
    return None


def randfixedsum(draws: Draws, count: int, total: float) -> list[float]:
    """Uniform among all sets of numbers from 0 to 1 with that sum (Stafford's RandFixedSum, as in
    Emberson, Stafford, Davis: Techniques for the synthesis of multiprocessor tasksets, 2010)."""
    if count == 1:
        return [total]
    floor = min(int(total), count - 1)
    chances = _chances(count, total, floor)
    drawn = []
    left, column = total, floor
    done, scale = 0.0, 1.0
    for others in range(count - 1, 0, -1):
        is_high = draws.uniform() <= chances[others - 1][column]
        part = draws.root(others)
        done += (1 - part) * scale * left / (others + 1)
        scale *= part
        drawn.append(done + scale * is_high)
        left -= is_high
        column -= is_high
    drawn.append(done + scale * left)
    draws.shuffle(drawn)
    return [min(1.0, max(0.0, each)) for each in drawn]


def _chances(count: int, total: float, floor: int) -> list[list[float]]:
    """Row i, column j: how likely the next of i + 2 numbers lies in the upper simplex, when j of
    those that are left have to."""
    below = [total - (floor - each) for each in range(count)]
    above = [(floor + count - each) - total for each in range(count)]
    weights = [0.0] * (count + 1)
    weights[1] = 1.0
    chances = []
    for size in range(2, count + 1):
        row = [0.0] * count
        grown = [0.0] * (count + 1)
        for j in range(size):
            low = weights[j + 1] * below[j] / size
            high = weights[j] * above[count - size + j] / size
            grown[j + 1] = both = low + high
            is_far = above[count - size + j] > below[j]
            if both > 0:
                row[j] = high / both if is_far else 1 - low / both
            else:  # no set leads here, but for one at the very end
                row[j] = 0.0 if is_far else 1.0
        most = max(grown)  # only their ratios count: they would become too small for a float
        weights = [each / most for each in grown]
        chances.append(row)
    return chances
