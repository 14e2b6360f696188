"""Where things are when nobody says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

SYSTEM_FOLDER = "/var/lib/usched"
FILE_NAME = "registry.db"
SYSTEM_REGISTRY = os.path.join(SYSTEM_FOLDER, FILE_NAME)


def default_registry(environ: Mapping[str, str], uid: int) -> str:
    """The registry's file: root's is the system's, everybody else has a personal one."""
    if uid == 0:
        return SYSTEM_REGISTRY
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # the XDG specification: ignore a relative one
        state = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "usched", FILE_NAME)


def make_default(path: str) -> None:
    """Make the folder of a default registry; the system's, and its file, readable to all whatever
    the umask is."""
    folder = os.path.dirname(path)
    if folder != SYSTEM_FOLDER:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o755, exist_ok=True)
        os.chmod(folder, 0o755)
    with suppress(FileExistsError):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.fchmod(file, 0o644)
        os.close(file)


def may_have_parts(registry: str) -> bool:
    """Whether anything was ever granted in a registry, by what is seen beside it."""
    return os.path.isdir(f"{os.path.realpath(registry)}.grants")
