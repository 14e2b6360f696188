"""Each way of telling of a machine leads to the same cpus, sockets, nodes, cores and llcs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.text.topology.machine_sources import (
    CONFIGS,
    FIXTURES,
    hwloc_xml,
    lscpu_json,
    lscpu_parsable,
    shapes,
    sys_tree,
    unpack,
    unpacked,
)
from usched.text.topology.compact import Shape
from usched.text.topology.formats import parse_machine
from usched.words.cpuset import CpuSet
from usched.words.machine import Cpu, Topology
from usched.world.host import detect_topology
from usched.world.topology_file import load_topology


def expected(shape: str) -> Topology:
    return load_topology(str(FIXTURES / shape / "topology.yaml"))[0]


def assert_same(found: Topology, wanted: Topology) -> None:
    assert found.cpus == wanted.cpus
    assert found.offline == wanted.offline
    assert found.groups == wanted.groups


@pytest.mark.parametrize("shape", sorted(folder.name for folder in FIXTURES.iterdir()))
def test_sys_gives_the_machine(shape: str) -> None:
    """The other forms are held against /sys in test_topology_agreement.py."""
    tree = (FIXTURES / shape / "sys.tree").read_text()
    topology, notes = detect_topology(unpacked(shape))
    assert_same(topology, expected(shape))
    if "product_name" in tree:
        assert topology.machine == "Standard PC (Q35 + ICH9, 2009)"
        assert bool(notes) == bool(topology.offline)


def test_offline_cpus_are_placed_by_the_pattern_and_it_is_said() -> None:
    topology, notes = detect_topology(unpacked("two-sockets-two-cpus-offline"))
    assert topology.offline == CpuSet.of([2, 5])
    assert topology.places[2] == Cpu(2, 0, 0, 0, 1)
    assert topology.places[5] == Cpu(5, 1, 1, 1, 2)
    assert notes == [
        "offline cpu2, cpu5: the place is not reported, assumed from the numbers of the others "
        "(siblings adjacent)"
    ]


def test_siblings_that_smt_switched_off_stay_siblings() -> None:
    topology, _ = detect_topology(unpacked("two-sockets-smt-off"))
    assert topology.groups["core"][3] == CpuSet.of([6, 7])
    assert topology.online == CpuSet.of([0, 2, 4, 6])


def test_lscpu_without_offline_cpus_says_what_is_missing() -> None:
    path = FIXTURES / "two-sockets-two-cpus-offline" / "lscpu-p-online-only.txt"
    topology, notes = load_topology(str(path))
    assert topology.all == CpuSet.of([0, 1, 3, 4, 6, 7])
    assert notes == [
        "cpu2, cpu5: not in the list, so not in the topology "
        "(lscpu -p leaves offline cpus out without -a)"
    ]


def test_lscpu_tells_of_offline_cpus_with_one_cell_for_all_their_caches() -> None:
    shape = "two-sockets-two-cpus-offline"
    topology, _ = load_topology(str(FIXTURES / shape / "lscpu-p-default-columns.txt"))
    assert_same(topology, expected(shape))


def as_found(topology: Topology) -> Topology:
    """The same machine with the numbers that a kernel would give: by the first cpu."""
    numbers: dict[str, dict[int | None, int]] = {"core": {}, "llc": {}, "socket": {}}
    for cpu in topology.cpus:
        for level, seen in numbers.items():
            seen.setdefault(getattr(cpu, level), len(seen))
    cpus = tuple(
        Cpu(
            cpu.number,
            numbers["socket"][cpu.socket],
            cpu.node,
            None if cpu.llc is None else numbers["llc"][cpu.llc],
            numbers["core"][cpu.core],
        )
        for cpu in topology.cpus
    )
    return Topology(topology.machine, cpus, topology.hz)


def assert_told_alike(topology: Topology, root: Path) -> None:
    for text in (lscpu_json(topology), lscpu_parsable(topology), hwloc_xml(topology)):
        assert_same(parse_machine(text, "text")[0], topology)
    assert_same(detect_topology(unpack(sys_tree(topology), root))[0], topology)


#: Of over a hundred cpus: a thousand files of /sys.
LARGE = ("altra-max-m128.yaml", "epyc-9654-nps4.yaml", "four-node-xeon.yaml")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.name, marks=pytest.mark.slow) if path.name in LARGE else path.name
        for path in sorted(CONFIGS.glob("*.yaml"))
        if path.name != "sgi-uv-2000.yaml"
    ],
)
def test_every_format_tells_of_the_shipped_machines_alike(name: str, tmp_path: Path) -> None:
    assert_told_alike(load_topology(str(CONFIGS / name))[0], tmp_path)


@pytest.mark.slow
def test_a_machine_of_4096_cpus_is_detected(tmp_path: Path) -> None:
    topology = load_topology(str(CONFIGS / "sgi-uv-2000.yaml"))[0]
    root = unpack(sys_tree(topology, every_cache=False), tmp_path)
    assert_same(detect_topology(root)[0], topology)


@pytest.mark.slow
@given(shape=shapes, data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_machine_with_gaps_is_told_alike(
    shape: Shape, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cpus = shape.cpus()
    kept = data.draw(st.sets(st.sampled_from(range(len(cpus))), min_size=1))
    topology = as_found(Topology("some", tuple(cpus[index] for index in sorted(kept))))
    assert_told_alike(topology, tmp_path_factory.mktemp("root"))


@given(shapes)
@settings(max_examples=60, deadline=None)
def test_a_synthetic_string_gives_the_shape_and_its_numbering(shape: Shape) -> None:
    llcs = "" if shape.llcs is None else f"L3Cache:{shape.llcs}(size=1048576) "
    cores = shape.total // shape.threads
    numbered = shape.numbering == "linux"
    indexes = f"(indexes={shape.threads}*{cores}:1*{shape.threads})" if numbered else ""
    text = (
        f"Package:{shape.sockets} NUMANode:{shape.nodes}(memory=1) {llcs}"
        f"Core:{shape.cores} PU:{shape.threads}{indexes}"
    )
    assert parse_machine(text, "text")[0].cpus == shape.cpus()
