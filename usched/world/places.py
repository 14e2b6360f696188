"""Where things are when nobody says."""

from __future__ import annotations

import os
from collections.abc import Mapping

SYSTEM_FOLDER = "/var/lib/usched"
FILE_NAME = "registry.db"


def default_registry(environ: Mapping[str, str], uid: int) -> str:
    """The registry's file: root's is the system's, everybody else has a personal one."""
    if uid == 0:
        return os.path.join(SYSTEM_FOLDER, FILE_NAME)
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # the XDG specification: ignore a relative one
        state = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "usched", FILE_NAME)


def make_folder(path: str) -> None:
    """Make the folder of a default registry: readable to all where it is the system's."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755 if folder == SYSTEM_FOLDER else 0o700, exist_ok=True)
