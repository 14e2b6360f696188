"""The summary that `lscpu -J` prints: counts, and the cpus of each node, but no table of cpus.

Counts do not say which cpus share a core. Every way in which firmware counts is tried against the
counts and the nodes; the summary is taken only where exactly one machine remains.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from usched.text.topology.mapping import DEFAULT_MACHINE
from usched.text.topology.numbering import settle
from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU, CpuSet, parse_cpu_list
from usched.words.machine import Topology
from usched.words.problems import Problem, Refused

_NODE = re.compile(r"NUMA node([0-9]{1,6}) CPU\(s\)")
_CACHE = re.compile(r"L([1-9])[du]? cache")
_INSTANCES = re.compile(r"\(([0-9]{1,6}) instances?\)")
_THREADS = "Thread(s) per core"
_MAX_FIELDS = 10_000


@dataclass(frozen=True, slots=True)
class _Summary:
    """caches: the instances of the highest cache, None where they are not counted."""

    name: str
    online: CpuSet
    threads: int
    cores: int
    sockets: int
    nodes: dict[int, CpuSet]
    caches: int | None


def parse_summary(raw: object, label: str, remedy: str) -> tuple[Topology, list[str]]:
    """Raises Refused where the counts contradict each other or leave cores open.

    raw: the value of "lscpu". remedy: the commands that print a table of cpus.
    """
    try:
        summary = _read(_unique(_fields(raw)))
        return _only_machine(summary)
    except ValueError as error:
        raise Refused(Problem(f"{label}: {error}", remedy=remedy, rule="lscpu")) from error


def _fields(raw: object) -> Iterator[tuple[str, str]]:
    """Every field with its data, from nested ones too, in the order printed."""
    queue = deque(raw if isinstance(raw, list) else [])
    count = 0
    while queue:
        item = queue.popleft()
        count += 1
        if count > _MAX_FIELDS:
            raise ValueError(f"more than {_MAX_FIELDS} fields")
        if not isinstance(item, dict):
            continue
        field, data = item.get("field"), item.get("data")
        if isinstance(field, str) and isinstance(data, str):
            yield field.strip().rstrip(":").strip(), data.strip()
        children = item.get("children")
        if isinstance(children, list):
            queue.extend(children)


def _unique(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Raises ValueError where a count is there twice: once for each type of cpu."""
    unique: dict[str, str] = {}
    for field, data in fields:
        if field == _THREADS and field in unique:
            raise ValueError(
                "the machine has several types of cpus, and the summary does not say which "
                "cpus are of which"
            )
        unique.setdefault(field, data)
    return unique


def _read(fields: dict[str, str]) -> _Summary:
    if "CPU(s)" not in fields:
        raise ValueError("no field 'CPU(s)': is it in another language? (LC_ALL=C lscpu ...)")
    total = _count(fields, "CPU(s)")
    if fields.get("Off-line CPU(s) list") or fields.get("Off-line CPU(s) mask"):
        raise ValueError("cpus are offline, and the summary does not say where they are")
    masks = "On-line CPU(s) mask" in fields
    online = _cpus(fields.get("On-line CPU(s) list", f"0-{total - 1}"), masks=False)
    if masks:
        online = _cpus(fields["On-line CPU(s) mask"], masks=True)
    threads = _count(fields, _THREADS)
    sockets, cores = _sockets(fields)
    if not len(online) == total == threads * cores * sockets:
        raise ValueError(
            f"the counts contradict each other: {total} cpus, {len(online)} of them online, but "
            f"{threads} threads x {cores} cores x {sockets} sockets"
        )
    nodes = {}
    for field, data in fields.items():
        match = _NODE.fullmatch(field)
        if match and data:
            nodes[int(match[1])] = _cpus(data, masks)
    if nodes and sum(map(len, nodes.values())) != total:
        raise ValueError("the nodes do not hold each cpu once")
    return _Summary(
        fields.get("Model name", DEFAULT_MACHINE),
        online,
        threads,
        cores,
        sockets,
        nodes or {0: online},
        _instances(fields),
    )


def _cpus(data: str, masks: bool) -> CpuSet:
    """masks: lscpu -x printed bitmaps in place of lists."""
    if not masks:
        return parse_cpu_list(data)
    if not re.fullmatch(f"(?:0x)?[0-9a-fA-F]{{1,{(MAX_CPU + 1) // 4}}}", data):
        raise ValueError(f"'{data[:40]}' is not a mask of cpus in hexadecimal")
    return CpuSet(int(data, 16))


