"""Homes are given by one process at a time: two that look at once would choose the same."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from usched.world.flocks import wait_for_lock

#: Seconds after which one goes on all the same. It takes milliseconds; and since everybody may give
#: homes to threads of his own, nobody may be able to keep others from it.
PATIENCE = 3.0


@contextmanager
def lock_homes(
    root: str, tell: Callable[[str], None], patience: float = PATIENCE
) -> Iterator[bool]:
    """On the folder of all processes, which is there, and open to everybody, wherever threads are.
    Yields whether it is held.

    tell: takes why it was not waited any longer. patience: seconds; with none nothing is told.
    """
    descriptor = os.open(os.path.join(root, "proc"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        is_held = wait_for_lock(descriptor, fcntl.LOCK_EX, patience)
        if patience and not is_held:
            tell(
                f"another process has been giving homes for {patience:g} s: it is not waited for, "
                "and a home may be shared that need not be"
            )
        yield is_held
    finally:
        os.close(descriptor)
