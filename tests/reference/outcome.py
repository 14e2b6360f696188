"""What a run comes to: its figures, and every tick for the laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.registry import Spec


@dataclass(frozen=True)
class LwpTick:
    """One live lwp in one tick; `chain` is its way up: each (scheduler, its cpu)."""

    scheduler: str
    state: str  # running, waiting or sleeping
    home: int | None
    cpu: int | None
    chain: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Tick:
    """One tick of a run, with what the laws need.

    `afresh`: the schedulers declared or started afresh in it. `offered`: by domain, the cpus that
    it was offered. `placed`: by virtual scheduler, the parent's cpu of each vcpu that was chosen.
    `first`: (domain, its cpu, the child of a level that was offered it before its equals).
    """

    tick: int
    events: tuple[str, ...]
    afresh: frozenset[str]
    online: frozenset[int]
    tree: Mapping[str, Spec]
    cpus: Mapping[int, str]
    lwps: Mapping[str, LwpTick]
    offered: Mapping[str, frozenset[int]]
    placed: Mapping[str, Mapping[int, int]]
    first: frozenset[tuple[str, int, str]]


@dataclass(frozen=True)
class Outcome:
    """The run as its JSON has it, and every tick."""

    run: dict[str, Any]
    ticks: list[Tick]