def _sockets(fields: dict[str, str]) -> tuple[int, int]:
    """How many sockets, and cores in each. A cluster of Arm cores is told as a socket, in the
    tables too; on s390 sockets stand in books and drawers."""
    if "Core(s) per cluster" in fields:
        return _count(fields, "Cluster(s)"), _count(fields, "Core(s) per cluster")
    cores = _count(fields, "Core(s) per socket")
    if "Socket(s) per book" not in fields:
        return _count(fields, "Socket(s)"), cores
    sockets = _count(fields, "Socket(s) per book")
    if "Book(s) per drawer" in fields:
        return sockets * _count(fields, "Book(s) per drawer") * _count(fields, "Drawer(s)"), cores
    return sockets * _count(fields, "Book(s)"), cores


def _count(fields: dict[str, str], field: str) -> int:
    if field not in fields:
        raise ValueError(f"there is no field '{field}'")
    data = fields[field]
    if not re.fullmatch(r"[0-9]{1,9}", data) or not 1 <= int(data) <= MAX_CPU + 1:
        raise ValueError(f"the field '{field}' is {data[:40]!r}, not a count of 1 or more")
    return int(data)


def _instances(fields: dict[str, str]) -> int | None:
    """Of the highest cache that is counted: s390 names more, whose cpus nobody knows."""
    best: tuple[int, int | None] = (0, None)
    for field, data in fields.items():
        match, instances = _CACHE.fullmatch(field), _INSTANCES.search(data)
        if match and instances and int(match[1]) > best[0]:
            best = (int(match[1]), int(instances[1]))
    return best[1]


def _only_machine(summary: _Summary) -> tuple[Topology, list[str]]:
    machines: dict[str, tuple[Topology, list[str]]] = {}
    for places in _ways(summary):
        found = _lay_out(summary, places)
        if found is not None:
            topology, notes = settle(summary.name, found)
            machines.setdefault(repr(topology), (topology, notes))
    if not machines:
        raise ValueError("no way of counting fits the nodes that the summary names")
    if len(machines) > 1:
        raise ValueError("the summary does not say which cpus share a core or a socket")
    (only,) = machines.values()
    return only


def _ways(summary: _Summary) -> Iterator[list[tuple[int, int]]]:
    """For each way of counting: the (socket, core) of each cpu in ascending order."""
    total = len(summary.online)
    cores = summary.cores * summary.sockets
    for siblings_adjacent in (True, False):
        for sockets_in_turn in (False, True):
            places = []
            for rank in range(total):
                core = rank // summary.threads if siblings_adjacent else rank % cores
                socket = core % summary.sockets if sockets_in_turn else core // summary.cores
                places.append((socket, core))
            yield places


def _lay_out(summary: _Summary, places: list[tuple[int, int]]) -> list[Found] | None:
    """The cpus placed so, or None where the nodes or caches say otherwise."""
    node_of = {cpu: node for node, cpus in summary.nodes.items() for cpu in cpus}
    cores: dict[int, list[tuple[int, int]]] = {}
    by_core: dict[int, set[int | None]] = {}
    by_node: dict[int | None, set[int]] = {}
    by_socket: dict[int, set[int | None]] = {}
    for cpu, (socket, core) in zip(summary.online, places, strict=True):
        node = node_of.get(cpu)
        by_core.setdefault(core, set()).add(node)
        by_node.setdefault(node, set()).add(socket)
        by_socket.setdefault(socket, set()).add(node)
        cores.setdefault(socket, []).append((core, cpu))
    nested = all(len(sockets) == 1 for sockets in by_node.values()) or all(
        len(nodes) == 1 for nodes in by_socket.values()
    )
    if not nested or any(len(nodes) > 1 for nodes in by_core.values()):
        return None
    per_cache = _cores_per_cache(summary)
    found = []
    for socket in sorted(cores):
        order = {
            core: index for index, core in enumerate(dict.fromkeys(c for c, _ in cores[socket]))
        }
        for core, cpu in cores[socket]:
            llc = None if per_cache is None else (socket, order[core] // per_cache)
            found.append(Found(cpu, socket, node_of.get(cpu), llc, core))
    return found


def _cores_per_cache(summary: _Summary) -> int | None:
    """Caches are taken to divide each socket's cores evenly, in the order of the cores."""
    if summary.caches is None:
        return None
    per_socket, rest = divmod(summary.caches, summary.sockets)
    if rest or per_socket == 0 or summary.cores % per_socket:
        raise ValueError(
            f"{summary.caches} last-level caches do not divide {summary.sockets} sockets of "
            f"{summary.cores} cores evenly"
        )
    return summary.cores // per_socket
