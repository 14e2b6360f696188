"""The topology: cpus, and the cores, caches, nodes and sockets that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.reference.errors import Refused


@dataclass(frozen=True)
class RealCpu:
    """One cpu of the machine and where it sits."""

    cpu: int
    socket: int
    node: int
    llc: int | None
    core: int
    thread: int = 0  # how many cpus of its core have lower numbers


@dataclass(frozen=True)
class Topology:
    """The machine: its cpus by number, its rate, and those offline at first."""

    name: str
    hz: int
    cpus: Mapping[int, RealCpu]
    offline: frozenset[int]


def _int(value: object, what: str, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise Refused(f"{what}: {value!r} is not a whole number of at least {low}")
    return value


def _keys(mapping: Mapping[str, Any], allowed: Iterable[str], what: str) -> None:
    unknown = set(mapping) - set(allowed)
    if unknown:
        raise Refused(f"{what}: unknown {sorted(map(str, unknown))}")


COMPACT = (
    *("machine", "hz", "sockets", "nodes", "llcs", "cores", "threads"),
    *("numbering", "offline"),
)
PROGRAM_KEYS = (
    *("name", "scheduler", "rforks", "at", "every", "run", "sleep", "repeat"),
    *("bursts", "period", "deadline"),
)


def read_topology(data: Mapping[str, Any]) -> Topology:
    """Compact, or one entry a cpu."""
    if "cpus" in data:
        return _per_cpu(data)
    return _compact(data)


def _compact(data: Mapping[str, Any]) -> Topology:
    """linux: all first threads, then all second ones (default) · compact: siblings adjacent."""
    _keys(data, COMPACT, "topology")
    sockets = _int(data.get("sockets", 1), "sockets", 1)
    nodes = _int(data.get("nodes", 1), "nodes", 1)
    llcs = _int(data["llcs"], "llcs", 1) if "llcs" in data else None
    cores = _int(data.get("cores", 1), "cores", 1)
    threads = _int(data.get("threads", 1), "threads", 1)
    numbering = data.get("numbering", "linux")
    if numbering not in ("linux", "compact"):
        raise Refused(f"numbering: {numbering!r}")
    places: list[tuple[int, int, int | None]] = []
    for socket in range(sockets):
        for node in range(nodes):
            for llc in range(llcs or 1):
                for _core in range(cores):
                    wide_node = socket * nodes + node
                    wide_llc = None if llcs is None else wide_node * llcs + llc
                    places.append((socket, wide_node, wide_llc))
    cpus: dict[int, RealCpu] = {}
    for core, (socket, node, place_llc) in enumerate(places):
        for thread in range(threads):
            if numbering == "linux":
                number = thread * len(places) + core
            else:
                number = core * threads + thread
            cpus[number] = RealCpu(number, socket, node, place_llc, core)
    return _topology(data, cpus)


def _per_cpu(data: Mapping[str, Any]) -> Topology:
    """llc optional for all or none; numbers may have gaps."""
    _keys(data, ("machine", "hz", "cpus", "offline"), "topology")
    cpus: dict[int, RealCpu] = {}
    for entry in data["cpus"]:
        _keys(entry, ("cpu", "socket", "node", "llc", "core"), "cpu")
        for key in ("cpu", "socket", "node", "core"):
            if key not in entry:
                raise Refused(f"a cpu without {key}")
        number = _int(entry["cpu"], "cpu", 0)
        if number in cpus:
            raise Refused(f"cpu{number} twice")
        cpus[number] = RealCpu(
            number,
            _int(entry["socket"], "socket", 0),
            _int(entry["node"], "node", 0),
            _int(entry["llc"], "llc", 0) if "llc" in entry else None,
            _int(entry["core"], "core", 0),
        )
    if not cpus:
        raise Refused("no cpus")
    if len({cpu.llc is None for cpu in cpus.values()}) > 1:
        raise Refused("llc is for all cpus or none")
    return _topology(data, dict(sorted(cpus.items())))


def _topology(data: Mapping[str, Any], cpus: dict[int, RealCpu]) -> Topology:
    offline = frozenset(_int(number, "offline", 0) for number in data.get("offline", []))
    if offline - set(cpus):
        raise Refused(f"offline: no cpu{min(offline - set(cpus))}")
    hz = _int(data.get("hz", 100), "hz", 1)
    for number, cpu in cpus.items():
        lower = [each for each in cpus.values() if each.core == cpu.core and each.cpu < cpu.cpu]
        cpus[number] = replace(cpu, thread=len(lower))
    return Topology(str(data.get("machine", "machine")), hz, cpus, offline)
