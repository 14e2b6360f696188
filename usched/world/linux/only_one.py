"""What only one process at a time does on a machine, and says with its pid that it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from usched.words.problems import EnvironmentFailed, Problem
from usched.world.flocks import try_lock


@contextmanager
def be_the_only(folder: str, name: str, remedy: str) -> Iterator[None]:
    """name: of the file in the folder, and of what is done. Whoever may not write there does it all
    the same. Raises EnvironmentFailed where another one does it."""
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(os.path.join(folder, name), flags, 0o600)
    except PermissionError:
        yield
        return
    except OSError as error:
        raise EnvironmentFailed(f"{folder} cannot be written: {error.strerror}") from error
    try:
        if not try_lock(descriptor):
            pid = os.pread(descriptor, 16, 0).decode("ascii", "replace").strip()
            what = f"another usched {name} is at work, process {pid or 'unknown'}"
            raise EnvironmentFailed(Problem(what, None, remedy))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
