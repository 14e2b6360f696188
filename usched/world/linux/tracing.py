"""A recording of switches and wakings by the kernel's tracefs, in an instance of its own, so that
whoever else traces is not touched."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from usched.words.problems import EnvironmentFailed
from usched.world.sys_files import write_at_once

_PLACES = ("sys/kernel/tracing", "sys/kernel/debug/tracing")

#: An instance is named by this and the pid of who made it.
_PREFIX = "usched."

#: By time.monotonic_ns().
_CLOCK = "mono"

#: What is kept of each cpu, in KiB: some 30,000 switches.
_BUFFER = 4096

_EVENTS = ("sched_switch", "sched_waking")


class Recording:
    """An instance that records."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def begin(self, tids: Collection[int]) -> None:
        """Of these threads, from now on. Raises OSError."""
        self._write("trace_clock", _CLOCK)
        self._write("buffer_size_kb", str(_BUFFER))
        self._write("set_event_pid", " ".join(map(str, tids)))
        for event in _EVENTS:
            self._write(f"events/sched/{event}/enable", "1")

    def end(self) -> Iterator[str]:
        """What is recorded, as lines; nothing more is. Raises OSError."""
        self._write("tracing_on", "0")
        with open(os.path.join(self.folder, "trace"), encoding="utf-8", errors="replace") as file:
            yield from file

    def _write(self, name: str, text: str) -> None:
        write_at_once(os.path.join(self.folder, name), text, os.O_TRUNC)


@contextmanager
def open_recording(root: str) -> Iterator[Recording | None]:
    """An instance, gone afterwards; None where this user has no tracefs."""
    folder = _make_instance(root)
    if folder is None:
        yield None
        return
    try:
        yield Recording(folder)
    finally:
        try:
            os.rmdir(folder)
        except OSError as error:
            what = f"{folder} cannot be removed: {error.strerror}"
            raise EnvironmentFailed(what) from error


def _make_instance(root: str) -> str | None:
    for place in _PLACES:
        instances = os.path.join(root, place, "instances")
        _remove_left(root, instances)
        folder = os.path.join(instances, f"{_PREFIX}{os.getpid()}")
        try:
            os.mkdir(folder)
        except OSError:  # no tracefs there, or not for this user
            continue
        if os.path.exists(os.path.join(folder, "set_event_pid")):
            return folder
        os.rmdir(folder)  # a plain folder
    return None


def _remove_left(root: str, instances: str) -> None:
    """Of who was killed."""
    with suppress(OSError):
        for name in os.listdir(instances):
            pid = name.removeprefix(_PREFIX)
            if pid != name and not os.path.exists(os.path.join(root, "proc", pid)):
                os.rmdir(os.path.join(instances, name))
