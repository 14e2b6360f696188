"""hwloc's synthetic strings, `pack:2 numa:2 core:8 pu:2`, as hwloc 2 reads them.

    string = [ "(" attributes ")" ] { level | memory }      the last level is the PUs
    level  = [ TYPE ":" ] COUNT [ "(" attributes ")" ]      so many in each one of the level before
    memory = "[" NUMANode [ "(" attributes ")" ] "]"        one in each one of the level before

Held against lstopo 2.9. Where hwloc warns and goes on, this refuses.
"""

from __future__ import annotations

import re

from usched.text.topology.compact import MAX_CPUS
from usched.text.topology.hwloc_synthetic_cpus import find_cpus
from usched.text.topology.hwloc_synthetic_levels import (
    Level,
    Memory,
    Parts,
    find_type,
    name_levels,
)
from usched.text.topology.numbering import settle
from usched.words.machine import Topology
from usched.words.problems import Line, Problem, Refused, Span

_NAME = "synthetic"
_EXAMPLE = "for example: pack:2 numa:1 l3:1 core:4 pu:2"
_ATTRIBUTES = r"(?:\((?P<attributes>[^()\[\]]*)\))?"
_LEVEL = re.compile(
    r"(?:(?P<type>[A-Za-z][A-Za-z0-9]*):)?(?P<count>[0-9]+)" + _ATTRIBUTES + r"(?=\s|\[|$)"
)
_MEMORY = re.compile(r"\[(?P<type>[A-Za-z]+)" + _ATTRIBUTES + r"\]")
_ROOT = re.compile(_ATTRIBUTES)

_MAX_LEVELS = 32
_KNOWN = ("indexes", "memory", "size", "memorysidecachesize")


def parse_hwloc_synthetic(text: str, label: str) -> tuple[Topology, list[str]]:
    """Read a synthetic string. Raises Refused with the column of what is wrong."""
    string = _String(text, label)
    string.scan()
    string.check()
    found = find_cpus(Parts(string.levels, string.memory), string.notes)
    topology, assumed = settle(_NAME, found)
    return topology, string.notes + assumed


