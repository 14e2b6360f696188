"""A progress bar for what keeps somebody waiting: a run, an import."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress

#: Seconds before anything is shown.
_PATIENCE = 1.0


class Progress:
    """On standard error, if that is a terminal, once it has taken more than a second."""

    def __init__(self, total: int | None, unit: str = "ticks") -> None:
        """total: None where nobody knows it; then what is done is counted."""
        self._total = total
        self._unit = unit
        self._started = time.monotonic()
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def reach(self, done: int) -> None:
        """It has come to this tick, or line."""
        if not self._shown:
            return
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE:
                return
            self._start()
        assert self._bar is not None
        assert self._task is not None
        said = self._unit if self._total else f"{done:,} {self._unit}"
        self._bar.update(self._task, completed=done, description=said)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bar

        self._bar = Bar(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._unit, total=self._total)
        self._bar.start()
