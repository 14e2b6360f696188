"""hwloc's XML exports (`lstopo --of xml`), of hwloc 1.x and 2.x.

1.x has Socket and Cache objects and puts packages inside NUMANode objects; 2.x has Package and
L3Cache, and hangs a NUMANode beside what it is local to, told by its cpuset. Group, Die and
everything that is no cpu, cache, core, package or node are passed through.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from usched.text.topology.hwloc_objects import Export, Node, Object, find_cpus
from usched.text.topology.mapping import DEFAULT_MACHINE
from usched.text.topology.numbering import settle
from usched.words.cpuset import MAX_CPU, NO_CPUS, CpuSet, parse_cpu_mask
from usched.words.machine import Topology
from usched.words.problems import Line, Problem, Refused, Span

_MAX_DEPTH = 256
_NAMES = ("DMIProductName", "HostName")
_CACHE = re.compile(r"l([1-9])([diu]?)(?:cache)?")
#: How versions of hwloc print "unknown", and the start of a bitmap without an end.
_UNKNOWN = ("-1", "4294967295", "18446744073709551615")
_FULL = "0xf...f"
_REMEDY = "lstopo --of xml FILE.xml writes one"


def parse_hwloc_xml(text: str, label: str) -> tuple[Topology, list[str]]:
    """Read an export. Raises Refused with line and column for what is not well-formed, declares
    entities, is no topology, or has no cpu."""
    export = Export()
    _Reader(export, label, text).read(text)
    if not export.pus:
        raise Refused(Problem(f"{label}: the export has no PU, so no cpu", remedy=_REMEDY))
    notes: list[str] = []
    found = list(find_cpus(export, notes))
    if not any(one.online for one in found):
        raise Refused(Problem(f"{label}: no cpu of the export is online", remedy=_REMEDY))
    name = next((export.names[key] for key in _NAMES if export.names.get(key)), DEFAULT_MACHINE)
    topology, assumed = settle(name, found, nodes=export.node_numbers)
    return topology, notes + assumed


class _Reader:
    """Follows the elements down and up; path: the objects that the reader stands in."""

    def __init__(self, export: Export, label: str, text: str) -> None:
        self.export = export
        self.label = label
        self.lines = text.split("\n")
        self.path: list[Object] = []
        self.depth = 0
        self.objects = 0
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
        text = self.lines[line - 1].rstrip("\r") if 0 < line <= len(self.lines) else ""
        return Span(Line(self.label, line, text), column, column + 1)

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
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.refuse(f"nested deeper than {_MAX_DEPTH} elements")
        if self.depth == 1 and tag != "topology":
            self.refuse(f"the root element is <{tag[:40]}>: this is no hwloc export", _REMEDY)
        if tag == "info" and len(self.path) == 1:
            self.export.names.setdefault(attributes.get("name", ""), attributes.get("value", ""))
        if tag == "object":
            self.object(attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag == "object":
            self.path.pop()

    def object(self, attributes: dict[str, str]) -> None:
        export = self.export
        kind = attributes.get("type", "").lower()
        cpus = self.cpus(attributes, "cpuset")
        self.objects += 1
        one = Object(
            self.objects,
            "package" if kind == "socket" else kind,
            self.number(attributes) if kind in ("pu", "numanode") else _label(attributes),
            _cache_level(kind, attributes),
            attributes.get("cache_size", ""),
            self.cpus(attributes, "complete_cpuset") | cpus,
            self.nodes(attributes),
        )
        self.path.append(one)
        if kind == "pu":
            self.pu(one)
        elif kind == "numanode":
            # A node that says which cpus it is local to may say none: all of them are offline.
            unknown = "cpuset" not in attributes and len(self.path) > 1
            parent = self.path[-2].number if unknown else None
            index = len(export.nodes) if one.os_index is None else one.os_index
            export.nodes.append(Node(one.number, index, parent, one.complete))
        elif len(self.path) == 1:
            export.complete = one.complete
            export.all_nodes = one.nodes or NO_CPUS
            if "online_cpuset" in attributes:
                export.online = self.cpus(attributes, "online_cpuset")
        elif one.complete - cpus:
            export.partial.append(one)

    def pu(self, one: Object) -> None:
        if one.os_index is None:
            self.refuse("a PU without os_index: its cpu number is not known")
            return
        if one.os_index in self.export.pus:
            self.refuse(f"cpu {one.os_index} is in the export twice")
        self.export.pus[one.os_index] = tuple(self.path)

    def number(self, attributes: dict[str, str]) -> int | None:
        """The number of a PU or a NUMANode."""
        text = attributes.get("os_index")
        if text is None or text in _UNKNOWN:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > MAX_CPU:
            self.refuse(f"os_index is '{text[:40]}', not a number of 0 to {MAX_CPU}")
        return int(text)

    def cpus(self, attributes: dict[str, str], key: str) -> CpuSet:
        """One of an object's cpusets; none where it is not given."""
        try:
            return parse_cpu_mask(attributes.get(key, ""))
        except ValueError as error:
            self.refuse(f"a cpuset {error}")
            return NO_CPUS

    def nodes(self, attributes: dict[str, str]) -> CpuSet | None:
        """The nodes an object is local to; None where it does not say, as hwloc 1 on one node."""
        text = attributes.get("complete_nodeset", attributes.get("nodeset"))
        if text is None or text.startswith(_FULL):
            return None
        try:
            return parse_cpu_mask(text)
        except ValueError as error:
            self.refuse(f"a nodeset {error}")
            return None


def _label(attributes: dict[str, str]) -> int | None:
    text = attributes.get("os_index", "")
    return int(text) if re.fullmatch(r"[0-9]{1,20}", text) and text not in _UNKNOWN else None


def _cache_level(kind: str, attributes: dict[str, str]) -> int:
    """The level of a data or unified cache, else 0."""
    match = _CACHE.fullmatch(kind)
    if match:
        return 0 if match[2] == "i" else int(match[1])
    depth = attributes.get("depth", "")
    if kind == "cache" and depth in tuple("123456789") and attributes.get("cache_type") != "2":
        return int(depth)
    return 0
