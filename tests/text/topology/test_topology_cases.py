"""Small inputs of the kinds that real machines bring, each with its right value.

A machine is written a word a cpu, CPU=SOCKET/NODE/LLC/CORE, with `-` for no llc and `!` after the
number of a cpu that is offline.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.text.topology.machine_sources import HERE, unpack
from usched.words.machine import Topology
from usched.world.host import detect_topology
from usched.world.topology_file import load_topology, parse_machine

CASES = HERE / "cases"
NO_CORES = "the export has no cores: each cpu a core of its own"
NO_CACHES = "no caches are reported: the topology has no llc"
NODE_0 = "no node is reported: taken as node 0"
SOCKET_0 = "no socket is reported: taken as socket 0"


def spell(topology: Topology) -> str:
    words = []
    for cpu in topology.cpus:
        away = "!" if cpu.number in topology.offline else ""
        llc = "-" if cpu.llc is None else cpu.llc
        words.append(f"{cpu.number}{away}={cpu.socket}/{cpu.node}/{llc}/{cpu.core}")
    return " ".join(words)


def read(name: str, root: Path) -> tuple[Topology, list[str]]:
    path = CASES / name
    if path.suffix == ".tree":
        return detect_topology(unpack(path.read_text(), root))
    return load_topology(str(path))


@pytest.mark.parametrize(
    ("name", "machine", "notes"),
    [
        ("pci.xml", "0=0/0/-/0 1=0/0/-/0", [NODE_0, NO_CACHES]),
        (
            "pkg.xml",
            "0=0/0/-/0 1=1/0/-/1",
            [
                "the sockets are numbered 0, 65536 by the firmware: counted from 0 here",
                NO_CACHES,
            ],
        ),
        ("nodeset.xml", "0=0/0/-/0 1=1/1/-/1", [NO_CORES, NO_CACHES]),
    ],
)
def test_a_case_has_its_right_value(
    name: str, machine: str, notes: list[str], tmp_path: Path
) -> None:
    topology, said = read(name, tmp_path)
    assert (spell(topology), said) == (machine, notes)


def export(*objects: str, root: str = "") -> str:
    """An hwloc export: each word list is an object, `TYPE attributes`, `/` closes the last one."""
    lines = [f'<topology version="2.0"><object type="Machine" {root}>']
    for words in objects:
        if words == "/":
            lines.append("</object>")
            continue
        kind, _, attributes = words.partition(" ")
        quoted = " ".join(
            f'{key}="{value}"'
            for key, _, value in (one.partition("=") for one in attributes.split())
        )
        lines.append(f'<object type="{kind}" {quoted}>' + ("</object>" if kind == "PU" else ""))
    return "\n".join([*lines, "</object></topology>"])


@pytest.mark.parametrize(
    ("objects", "machine"),
    [
        # A label may be anything that is no number; -1, in whichever width, is none.
        (("Package os_index=FFFF", "PU os_index=0", "/"), "0=0/0/-/0"),
        (("Package os_index=18446744073709551615", "PU os_index=0", "/"), "0=0/0/-/0"),
        (("Core os_index=99999999999999999999", "PU os_index=0", "/"), "0=0/0/-/0"),
        # hwloc 1 on one node: nodesets without an end say nothing.
        (("PU os_index=0 nodeset=0xf...f complete_nodeset=0xf...f",), "0=0/0/-/0"),
        # Of the nodes a cpu is local to the lowest; of an object's only where it is one.
        (("PU os_index=0 nodeset=0x0 complete_nodeset=0x6",), "0=0/1/-/0"),
        (("Package complete_nodeset=0x8", "PU os_index=0", "/"), "0=0/3/-/0"),
        (("Package complete_nodeset=0x6", "PU os_index=0", "/"), "0=0/0/-/0"),
        # Memory at two levels: the nearest node, not the lowest.
        (
            (
                *("NUMANode os_index=0 cpuset=0x3", "/"),
                *("NUMANode os_index=1 cpuset=0x2", "/"),
                *("PU os_index=0", "PU os_index=1"),
            ),
            "0=0/0/-/0 1=0/1/-/1",
        ),
    ],
)
def test_an_export_is_read_by_what_its_numbers_mean(objects: tuple[str, ...], machine: str) -> None:
    assert spell(parse_machine(export(*objects), "text")[0]) == machine


def test_a_cpu_that_a_job_may_not_use_is_where_its_objects_say() -> None:
    text = export(
        *(
            "Package os_index=0 cpuset=0x1 complete_cpuset=0x3",
            "NUMANode os_index=0 cpuset=0x1",
            "/",
        ),
        *("Core cpuset=0x1 complete_cpuset=0x3", "PU os_index=0", "/", "/"),
        *("Package os_index=1 cpuset=0x4 complete_cpuset=0xc complete_nodeset=0x2",),
        *("Core cpuset=0x4", "PU os_index=2", "/", "/"),
        root='cpuset="0x5" complete_cpuset="0xf" complete_nodeset="0x3"',
    )
    topology, notes = parse_machine(text, "text")
    assert spell(topology) == "0=0/0/-/0 1!=0/0/-/0 2=1/1/-/1 3!=1/1/-/1"
    assert notes[0] == (
        "cpu1, cpu3: offline, or not allowed where the export was made; taken as offline"
    )
