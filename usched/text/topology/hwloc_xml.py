"""hwloc's XML exports (`lstopo --of xml`), of hwloc 1.x and 2.x.

1.x has Socket and Cache objects and puts packages inside NUMANode objects; 2.x has Package and
L3Cache, and hangs a NUMANode beside what it is local to, told by its cpuset. Group, Die and
everything that is no cpu, cache, core, package or node are passed through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from usched.text.topology.compact import MAX_CPUS
from usched.text.topology.mapping import DEFAULT_MACHINE
from usched.text.topology.numbering import settle
from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU, CpuSet, format_cpus
from usched.words.machine import Topology
from usched.words.problems import Line, Problem, Refused, Span

_MAX_DEPTH = 256
_NAMES = ("DMIProductName", "HostName")
_CACHE = re.compile(r"l([1-9])([diu]?)(?:cache)?")
_MAX_WORDS = MAX_CPUS // 32
_REMEDY = "lstopo --of xml FILE.xml writes one"


@dataclass(frozen=True, slots=True)
class _Object:
    """An object on the way from the root. number: counts all objects, so it names this one."""

    number: int
    kind: str
    os_index: int | None
    cache_level: int = 0


@dataclass(slots=True)
class _Node:
    number: int
    os_index: int
    parent: int | None
    cpus: CpuSet
    complete: CpuSet


@dataclass(slots=True)
class _Pu:
    cpu: int
    path: tuple[_Object, ...]


@dataclass(slots=True)
class _Export:
    """What one reading of the file has gathered."""

    label: str
    lines: list[str]
    path: list[_Object] = field(default_factory=list)
    depth: int = 0
    objects: int = 0
    pus: dict[int, _Pu] = field(default_factory=dict)
    nodes: list[_Node] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    complete: CpuSet = field(default_factory=CpuSet)
    online: CpuSet | None = None


def parse_hwloc_xml(text: str, label: str) -> tuple[Topology, list[str]]:
    """Read an export. Raises Refused with line and column for what is not well-formed, declares
    entities, is no topology, or has no cpu."""
    export = _Export(label, text.split("\n"))
    _Reader(export).read(text)
    if not export.pus:
        raise Refused(Problem(f"{label}: the export has no PU, so no cpu", remedy=_REMEDY))
    notes: list[str] = []
    found = list(_find(export, notes))
    if not any(one.online for one in found):
        raise Refused(Problem(f"{label}: no cpu of the export is online", remedy=_REMEDY))
    name = next((export.names[key] for key in _NAMES if export.names.get(key)), DEFAULT_MACHINE)
    topology, assumed = settle(name, found)
    return topology, notes + assumed


class _Reader:
    def __init__(self, export: _Export) -> None:
        self.export = export
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.entity
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end

    def read(self, text: str) -> None:
        try:
            self.parser.Parse(text, True)
        except expat.ExpatError as error:
            where = self.span(error.lineno, error.offset)
            what = f"broken XML: {expat.ErrorString(error.code)}"
            raise Refused(Problem(what, where, rule="xml")) from error

    def span(self, line: int, column: int) -> Span:
        lines = self.export.lines
        text = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
        return Span(Line(self.export.label, line, text), column, column + 1)

    def refuse(self, what: str, remedy: str = "") -> None:
        where = self.span(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)
        raise Refused(Problem(what, where, remedy, rule="xml"))

    def doctype(self, *facts: object) -> None:
        # An internal subset is where entities are declared: hwloc writes none, a bomb needs one.
        _name, _system, _public, has_subset = facts
        if has_subset:
            self.refuse("a DOCTYPE with declarations of its own is not accepted", _REMEDY)

    def entity(self, *_: object) -> None:
        self.refuse("entity declarations are not accepted", _REMEDY)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        export = self.export
        export.depth += 1
        if export.depth > _MAX_DEPTH:
            self.refuse(f"nested deeper than {_MAX_DEPTH} elements")
        if export.depth == 1 and tag != "topology":
            self.refuse(f"the root element is <{tag[:40]}>: this is no hwloc export", _REMEDY)
        if tag == "info" and len(export.path) == 1:
            export.names.setdefault(attributes.get("name", ""), attributes.get("value", ""))
        if tag == "object":
            self.object(attributes)

    def end(self, tag: str) -> None:
        self.export.depth -= 1
        if tag == "object":
            self.export.path.pop()

    def object(self, attributes: dict[str, str]) -> None:
        export = self.export
        kind = attributes.get("type", "").lower()
        export.objects += 1
        one = _Object(
            export.objects,
            "package" if kind == "socket" else kind,
            self.index(attributes.get("os_index")),
            _cache_level(kind, attributes),
        )
        export.path.append(one)
        if kind == "pu":
            self.pu(one)
        elif kind == "numanode":
            # A node that says which cpus it is local to may say none: all of them are offline.
            unknown = "cpuset" not in attributes and len(export.path) > 1
            parent = export.path[-2].number if unknown else None
            cpus = self.cpuset(attributes.get("cpuset"))
            complete = self.cpuset(attributes.get("complete_cpuset")) | cpus
            index = len(export.nodes) if one.os_index is None else one.os_index
            export.nodes.append(_Node(one.number, index, parent, cpus, complete))
        elif len(export.path) == 1:
            export.complete = self.cpuset(attributes.get("complete_cpuset"))
            if "online_cpuset" in attributes:
                export.online = self.cpuset(attributes["online_cpuset"])

    def pu(self, one: _Object) -> None:
        export = self.export
        if one.os_index is None:
            self.refuse("a PU without os_index: its cpu number is not known")
            return
        if one.os_index in export.pus:
            self.refuse(f"cpu {one.os_index} is in the export twice")
        export.pus[one.os_index] = _Pu(one.os_index, tuple(export.path))

    def index(self, text: str | None) -> int | None:
        """-1, or 4294967295 in some versions, is hwloc's unknown."""
        if text is None or text in ("-1", "4294967295"):
            return None
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > MAX_CPU:
            self.refuse(f"os_index is '{text[:40]}', not a number of 0 to {MAX_CPU}")
        return int(text)

    def cpuset(self, text: str | None) -> CpuSet:
        """hwloc's bitmaps: words of 32 bits in hexadecimal, the highest first; "" is 0."""
        words = (text or "").split(",")
        if len(words) > _MAX_WORDS:
            self.refuse(f"a cpuset of over {MAX_CPUS} cpus")
        mask = 0
        for word in words:
            if not re.fullmatch(r"(?:0x[0-9a-fA-F]{1,8})?", word.strip()):
                self.refuse(f"a cpuset has the word '{word[:40]}', not 32 bits in hexadecimal")
            mask = mask << 32 | int(word.strip() or "0", 16)
        return CpuSet(mask)


