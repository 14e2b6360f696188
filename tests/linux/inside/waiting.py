"""Waiting for what is to come about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def await_that(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def run_until(holds: Callable[[Seen], bool], run: Callable[[], Seen], most: int = 3) -> Seen:
    """What the first run says that is as it should be, or else the last one: what else is done on
    the machine disturbs a run, and hardly ever so many in turn."""
    seen = run()
    for _ in range(most - 1):
        if holds(seen):
            break
        seen = run()
    return seen
