"""A real shell on a terminal of its own, and somebody who types."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path

_TIMEOUT = 20.0

#: The beginning of such a one, of which the rest is still to come.
_CUT = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[()])?\Z")

#: What a terminal is told besides text: colours, titles, places of the cursor.
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z]|.)")


class Terminal:
    """A command on a pseudo terminal of 200 columns; `with` ends it."""

    def __init__(self, command: list[str], folder: Path, env: Mapping[str, str]) -> None:
        self.pid, self.handle = os.forkpty()
        if self.pid == 0:
            try:
                ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
                os.chdir(folder)
                os.execvpe(command[0], command, dict(env))
            finally:
                os._exit(127)
        self.seen = self._cut = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.handle)
        deadline = time.monotonic() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)

    def type(self, keys: str) -> None:
        os.write(self.handle, keys.encode())

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in what is shown from now on, past which the next search begins."""
        deadline = time.monotonic() + _TIMEOUT
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            ready, _, _ = select.select([self.handle], [], [], deadline - time.monotonic())
            assert ready, f"no {pattern!r} in {self.seen!r}"
            said = self._cut + os.read(self.handle, 65536).decode("utf-8", "replace")
            cut = _CUT.search(said)
            self._cut = cut[0] if cut else ""
            self.seen += _CONTROL.sub("", said[: cut.start()] if cut else said)
        self.seen = self.seen[found.end() :]
        return found