def _cache_level(kind: str, attributes: dict[str, str]) -> int:
    """The level of a data or unified cache, else 0."""
    match = _CACHE.fullmatch(kind)
    if match:
        return 0 if match[2] == "i" else int(match[1])
    depth = attributes.get("depth", "")
    if kind == "cache" and depth in tuple("123456789") and attributes.get("cache_type") != "2":
        return int(depth)
    return 0


def _find(export: _Export, notes: list[str]) -> Iterator[Found]:
    packages = {one.number: one for pu in export.pus.values() for one in pu.path}
    packages = {key: one for key, one in packages.items() if one.kind == "package"}
    indexes = [one.os_index for one in packages.values()]
    named = None not in indexes and len(set(indexes)) == len(indexes)
    sockets = {
        number: one.os_index if named else count
        for count, (number, one) in enumerate(packages.items())
    }
    nodes = _node_of(export, notes)
    if not any(one.kind == "core" for pu in export.pus.values() for one in pu.path):
        notes.append("the export has no cores: each cpu a core of its own")
    for cpu, pu in export.pus.items():
        socket = next((sockets[one.number] for one in pu.path if one.kind == "package"), None)
        core = next((one.number for one in pu.path if one.kind == "core"), ("pu", cpu))
        caches = [(one.cache_level, one.number) for one in pu.path if one.cache_level]
        online = export.online is None or cpu in export.online
        yield Found(cpu, socket, nodes.get(cpu), max(caches, default=None), core, online)
    missing = export.complete - CpuSet.of(export.pus)
    if missing:
        notes.append(
            f"{format_cpus(missing)}: offline, or not allowed where the export was made; "
            "taken as offline"
        )
    for cpu in missing:
        yield Found(cpu, node=nodes.get(cpu), online=False)


def _node_of(export: _Export, notes: list[str]) -> dict[int, int]:
    """cpu -> node: by what stands inside the node (1.x), else by cpuset, else by its parent."""
    members: dict[int, list[int]] = {}
    for pu in export.pus.values():
        for one in pu.path:
            members.setdefault(one.number, []).append(pu.cpu)
    nodes: dict[int, int] = {}
    doubled = []
    for node in sorted(export.nodes, key=lambda one: one.os_index):
        cpus = CpuSet.of(members.get(node.number, ())) | node.cpus | node.complete
        if not cpus and node.parent is not None:
            cpus = CpuSet.of(members.get(node.parent, ()))
        for cpu in cpus:
            if nodes.setdefault(cpu, node.os_index) != node.os_index:
                doubled.append(node.os_index)
    if doubled:
        numbers = ", ".join(str(number) for number in dict.fromkeys(doubled))
        notes.append(f"node {numbers}: local to cpus of a lower node, which they are counted to")
    return nodes
