"""What /sys may look like beyond the captured machines, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.text.topology.machine_sources import unpack
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.machine import Cpu, Topology
from usched.words.problems import EnvironmentFailed, format_problem
from usched.world.host import detect_topology

CPU = "sys/devices/system/cpu"


def machine(cpus: list[str], **groups: str) -> str:
    """A tree of cpus 0.. from `package/siblings` words, plus lines as they are."""
    last = len(cpus) - 1
    lines = [f"{CPU}/present: 0-{last}", f"{CPU}/online: {groups.get('online', f'0-{last}')}"]
    for cpu, words in enumerate(cpus):
        if words:
            package, siblings = words.split("/")
            lines.append(f"{CPU}/cpu{cpu}/topology/physical_package_id: {package}")
            lines.append(f"{CPU}/cpu{cpu}/topology/thread_siblings_list: {siblings}")
    return "\n".join(lines) + "\n"


def cache(cpu: int, level: int, shared: str, kind: str = "Unified", index: int = 0) -> str:
    folder = f"{CPU}/cpu{cpu}/cache/index{index}"
    return f"{folder}/level: {level}\n{folder}/type: {kind}\n{folder}/shared_cpu_list: {shared}\n"


def detect(tree: str, root: Path) -> tuple[Topology, list[str]]:
    return detect_topology(unpack(tree, root))


def test_the_running_machine_is_detected() -> None:
    topology, _ = detect_topology()
    assert topology.online
    assert topology.hz == 100


def test_a_root_without_sys_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed) as refusal:
        detect_topology(str(tmp_path))
    assert format_problem(refusal.value.problems[0]) == (
        f"{tmp_path}/sys/devices/system/cpu/present cannot be read\n"
        "  this is not the /sys of a Linux machine\n"
        "  describe the machine in a file and type: usched topology load FILE"
    )


@pytest.mark.parametrize("below", ["sys", "sys/devices/system", "sys/devices/system/cpu"])
def test_a_root_that_is_too_deep_is_said_to_be(below: str, tmp_path: Path) -> None:
    unpack(machine(["0/0"]), tmp_path)
    with pytest.raises(EnvironmentFailed) as refusal:
        detect_topology(str(tmp_path / below))
    assert format_problem(refusal.value.problems[0]) == (
        f"{tmp_path}/{below}/sys/devices/system/cpu/present cannot be read\n"
        f"  --root is the folder that has sys in it: --root {tmp_path}"
    )


@pytest.mark.parametrize("name", ["none", "file"])
def test_a_root_that_is_no_folder_is_said_to_be_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match=f"--root {tmp_path}/{name} is not a folder"):
        detect_topology(str(tmp_path / name))


@pytest.mark.parametrize(
    ("present", "online", "what"),
    [
        ("all", "0", "present is not a list of cpus: 'all' is not a cpu number or a range of them"),
        ("0-70000", "0", "present is not a list of cpus: cpu70000 is beyond the largest number"),
        ("0-3", "4-7", "online names no cpu that is present"),
    ],
)
def test_lists_that_make_no_sense_are_refused(
    present: str, online: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentFailed, match=what):
        detect(f"{CPU}/present: {present}\n{CPU}/online: {online}\n", tmp_path)


def test_sockets_that_arm_firmware_leaves_unknown_are_one(tmp_path: Path) -> None:
    topology, notes = detect(machine(["-1/0", "-1/1"]) + cache(0, 2, "0-1"), tmp_path)
    assert topology.cpus == (Cpu(0, 0, 0, 0, 0), Cpu(1, 0, 0, 0, 1))
    assert notes == [
        "no socket is reported: taken as socket 0",
        "no node is reported: taken as node 0",
    ]


def test_sockets_numbered_by_firmware_addresses_are_counted_from_0(tmp_path: Path) -> None:
    topology, notes = detect(machine(["36/0", "5120/1"]), tmp_path)
    assert [cpu.socket for cpu in topology.cpus] == [0, 1]
    assert notes[1:] == [
        "no caches are reported: the topology has no llc",
        "the sockets are numbered 36, 5120 by the firmware: counted from 0 here",
    ]


def test_core_ids_alone_repeat_in_each_package_and_die(tmp_path: Path) -> None:
    tree = f"{CPU}/present: 0-3\n{CPU}/online: 0-3\n"
    for cpu, (package, die) in enumerate([(0, 0), (0, 1), (1, 0), (1, 0)]):
        folder = f"{CPU}/cpu{cpu}/topology"
        tree += f"{folder}/physical_package_id: {package}\n{folder}/die_id: {die}\n"
        tree += f"{folder}/core_id: 0\n"
    topology, _ = detect(tree, tmp_path)
    assert [cpu.core for cpu in topology.cpus] == [0, 1, 2, 2]


def test_no_topology_directory_means_a_core_each(tmp_path: Path) -> None:
    topology, notes = detect(machine(["", ""]), tmp_path)
    assert [cpu.core for cpu in topology.cpus] == [0, 1]
    assert notes[0] == "no topology directory: taken for cores of their own on socket 0"


def test_efficient_cores_without_l3_have_their_l2_as_llc(tmp_path: Path) -> None:
    tree = machine(["0/0-1", "0/0-1", "0/2", "0/3"])
    tree += cache(0, 2, "0-1") + cache(0, 3, "0-1", index=1) + cache(1, 3, "0-1")
    tree += cache(2, 2, "2-3") + cache(3, 2, "2-3")
    topology, _ = detect(tree, tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 0, 1, 1]


def test_an_instruction_cache_is_no_llc(tmp_path: Path) -> None:
    tree = machine(["0/0", "0/1"]) + cache(0, 1, "0") + cache(1, 1, "1")
    tree += cache(0, 2, "0-1", "Instruction", 1) + cache(1, 2, "0-1", "Instruction", 1)
    topology, _ = detect(tree, tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 1]


def test_a_cpu_that_reports_no_cache_shares_none(tmp_path: Path) -> None:
    topology, notes = detect(machine(["0/0", "0/1", "0/2"]) + cache(0, 3, "0-1"), tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 0, 1]
    assert notes[-1] == "no cache is reported for cpu2: each core an llc of its own"


def test_caches_that_cut_through_a_core_are_left_out(tmp_path: Path) -> None:
    tree = machine(["0/0-1", "0/0-1"]) + cache(0, 3, "0") + cache(1, 3, "1")
    topology, notes = detect(tree, tmp_path)
    assert topology.cpus == (Cpu(0, 0, 0, None, 0), Cpu(1, 0, 0, None, 0))
    assert notes[-1] == "the caches reported cut through a core: left out, the topology has no llc"


def test_siblings_on_two_nodes_are_made_cores_of_their_own(tmp_path: Path) -> None:
    tree = machine(["0/0-1", "0/0-1"])
    tree += "sys/devices/system/node/node0/cpulist: 0\nsys/devices/system/node/node7/cpulist: 1\n"
    topology, notes = detect(tree, tmp_path)
    assert [(cpu.node, cpu.core) for cpu in topology.cpus] == [(0, 0), (7, 1)]
    assert notes[-1] == "cpu1: on another node than the rest of the core, made a core each"


def test_a_cpu_of_several_emulated_nodes_is_in_the_lowest(tmp_path: Path) -> None:
    tree = machine(["0/0", "0/1"])
    tree += "".join(f"sys/devices/system/node/node{n}/cpulist: 0-1\n" for n in (0, 1))
    topology, notes = detect(tree, tmp_path)
    assert [cpu.node for cpu in topology.cpus] == [0, 0]
    assert notes[0] == "node 1 repeats cpus of a lower node: left to that one"


def test_a_node_with_memory_only_is_no_node_of_cpus(tmp_path: Path) -> None:
    tree = machine(["0/0"]) + "sys/devices/system/node/node0/cpulist: 0\n"
    topology, _ = detect(tree + "sys/devices/system/node/node2/cpulist: \n", tmp_path)
    assert list(topology.groups["node"]) == [0]


def test_an_offline_cpu_between_pairs_is_a_core_beside_its_neighbours(tmp_path: Path) -> None:
    tree = machine(["0/0-1", "0/0-1", "", "0/3-4", "0/3-4"], online="0-1,3-4")
    topology, notes = detect(tree, tmp_path)
    assert topology.offline == CpuSet.of([2])
    assert [cpu.core for cpu in topology.cpus] == [0, 0, 1, 2, 2]
    assert notes[-1] == (
        "offline cpu2: the place is not reported, assumed from the numbers of the others "
        "(siblings where like cores have theirs)"
    )


def test_an_offline_cpu_among_odd_cores_is_a_core_beside_its_neighbours(tmp_path: Path) -> None:
    words = ["0/0-1", "0/0-1", "0/2,4", "", "0/2,4"]
    topology, notes = detect(machine(words, online="0-2,4"), tmp_path)
    assert [cpu.core for cpu in topology.cpus] == [0, 0, 1, 2, 1]
    assert notes[-1] == (
        "offline cpu3: the place is not reported, taken for cores of their own beside their "
        "neighbours"
    )


def hybrid(offline: set[int], adjacent: bool, sizes: bool) -> str:
    """Two cores of two threads and four of one, whose L2 is one and of another size."""
    pairs = [(0, 1), (2, 3)] if adjacent else [(0, 6), (1, 7)]
    cores = {cpu: set(pair) for pair in pairs for cpu in pair}
    small = set(range(8)) - set(cores)
    tree = f"{CPU}/present: 0-7\n"
    online = set(range(8)) - offline
    tree += f"{CPU}/online: {format_cpu_list(CpuSet.of(online))}\n"
    for cpu in online:
        siblings = CpuSet.of(cores.get(cpu, {cpu}) & online)
        tree += f"{CPU}/cpu{cpu}/topology/core_cpus_list: {format_cpu_list(siblings)}\n"
        if sizes:
            shared = CpuSet.of(small & online) if cpu in small else siblings
            tree += cache(cpu, 2, format_cpu_list(shared))
            tree += f"{CPU}/cpu{cpu}/cache/index0/size: {'2048K' if cpu in small else '1280K'}\n"
    return tree


@pytest.mark.parametrize(
    ("offline", "adjacent", "sizes"),
    [
        ({1}, True, True),
        ({2}, True, True),
        ({5}, True, True),
        ({4, 6}, True, True),
        ({3, 4}, True, True),
        ({0, 1}, True, True),
        ({1}, True, False),
        ({6}, True, False),
        ({6}, False, True),
        ({1}, False, True),
        ({2}, False, True),
        ({0, 3}, False, True),
    ],
)
def test_siblings_that_are_offline_are_found_on_a_hybrid_machine(
    offline: set[int], adjacent: bool, sizes: bool, tmp_path: Path
) -> None:
    topology, _ = detect(hybrid(offline, adjacent, sizes), tmp_path)
    cores = [0, 0, 1, 1, 2, 3, 4, 5] if adjacent else [0, 1, 2, 3, 4, 5, 0, 1]
    assert [cpu.core for cpu in topology.cpus] == cores


def test_second_threads_that_smt_switched_off_are_found_on_a_hybrid_machine(
    tmp_path: Path,
) -> None:
    tree = hybrid({1, 3}, True, True) + f"{CPU}/smt/control: off\n"
    topology, _ = detect(tree, tmp_path)
    assert [cpu.core for cpu in topology.cpus] == [0, 0, 1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("sockets", "away", "found"),
    [
        # The socket of each node, the node whose cpu is offline, the socket it is put on.
        ([0, 1, 1, 1], 2, 1),
        ([0, 0, 0, 1], 1, 0),
        ([0, 0, 1, 1], 2, 1),
        ([0, 0, 1, 1], 1, 0),
        ([0, 0, 1, 1], 3, 1),
        ([0, 0, 1, 1], 0, 0),
        ([0, 1], 1, 1),
        ([0, 1], 0, 0),
        ([0, 1, 2], 1, 1),
        ([0, 1, 2], 2, 2),
    ],
)
def test_a_node_that_is_wholly_offline_is_on_the_socket_of_its_place(
    sockets: list[int], away: int, found: int, tmp_path: Path
) -> None:
    online = CpuSet.of(set(range(len(sockets))) - {away})
    words = ["" if cpu == away else f"{socket}/{cpu}" for cpu, socket in enumerate(sockets)]
    tree = machine(words, online=format_cpu_list(online))
    for cpu in range(len(sockets)):
        here = cpu if cpu != away else ""
        tree += f"sys/devices/system/node/node{cpu}/cpulist: {here}\n{CPU}/cpu{cpu}/node{cpu}/\n"
    topology, _ = detect(tree, tmp_path)
    assert topology.offline == CpuSet.of([away])
    assert topology.places[away].node == away
    assert topology.places[away].socket == found


def test_an_offline_cpu_goes_to_the_socket_that_lacks_one(tmp_path: Path) -> None:
    tree = machine(["0/0", "0/1", "", "1/3"], online="0-1,3")
    tree += "".join(cache(cpu, 2, str(cpu)) for cpu in (0, 1, 3))
    topology, _ = detect(tree, tmp_path)
    assert topology.places[2] == Cpu(2, 1, 0, 2, 2)


def test_groups_are_read_from_bitmaps_where_there_are_no_lists(tmp_path: Path) -> None:
    tree = f"{CPU}/present: 0,32-33\n{CPU}/online: 0,32-33\n"
    for cpu, core, package in ((0, "1", "1"), (32, "3,00000000", "3,0"), (33, "3,0", "3,00000000")):
        tree += f"{CPU}/cpu{cpu}/topology/thread_siblings: {core}\n"
        tree += f"{CPU}/cpu{cpu}/topology/core_siblings: {package}\n"
        tree += f"{CPU}/cpu{cpu}/topology/physical_package_id: {cpu // 32}\n"
    tree += "sys/devices/system/node/node0/cpumap: 00000000,00000001\n"
    tree += "sys/devices/system/node/node1/cpumap: 00000003,00000000\n"
    topology, notes = detect(tree, tmp_path)
    assert topology.cpus == (Cpu(0, 0, 0, None, 0), Cpu(32, 1, 1, None, 1), Cpu(33, 1, 1, None, 1))
    assert notes == ["no caches are reported: the topology has no llc"]


def test_a_list_that_lacks_its_own_cpu_gives_way_to_the_bitmap(tmp_path: Path) -> None:
    tree = machine(["0/0", "0/1"]) + cache(0, 3, "0") + cache(1, 3, "0")
    tree += f"{CPU}/cpu1/cache/index0/shared_cpu_map: 2\n"
    topology, _ = detect(tree, tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 1]


def test_a_cache_that_names_nobody_is_shared_by_its_core(tmp_path: Path) -> None:
    tree = machine(["0/0-1", "0/0-1"]) + cache(0, 3, "") + cache(1, 3, "")
    topology, _ = detect(tree, tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 0]


def test_caches_of_which_only_the_size_is_told_are_private(tmp_path: Path) -> None:
    tree = machine(["0/0", "0/1"])
    tree += "".join(f"{CPU}/cpu{cpu}/l2_cache_size: 4194304\n" for cpu in (0, 1))
    topology, _ = detect(tree, tmp_path)
    assert [cpu.llc for cpu in topology.cpus] == [0, 1]


def test_a_tree_without_present_has_the_cpus_that_have_a_folder(tmp_path: Path) -> None:
    lines = machine(["0/0", "0/1", "0/2"]).splitlines(keepends=True)[2:]
    tree = "".join(lines) + f"{CPU}/cpu2/online: 0\n{CPU}/cpu1/online: 1\n"
    topology, _ = detect(tree, tmp_path)
    assert topology.all == CpuSet.of([0, 1, 2])
    assert topology.offline == CpuSet.of([2])


def test_a_tree_without_present_and_without_a_cpu_online_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="system/cpu: every cpu there is offline"):
        detect(f"{CPU}/cpu0/online: 0\n", tmp_path)


@pytest.mark.parametrize("file", ["topology/core_cpus", "cache/index0/shared_cpu_map"])
def test_a_bitmap_that_is_none_is_refused(file: str, tmp_path: Path) -> None:
    tree = f"{CPU}/cpu0/{file}: 3g\n{CPU}/cpu0/cache/index0/level: 1\n"
    with pytest.raises(EnvironmentFailed) as refusal:
        detect(tree, tmp_path)
    assert format_problem(refusal.value.problems[0]) == (
        f"{tmp_path}/{CPU}/cpu0/{file} is not a bitmap of cpus: it has the word '3g', not 32 bits "
        "in hexadecimal\n  describe the machine in a file and type: usched topology load FILE"
    )


def test_sockets_without_a_number_are_counted_after_those_that_have_one(tmp_path: Path) -> None:
    tree = machine(["-1/0", "5/1", "-1/2"])
    tree += f"{CPU}/cpu0/topology/package_cpus: 1\n{CPU}/cpu2/topology/package_cpus_list: 2\n"
    topology, notes = detect(tree, tmp_path)
    assert [cpu.socket for cpu in topology.cpus] == [1, 0, 2]
    assert notes[0] == (
        "no number of a socket is reported for cpu0, cpu2: told by their core_siblings"
    )


def test_siblings_of_a_socket_are_one_where_none_is_numbered(tmp_path: Path) -> None:
    tree = machine(["-1/0", "-1/1"]) + f"{CPU}/cpu0/topology/core_siblings: 3\n"
    topology, notes = detect(tree, tmp_path)
    assert [cpu.socket for cpu in topology.cpus] == [0, 0]
    assert notes[0] == "no socket is reported: taken as socket 0"


def test_a_socket_may_be_known_where_a_core_is_not(tmp_path: Path) -> None:
    tree = machine(["", "", ""])
    for cpu, group in enumerate(("1", "6", "6")):
        tree += f"{CPU}/cpu{cpu}/topology/core_siblings: {group}\n"
    topology, notes = detect(tree, tmp_path)
    assert [(cpu.socket, cpu.core) for cpu in topology.cpus] == [(0, 0), (1, 1), (1, 2)]
    assert "no core is reported: each cpu a core of its own" in notes


def test_a_cpu_that_no_node_lists_is_on_the_node_it_is_linked_to(tmp_path: Path) -> None:
    tree = machine(["0/0", "1/1"]) + "sys/devices/system/node/node1/cpumap: 2\n"
    tree += f"{CPU}/cpu0/node0/\n"
    topology, notes = detect(tree, tmp_path)
    assert [cpu.node for cpu in topology.cpus] == [0, 1]
    assert notes == ["no caches are reported: the topology has no llc"]


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        ("sys/class/dmi/id/product_name: ProLiant DL380\n", "ProLiant DL380"),
        ("sys/class/dmi/id/product_name: To Be Filled By O.E.M.\n", "host"),
        ("sys/firmware/devicetree/base/model: Raspberry Pi 5 Model B\0", "Raspberry Pi 5 Model B"),
        ("sys/class/dmi/id/product_name: \x07\x1b[31m\n", "[31m"),
        ("", "host"),
    ],
)
def test_the_machine_is_called_what_its_firmware_says(tree: str, name: str, tmp_path: Path) -> None:
    assert detect(machine(["0/0"]) + tree, tmp_path)[0].machine == name
