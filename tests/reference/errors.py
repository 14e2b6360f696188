"""Why an input is refused, and what only the run can know."""

from __future__ import annotations

MACHINE = ""

RESERVED = frozenset({"destroy", "grant", "revoke"})


class Refused(Exception):
    """An input that is refused before the run."""


class RunFailed(Exception):
    """An error that only the run can know; it names the tick."""

    def __init__(self, tick: int, text: str) -> None:
        super().__init__(f"tick {tick}: {text}")
        self.tick = tick
        self.text = text
