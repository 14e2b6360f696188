"""Whether those who share get equally much of what they want."""

from __future__ import annotations

from collections.abc import Iterable


def jain(shares: Iterable[float]) -> float | None:
    """Jain's index: 1 where all shares are equal, 1/n where one of n has everything (Jain, Chiu
    and Hawe, DEC-TR-301, 1984). None for none."""
    given = list(shares)
    squares = sum(share * share for share in given)
    if not given:
        return None
    return round(sum(given) ** 2 / (len(given) * squares), 4) if squares else 1.0
