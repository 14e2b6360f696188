"""usched plan: what Linux would be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.face.sessions import Session, block, page


@pytest.fixture
def linux(empty: Session) -> Session:
    """Linux 6.12 with eight cpus and cgroup v2 beneath `root`, and a registry of its machine."""
    put(empty.folder, "proc/sys/kernel/osrelease", "6.12.9-amd64\n")
    put(empty.folder, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
    put(empty.folder, "sys/fs/cgroup/cgroup.subtree_control", "memory pids\n")
    put(empty.folder, "sys/devices/system/cpu/possible", "0-7\n")
    empty.done("topology", "load", "pack:2 numa:1 l3:1 core:2 pu:2")
    return empty


def put(folder: Path, name: str, text: str) -> None:
    path = folder / "root" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plan(session: Session, *options: str) -> str:
    return session.done("--root", "root", "plan", *options)


def refused(session: Session, status: int, *options: str) -> str:
    return session.refused(status, "--root", "root", "plan", *options)


def test_the_steps_are_in_order_and_what_linux_does_otherwise_is_told(linux: Session) -> None:
    linux.done("IDLE", "on", "cpu*", "lwktpri", "4")
    linux.done("POOL", "on", "node1", "lwktpri", "6", "vcpus", "2")
    linux.done("POOL/WEB", "on", "cpu0", "lwktpri", "9", "locked")
    linux.done("X", "on", "cpu0", "cpu1", "lwktpri", "8", "exclusive")
    assert plan(linux) == page("""
    Linux 6.12.9-amd64, /sys/fs/cgroup/usched: 24 steps
      write  cgroup.subtree_control              +cpuset +cpu
      mkdir  usched
      write  usched/cgroup.subtree_control       +cpuset +cpu
      mkdir  usched/IDLE
      mkdir  usched/POOL
      write  usched/POOL/cgroup.subtree_control  +cpuset +cpu
      mkdir  usched/POOL/:own
      mkdir  usched/POOL/WEB
      mkdir  usched/X
      write  usched/IDLE/cpuset.cpus             2-7
      write  usched/POOL/cpuset.cpus             4-7
      write  usched/POOL/:own/cpuset.cpus        4-7
      write  usched/POOL/WEB/cpuset.cpus         4-7
      write  usched/X/cpuset.cpus                0-1
      write  usched/IDLE/cpu.idle                1
      write  usched/POOL/cpu.weight              10000
      write  usched/POOL/cpu.max                 200000 100000
      write  usched/POOL/:own/cpu.idle           1
      write  usched/POOL/WEB/cpu.weight          10000
      write  usched/POOL/WEB/cpu.max             100000 100000
      write  usched/X/cpu.weight                 10000
      write  usched/cpuset.cpus.exclusive        0-1
      write  usched/X/cpuset.cpus.exclusive      0-1
      write  usched/X/cpuset.cpus.partition      root
    What Linux does otherwise:
    POOL, vcpus: 2 cpus on 4: cpu.max holds all its threads together to 200 percent,
      but more than 2 may run at a time
    POOL, on: its own threads run when its children's do not, by cpu.idle
    POOL/WEB, vcpus: 1 cpu on 4: cpu.max holds all its threads together to 100
      percent, but more than 1 may run at a time
    POOL/WEB, lwktpri: a group carries no policy: SCHED_RR 9 is each thread's own
      (exec, move, watch); Linux keeps back 5 percent of each cpu, while somebody
      else wants to run there
    POOL/WEB, locked: a group pins nobody: a thread is kept on its cpu by its own
      affinity (exec, move, watch)
    X, lwktpri: a group carries no policy: SCHED_RR 8 is each thread's own (exec,
      move, watch); Linux keeps back 5 percent of each cpu, while somebody else
      wants to run there
    """)


def test_a_script_does_the_same(linux: Session) -> None:
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    assert plan(linux, "--shell") == page("""
    #!/bin/sh -e
    echo '+cpuset +cpu' > root/sys/fs/cgroup/cgroup.subtree_control
    mkdir root/sys/fs/cgroup/usched
    echo '+cpuset +cpu' > root/sys/fs/cgroup/usched/cgroup.subtree_control
    mkdir root/sys/fs/cgroup/usched/NORM
    echo 1-7 > root/sys/fs/cgroup/usched/NORM/cpuset.cpus
    echo 10000 > root/sys/fs/cgroup/usched/NORM/cpu.weight
    """)


def test_what_is_there_is_not_done_again(linux: Session) -> None:
    linux.done("NORM", "on", "cpu0-3", "lwktpri", "6")
    put(linux.folder, "sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu memory pids\n")
    groups = {"usched": "cpuset cpu", "usched/NORM": "", "usched/OLD": ""}
    for group, subtree in groups.items():
        put(linux.folder, f"sys/fs/cgroup/{group}/cgroup.subtree_control", subtree + "\n")
        for file, text in (
            ("cpuset.cpus", "0-3" if group == "usched/NORM" else ""),
            ("cpuset.cpus.exclusive", ""),
            ("cpuset.cpus.partition", "member"),
            ("cpu.idle", "0"),
            ("cpu.weight", "10000" if group == "usched/NORM" else "100"),
            ("cpu.max", "max 100000"),
            ("cgroup.procs", "4242\n4243" if group == "usched/OLD" else ""),
        ):
            put(linux.folder, f"sys/fs/cgroup/{group}/{file}", text + "\n")
    assert plan(linux) == page("""
    Linux 6.12.9-amd64, /sys/fs/cgroup/usched: 2 steps
      move   usched/OLD  2 pids to the root group
      rmdir  usched/OLD
    """)
    linux.done("OLD", "on", "cpu5", "lwktpri", "3")
    assert plan(linux) == page("""
    Linux 6.12.9-amd64, /sys/fs/cgroup/usched: 2 steps
      write  usched/OLD/cpuset.cpus  5
      write  usched/OLD/cpu.idle     1  (was 0)
    """)


def test_json_has_the_steps_the_threads_and_the_notes(linux: Session) -> None:
    linux.done("REAL", "on", "cpu2", "cpu3", "lwktpri", "8", "locked")
    record = json.loads(plan(linux, "--json"))
    assert record["kernel"] == "6.12.9-amd64"
    assert record["steps"][:3] == [
        {
            "do": "write",
            "path": "",
            "file": "cgroup.subtree_control",
            "value": "+cpuset +cpu",
            "before": None,
        },
        {"do": "mkdir", "path": "usched", "file": None, "value": "", "before": None},
        {
            "do": "write",
            "path": "usched",
            "file": "cgroup.subtree_control",
            "value": "+cpuset +cpu",
            "before": None,
        },
    ]
    assert record["threads"] == [
        {
            "scheduler": "REAL",
            "path": "usched/REAL",
            "policy": "rr",
            "priority": 8,
            "pinned": True,
        }
    ]
    assert [(note["scheduler"], note["word"]) for note in record["notes"]] == [
        ("REAL", "lwktpri"),
        ("REAL", "locked"),
    ]


def test_an_older_kernel_has_no_partition_beneath_a_group(linux: Session) -> None:
    put(linux.folder, "proc/sys/kernel/osrelease", "6.1.0-31-amd64\n")
    linux.done("X", "on", "cpu6", "cpu7", "lwktpri", "6", "exclusive")
    assert plan(linux) == page("""
    Linux 6.1.0-31-amd64, /sys/fs/cgroup/usched: 6 steps
      write  cgroup.subtree_control         +cpuset +cpu
      mkdir  usched
      write  usched/cgroup.subtree_control  +cpuset +cpu
      mkdir  usched/X
      write  usched/X/cpuset.cpus           6-7
      write  usched/X/cpu.weight            10000
    What Linux does otherwise:
    X, exclusive: a partition would read back as `root invalid (Parent is not a
      partition root)`, so there is none: cpus are kept apart by cpuset.cpus alone;
      boot with isolcpus=, or Linux 6.7 or later
    """)


def test_where_it_cannot_be_planned_it_says_why(linux: Session) -> None:
    linux.done("X", "on", "cpu*", "lwktpri", "6", "exclusive")
    assert refused(linux, 3) == block("""
    usched: X would take every cpu from the rest of the system
      leave it one: on 'cpu*' except cpu0
    """)
    linux.done("X", "on", "cpu1-7", "lwktpri", "6", "exclusive")
    put(linux.folder, "sys/devices/system/cpu/possible", "0-3\n")
    assert refused(linux, 3) == block("""
    usched: synthetic has cpu4-cpu7, and this machine has not
      a plan is about the machine at hand: usched topology detect
    """)
    put(linux.folder, "sys/fs/cgroup/cgroup.controllers", "memory\n")
    assert refused(linux, 1) == block("""
    usched: root/sys/fs/cgroup has no cpuset and no cpu controller: cgroup v1 may have it
      it has: memory
    """)
    (linux.folder / "root/sys/fs/cgroup/cgroup.controllers").unlink()
    put(linux.folder, "sys/fs/cgroup/cpuset/tasks", "")
    assert refused(linux, 1) == block("""
    usched: there is no cgroup v2 at root/sys/fs/cgroup, but cgroup v1
      boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none there
    """)
    put(linux.folder, "proc/sys/kernel/osrelease", "14.1-RELEASE\n")
    assert refused(linux, 1) == block("""
    usched: there is no cgroup v2 at root/sys/fs/cgroup, but cgroup v1
      boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none there
    """)
    (linux.folder / "root/proc/sys/kernel/osrelease").unlink()
    assert (
        refused(linux, 1)
        == "usched: root/proc/sys/kernel/osrelease cannot be read: this is no Linux"
    )
    assert refused(linux, 2, "--shell", "--json") == (
        "usched: --shell and --json are two ways to print: one or the other"
    )
