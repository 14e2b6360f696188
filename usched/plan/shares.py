"""How siblings share cpus by weight: between levels of lwktpri, and by quantum among equals.

What is asked of all the children of a domain is found once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.phrases import NAMED, join_names

#: lwktpri up to which a scheduler runs when nobody else wants to, and from which it goes first.
IDLE, REAL = 4, 8

#: The kernel's largest.
TOP_WEIGHT = 10_000

#: How many times as much a level weighs as the next one down, where there is room for that.
_APART, _LEAST_APART = 100, 2


#: The least cpu.weight, 1, has more than cpu.idle: 10 where that has 3 (Linux's WEIGHT_IDLEPRIO).
_SPAN, _SPAN_ABOVE_IDLE = TOP_WEIGHT, TOP_WEIGHT * 3


class Share(NamedTuple):
    """What a scheduler wants among its siblings. quantum: in ticks. cpus: its real ones. is_real:
    whether its threads are real-time ones, for which no weight counts. is_granted: whether somebody
    else may subdivide it, after which they are none."""

    name: str
    lwktpri: int
    quantum: int
    cpus: CpuSet
    is_real: bool = False
    is_granted: bool = False

    @property
    def is_weighed(self) -> bool:
        """Whether its weight has to tell it from its siblings. What is granted has one from the
        outset: what its holder declares in it is to change nothing for them."""
        return self.lwktpri > IDLE and (self.is_granted or not self.is_real)


class Shares:
    """Those of the children of one domain, in declaration order."""

    def __init__(self, members: Sequence[Share]) -> None:
        classes: dict[str, list[Share]] = {}
        levels: dict[tuple[str, int], list[Share]] = {}
        for each in members:
            classes.setdefault(_class_of(each), []).append(each)
            levels.setdefault(_level_of(each), []).append(each)
        self._by_level = {
            kind: _ToldApart(alike, lambda each: each.lwktpri) for kind, alike in classes.items()
        }
        self._by_quantum = {
            level: _ToldApart(equals, lambda each: each.quantum) for level, equals in levels.items()
        }
        self._wanted_twice = {level: _find_disputed(equals) for level, equals in levels.items()}
        #: The longest quantum of each level that is told from the others by weight.
        self._longest: dict[int, int] = {}
        for each in members:
            if each.is_weighed:
                longest = self._longest.get(each.lwktpri, 0)
                self._longest[each.lwktpri] = max(longest, each.quantum)
        self.apart = self._find_apart("idle" in classes)

    def _find_apart(self, is_above_idle: bool) -> int:
        """How many times as much a level weighs as the next one down: all are equally far apart,
        those that idle, too."""
        steps = len(self._longest) - (not is_above_idle)
        span = _SPAN_ABOVE_IDLE if is_above_idle else _SPAN
        apart = _APART
        while apart > _LEAST_APART and apart**steps > span:
            apart -= 1
        return apart

    def count_above(self, lwktpri: int) -> int:
        """How many levels of siblings that have a weight are above this one."""
        return sum(1 for level in self._longest if lwktpri < level)

    def weigh(self, share: Share) -> int:
        """The level's weight, in the ratio of quanta among equals: so are their shares in turns."""
        if not share.is_weighed:
            return TOP_WEIGHT
        return max(1, self._weigh_level(share) * share.quantum // self._longest[share.lwktpri])

    def _weigh_level(self, share: Share) -> int:
        return TOP_WEIGHT // int(self.apart ** self.count_above(share.lwktpri))

    def is_in_ratio(self, share: Share) -> bool:
        """Whether the weight is to that of the longest quantum as the quanta are, within 5
        percent."""
        longest = self._longest[share.lwktpri]
        exact = self._weigh_level(share) * share.quantum
        return abs(self.weigh(share) * longest - exact) * 20 <= exact

    def has_equals(self, share: Share) -> bool:
        """Whether another one of the same lwktpri and class can ever want one of its cpus."""
        return bool(share.cpus & self._wanted_twice[_level_of(share)])

    def name_other_levels(self, share: Share) -> str:
        """Who of the same class, but of another lwktpri, can ever want one of its cpus."""
        return self._by_level[_class_of(share)].name_others(share)

    def name_other_quanta(self, share: Share) -> str:
        """Who of the same lwktpri, but of another quantum, can ever want one of its cpus."""
        return self._by_quantum[_level_of(share)].name_others(share)


def _class_of(share: Share) -> str:
    if share.lwktpri <= IDLE:
        return "idle"
    return "real" if share.is_real else "fair"


def _level_of(share: Share) -> tuple[str, int]:
    return _class_of(share), share.lwktpri


def _find_disputed(members: Sequence[Share]) -> CpuSet:
    """The cpus that more than one of them has."""
    once = twice = NO_CPUS
    for each in members:
        twice |= once & each.cpus
        once |= each.cpus
    return twice


class _ToldApart:
    """Siblings that are of different kinds; those of one kind are alike.

    Many are alike, or have no cpu in common with any other kind, and are not compared one by one.
    """

    def __init__(self, members: Sequence[Share], kind: Callable[[Share], int]) -> None:
        self._members = members
        self._kind = kind
        self._named: dict[tuple[int, int], str] = {}
        unions: dict[int, CpuSet] = {}
        for each in members:
            unions[kind(each)] = unions.get(kind(each), NO_CPUS) | each.cpus
        once = self._disputed = NO_CPUS
        for union in unions.values():
            self._disputed |= once & union
            once |= union

    def name_others(self, share: Share) -> str:
        """Who is of another kind and can want one of its cpus; "" for nobody."""
        kind, disputed = self._kind(share), share.cpus & self._disputed
        if not disputed:
            return ""
        asked = (kind, disputed.mask)
        if asked not in self._named:
            others = (
                each.name
                for each in self._members
                if each.cpus & disputed and self._kind(each) != kind
            )
            self._named[asked] = join_names(list(islice(others, NAMED + 1)))
        return self._named[asked]
