"""A machine from text in any of the formats, which is told by its content; the name of the file
plays no part."""

from __future__ import annotations

import re
from typing import Literal

from usched.text.topology.for_people import name_output
from usched.words.machine import Topology
from usched.words.problems import Line, Problem, Refused, Span

Kind = Literal["yaml", "lscpu-json", "lscpu-parsable", "hwloc-xml", "hwloc-synthetic"]

FORMATS = (
    "a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export (lstopo --of xml),\n"
    "or an hwloc synthetic string such as 'pack:2 core:4 pu:2'"
)

#: The first key of what `lscpu -J` and `-C` print; of our own JSON it is `machine`.
_LSCPU_JSON = re.compile(r'\{\s*"(?:lscpu|cpus|caches)"\s*:')
#: The comment that names the columns of `lscpu -p`.
_LSCPU_HEADER = re.compile(
    r"^#[ \t]*(?=[A-Za-z0-9,:]*\bCPU\b)[A-Za-z0-9]+(?:[,:][A-Za-z0-9]*)*[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_LSCPU_ROW = re.compile(r"[0-9]{1,9}(?:,|$)|,+$")
_LSCPU_CELLS = re.compile(r"[0-9]{1,9},[0-9A-Za-z,:-]*$")
#: How a synthetic string begins: `pack:2`, `[NUMANode(...)]`, `(memory=...)`, or a count and more.
_SYNTHETIC = re.compile(
    r"[A-Za-z][A-Za-z0-9]*:[0-9]|\[[A-Za-z]+|\([a-z]+="
    r"|[0-9]+[ \t]+(?:[0-9[]|[A-Za-z][A-Za-z0-9]*:[0-9])"
)


def parse_machine(text: str, label: str) -> tuple[Topology, list[str]]:
    """Read text in whichever format it is. Raises Refused with the places under label."""
    match recognise(text, label):
        case "yaml":
            from usched.text.topology.mapping import parse_topology
            from usched.text.yaml import parse_yaml

            return parse_topology(parse_yaml(text, label)), []
        case "lscpu-json":
            from usched.text.topology.lscpu import parse_lscpu_json

            return parse_lscpu_json(text, label)
        case "lscpu-parsable":
            from usched.text.topology.lscpu import parse_lscpu_parsable

            return parse_lscpu_parsable(text, label)
        case "hwloc-xml":
            from usched.text.topology.hwloc_xml import parse_hwloc_xml

            return parse_hwloc_xml(text, label)
        case "hwloc-synthetic":
            from usched.text.topology.hwloc_synthetic import parse_hwloc_synthetic

            return parse_hwloc_synthetic(text, label)


def recognise(text: str, label: str) -> Kind:
    """The format of a text. Raises Refused for an empty one, and for what is made for people."""
    body = text.strip()
    if not body:
        raise Refused(Problem("the file is empty", _first(text, label), f"usched reads {FORMATS}"))
    if body.startswith("<"):
        return "hwloc-xml"
    if _LSCPU_JSON.match(body):
        return "lscpu-json"
    row = _first_row(body)
    has_header = _LSCPU_HEADER.search(body[:10_000]) is not None
    if _LSCPU_CELLS.match(row) or (has_header and (not row or _LSCPU_ROW.match(row))):
        return "lscpu-parsable"
    if "\n" not in body and looks_synthetic(body):
        return "hwloc-synthetic"
    foreign = name_output(row, body[:200].split("\n", 1)[0])
    if foreign is not None:
        what, remedy = foreign
        raise Refused(Problem(f"this is {what}", _first(text, label), remedy))
    return "yaml"


def looks_synthetic(text: str) -> bool:
    """Whether a text can only be meant as an hwloc synthetic string."""
    return _SYNTHETIC.match(text.strip()) is not None


def _first_row(body: str) -> str:
    """The first line that is no comment, as far as 200 characters."""
    start = 0
    while start < len(body):
        end = body.find("\n", start)
        end = len(body) if end < 0 else end
        line = body[start : min(end, start + 200)].strip()
        if line and not line.startswith("#"):
            return line
        start = end + 1
    return ""


def _first(text: str, label: str) -> Span:
    line = text.split("\n", 1)[0]
    return Span(Line(label, 1, line), 0, max(1, len(line)))
