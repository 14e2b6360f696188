"""How this program is started."""

from __future__ import annotations

import os
import sys


def find_program() -> tuple[str, ...]:
    """The words that start it from anywhere: where it is installed, or Python with its module."""
    path = os.path.abspath(sys.argv[0])
    if os.path.basename(path) == "usched" and os.access(path, os.X_OK):
        return (path,)
    # without a PATH, as before a system is up, Python does not know its own
    python = sys.executable or os.path.realpath("/proc/self/exe")
    return (python, "-m", "usched")
