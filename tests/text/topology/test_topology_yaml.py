"""The YAML topology in both forms, and the way back to text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.topology.machine_sources import CONFIGS, shapes
from usched.text.topology.compact import Shape
from usched.text.topology.formats import parse_machine
from usched.text.topology.mapping import format_topology, parse_topology, topology_record
from usched.text.yaml import parse_yaml
from usched.words.cpuset import MAX_CPU, CpuSet
from usched.words.located import locate
from usched.words.machine import Cpu, Topology
from usched.world.topology_file import load_topology


def parse(text: str) -> Topology:
    return parse_topology(parse_yaml(text, "m.yaml"))


def test_linux_numbering_puts_second_threads_after_all_first_ones() -> None:
    topology = parse("sockets: 2\ncores: 2\nthreads: 2\n")
    assert topology.groups["core"][0] == CpuSet.of([0, 4])
    assert topology.groups["socket"][1] == CpuSet.of([2, 3, 6, 7])


def test_compact_numbering_puts_siblings_side_by_side() -> None:
    topology = parse("sockets: 2\ncores: 2\nthreads: 2\nnumbering: compact\n")
    assert topology.groups["core"][1] == CpuSet.of([2, 3])
    assert topology.groups["socket"][1] == CpuSet.of([4, 5, 6, 7])


def test_cores_are_per_llc_where_llcs_are_given() -> None:
    topology = parse("sockets: 2\nnodes: 2\nllcs: 3\ncores: 4\n")
    assert len(topology.cpus) == 48
    assert topology.places[47] == Cpu(47, 1, 3, 11, 47)


def test_cores_are_per_node_where_llcs_are_not_given() -> None:
    topology = parse("sockets: 2\nnodes: 2\ncores: 4\n")
    assert len(topology.cpus) == 16
    assert topology.places[15] == Cpu(15, 1, 3, None, 15)


def test_everything_has_a_default() -> None:
    topology = parse("{}")
    assert topology == Topology("machine", (Cpu(0, 0, 0, None, 0),), 100)


def test_one_entry_a_cpu_may_have_gaps_and_any_order() -> None:
    topology = parse(
        "machine: odd\ncpus:\n"
        "  - {cpu: 9, socket: 0, node: 1, core: 4}\n"
        "  - {cpu: 2, socket: 0, node: 0, core: 0}\n"
        "offline: [9]\n"
    )
    assert topology.cpus == (Cpu(2, 0, 0, None, 0), Cpu(9, 0, 1, None, 4))
    assert topology.offline == CpuSet.of([9])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_a_shipped_machine_has_the_counts_of_its_comment(path: Path) -> None:
    topology, notes = load_topology(str(path))
    match = re.search(r"^# counts: (.*)$", path.read_text(), re.MULTILINE)
    assert match is not None
    claimed = {}
    for item in match[1].split(", "):
        count, _, level = item.partition(" ")
        claimed[level.rstrip("s")] = 0 if count == "no" else int(count)
    counted = {level: len(groups) for level, groups in topology.groups.items()}
    assert claimed == counted | {"cpu": len(topology.cpus)}
    assert topology.machine == path.stem
    assert notes == []


def test_there_are_eight_shipped_machines_and_one_is_the_two_socket_epyc() -> None:
    names = [path.name for path in CONFIGS.glob("*.yaml")]
    assert len(names) >= 8
    assert "two-socket-epyc.yaml" in names


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64)
numbers = st.integers(0, MAX_CPU)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Machines of any shape: numbers with gaps, cores of any size, some cpus offline."""
    cpus: tuple[Cpu, ...]
    if draw(st.booleans()):
        cpus = draw(shapes).cpus()
    else:
        cached = draw(st.booleans())
        found = []
        free = draw(st.lists(numbers, min_size=1, max_size=12, unique=True))
        cores = iter(draw(st.permutations(draw(st.lists(numbers, min_size=12, unique=True)))))
        while free:
            socket, node, llc = draw(numbers), draw(numbers), draw(numbers)
            core = next(cores)
            for _ in range(draw(st.integers(1, 3))):
                if free:
                    found.append(Cpu(free.pop(), socket, node, llc if cached else None, core))
        cpus = tuple(sorted(found, key=lambda cpu: cpu.number))
    offline = draw(st.sets(st.sampled_from([cpu.number for cpu in cpus]), max_size=len(cpus) - 1))
    return Topology(draw(names), cpus, draw(st.integers(1, 1_000_000)), CpuSet.of(offline))


@pytest.mark.slow
@given(topologies())
@settings(max_examples=200, deadline=None)
def test_what_was_formatted_parses_to_the_same_topology(topology: Topology) -> None:
    assert parse(format_topology(topology)) == topology


@pytest.mark.slow
@given(topologies())
@settings(max_examples=200, deadline=None)
def test_the_record_survives_json_and_parses_to_the_same_topology(topology: Topology) -> None:
    record = topology_record(topology)
    assert parse_topology(locate(json.loads(json.dumps(record)))) == topology
    assert parse_machine(json.dumps(record, ensure_ascii=False), "t.json")[0] == topology


def test_the_compact_form_is_written_where_it_says_the_same() -> None:
    topology = Topology("twin", Shape(2, 1, 2, 4, 2).cpus())
    assert format_topology(topology) == (
        "machine: twin\nhz: 100\nsockets: 2\nnodes: 1\nllcs: 2\ncores: 4\nthreads: 2\n"
        "numbering: linux\n"
    )


def test_one_entry_a_cpu_is_written_where_the_compact_form_cannot_say_it() -> None:
    topology = Topology("on", (Cpu(0, 0, 0, 1, 0), Cpu(2, 0, 0, 1, 0)), offline=CpuSet.of([2]))
    assert format_topology(topology) == (
        'machine: "on"\nhz: 100\ncpus:\n'
        "  - {cpu: 0, socket: 0, node: 0, llc: 1, core: 0}\n"
        "  - {cpu: 2, socket: 0, node: 0, llc: 1, core: 0}\n"
        "offline: [2]\n"
    )
