"""Waiting for what is to come about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable


def await_that(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)
