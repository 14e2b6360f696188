"""Moments, as grants have them."""

from __future__ import annotations

import calendar
import time

from usched.world.accounts import moment_in


def test_grant_lasts_as_long_as_was_said() -> None:
    for seconds in (0.01, 0.5, 1, 1.01):
        before = time.time()
        ends = moment_in(seconds)
        assert ends is not None
        after = time.time()
        moment = calendar.timegm(time.strptime(ends, "%Y-%m-%dT%H:%M:%SZ"))
        assert before + seconds <= moment < after + seconds + 1
