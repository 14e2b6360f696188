"""The topology of a Linux machine, from `/sys/devices/system/{cpu,node}` under any root.

The root may be a saved tree of an old kernel: then cpus are known by their folders, and groups by
bitmaps where there are no lists.
"""

from __future__ import annotations

import os

from usched.text.topology.numbering import settle
from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU, CpuSet
from usched.words.machine import Topology
from usched.words.phrases import as_typed
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.host_places import Places
from usched.world.sys_files import CPUS, NODES, REMEDY, SysFiles

#: Where firmware tells what the machine is called, best first.
_NAMES = ("sys/class/dmi/id/product_name", "sys/firmware/devicetree/base/model")
_PLACEHOLDERS = ("", "none", "default string", "system product name", "to be filled by o.e.m.")
_UNNAMED = "host"


def detect_topology(root: str = "/") -> tuple[Topology, list[str]]:
    """The machine below root, and notes on what had to be assumed.

    Raises EnvironmentFailed where there are no such files, or none that can be understood.
    """
    files = SysFiles(root)
    notes: list[str] = []
    present, online = _find_cpus(files)
    numbers = files.numbered(NODES, "node")
    nodes = _find_nodes(files, numbers, present, notes)
    places = Places(files, online, notes)
    found = []
    for cpu in present:
        node = nodes[cpu] if cpu in nodes else _linked_node(files, cpu)
        one = Found(cpu, node=node, online=cpu in online)
        if cpu in online:
            one = one._replace(
                socket=places.sockets.get(cpu),
                core=places.cores[cpu],
                llc=places.llcs.get(cpu),
                kind=places.kind(cpu) if online != present else None,
            )
        found.append(one)
    smt_off = files.read(f"{CPUS}/smt/control") in ("off", "forceoff")
    topology, assumed = settle(_find_name(files), found, primaries_only=smt_off)
    return topology, notes + assumed


def _find_cpus(files: SysFiles) -> tuple[CpuSet, CpuSet]:
    """The cpus that are there, and those of them that are online; older kernels list neither."""
    present = files.cpu_list(f"{CPUS}/present")
    if present is None:
        folders = [cpu for cpu in files.numbered(CPUS, "cpu") if cpu <= MAX_CPU]
        if not folders:
            raise EnvironmentFailed(_name_trouble(files))
        present = CpuSet.of(folders)
    online = files.cpu_list(f"{CPUS}/online")
    what = f"{files.path(CPUS)}/online names no cpu that is present"
    if online is None:
        # cpu0 has no such file where it cannot be switched off.
        online = CpuSet.of(cpu for cpu in present if files.read(f"{CPUS}/cpu{cpu}/online") != "0")
        what = f"{files.path(CPUS)}: every cpu there is offline"
    if not online & present:
        raise EnvironmentFailed(Problem(what, remedy=REMEDY))
    return present, online & present


def _name_trouble(files: SysFiles) -> Problem:
    """Why there are no cpus below the root."""
    root = files.root
    if not os.path.isdir(root):
        remedy = "it must be a folder with the sys of a machine in it"
        return Problem(f"--root {root} is not a folder", remedy=remedy)
    what = f"{files.path(CPUS)}/present cannot be read"
    path = os.path.abspath(root)
    for above in (CPUS, "sys/devices/system", "sys/devices", "sys"):
        found = path.removesuffix(f"/{above}") or "/"
        if found != path and SysFiles(found).names(CPUS):
            remedy = f"--root is the folder that has sys in it: --root {as_typed(found)}"
            return Problem(what, remedy=remedy)
    return Problem(what, remedy=REMEDY)


def _find_nodes(
    files: SysFiles, numbers: list[int], present: CpuSet, notes: list[str]
) -> dict[int, int]:
    """cpu -> node; a cpu of several (numa=fake) is in the lowest."""
    nodes: dict[int, int] = {}
    for node in numbers:
        cpus = files.cpus(f"{NODES}/node{node}/cpulist", f"{NODES}/node{node}/cpumap") & present
        repeated = [cpu for cpu in cpus if nodes.setdefault(cpu, node) != node]
        if repeated:
            notes.append(f"node {node} repeats cpus of a lower node: left to that one")
    return nodes


def _linked_node(files: SysFiles, cpu: int) -> int | None:
    """A cpu that is in no node's list, such as an offline one, keeps its link to the node."""
    return next(iter(files.numbered(f"{CPUS}/cpu{cpu}", "node")), None)


def _find_name(files: SysFiles) -> str:
    for relative in _NAMES:
        text = files.read(relative)
        if text is not None and text.strip().lower() not in _PLACEHOLDERS:
            return text
    return _UNNAMED
