"""What somebody puts in a file's place, so that who writes there writes elsewhere, or waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

#: Each takes the place, and the file that it leads to where it leads anywhere.
PLANTED: Mapping[str, Callable[[Path, Path], None]] = {
    "pipe": lambda place, _: os.mkfifo(place),
    "link": lambda place, other: place.symlink_to(other),
    "name": lambda place, other: place.hardlink_to(other),
}
