"""usched plan: what Linux would be told."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess
from types import SimpleNamespace

import pytest

from tests.face.fake_linux import plan, put
from tests.face.sessions import Session, block, page


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
    POOL/WEB, lwktpri: SCHED_RR goes before all of the machine, and not of POOL
      alone, so its threads are fair ones with cpu.weight 10000
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


@pytest.mark.parametrize(
    ("declared", "remedy"),
    [
        (
            "A on cpu0-3 lwktpri 6 exclusive; B on cpu4-7 lwktpri 6 exclusive",
            "leave it one: usched A on cpu0-3 except cpu0 lwktpri 6 exclusive",
        ),
        (
            "A on cpu0 lwktpri 6 exclusive; C on cpu1 lwktpri 6 exclusive;"
            "B on cpu* except cpu0 cpu1 lwktpri 7 exclusive locked",
            "leave it one: usched B on 'cpu*' except cpu0-2 lwktpri 7 exclusive locked",
        ),
        (
            "A on node0 lwktpri 6 exclusive; A/K on cpu3 lwktpri 6;"
            "B on node1 lwktpri 6 vcpus 9 quantum 2 exclusive; B/K on cpu8 lwktpri 6",
            "leave it one: usched B on node1 except cpu4 lwktpri 6 vcpus 9 quantum 2 exclusive",
        ),
        (
            "A on cpu* lwktpri 6 exclusive; A/K on cpu7 lwktpri 6",
            "share them with it: usched A on 'cpu*' lwktpri 6",
        ),
    ],
)
def test_who_takes_every_cpu_is_told_what_to_type(
    linux: Session, declared: str, remedy: str
) -> None:
    for each in declared.split(";"):
        linux.done(*each.split())
    assert refused(linux, 3).endswith(
        f"would take every cpu from the rest of the system\n  {remedy}"
    )
    linux.done(*shlex.split(remedy.partition(": usched ")[2]))
    plan(linux)


def test_where_it_cannot_be_planned_it_says_why(linux: Session) -> None:
    linux.done("X", "on", "cpu*", "lwktpri", "6", "exclusive")
    assert refused(linux, 3) == block("""
    usched: X would take every cpu from the rest of the system
      leave it one: usched X on 'cpu*' except cpu0 lwktpri 6 exclusive
    """)
    linux.done("X", "on", "cpu1-7", "lwktpri", "6", "exclusive")
    put(linux.folder, "sys/devices/system/cpu/possible", "0-3\n")
    assert refused(linux, 3) == block("""
    usched: synthetic has cpu4-cpu7, and this machine has not
      Linux is told of the machine at hand: usched topology detect
    """)
    (linux.folder / "root/sys/fs/cgroup/cgroup.controllers").unlink()
    assert refused(linux, 1) == block("""
    usched: there is no cgroup v2 at root/sys/fs/cgroup
      mount -t cgroup2 none root/sys/fs/cgroup
    """)
    put(linux.folder, "sys/fs/cgroup/cpuset/tasks", "")
    put(linux.folder, "proc/self/mounts", "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n")
    assert refused(linux, 1) == block("""
    usched: there is no cgroup v2 at root/sys/fs/cgroup, but cgroup v1; v2 is at /sys/fs/cgroup/unified
      boot with systemd.unified_cgroup_hierarchy=1; without systemd: cgroup_no_v1=all
    """)  # noqa: E501 as it is printed
    put(linux.folder, "proc/sys/kernel/osrelease", "14.1-RELEASE\n")
    assert refused(linux, 1).startswith("usched: there is no cgroup v2 at root/sys/fs/cgroup, but")
    (linux.folder / "root/proc/sys/kernel/osrelease").unlink()
    assert (
        refused(linux, 1)
        == "usched: root/proc/sys/kernel/osrelease cannot be read: this is no Linux"
    )
    assert refused(linux, 2, "--shell", "--json") == (
        "usched: --shell and --json are two ways to print: one or the other"
    )


def test_why_a_controller_is_missing_is_said(linux: Session) -> None:
    head = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
    put(linux.folder, "sys/fs/cgroup/cgroup.controllers", "memory\n")
    assert refused(linux, 1) == block("""
    usched: root/sys/fs/cgroup has no cpuset controller: this kernel has none
      it takes one with CONFIG_CPUSETS
    usched: root/sys/fs/cgroup has no cpu controller: this kernel has none
      it takes one with CONFIG_CGROUP_SCHED
    usched: 2 problems
    """)
    put(linux.folder, "proc/cgroups", f"{head}cpuset\t3\t1\t1\ncpu\t0\t1\t0\n")
    put(linux.folder, "proc/cmdline", "quiet cgroup_disable=io,cpu\n")
    put(linux.folder, "proc/self/mounts", "c /mnt/set cgroup rw,cpuset 0 0\n")
    assert refused(linux, 1) == block("""
    usched: root/sys/fs/cgroup has no cpuset controller: cgroup v1 has it, at /mnt/set
      boot with systemd.unified_cgroup_hierarchy=1; without systemd: cgroup_no_v1=all
    usched: root/sys/fs/cgroup has no cpu controller: the kernel was booted with cgroup_disable=io,cpu
      boot without that
    usched: 2 problems
    """)  # noqa: E501 as it is printed
    put(linux.folder, "proc/cgroups", f"{head}cpuset\t0\t1\t1\ncpu\t0\t1\t1\n")
    put(linux.folder, "proc/cmdline", "quiet\n")
    put(linux.folder, "sys/fs/cgroup/cgroup.type", "domain\n")
    assert refused(linux, 1) == block("""
    usched: root/sys/fs/cgroup has no cpuset and no cpu controller: it is not given to this container
      who made it turns it on, as by systemd's Delegate=cpuset cpu
    """)  # noqa: E501 as it is printed


def test_in_a_container_what_it_has_not_is_said_beforehand(linux: Session) -> None:
    """Its root group is none: with somebody in it, there are no controllers beneath; and whom it
    has no cpu for, Linux would give all of them."""
    linux.done("X", "on", "cpu6", "cpu7", "lwktpri", "6")
    linux.done("Y", "on", "cpu5-6", "lwktpri", "6")
    put(linux.folder, "sys/fs/cgroup/cgroup.type", "domain\n")
    put(linux.folder, "sys/fs/cgroup/cpuset.cpus.effective", "0-5\n")
    put(linux.folder, "sys/fs/cgroup/cgroup.procs", "1\n7\n")
    assert refused(linux, 3) == block("""
    usched: 2 processes are in the root group of this container: Linux lets no group beneath it have cpus
      give them a group of their own: mkdir -p /sys/fs/cgroup/init
      grep -vx 0 /sys/fs/cgroup/cgroup.procs | xargs -rn1 > /sys/fs/cgroup/init/cgroup.procs
    usched: X is for cpus 6-7, of which this container has none
      it has 0-5
    usched: 2 problems
    """)  # noqa: E501 as it is printed
    linux.done("destroy", "X")
    put(linux.folder, "sys/fs/cgroup/cgroup.procs", "0\n")
    assert refused(linux, 3) == block("""
    usched: a process is in the root group of this container: Linux lets no group beneath it have cpus
      who is from outside of this pid namespace has no pid here, and is moved from there
    """)  # noqa: E501 as it is printed
    put(linux.folder, "sys/fs/cgroup/cgroup.procs", "")
    assert "usched/Y/cpuset.cpus" in plan(linux)


def test_who_has_no_pid_here_is_said_before_anything_is_done(linux: Session) -> None:
    """As in a container with the machine's control groups and pids of its own: 0 is whoever else is
    there, and to write it would be to move oneself."""
    linux.done("X", "on", "cpu6", "cpu7", "lwktpri", "6")
    for path in ("OLD", "OLDER"):
        put(linux.folder, f"sys/fs/cgroup/usched/{path}/cgroup.procs", "7\n0\n0\n")
    there = sorted((linux.folder / "root/sys/fs/cgroup").rglob("*"))
    for words in (["plan"], ["apply"], ["release"]):
        result = linux.run("--root", "root", *words)
        assert (result.status, result.err) == (
            1,
            "usched: processes from outside of this pid namespace are in usched/OLDER and "
            "usched/OLD: they have no pid here (cgroup.procs says 0), and cannot be moved\n"
            "  outside of this container they have pids: move them to another group from there\n",
        )
    assert sorted((linux.folder / "root/sys/fs/cgroup").rglob("*")) == there
    for path in ("OLD", "OLDER"):
        put(linux.folder, f"sys/fs/cgroup/usched/{path}/cgroup.procs", "7\n")
    assert "move   usched/OLD" in plan(linux)
    script = plan(linux, "--shell")
    assert "for pid in $(grep -vx 0 root/sys/fs/cgroup/usched/OLD/cgroup.procs); do\n" in script


def test_groups_that_may_not_be_written_are_said_beforehand(
    linux: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    linux.done("X", "on", "cpu6", "cpu7", "lwktpri", "6")
    written = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(os, "statvfs", lambda path: {"root/sys/fs/cgroup": written}[path])
    result = linux.run("--root", "root", "plan")
    assert (result.status, result.err) == (
        0,
        "usched: /sys/fs/cgroup is mounted read-only here, and apply would be refused: "
        "mount -o remount,rw /sys/fs/cgroup\n",
    )
    assert "mkdir  usched/X" in result.out


def test_whose_cpus_would_all_be_taken_is_said_beforehand(linux: Session) -> None:
    put(linux.folder, "sys/devices/system/cpu/online", "0-7\n")
    put(linux.folder, "sys/fs/cgroup/system.slice/cpuset.cpus", "2-3\n")
    put(linux.folder, "sys/fs/cgroup/user.slice/cpuset.cpus", "3-4\n")
    put(linux.folder, "sys/fs/cgroup/mine/cpuset.cpus", "6\n")
    put(linux.folder, "sys/fs/cgroup/theirs/cpuset.cpus.exclusive", "7\n")
    put(linux.folder, "sys/fs/cgroup/old/cpuset.cpus", "0,2\n")
    put(linux.folder, "sys/fs/cgroup/old/cpuset.cpus.partition", "root\n")
    linux.done("RT", "on", "cpu2", "cpu3", "lwktpri", "8", "exclusive")
    linux.done("LAST", "on", "node1", "except", "cpu4", "lwktpri", "6", "exclusive")
    assert refused(linux, 3) == block("""
    usched: mine has no cpus but 6, and LAST would take them all
      give it others: echo 0-1,4 > /sys/fs/cgroup/mine/cpuset.cpus
    usched: old has cpus 2 for itself, and RT would, too
      declare RT on other cpus
    usched: system.slice has no cpus but 2-3, and RT would take them all
      give it others: systemctl set-property system.slice AllowedCPUs=0-1,4
    usched: theirs has cpus 7 for itself, and LAST would, too
      declare LAST on other cpus
    usched: 4 problems
    """)
    linux.done("destroy", "LAST")
    linux.done("RT", "on", "cpu4", "lwktpri", "8", "exclusive")
    assert "usched/cpuset.cpus.exclusive" in plan(linux)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_is_granted_changes_hands_and_the_script_does_the_same(linux: Session) -> None:
    linux.done("POOL", "on", "cpu*", "lwktpri", "6")
    linux.run("grant", "POOL", "to", "nobody")
    steps = plan(linux).splitlines()
    assert steps[-3:] == [
        "  chown  usched/POOL                         root's, handed to nobody",
        "  write  usched/POOL/cgroup.max.descendants  2048",
        "  write  usched/POOL/cgroup.max.depth        16",
    ]
    script = linux.folder / "script"
    script.write_text(plan(linux, "--shell").replace(" root/sys", f" {linux.folder}/root/sys"))
    made = linux.folder / "root/sys/fs/cgroup/usched/POOL"
    made.mkdir(parents=True)
    for file in ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "cpu.weight"):
        (made / file).write_text("")
    lines = [line for line in script.read_text().splitlines() if "mkdir" not in line]
    subprocess.run(["sh", "-e"], input="\n".join(lines), text=True, check=True)
    nobody = pwd.getpwnam("nobody").pw_uid
    assert [made.stat().st_uid, (made / "cpu.weight").stat().st_uid] == [nobody, 0]
    assert {each.name for each in made.iterdir() if each.stat().st_uid} == {
        *("cgroup.procs", "cgroup.threads", "cgroup.subtree_control")
    }


def test_the_name_of_a_strange_group_is_shown_in_escapes(linux: Session) -> None:
    odd = os.fsencode(linux.folder / "root/sys/fs/cgroup/usched") + b"/a\nb\xff\x1b[31m"
    os.makedirs(odd)
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    assert r"  rmdir  usched/a\nb\udcff\x1b[31m" in [
        line.rstrip() for line in plan(linux).splitlines()
    ]