class _String:
    def __init__(self, text: str, label: str) -> None:
        self.text = text
        self.label = label
        self.notes: list[str] = []
        self.levels: list[Level] = []
        self.memory: list[Memory] = []

    def span(self, start: int, end: int) -> Span:
        before = self.text.count("\n", 0, start)
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", start)
        line = self.text[first : last if last >= 0 else len(self.text)].rstrip("\r")
        return Span(Line(self.label, before + 1, line), start - first, max(start + 1, end) - first)

    def wrong(self, what: str, where: Span, remedy: str = _EXAMPLE) -> Refused:
        return Refused(Problem(what, where, remedy, rule="synthetic"))

    def scan(self) -> None:
        position, total = 0, 1
        text = self.text
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            match = _LEVEL.match(text, position)
            if match:
                total = self.level(match, total)
            elif memory := _MEMORY.match(text, position):
                match = memory
                self.attach(match)
            elif (
                text[position] == "(" and not self.levels and (root := _ROOT.match(text, position))
            ):
                match = root
                if not match[0]:
                    raise self.wrong("'(' is never closed", self.span(position, position + 1))
                self.attributes(match)
            else:
                end = position + len(text[position:].split(None, 1)[0])
                word = text[position:end]
                raise self.wrong(
                    f"'{word[:40]}' is not TYPE:COUNT nor [NUMANode]", self.span(position, end)
                )
            position = match.end()

    def level(self, match: re.Match[str], total: int) -> int:
        """Add a level; returns how many objects it has in the whole machine."""
        span = self.span(*match.span())
        digits = match["count"]
        count = int(digits) if len(digits) <= 9 else MAX_CPUS + 1
        if count == 0:
            raise self.wrong("a level of 0 objects leaves no cpu", span)
        if total * count > MAX_CPUS:
            raise self.wrong(f"more than {MAX_CPUS} cpus: the counts multiply", span)
        if len(self.levels) >= _MAX_LEVELS:
            raise self.wrong(f"more than {_MAX_LEVELS} levels", span)
        kind, cache, group = self.type(match["type"], span) if match["type"] else ("", 0, None)
        indexes = self.attributes(match)
        self.levels.append(Level(kind, count, total * count, indexes, span, cache, group))
        return total * count

    def type(self, word: str, span: Span) -> tuple[str, int, int | None]:
        found = find_type(word)
        if found is None:
            raise self.wrong(
                f"'{word[:40]}' is not a type of level",
                span,
                "types: package, die, numanode, group, l1 to l9 (l1d, l1i, l2u), core, pu",
            )
        return found

    def attach(self, match: re.Match[str]) -> None:
        span = self.span(*match.span())
        if len(self.memory) >= _MAX_LEVELS:
            raise self.wrong(f"more than {_MAX_LEVELS} memories", span)
        if self.type(match["type"], span)[0] != "numa":
            raise self.wrong("only a NUMANode stands in brackets", span)
        self.memory.append(Memory(len(self.levels) - 1, self.attributes(match), span))

    def attributes(self, match: re.Match[str]) -> str:
        """The value of indexes=, "" without; the others say nothing of cpus."""
        indexes = ""
        for word in (match["attributes"] or "").split():
            key, equals, value = word.partition("=")
            if key not in _KNOWN or not equals or not value:
                raise self.wrong(
                    f"the attribute '{word[:40]}' is not known",
                    self.span(*match.span("attributes")),
                    f"attributes: {', '.join(name + '=' for name in _KNOWN)}",
                )
            indexes = value if key == "indexes" else indexes
        return indexes

    def check(self) -> None:
        """Name the bare counts, and hold the order of levels against what a machine can be."""
        whole = self.span(0, len(self.text.rstrip()))
        if not self.levels:
            raise self.wrong("there is no level, so no cpu", whole)
        self.name_bare()
        self.number_unnumbered()
        kinds = [level.kind for level in self.levels]
        for kind in ("package", "numa", "die", "core", "pu"):
            if kinds.count(kind) > 1:
                raise self.wrong(f"two {kind} levels", self.levels[_last(kinds, kind)].span)
        if kinds[-1] != "pu":
            raise self.wrong(
                f"the last level is {kinds[-1]}, not pu", self.levels[-1].span, "add pu:1 or pu:2"
            )
        if "package" in kinds and "core" in kinds and kinds.index("package") > kinds.index("core"):
            raise self.wrong("a package inside a core", self.levels[kinds.index("package")].span)
        if self.memory and "numa" in kinds:
            raise self.wrong("NUMA nodes as a level and in brackets", self.memory[-1].span)

    def name_bare(self) -> None:
        bare = [level for level in self.levels if not level.kind]
        if not bare:
            return
        last = self.levels[-1]
        if len(bare) == 1 and bare[0] is last and len(self.levels) > 1:
            last.kind = "pu"
        elif bare[: len(self.levels) - 1] == self.levels[:-1] and last.kind in ("", "pu"):
            names = name_levels(len(self.levels) - 1, bool(self.memory))
            for level, kind in zip(self.levels, [*names, "pu"], strict=True):
                found = find_type(kind)
                level.kind, level.cache, _ = found or (kind, 0, None)
            said = " ".join(f"{level.kind}:{level.count}" for level in self.levels)
            self.notes.append(f"counts without types, taken as hwloc does: {said}")
        else:
            raise self.wrong(
                "a count without its type",
                bare[0].span,
                "give all types, or none, or leave out the last one (pu)",
            )

    def number_unnumbered(self) -> None:
        """`cache` of hwloc 1 has no level, and the outermost is the highest; so with groups."""
        caches = [level for level in self.levels if level.kind == "cache"]
        for height, level in enumerate(reversed(caches)):
            level.cache = height + 1
        groups = [level for level in self.levels if level.kind == "group"]
        left = len(groups)
        for level in groups:
            if level.group is None:
                level.group = left
                left -= 1


def _last(kinds: list[str], kind: str) -> int:
    return len(kinds) - 1 - kinds[::-1].index(kind)
