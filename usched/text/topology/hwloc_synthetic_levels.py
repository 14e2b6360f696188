"""The levels of hwloc's synthetic strings, and the names of their types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from usched.words.problems import Span

_CACHE = re.compile(r"l([1-9])([diu]?)(?:c(?:a(?:c(?:he?)?)?)?)?")

#: Type names as hwloc knows them; two letters are enough.
_TYPES = {
    "package": "package",
    "socket": "package",
    "numanode": "numa",
    "node": "numa",
    "die": "die",
    "group": "group",
    "core": "core",
    "pu": "pu",
    "cache": "cache",
}

#: What hwloc takes bare counts for, by how many there are.
BARE = {
    2: ("numa", "pu"),
    3: ("package", "numa", "pu"),
    4: ("package", "numa", "core", "pu"),
    5: ("package", "numa", "cache", "core", "pu"),
}


@dataclass(slots=True)
class Level:
    """total: of the whole machine, this level's objects. cache: its level, 0 for none."""

    kind: str
    count: int
    total: int
    indexes: str
    span: Span
    cache: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """A node in each object of `levels[above]`; -1 is the machine."""

    above: int
    indexes: str
    span: Span


def find_type(word: str) -> tuple[str, int] | None:
    """The kind of level that a word names, and the level of a data or unified cache, else 0."""
    low = word.lower()
    cache = _CACHE.fullmatch(low)
    if cache:
        return ("icache", 0) if cache[2] == "i" else ("cache", int(cache[1]))
    if low.startswith("group") and low[5:].isdigit():
        return "group", 0
    for name, kind in _TYPES.items():
        if len(low) >= 2 and name.startswith(low):
            return kind, 0
    return None
