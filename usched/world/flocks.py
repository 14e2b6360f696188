"""Locks that are given up with the file: when it is closed, or whoever has it open ends."""

from __future__ import annotations

import fcntl
import time

#: Seconds between two looks.
_PAUSE = 0.005


def try_lock(file: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether it could be had at once. Raises OSError."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(file: int, kind: int, patience: float) -> bool:
    """Whether it could be had within so many seconds. Raises OSError."""
    deadline = time.monotonic() + patience
    while not try_lock(file, kind):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True
