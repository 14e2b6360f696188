"""hwloc's synthetic strings, `pack:2 numa:2 core:8 pu:2`, as hwloc 2 reads them.

    string = [ "(" attributes ")" ] { level | memory }      the last level is the PUs
    level  = [ TYPE ":" ] COUNT [ "(" attributes ")" ]      so many in each one of the level before
    memory = "[" NUMANode [ "(" attributes ")" ] "]"        one in each one of the level before

Held against lstopo 2.9. Where hwloc warns and goes on, this refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from usched.text.topology.compact import MAX_CPUS
from usched.text.topology.hwloc_synthetic_indexes import parse_indexes
from usched.text.topology.hwloc_synthetic_levels import BARE, Level, Memory, find_type
from usched.text.topology.numbering import settle
from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU
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
    found = string.find()
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
        kind, cache = self.type(match["type"], span) if match["type"] else ("", 0)
        indexes = self.attributes(match)
        if indexes and kind not in ("pu", "numa", ""):
            raise self.wrong(
                f"indexes= on a {kind} level",
                span,
                "only PU and NUMANode take it: cores and caches are counted on",
            )
        self.levels.append(Level(kind, count, total * count, indexes, span, cache))
        return total * count

    def type(self, word: str, span: Span) -> tuple[str, int]:
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
        self.number_caches()
        kinds = [level.kind for level in self.levels]
        for kind in ("package", "numa", "die", "core", "pu"):
            if kinds.count(kind) > 1:
                raise self.wrong(f"two {kind} levels", self.levels[_last(kinds, kind)].span)
        if kinds[-1] != "pu":
            raise self.wrong(
                f"the last level is {kinds[-1]}, not pu", self.levels[-1].span, "add pu:1 or pu:2"
            )
        for outer, inner in (("package", "core"), ("numa", "core")):
            if outer in kinds and inner in kinds and kinds.index(outer) > kinds.index(inner):
                span = self.levels[kinds.index(outer)].span
                raise self.wrong(f"a {outer} inside a {inner}", span)
        if self.memory and ("numa" in kinds or len({one.above for one in self.memory}) > 1):
            raise self.wrong("NUMA nodes at two levels", self.memory[-1].span)
        if self.memory and "core" in kinds and self.memory[0].above > kinds.index("core"):
            raise self.wrong("a numa inside a core", self.memory[0].span)

    def name_bare(self) -> None:
        bare = [level for level in self.levels if not level.kind]
        if not bare:
            return
        if len(bare) == 1 and bare[0] is self.levels[-1] and len(self.levels) > 1:
            bare[0].kind = "pu"
        elif len(bare) == len(self.levels) and len(bare) in BARE:
            for level, kind in zip(bare, BARE[len(bare)], strict=True):
                level.kind = kind
            said = " ".join(f"{level.kind}:{level.count}" for level in bare)
            self.notes.append(f"counts without types, taken as hwloc does: {said}")
        else:
            raise self.wrong(
                "a count without its type",
                bare[0].span,
                "give all types, or none for 2 to 5 levels, or leave out the last one (pu)",
            )

    def number_caches(self) -> None:
        """`cache` of hwloc 1 has no level: the outermost is the highest."""
        plain = [level for level in self.levels if level.kind == "cache" and not level.cache]
        plain = [
            level for level in plain if "i" not in level.span.line.text[level.span.start :][:3]
        ]
        for height, level in enumerate(reversed(plain)):
            level.cache = height + 1

    def find(self) -> list[Found]:
        total = self.levels[-1].total
        cpus = self.numbers(self.levels[-1].indexes, total, self.levels[-1].span, len(self.levels))
        package = self.ordinal("package")
        core = self.ordinal("core")
        caches = [level for level in self.levels if level.cache]
        last = max(caches, key=lambda level: level.cache, default=None)
        node = self.node()
        found = []
        for index, cpu in enumerate(cpus):
            llc = None if last is None else index // (total // last.total)
            shared = core(index)
            key = ("pu", index) if shared is None else ("core", shared)
            found.append(Found(cpu, package(index), node(index), llc, key))
        return found

    def ordinal(self, kind: str) -> Callable[[int], int | None]:
        """From a PU's position to the position of its object of a kind."""
        levels = [level for level in self.levels if level.kind == kind]
        if not levels:
            return lambda _: None
        per = self.levels[-1].total // levels[0].total
        return lambda index: index // per

    def node(self) -> Callable[[int], int | None]:
        kinds = [level.kind for level in self.levels]
        if "numa" in kinds:
            at = kinds.index("numa")
            level = self.levels[at]
            numbers = self.numbers(level.indexes, level.total, level.span, at + 1)
            per = self.levels[-1].total // level.total
            return lambda index: numbers[index // per]
        if not self.memory:
            return lambda _: None
        above = self.memory[0].above
        parents = self.levels[above].total if above >= 0 else 1
        each = len(self.memory)
        if each > 1:
            self.notes.append(f"{each} nodes at each place: the cpus are counted to the first")
        given = next((one for one in self.memory if one.indexes), self.memory[0])
        numbers = self.numbers(given.indexes, parents * each, given.span, above + 1)
        per = self.levels[-1].total // parents
        return lambda index: numbers[index // per * each]

    def numbers(self, indexes: str, total: int, span: Span, depth: int) -> list[int]:
        """The operating system's numbers of a level's objects, in their order in the string."""
        if not indexes:
            return list(range(total))
        outer = {level.kind: level.total for level in self.levels[:depth] if level.kind != "cache"}
        try:
            return parse_indexes(indexes, total, outer, MAX_CPU)
        except ValueError as error:
            remedy = "a list of numbers, STEP*COUNT:..., or types"
            raise self.wrong(f"indexes=: {error}", span, remedy) from error


def _last(kinds: list[str], kind: str) -> int:
    return len(kinds) - 1 - kinds[::-1].index(kind)
