"""Small inputs of the kinds that real machines bring, each with its right value.

A machine is written a word a cpu, CPU=SOCKET/NODE/LLC/CORE, with `-` for no llc and `!` after the
number of a cpu that is offline.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.text.topology.machine_sources import HERE, unpack
from usched.text.topology.formats import parse_machine
from usched.words.machine import Topology
from usched.words.problems import Refused, format_problem
from usched.world.host import detect_topology
from usched.world.topology_file import load_topology

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
                NO_CACHES,
                "the sockets are numbered 0, 65536 by the firmware: counted from 0 here",
            ],
        ),
        ("nodeset.xml", "0=0/0/-/0 1=1/1/-/1", [NO_CORES, NO_CACHES]),
        (
            "big2.p",
            "0=0/0/0/0 1=0/0/0/1 2=0/0/0/2 3=0/0/0/3",
            [
                "core 0, 1: one number for cpus with different L2 caches or types, so for several "
                "cores (lscpu begins anew for each type of cpu)"
            ],
        ),
        (
            "phys.p",
            "0=0/0/-/0 1=0/0/-/1 2=0/0/-/2",
            [
                "cpu0-cpu2: a core number beside an unknown socket is the firmware's (lscpu -y) "
                "and may repeat, made a core each",
                *(SOCKET_0, NODE_0, NO_CACHES),
            ],
        ),
        (
            "short.json",
            "0=0/0/-/0 1=0/0/-/1",
            [
                "cpu1: fewer caches than lscpu has columns, and it leaves out which: the topology "
                "has no llc (usched topology detect, or lstopo --of xml, know them)"
            ],
        ),
        (
            "nocore.json",
            "0=0/0/-/0 1=0/0/-/1",
            ["no core is reported: each cpu a core of its own", SOCKET_0, NO_CACHES],
        ),
        ("masks-only.tree", "0=0/0/0/0 1=0/0/0/0 2=0/1/0/1 3=0/1/0/1", []),
        (
            "package-minus-one.tree",
            "0=0/0/-/0 1=0/0/-/1 2=1/0/-/2 3=1/0/-/3",
            [
                "no number of a socket is reported for cpu0-cpu3: told by their core_siblings",
                *(NODE_0, NO_CACHES),
            ],
        ),
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


def job(*nodes: int, cpus: int, seen: int, named: int = 0) -> str:
    """The export of a job that may use `seen` of `cpus`, each a package, on the first of nodes."""
    parts = [f"NUMANode os_index={nodes[0]} cpuset={(1 << seen) - 1:#x}", "/"]
    for node in nodes[1 : named + 1]:
        parts += [f"NUMANode os_index={node} cpuset=0x0 complete_cpuset=0x0", "/"]
    for cpu in range(seen):
        parts += [f"Package cpuset={1 << cpu:#x}", f"PU os_index={cpu}", "/"]
    nodeset = sum(1 << node for node in nodes)
    whole = f'complete_cpuset="{(1 << cpus) - 1:#x}" complete_nodeset="{nodeset:#x}"'
    return export(*parts, root=whole)


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        (job(0, 1, cpus=4, seen=2), [0, 0, 1, 1]),
        (job(0, 3, cpus=4, seen=2, named=1), [0, 0, 3, 3]),
        (job(0, 1, 2, cpus=3, seen=1), [0, 1, 2]),
        # A node that cannot be the next one in turn has memory only.
        (job(0, 1, cpus=4, seen=3), [0, 0, 0, 0]),
        (job(0, cpus=4, seen=2), [0, 0, 0, 0]),
    ],
)
def test_cpus_and_nodes_that_a_job_may_not_use_belong_together(text: str, nodes: list[int]) -> None:
    topology, _ = parse_machine(text, "text")
    assert [cpu.node for cpu in topology.cpus] == nodes


E_HEAD = "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n"
FOUR = "0=0/0/0/0 1=0/0/0/1 2=0/0/0/2 3=0/0/0/3"


def json_rows(*rows: str) -> str:
    """`lscpu -J -e` of rows `CPU SOCKET CORE CACHES ONLINE`; a dash is null."""
    names = ("cpu", "socket", "core", "l1d:l1i:l2:l3", "online")
    entries = []
    for row in rows:
        cells = zip(names, row.split(), strict=True)
        given = {name: None if cell == "-" else cell for name, cell in cells}
        entries.append(given | {"node": 0})
    return json.dumps({"cpus": entries})


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        # Core numbers that restart, in JSON; with a cluster's L2; told by the type alone.
        (
            json_rows("0 0 0 0:0:0:0 y", "1 0 1 1:1:1:0 y", "2 0 0 2:2:2:0 y", "3 0 1 3:3:3:0 y"),
            FOUR,
        ),
        (
            E_HEAD + "0,0,0,0,,0,0,0,0\n1,1,0,0,,1,1,0,0\n2,0,0,0,,2,2,1,0\n3,1,0,0,,3,3,1,0\n",
            FOUR,
        ),
        (
            "# CPU,Core,Socket,Node,Maxmhz\n0,0,0,0,1416.0\n1,1,0,0,1416.0\n2,0,0,0,1800.0\n",
            "0=0/0/-/0 1=0/0/-/1 2=0/0/-/2",
        ),
        # A frequency that is not known of all cpus tells nothing; nor does it of an offline one.
        (
            "# CPU,Core,Socket,Node,Maxmhz\n0,0,0,0,2927.0\n1,0,0,0,\n2,1,0,0,2927.0\n",
            "0=0/0/-/0 1=0/0/-/0 2=0/0/-/1",
        ),
        (json_rows("0 0 0 0:0:0:0 y", "1 - 1 1:1:1 n"), "0=0/0/0/0 1!=0/0/0/1"),
        # A Bulldozer module: one core to Linux, with an L1d for each half.
        (E_HEAD + "0,0,0,0,,0,0,0,0\n1,0,0,0,,1,0,0,0\n", "0=0/0/0/0 1=0/0/0/0"),
        # The caches may stand between other columns, and of one with none an empty cell is left.
        (
            "# CPU,,L1d,L1i,L2,Core,Online\n0,,0,0,0,0,Y\n1,,,1,Y\n",
            "0=0/0/0/0 1=0/0/1/1",
        ),
        # Offline cpus beside such rows.
        (
            "# CPU,Core,Socket,Node,Online\n0,0,0,0,Y\n1,,,,N\n2,2,0,0,Y\n",
            "0=0/0/-/0 1!=0/0/-/1 2=0/0/-/2",
        ),
        (json_rows("0 - - - y", "1 - - - n"), "0=0/0/-/0 1!=0/0/-/1"),
        # Without the column ONLINE: if no cpu has a core, all are there.
        ("# CPU,Core,Socket,Node\n0,,,\n1,,,\n", "0=0/0/-/0 1=0/0/-/1"),
        # -y: core_id repeats, and only a socket beside it tells.
        ("# CPU,Core,Socket,Node\n0,0,0,0\n1,0,8,0\n2,0,-,0\n", "0=0/0/-/0 1=1/0/-/1 2=0/0/-/2"),
        # Rows that are all commas are of cpus that lscpu knows nothing of.
        ("# CPU,Core,Socket,Node\n,,,\n1,1,0,0\n,,,\n", "1=0/0/-/0"),
    ],
)
def test_a_table_of_lscpu_is_read_as_lscpu_means_it(text: str, machine: str) -> None:
    assert spell(parse_machine(text, "text")[0]) == machine


def test_a_row_short_of_caches_in_columns_leaves_out_the_llcs() -> None:
    topology, notes = parse_machine(E_HEAD + "0,0,0,0,,0,0,0,0\n1,0,0,0,,4,0\n", "text")
    assert spell(topology) == "0=0/0/-/0 1=0/0/-/1"
    assert notes == [
        "core 0: one number for cpus with different L2 caches or types, so for several cores "
        "(lscpu begins anew for each type of cpu)",
        "cpu1: fewer caches than lscpu has columns, and it leaves out which: the topology has no "
        "llc (usched topology detect, or lstopo --of xml, know them)",
    ]


def test_rows_without_a_number_are_counted() -> None:
    _, notes = parse_machine("# CPU,Core,Socket,Node\n0,0,0,0\n,,,\n,,,\n", "text")
    assert notes[0] == "2 rows without a cpu's number: lscpu knew nothing of it"


def summary(**fields: str) -> str:
    said = {
        "CPU(s)": "4",
        "On-line CPU(s) list": "0-3",
        "Thread(s) per core": "1",
        "Core(s) per socket": "2",
        "Socket(s)": "2",
    }
    named = {name.replace("_", " "): data for name, data in fields.items()}
    kept = {field: data for field, data in (said | named).items() if data}
    return json.dumps({"lscpu": [{"field": f"{f}:", "data": d} for f, d in kept.items()]})


BY_SOCKET = {
    "NUMA node0 CPU(s)": "0-1",
    "NUMA node1 CPU(s)": "2-3",
}


def test_a_summary_of_many_cpus_has_masks_of_many_digits() -> None:
    counts = {"CPU(s)": "72", "Core(s) per socket": "72", "Socket(s)": "1"}
    masks = {"On-line CPU(s) list": "", "On-line CPU(s) mask": "f" * 18}
    topology, _ = parse_machine(summary(**counts, **masks), "text")
    assert len(topology.cpus) == 72


@pytest.mark.parametrize(
    ("caches", "llcs"),
    [
        ({"L1d cache": "64 KiB (2 instances)"}, 2),
        ({"L2d cache": "8 MiB (2 instances)", "L2i cache": "4 MiB (4 instances)"}, 2),
        # What is not counted is known of nobody.
        ({"L2 cache": "8 MiB (4 instances)", "L4 cache": "480 MiB"}, 4),
        ({"L3 cache": "64 MiB"}, 0),
    ],
)
def test_the_highest_cache_that_a_summary_counts_is_the_last(
    caches: dict[str, str], llcs: int
) -> None:
    topology, _ = parse_machine(summary(**BY_SOCKET, **caches), "text")
    assert len(topology.groups["llc"]) == llcs


@pytest.mark.parametrize(
    "fields",
    [
        BY_SOCKET,
        # lscpu -x
        {
            "On-line CPU(s) list": "",
            "On-line CPU(s) mask": "f",
            "NUMA node0 CPU(s)": "3",
            "NUMA node1 CPU(s)": "0xc",
        },
        # Arm
        BY_SOCKET
        | {
            "Core(s) per socket": "",
            "Core(s) per cluster": "2",
            "Socket(s)": "-",
            "Cluster(s)": "2",
        },
        # s390
        BY_SOCKET | {"Socket(s)": "", "Socket(s) per book": "1", "Book(s)": "2"},
        BY_SOCKET
        | {
            "Socket(s)": "",
            "Socket(s) per book": "1",
            "Book(s) per drawer": "1",
            "Drawer(s)": "2",
        },
    ],
)
def test_a_summary_counts_its_sockets_in_several_ways(fields: dict[str, str]) -> None:
    topology, _ = parse_machine(summary(**fields), "text")
    assert spell(topology) == "0=0/0/-/0 1=0/0/-/1 2=1/1/-/2 3=1/1/-/3"


TABLES = "use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
FOR_PEOPLE = "this is lscpu's output for people, which leaves out what a topology needs"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "# CPU,Core,Socket,Node\n,,,\n,,,\n",
            "in: no row names a cpu: lscpu knew nothing of this machine's cpus\n"
            "  use usched topology detect on that machine, or lstopo --of xml FILE.xml",
        ),
        (
            "# CPU,Core,,L1d,L2\n0,0,,0\n1,1,,0,0,0\n",
            "in:3:1: 6 cells under 5 columns (cpu,core,,l1d,l2)\n"
            f"    1,1,,0,0,0\n    ^^^^^^^^^^\n  {TABLES}",
        ),
        (
            '{"cpus": [{"cpu": 0, "core": 0, "l1d:l2": "0:0:0"}]}',
            "in: entry 1 of cpus: column L1D:L2 holds '0:0:0', too many caches",
        ),
        (
            '{"caches": [{"name": "L1d"}]}',
            f"in: neither 'cpus' nor 'lscpu' is in it\n  {TABLES}",
        ),
        (
            "NAME ONE-SIZE ALL-SIZE\nL1d 32K 128K\n",
            f"in:1:1: {FOR_PEOPLE}\n    NAME ONE-SIZE ALL-SIZE\n    {'^' * 22}\n  {TABLES}",
        ),
        (
            "CPU SCALMHZ%\n0 5%\n",
            f"in:1:1: {FOR_PEOPLE}\n    CPU SCALMHZ%\n    {'^' * 12}\n  {TABLES}",
        ),
        (
            "Architektur:  x86_64\nCPU(s): 4\n",
            f"in:1:1: {FOR_PEOPLE}\n    Architektur:  x86_64\n    {'^' * 20}\n  {TABLES}",
        ),
        (
            summary(**{"Socket(s)": ""}),
            f"in: there is no field 'Socket(s)'\n  {TABLES}",
        ),
        (
            summary().replace('"field": "Socket(s):"', '"field": "Thread(s) per core:"'),
            "in: the machine has several types of cpus, and the summary does not say which cpus "
            f"are of which\n  {TABLES}",
        ),
        (
            summary(**{"On-line CPU(s) mask": "f-"}),
            f"in: 'f-' is not a mask of cpus in hexadecimal\n  {TABLES}",
        ),
    ],
)
def test_lscpu_that_cannot_be_read_is_told_by_its_trouble(text: str, error: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_machine(text, "in")
    assert "\n".join(map(format_problem, refusal.value.problems)) == error


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        (
            "pack:2 [numa] l3:2 [numa] pu:2",
            "0=0/0/0/0 1=0/0/0/1 2=0/1/1/2 3=0/1/1/3 4=1/3/2/4 5=1/3/2/5 6=1/4/3/6 7=1/4/3/7",
        ),
        (
            "pack:2 [numa(indexes=1,0,2,3,5,4)] l3:2 [numa] pu:1",
            "0=0/1/0/0 1=0/0/1/1 2=1/3/2/2 3=1/5/3/3",
        ),
        ("[numa(indexes=2)] pack:2 pu:1", "0=0/2/-/0 1=1/2/-/1"),
        ("pack:2 [numa(indexes=0,3,2,1)] [numa] pu:1", "0=0/0/-/0 1=1/1/-/1"),
        ("pack:2 [numa(indexes=pack)] [numa] pu:1", "0=0/0/-/0 1=1/1/-/1"),
        ("core:1 l3:2 pu:2(indexes=l3:core)", "0=0/0/-/0 1=0/0/-/0 2=0/0/-/0 3=0/0/-/0"),
        (
            "l3:2 core:2 pu:1(indexes=l3:core)",
            "0=0/0/0/0 1=0/0/1/1 2=0/0/0/2 3=0/0/1/3",
        ),
        ("pack:2 l2:2 pu:1(indexes=pack:l2)", "0=0/0/0/0 1=1/0/1/1 2=0/0/2/2 3=1/0/3/3"),
        # Levels of one object each are levels too.
        ("pack:2 l2:1 pu:2(indexes=l2:pack)", "0=0/0/0/0 1=1/0/1/1 2=0/0/0/2 3=1/0/1/3"),
        ("group:2 core:2 pu:1(indexes=group:core)", "0=0/0/-/0 1=0/0/-/1 2=0/0/-/2 3=0/0/-/3"),
        (
            "group:2 l2:2 pu:1(indexes=gr:l2)",
            "0=0/0/0/0 1=0/0/1/1 2=0/0/2/2 3=0/0/3/3",
        ),
        # Of two groups without a number the outer one is group2.
        (
            "group:2 group:1 l2:2 pu:1(indexes=group2:l2)",
            "0=0/0/0/0 1=0/0/1/1 2=0/0/2/2 3=0/0/3/3",
        ),
        ("group0:2 l2:1 pu:2(indexes=group0)", "0=0/0/0/0 1=0/0/1/1 2=0/0/0/2 3=0/0/1/3"),
        ("pack:2 numa:2(indexes=numa:pack) pu:1", "0=0/0/-/0 1=0/1/-/1 2=1/2/-/2 3=1/3/-/3"),
        ("pack:2 numa:2(indexes=pack:numa) pu:1", "0=0/0/-/0 1=0/2/-/1 2=1/1/-/2 3=1/3/-/3"),
        # The number of a package is a label, those of caches and cores are nobody's.
        ("pack:2(indexes=3,5) pu:1", "0=0/0/-/0 1=1/0/-/1"),
        ("pack:2(indexes=70000,5) pu:1", "0=1/0/-/0 1=0/0/-/1"),
        ("l3:2(size=1MB indexes=5,4) core:1(indexes=9,8) pu:1", "0=0/0/0/0 1=0/0/1/1"),
        ("die:2(indexes=1,0) pu:1", "0=0/0/-/0 1=0/0/-/1"),
        ("Tile:2 pu:1", "0=0/0/-/0 1=0/0/-/1"),
        ("Module:1 Core:2 pu:1", "0=0/0/-/0 1=0/0/-/1"),
        ("Core:1 NUMANode:1 PU:2", "0=0/0/-/0 1=0/0/-/0"),
        ("core:1 numa:2 pu:1", "0=0/0/-/0 1=0/1/-/1"),
        ("core:2 [numa] pu:1", "0=0/0/-/0 1=0/1/-/1"),
        # Counts without types: nodes go first where none stand in brackets, then packages.
        ("2 1", "0=0/0/-/0 1=0/1/-/1"),
        ("2 [numa] 1", "0=0/0/-/0 1=1/1/-/1"),
        ("2 1 pu:1", "0=0/0/-/0 1=1/1/-/1"),
        ("1 1 2 1 1 1", "0=0/0/0/0 1=0/0/1/1"),
        ("2 1 1 1 2 1 1 1 1", "0=0/0/0/0 1=0/0/0/1 2=1/1/1/2 3=1/1/1/3"),
    ],
)
def test_a_synthetic_string_is_read_as_lstopo_reads_it(text: str, machine: str) -> None:
    assert spell(parse_machine(text, "text")[0]) == machine


def test_nodes_at_several_levels_are_said_to_be_counted_to_the_nearest() -> None:
    _, notes = parse_machine("pack:2 [numa] l3:2 [numa] pu:2", "text")
    assert notes == ["nodes at several levels: the cpus are counted to the nearest"]


LSTOPO = "use lstopo --of xml FILE.xml"
DETECT = "use usched topology detect on that machine, lscpu -a -p or lstopo --of xml FILE.xml"


@pytest.mark.parametrize(
    ("first", "what", "remedy"),
    [
        ("Machine (1014MB total) + Package L#0", "lstopo's output for people", LSTOPO),
        ("Machine L#0 (P#0 total=1GB)", "lstopo's output for people", LSTOPO),
        ("depth 0:           1 Machine (type #0)", "lstopo's output for people", LSTOPO),
        ("#FIG 3.2  Produced by hwloc's lstopo", "a drawing", LSTOPO),
        ("available: 2 nodes (0-1)", "numactl's output, which says nothing of cores", DETECT),
        ("policy: default", "numactl's output, which says nothing of cores", DETECT),
        ("processor\t: 0", "/proc/cpuinfo, which does not say what cpus share", DETECT),
        ("vendor_id       : IBM/S390", "/proc/cpuinfo, which does not say", DETECT),
        ("0-3,8", "a list of cpus", DETECT),
    ],
)
def test_what_is_made_for_people_is_named(first: str, what: str, remedy: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_machine(f"{first}\nnode 0 cpus: 0 1\n", "in")
    lines = format_problem(refusal.value.problems[0]).splitlines()
    assert lines[0].startswith(f"in:1:1: this is {what}")
    assert lines[-1] == f"  {remedy}"
