"""A topology from plain mappings, in both forms of usched(5), and back to text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from usched.text.fields import Fields, describe
from usched.text.mistaken import note_other_kind
from usched.text.topology.compact import MAX_CPUS, NUMBERINGS, Shape, find_shape
from usched.words.cpuset import MAX_CPU, CpuSet, format_cpus
from usched.words.located import Located
from usched.words.machine import DEFAULT_HZ, Cpu, Topology
from usched.words.problems import Problem, Refused, Span, place_of

MAX_HZ = 1_000_000
MAX_NAME = 64
DEFAULT_MACHINE = "machine"

_COUNTS = ("sockets", "nodes", "llcs", "cores", "threads")
_COMPACT_ONLY = (*_COUNTS, "numbering")


def parse_topology(node: Located) -> Topology:
    """Read either form. Raises Refused with every problem, in the order of their places."""
    problems: list[Problem] = []
    if other := note_other_kind(node, "topology"):
        raise Refused(other)
    try:
        fields = Fields(node, "topology", problems)
        machine = _machine_name(fields)
        hz = fields.integer("hz", DEFAULT_HZ, 1, MAX_HZ)
        cpus = _entries(fields) if fields.has("cpus") else _alike(fields)
        offline = _offline(fields, CpuSet.of(cpu.number for cpu in cpus))
        _finish(fields, (*_COMPACT_ONLY, "cpus"))
    except Refused as many:
        problems = list(many.problems)
    if problems:
        raise Refused(sorted(problems, key=place_of))
    return Topology(machine, cpus, hz, offline)


def _finish(fields: Fields, others: Iterable[str]) -> None:
    """Complain of unknown keys; others are known too, though this form had no use for them."""
    fields.knows(*others)
    fields.finish()


def _machine_name(fields: Fields) -> str:
    name = fields.text("machine", DEFAULT_MACHINE)
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        fields.complain(
            f"machine of topology must be 1 to {MAX_NAME} printable characters, "
            "without spaces around them",
            fields.span("machine"),
        )
    return name


def _alike(fields: Fields) -> tuple[Cpu, ...]:
    """The compact form; () where it is wrong."""
    before = len(fields.problems)
    counts = {key: fields.integer(key, 1, 1, MAX_CPUS) for key in _COUNTS}
    numbering = fields.text("numbering", NUMBERINGS[0])
    if numbering not in NUMBERINGS:
        fields.complain(
            f"numbering of topology must be linux or compact, not '{numbering[:40]}'",
            fields.span("numbering"),
            "linux: all first threads, then all second ones\ncompact: siblings adjacent",
        )
    if len(fields.problems) > before:
        return ()
    llcs = counts["llcs"] if fields.has("llcs") else None
    shape = Shape(
        counts["sockets"], counts["nodes"], llcs, counts["cores"], counts["threads"], numbering
    )
    if shape.total > MAX_CPUS:
        largest = max(_COUNTS, key=lambda key: counts[key])
        fields.complain(
            f"{shape.total} cpus: a machine has at most {MAX_CPUS}",
            fields.span(largest),
            "the counts multiply: "
            + " x ".join(f"{key} {counts[key]}" for key in _COUNTS if fields.has(key)),
        )
        return ()
    return shape.cpus()


def _entries(fields: Fields) -> tuple[Cpu, ...]:
    """The form of one entry a cpu; only the entries that are right."""
    for key in _COMPACT_ONLY:
        if fields.has(key):
            fields.complain(
                f"topology has both 'cpus' and '{key}'",
                fields.entries[key].key,
                f"either one entry a cpu, or counts: {', '.join(_COMPACT_ONLY)}",
            )
    node = fields.take("cpus")
    assert node is not None
    if isinstance(node.value, (str, int, float)) or node.value is None:
        fields.complain(
            f"cpus of topology must be a list, not {describe(node)}",
            node.span,
            "one entry a cpu: - {cpu: 0, socket: 0, node: 0, core: 0}\n"
            f"or counts instead of cpus: {', '.join(_COUNTS)}",
        )
        return ()
    items = fields.sequence(node, "cpus of topology")
    if not 1 <= len(items) <= MAX_CPUS:
        if isinstance(node.value, (list, tuple)):
            fields.complain(
                f"cpus of topology has {len(items)} entries: a machine has 1 to {MAX_CPUS} cpus",
                node.span,
            )
        return ()
    return _Entries(fields).read(items)


class _Entries:
    """Reads the entries in turn, and holds each against those before it."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.cpus: dict[int, Cpu] = {}
        self.cores: dict[int, Cpu] = {}
        self.split: set[tuple[int, str]] = set()
        self.with_llc = 0
        self.without_llc: list[Span | None] = []

    def read(self, items: Iterable[Located]) -> tuple[Cpu, ...]:
        for index, item in enumerate(items):
            self._entry(item, f"entry {index + 1} of cpus")
        if self.with_llc and self.without_llc:
            entries = self.with_llc + len(self.without_llc)
            self.fields.complain(
                f"llc is given for {self.with_llc} of {entries} cpus",
                self.without_llc[0],
                "give it for all of them or for none",
            )
        return tuple(self.cpus[number] for number in sorted(self.cpus))

    def _entry(self, item: Located, what: str) -> None:
        before = len(self.fields.problems)
        entry = Fields(item, what, self.fields.problems)
        number = entry.integer("cpu", None, 0, MAX_CPU)
        socket = entry.integer("socket", None, 0, MAX_CPU)
        node = entry.integer("node", None, 0, MAX_CPU)
        llc = entry.integer("llc", 0, 0, MAX_CPU) if entry.has("llc") else None
        core = entry.integer("core", None, 0, MAX_CPU)
        _finish(entry, ("llc",))
        if len(self.fields.problems) > before:
            return
        if number in self.cpus:
            entry.complain(f"cpu {number} is declared twice", entry.span("cpu"))
            return
        self.with_llc += llc is not None
        if llc is None:
            self.without_llc.append(item.span)
        cpu = Cpu(number, socket, node, llc, core)
        self.cpus[number] = cpu
        self._core(entry, cpu)

    def _core(self, entry: Fields, cpu: Cpu) -> None:
        """A core is a piece of one socket, one node and one last-level cache."""
        first = self.cores.setdefault(cpu.core, cpu)
        for level in ("socket", "node", "llc"):
            one, other = getattr(first, level), getattr(cpu, level)
            if one in (None, other) or other is None or (cpu.core, level) in self.split:
                continue
            self.split.add((cpu.core, level))
            entry.complain(
                f"core {cpu.core} is in {level} {one} (cpu {first.number}) "
                f"and in {level} {other} (cpu {cpu.number})",
                entry.span(level),
                "numbers are machine-wide: count the cores on from one socket to the next",
            )


