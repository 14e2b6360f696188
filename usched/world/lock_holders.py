"""Who holds a lock on a file, as far as /proc/locks tells (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path


def find_holders(path: str, root: str = "/") -> list[str]:
    """Processes with a POSIX lock on the file: `PID (command)`; [] where none can be seen."""
    proc = Path(root) / "proc"
    try:
        status = os.stat(path)
        locks = (proc / "locks").read_text()
    except OSError:
        return []
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    pids = []
    for line in locks.splitlines():
        fields = line.split()
        # "1: POSIX ADVISORY WRITE 1234 fe:01:5678 0 EOF"; waiters have "->" second
        if device in fields and "->" not in fields:
            pids.append(fields[fields.index(device) - 1])
    return [f"pid {pid} ({_command(proc, pid)})" for pid in dict.fromkeys(pids)]


def _command(proc: Path, pid: str) -> str:
    try:
        return (proc / pid / "comm").read_text().strip()
    except OSError:
        return "gone"
