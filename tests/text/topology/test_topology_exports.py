"""Particulars of lscpu's and hwloc's formats, and which format a text is taken for."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from usched.text.topology.formats import parse_machine, recognise
from usched.words.cpuset import CpuSet
from usched.words.machine import Cpu, Topology
from usched.words.problems import EnvironmentFailed, Refused, UschedError, format_problem
from usched.world.topology_file import load_topology

JSON_FOREIGN = '{"cpus": [{"cpu": 0, "node": 0, "socket": 0, "core": 0}]}'
JSON_OWN = '{"machine": "m", "hz": 100, "cpus": [{"cpu": 0, "socket": 0, "node": 0, "core": 0}]}'


def parse(text: str) -> Topology:
    return parse_machine(text, "text")[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sockets: 2\n", "yaml"),
        ("# CPU counts of my machine\nsockets: 2\n", "yaml"),
        (JSON_OWN, "yaml"),
        (JSON_FOREIGN, "lscpu-json"),
        ('\n{\n  "lscpu": []}', "lscpu-json"),
        ("# CPU,Core\n0,0\n", "lscpu-parsable"),
        ("# CPU\n0\n1\n", "lscpu-parsable"),
        ('<?xml version="1.0"?><topology/>', "hwloc-xml"),
        ("pack:2 core:2 pu:2\n", "hwloc-synthetic"),
        ("[NUMANode(memory=1)] Package:2 PU:1", "hwloc-synthetic"),
        ("2 2 2", "hwloc-synthetic"),
        ("machine:2", "hwloc-synthetic"),
    ],
)
def test_the_content_tells_the_format(text: str, kind: str) -> None:
    assert recognise(text, "text") == kind


@pytest.mark.parametrize(
    ("text", "order"),
    [
        # What lstopo 2.9 prints for each: the P# of the PUs in their logical order.
        ("pack:2 core:2 pu:2", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("pack:2 core:2 pu:2(indexes=0,2,4,6,1,3,5,7)", [0, 2, 4, 6, 1, 3, 5, 7]),
        ("pack:2 core:2 pu:2(indexes=4*2:1*4)", [0, 2, 4, 6, 1, 3, 5, 7]),
        ("pack:2 core:2 pu:2(indexes=4*2:2*2:1*2)", [0, 4, 2, 6, 1, 5, 3, 7]),
        ("pack:2 core:2 pu:2(indexes=2*4:1*2)", [0, 4, 1, 5, 2, 6, 3, 7]),
        ("pack:2 core:2 pu:2(indexes=2*4)", [0, 4, 1, 5, 2, 6, 3, 7]),
        ("pack:2 core:2 pu:2(indexes=pack:core)", [0, 4, 2, 6, 1, 5, 3, 7]),
        ("pack:2 core:2 pu:2(indexes=core:pack)", [0, 4, 1, 5, 2, 6, 3, 7]),
        ("pack:2 core:2 pu:2(indexes=core)", [0, 4, 1, 5, 2, 6, 3, 7]),
        ("pack:2 numa:2 pu:2(indexes=numa)", [0, 4, 1, 5, 2, 6, 3, 7]),
        ("pack:2 pu:2(indexes=5,6,7,8)", [5, 6, 7, 8]),
    ],
)
def test_indexes_number_the_cpus_as_lstopo_does(text: str, order: list[int]) -> None:
    topology = parse(text)
    packages = [list(cpus) for cpus in topology.groups["socket"].values()]
    half = len(order) // 2
    assert packages == [sorted(order[:half]), sorted(order[half:])]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Pack:2 L3:2 L2:1 Core:2 PU:2", (2, 1, 4, 8, 16)),
        ("socket:2 node:2 cache:1 core:2 2", (2, 4, 4, 8, 16)),
        ("2 2 2", (2, 4, 0, 8, 8)),
        ("2 3 2 2 2", (2, 6, 12, 24, 48)),
        ("numa:2 pack:2 core:2 pu:2", (4, 2, 0, 8, 16)),
        ("[numa] pack:2 pu:3", (2, 1, 0, 6, 6)),
        ("pack:2 [numa] [numa] core:2 pu:1", (2, 2, 0, 4, 4)),
        ("(memory=1) pack:2 group:2 die:1 pu:1", (2, 1, 0, 4, 4)),
        (
            "Package:1 L3Cache:1 Group0:3 [NUMANode(memory=1)] L2Cache:2 Core:1 PU:2",
            (1, 3, 1, 6, 12),
        ),
    ],
)
def test_a_synthetic_string_has_the_parts_that_lstopo_shows(
    text: str, counts: tuple[int, ...]
) -> None:
    topology = parse(text)
    levels = tuple(len(groups) for groups in topology.groups.values())
    assert (*levels, len(topology.cpus)) == counts


def test_two_nodes_at_one_place_leave_the_cpus_to_the_lowest() -> None:
    topology, notes = parse_machine("pack:2 [numa] [numa] core:2 pu:1", "text")
    assert list(topology.groups["node"]) == [0, 2]
    assert notes[0] == "2 nodes at each place: the cpus are counted to the lowest"


def test_bare_counts_are_said_to_be_taken_as_hwloc_takes_them() -> None:
    _, notes = parse_machine("2 2 4 2", "text")
    assert notes[0] == ("counts without types, taken as hwloc does: package:2 numa:2 core:4 pu:2")


def test_older_lscpu_json_has_text_in_its_cells() -> None:
    topology = parse(
        '{"cpus": [{"cpu": "0", "core": "0", "l1d:l1i:l2": "0:0:0", "online": "yes"},'
        '{"cpu": "1", "core": "0", "l1d:l1i:l2": "0:0:0", "online": "yes"}]}'
    )
    assert topology.cpus == (Cpu(0, 0, 0, 0, 0), Cpu(1, 0, 0, 0, 0))


def test_core_numbers_that_repeat_in_each_socket_are_told_apart() -> None:
    topology = parse("# CPU,Core,Socket,Node\n0,0,0,0\n1,0,1,1\n")
    assert [cpu.core for cpu in topology.cpus] == [0, 1]


def test_lscpu_with_only_the_cpu_column_says_what_it_assumed() -> None:
    topology, notes = parse_machine("# CPU\n0\n1\n", "text")
    assert [cpu.core for cpu in topology.cpus] == [0, 1]
    assert notes[0] == "there is no column CORE: each cpu a core of its own"


def test_the_caches_may_be_one_column() -> None:
    topology = parse("# CPU,Core,Socket,Node,L1d:L1i:L2:L3\n0,0,0,0,0:0:0:0\n1,1,0,0,1:1:1:0\n")
    assert topology.groups["llc"] == {0: CpuSet.of([0, 1])}


def test_a_node_may_be_found_by_what_stands_inside_it_or_beside_it() -> None:
    inside = (
        '<topology><object type="Machine"><object type="NUMANode" os_index="3">'
        '<object type="Socket" os_index="0"><object type="Cache" depth="2">'
        '<object type="PU" os_index="0"/></object></object></object></object></topology>'
    )
    beside = (
        '<topology><object type="Machine"><object type="Package" os_index="0">'
        '<object type="NUMANode" os_index="3"/><object type="L2Cache">'
        '<object type="PU" os_index="0"/></object></object></object></topology>'
    )
    assert parse(inside).cpus == parse(beside).cpus == (Cpu(0, 0, 3, 0, 0),)


def test_an_export_with_pus_that_are_not_online_keeps_their_places() -> None:
    topology = parse(
        '<topology><object type="Machine" online_cpuset="0x1"><object type="Core">'
        '<object type="PU" os_index="0"/><object type="PU" os_index="1"/>'
        "</object></object></topology>"
    )
    assert topology.offline == CpuSet.of([1])
    assert [cpu.core for cpu in topology.cpus] == [0, 0]


def test_a_synthetic_string_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(load_topology("pack:2 core:2 pu:2")[0].cpus) == 8
    (tmp_path / "pu:2").write_text("cores: 3\n")
    assert len(load_topology("pu:2")[0].cpus) == 3


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"cores: 3\n")))
    assert len(load_topology("-")[0].cpus) == 3


def failure(path: str) -> str:
    with pytest.raises(UschedError) as refusal:
        load_topology(path)
    return format_problem(refusal.value.problems[0])


def test_a_file_that_is_not_there_is_said_with_what_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed):
        load_topology(str(tmp_path / "none"))
    assert failure(str(tmp_path / "none")) == (
        f"topology {tmp_path}/none cannot be read: No such file or directory\n"
        "  usched reads a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export "
        "(lstopo --of xml),\n"
        "  or an hwloc synthetic string such as 'pack:2 core:4 pu:2'"
    )


def test_a_directory_and_a_name_with_nul_are_no_files(tmp_path: Path) -> None:
    assert failure(str(tmp_path)).endswith(
        f"directory\n  the saved /sys of a machine is read with --root {tmp_path}"
    )
    assert failure("a\0b").startswith("topology 'a\\x00b' cannot be read: ")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "FILE:1:1: the file is empty"),
        (b"sockets: 2\ncores: \xff\n", "FILE:2:8: byte 0xff is not UTF-8"),
        (b"\x7fELF\x00\x00", "FILE is not text: byte 5 of it is 0x00"),
        (b"\x1f\x8b\x08\x00", "FILE is compressed, and no topology\n  unpack it first"),
        (b"PK\x03\x04\x00", "FILE is compressed, and no topology\n  unpack it first"),
        (b"machine: " + b"x" * 10_000_000, "FILE:1:10: machine of topology must be 1 to 64"),
        (b"x" * 10_000_000, "FILE:1:1: topology must be a mapping of keys to values"),
        (b"<" * 10_000_000, "FILE:1:2: broken XML: not well-formed (invalid token)"),
        (b'{"cpus": ' + b"[" * 10_000_000, "FILE: JSON nested too deep"),
        (b"1 " * 5_000_000, "FILE:1:65: more than 32 levels"),
    ],
)
def test_a_file_that_is_no_topology_gets_one_clear_error(
    content: bytes, error: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Refused):
        load_topology(str(path))
    assert failure(str(path)).startswith(error.replace("FILE", str(path)))
