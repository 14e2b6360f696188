"""Control groups as actions see them: Linux's, what a holder has of them, or a model's."""

from __future__ import annotations

from typing import Protocol

from usched.plan.difference import Observed, Step


class Readable(Protocol):
    def read(self, within: str = "") -> Observed:
        """within: only this group and those beneath it, and the one outside."""
        ...


class Groups(Readable, Protocol):
    """Control groups that can be changed. Raises StepFailed."""

    def do(self, step: Step) -> None: ...
    def processes(self, path: str) -> list[int]: ...
    def move(self, pid: int, path: str) -> None: ...
