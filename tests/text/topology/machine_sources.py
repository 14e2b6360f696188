"""One machine told in every way: fixtures unpacked, and topologies written in others' formats.

The writers follow Documentation/ABI/stable/sysfs-devices-system-cpu, lscpu(1) and hwloc's DTD, and
share nothing with the readers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from usched.text.topology.compact import NUMBERINGS, Shape
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.machine import Cpu, Topology

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
CONFIGS = HERE.parents[2] / "configs" / "topologies"

shapes = st.builds(
    Shape,
    sockets=st.integers(1, 3),
    nodes=st.integers(1, 3),
    llcs=st.none() | st.integers(1, 3),
    cores=st.integers(1, 4),
    threads=st.integers(1, 2),
    numbering=st.sampled_from(NUMBERINGS),
)


def unpack(tree: str, root: Path) -> str:
    """Write `path: content` lines as files, and `path/` lines as directories, below root."""
    for line in tree.splitlines():
        if line.endswith("/"):
            (root / line).mkdir(parents=True, exist_ok=True)
            continue
        path, _, content = line.partition(": ")
        file = root / path.rstrip(":")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    return str(root)


@cache
def _unpacked(tree: str) -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    unpack(tree, Path(folder.name))
    return folder


def unpacked(shape: str) -> str:
    """A root with the /sys of a captured machine, laid once, to be read only."""
    return _unpacked((FIXTURES / shape / "sys.tree").read_text()).name


def members(cpus: Iterable[Cpu], level: str) -> dict[int, CpuSet]:
    groups: dict[int, list[int]] = {}
    for cpu in cpus:
        groups.setdefault(getattr(cpu, level), []).append(cpu.number)
    return {number: CpuSet.of(groups[number]) for number in groups}


def sys_tree(topology: Topology, every_cache: bool = True) -> str:
    """The /sys of a machine whose cpus are all online; core_id starts again in each package."""
    listing = format_cpu_list(topology.all)
    lines = [f"sys/devices/system/cpu/{name}: {listing}" for name in ("present", "online")]
    for node, cpus in members(topology.cpus, "node").items():
        lines.append(f"sys/devices/system/node/node{node}/cpulist: {format_cpu_list(cpus)}")
    cores = {core: format_cpu_list(c) for core, c in members(topology.cpus, "core").items()}
    sockets = {one: format_cpu_list(c) for one, c in members(topology.cpus, "socket").items()}
    llcs = {llc: format_cpu_list(c) for llc, c in members(topology.cpus, "llc").items()}
    ids: dict[int, dict[int, int]] = {}
    for cpu in topology.cpus:
        folder = f"sys/devices/system/cpu/cpu{cpu.number}"
        local = ids.setdefault(cpu.socket, {})
        lines += [
            f"{folder}/topology/physical_package_id: {cpu.socket}",
            f"{folder}/topology/core_id: {local.setdefault(cpu.core, len(local))}",
            f"{folder}/topology/core_cpus_list: {cores[cpu.core]}",
            f"{folder}/topology/package_cpus_list: {sockets[cpu.socket]}",
        ]
        if cpu.llc is None:
            continue
        caches = [(3, "Unified", llcs[cpu.llc])]
        if every_cache:
            shared = cores[cpu.core]
            caches += [(2, "Unified", shared), (1, "Instruction", shared), (1, "Data", shared)]
        for index, (level, kind, cpus_list) in enumerate(reversed(caches)):
            cache = f"{folder}/cache/index{index}"
            lines += [
                f"{cache}/level: {level}",
                f"{cache}/type: {kind}",
                f"{cache}/shared_cpu_list: {cpus_list}",
            ]
    return "\n".join(lines)


def lscpu_json(topology: Topology) -> str:
    rows = []
    for cpu in topology.cpus:
        row: dict[str, object] = {
            "cpu": cpu.number,
            "node": cpu.node,
            "socket": cpu.socket,
            "core": cpu.core,
        }
        if cpu.llc is not None:
            row["l1d:l1i:l2:l3"] = f"{cpu.core}:{cpu.core}:{cpu.core}:{cpu.llc}"
        rows.append(row | {"online": True})
    return json.dumps({"cpus": rows})


def lscpu_parsable(topology: Topology) -> str:
    caches = topology.cpus[0].llc is not None
    lines = ["# CPU,Core,Socket,Node," + (",L1d,L1i,L2,L3" if caches else "")]
    for cpu in topology.cpus:
        line = f"{cpu.number},{cpu.core},{cpu.socket},{cpu.node},"
        lines.append(line + (f",{cpu.core},{cpu.core},{cpu.core},{cpu.llc}" if caches else ""))
    return "\n".join(lines) + "\n"


def bitmap(cpus: CpuSet) -> str:
    """hwloc's: words of 32 bits, the highest first, zero words empty."""
    words: list[str] = []
    mask = cpus.mask
    while mask or not words:
        words.append(f"0x{mask & 0xFFFFFFFF:08x}" if mask & 0xFFFFFFFF else "")
        mask >>= 32
    return ",".join(reversed(words))


def hwloc_xml(topology: Topology) -> str:
    """hwloc 2: NUMANode objects beside what they are local to, found by their cpusets."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE topology SYSTEM "hwloc2.dtd">',
        '<topology version="2.0">',
        f'<object type="Machine" os_index="0" complete_cpuset="{bitmap(topology.all)}">',
    ]
    for node, cpus in members(topology.cpus, "node").items():
        lines.append(f'<object type="NUMANode" os_index="{node}" cpuset="{bitmap(cpus)}"/>')
    for socket, in_socket in members(topology.cpus, "socket").items():
        lines.append(f'<object type="Package" os_index="{socket}">')
        inside = [cpu for cpu in topology.cpus if cpu.number in in_socket]
        for llc, in_llc in members(inside, "llc").items():
            if llc is not None:
                lines.append('<object type="L3Cache" depth="3" cache_type="0">')
            cores = members([cpu for cpu in inside if cpu.number in in_llc], "core")
            for index, core in enumerate(cores):
                lines.append(f'<object type="Core" os_index="{index}">')
                lines += [f'<object type="PU" os_index="{cpu}"/>' for cpu in cores[core]]
                lines.append("</object>")
            if llc is not None:
                lines.append("</object>")
        lines.append("</object>")
    return "\n".join([*lines, "</object>", "</topology>"]) + "\n"
