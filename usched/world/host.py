"""The topology of a running Linux, from `/sys/devices/system/{cpu,node}` under any root.

Shared lists (a core's threads, a cache's cpus) are read from the first cpu of each group only:
thousands of cpus would otherwise mean ten times as many files.
"""

from __future__ import annotations

import os

from usched.text.topology.numbering import settle
from usched.text.topology.reported import Found
from usched.words.cpuset import CpuSet, parse_cpu_list
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, Problem

_CPUS = "sys/devices/system/cpu"
_NODES = "sys/devices/system/node"

#: Where firmware tells what the machine is called, best first.
_NAMES = ("sys/class/dmi/id/product_name", "sys/firmware/devicetree/base/model")
_PLACEHOLDERS = ("", "none", "default string", "system product name", "to be filled by o.e.m.")
_UNNAMED = "host"

_REMEDY = (
    "this is not the /sys of a Linux machine\n"
    "describe the machine in a file and type: usched topology load FILE"
)


def detect_topology(root: str = "/") -> tuple[Topology, list[str]]:
    """The machine below root, and notes on what had to be assumed.

    Raises EnvironmentFailed where there are no such files, or none that can be understood.
    """
    return _Host(root).detect()


class _Host:
    def __init__(self, root: str) -> None:
        self.root = root

    def detect(self) -> tuple[Topology, list[str]]:
        present = self.required_list(f"{_CPUS}/present")
        online = self.required_list(f"{_CPUS}/online") & present
        if not online:
            raise EnvironmentFailed(
                Problem(f"{self.path(_CPUS)}/online names no cpu that is present", remedy=_REMEDY)
            )
        notes: list[str] = []
        numbers = self.node_numbers()
        nodes = self.nodes(numbers, present, notes)
        cores = self.cores(online)
        bare = online - CpuSet.of(cores)
        if bare:
            notes.append("no topology directory: taken for cores of their own on socket 0")
            for cpu in bare:
                cores[cpu] = (0, cpu)
        llcs = self.caches(online)
        found = []
        for cpu in present:
            node = nodes[cpu] if cpu in nodes else self.linked_node(cpu, numbers)
            one = Found(cpu, node=node, online=cpu in online)
            if cpu in cores:
                socket, core = cores[cpu]
                one = one._replace(socket=socket, core=core, llc=llcs.get(cpu))
            found.append(one)
        smt_off = self.read(f"{_CPUS}/smt/control") in ("off", "forceoff")
        topology, assumed = settle(self.name(), found, primaries_only=smt_off)
        return topology, notes + assumed

    def path(self, relative: str) -> str:
        return os.path.join(self.root, relative)

    def read(self, relative: str) -> str | None:
        """The text of a file without its end of line; None where it cannot be read."""
        try:
            with open(self.path(relative), "rb") as file:
                return file.read(1 << 20).decode("utf-8", "replace").strip(" \t\r\n\0")
        except (OSError, ValueError):
            return None

    def required_list(self, relative: str) -> CpuSet:
        text = self.read(relative)
        if text is None:
            what = f"{self.path(relative)} cannot be read"
            raise EnvironmentFailed(Problem(what, remedy=_REMEDY))
        return self.cpu_list(relative, text)

    def cpu_list(self, relative: str, text: str) -> CpuSet:
        try:
            return parse_cpu_list(text)
        except ValueError as error:
            raise EnvironmentFailed(
                Problem(f"{self.path(relative)} is not a list of cpus: {error}", remedy=_REMEDY)
            ) from error

    def optional_list(self, relative: str) -> CpuSet | None:
        text = self.read(relative)
        return None if not text else self.cpu_list(relative, text)

    def number(self, relative: str) -> int | None:
        """None where Linux does not know, which some Arm machines spell -1."""
        text = self.read(relative) or ""
        digits = text.isascii() and text.isdigit() and len(text) <= 18
        return int(text) if digits else None

    def node_numbers(self) -> list[int]:
        try:
            names = os.listdir(self.path(_NODES))
        except OSError:
            return []
        return sorted(
            int(name[4:])
            for name in names
            if name.startswith("node") and name[4:].isascii() and name[4:].isdigit()
        )

    def nodes(self, numbers: list[int], present: CpuSet, notes: list[str]) -> dict[int, int]:
        """cpu -> node; a cpu of several (numa=fake) is in the lowest."""
        nodes: dict[int, int] = {}
        for node in numbers:
            cpus = (self.optional_list(f"{_NODES}/node{node}/cpulist") or CpuSet()) & present
            repeated = [cpu for cpu in cpus if nodes.setdefault(cpu, node) != node]
            if repeated:
                notes.append(f"node {node} repeats cpus of a lower node: left to that one")
        return nodes

    def linked_node(self, cpu: int, numbers: list[int]) -> int | None:
        """An offline cpu leaves its node's list, but keeps its link to the node."""
        for node in numbers:
            if os.path.exists(self.path(f"{_CPUS}/cpu{cpu}/node{node}")):
                return node
        return None

    def cores(self, online: CpuSet) -> dict[int, tuple[int | None, object]]:
        """cpu -> (socket, key of its core), for the cpus with a topology directory."""
        sockets: dict[int, int | None] = {}
        cores: dict[int, tuple[int | None, object]] = {}
        for cpu in online:
            if cpu in cores:
                continue
            folder = f"{_CPUS}/cpu{cpu}/topology"
            # core_cpus_list is the name since 5.x; the older one is kept beside it.
            siblings = self.optional_list(f"{folder}/core_cpus_list") or self.optional_list(
                f"{folder}/thread_siblings_list"
            )
            core_id = None if siblings else self.number(f"{folder}/core_id")
            if siblings is None and core_id is None:
                continue
            if cpu not in sockets:
                self.socket(cpu, folder, online, sockets)
            if siblings is None:
                cores[cpu] = (sockets[cpu], ("id", self.read(f"{folder}/die_id"), core_id))
                continue
            for sibling in (siblings & online) | CpuSet.of([cpu]):
                cores.setdefault(sibling, (sockets[cpu], cpu))
        return cores

    def socket(self, cpu: int, folder: str, online: CpuSet, sockets: dict[int, int | None]) -> None:
        number = self.number(f"{folder}/physical_package_id")
        mates = self.optional_list(f"{folder}/package_cpus_list") or self.optional_list(
            f"{folder}/core_siblings_list"
        )
        if number is None or mates is None:
            mates = CpuSet()
        for mate in (mates & online) | CpuSet.of([cpu]):
            sockets.setdefault(mate, number)

    def caches(self, online: CpuSet) -> dict[int, tuple[int, int]]:
        """cpu -> (level, first cpu) of its highest data or unified cache."""
        llcs: dict[int, tuple[int, int]] = {}
        for cpu in online:
            if cpu in llcs:
                continue
            level, index = self.highest_cache(f"{_CPUS}/cpu{cpu}/cache")
            if not level:
                continue
            shared = self.optional_list(f"{_CPUS}/cpu{cpu}/cache/{index}/shared_cpu_list")
            for mate in ((shared or CpuSet()) & online) | CpuSet.of([cpu]):
                llcs.setdefault(mate, (level, cpu))
        return llcs

    def highest_cache(self, folder: str) -> tuple[int, str]:
        """The level and directory of a cpu's highest cache; level 0 where it reports none."""
        try:
            names = sorted(os.listdir(self.path(folder)))
        except OSError:
            return 0, ""
        best = (0, "")
        for name in names:
            if name.startswith("index") and self.read(f"{folder}/{name}/type") != "Instruction":
                level = self.number(f"{folder}/{name}/level") or 0
                best = max(best, (level, name))
        return best

    def name(self) -> str:
        for relative in _NAMES:
            text = self.read(relative)
            if text is not None and text.strip().lower() not in _PLACEHOLDERS:
                return text
        return _UNNAMED