def _offline(fields: Fields, cpus: CpuSet) -> CpuSet:
    numbers: list[int] = []
    items = fields.items("offline")
    for item in items:
        number = fields.whole(item, "a cpu of offline", 0, MAX_CPU)
        if number is None:
            continue
        if number in numbers:
            fields.complain(f"cpu {number} is offline twice", item.span)
        elif cpus and number not in cpus:
            fields.complain(
                f"cpu {number} is offline but not a cpu of the machine",
                item.span,
                f"it has {format_cpus(cpus)}",
            )
        else:
            numbers.append(number)
    offline = CpuSet.of(numbers)
    if cpus and cpus <= offline:
        fields.complain(
            "every cpu is offline", fields.span("offline"), "at least one must be online"
        )
    return offline


def topology_record(topology: Topology) -> dict[str, object]:
    """Plain data that parse_topology reads back: compact where that says exactly the same."""
    record: dict[str, object] = {"machine": topology.machine, "hz": topology.hz}
    shape = find_shape(topology)
    if shape is not None:
        for key in _COMPACT_ONLY:
            value = getattr(shape, key)
            if value is not None and (key != "numbering" or shape.threads > 1):
                record[key] = value
    else:
        record["cpus"] = [_entry_record(cpu) for cpu in topology.cpus]
    if topology.offline:
        record["offline"] = list(topology.offline)
    return record


def _entry_record(cpu: Cpu) -> dict[str, object]:
    llc = {} if cpu.llc is None else {"llc": cpu.llc}
    return {"cpu": cpu.number, "socket": cpu.socket, "node": cpu.node, **llc, "core": cpu.core}


def format_topology(topology: Topology) -> str:
    """The YAML text of a topology; parse_topology gives the same one back."""
    lines = []
    for key, value in topology_record(topology).items():
        if key == "cpus" and isinstance(value, list):
            lines.append("cpus:")
            for entry in value:
                fields = ", ".join(f"{name}: {number}" for name, number in entry.items())
                lines.append(f"  - {{{fields}}}")
        elif key == "machine":
            lines.append(f"machine: {_quote(str(value))}")
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines) + "\n"


#: Plain words that some YAML reader takes for something else than text.
_NOT_TEXT = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def _quote(name: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name) and name.lower() not in _NOT_TEXT:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
