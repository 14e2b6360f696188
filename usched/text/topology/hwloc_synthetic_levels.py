"""The levels of hwloc's synthetic strings, and the names of their types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from usched.words.problems import Span

_CACHE = re.compile(r"l([1-9])([diu]?)(?:c(?:a(?:c(?:he?)?)?)?)?")
_GROUP = re.compile(r"gr(?:o(?:up?)?)?([0-9]{1,9})")
#: What hwloc keeps for the types that may come: groups until then.
_GROUPS_TO_COME = ("tile", "module")

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


@dataclass(slots=True)
class Level:
    """total: of the whole machine, this level's objects. cache: the level of a data or unified
    cache, 0 for none. group: what stands after `Group`, None for nothing."""

    kind: str
    count: int
    total: int
    indexes: str
    span: Span
    cache: int = 0
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """A node in each object of `levels[above]`; -1 is the machine."""

    above: int
    indexes: str
    span: Span


@dataclass(frozen=True, slots=True)
class Parts:
    """A whole string: its levels, the outermost first, and its memory, as written."""

    levels: list[Level]
    memory: list[Memory]


def find_type(word: str) -> tuple[str, int, int | None] | None:
    """What a word names: the kind of level, and `cache` and `group` of a Level."""
    low = word.lower()
    cache = _CACHE.fullmatch(low)
    if cache:
        instructions = cache[2] == "i"
        return (
            f"l{cache[1]}{'i' if instructions else ''}",
            0 if instructions else int(cache[1]),
            None,
        )
    group = _GROUP.fullmatch(low)
    if group:
        return "group", 0, int(group[1])
    for name, kind in _TYPES.items():
        if len(low) >= 2 and name.startswith(low):
            return kind, 0, None
    return ("group", 0, None) if low.startswith(_GROUPS_TO_COME) else None


def name_levels(count: int, nodes_are_attached: bool) -> list[str]:
    """What hwloc takes so many levels without types for, the last one (the PUs) aside.

    Wanted are, in this order, nodes, packages, cores, up to four caches, groups.
    """
    nodes = min(count, 0 if nodes_are_attached else 1)
    packages = min(count - nodes, 1)
    cores = min(count - nodes - packages, 1)
    left = count - nodes - packages - cores
    caches = {0: [], 1: ["l2"], 2: ["l2", "l1"], 3: ["l3", "l2", "l1"]}.get(
        left, ["l3", "l2", "l1", "l1i"]
    )
    groups = left - len(caches)
    return (
        ["group"] * groups + ["package"] * packages + ["numa"] * nodes + caches + ["core"] * cores
    )
