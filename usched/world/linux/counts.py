"""What the kernel counts of a thread, always and for everybody."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from usched.words.kernel_count import parse_count
from usched.words.problems import EnvironmentFailed

_MIGRATIONS = re.compile(r"^se\.nr_migrations\s*:\s*([0-9]+)$", re.MULTILINE)

#: Letters of a file that are read.
_MOST = 1 << 16


class Counts(NamedTuple):
    """Since it began. ran, waited: ns. migrations: from one cpu to another, also while it did not
    run; None where the kernel does not say."""

    ran: int
    waited: int
    migrations: int | None


def read_counts(root: str, tid: int) -> Counts:
    """Raises EnvironmentFailed where it is gone, or the kernel does not count."""
    folder = os.path.join(root, "proc", str(tid))
    try:
        with open(os.path.join(folder, "schedstat"), errors="replace") as file:
            ran, waited, _ = map(parse_count, file.read(_MOST).split())
    except (OSError, ValueError) as error:
        what = f"{folder}/schedstat, where Linux says how long it ran, cannot be read"
        raise EnvironmentFailed(what) from error
    return Counts(ran, waited, _read_migrations(folder))


def _read_migrations(folder: str) -> int | None:
    try:
        with open(os.path.join(folder, "sched"), errors="replace") as file:
            found = _MIGRATIONS.search(file.read(_MOST))
        return parse_count(found[1]) if found else None
    except (OSError, ValueError):  # a kernel without CONFIG_SCHED_DEBUG
        return None
