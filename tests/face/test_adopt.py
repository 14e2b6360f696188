"""usched adopt: groups, cpusets and slices that are plain files beneath a root."""

from __future__ import annotations

import pytest

from tests.face.fake_linux import plan, put
from tests.face.live import add_group
from tests.face.sessions import Session, block, less_warnings, page
from tests.face.test_ps import add_thread

GROUPS = "sys/fs/cgroup"


def add(session: Session, group: str, **files: str) -> None:
    for file, text in files.items():
        put(session.folder, f"{GROUPS}/{group}/{file.replace('_', '.')}", f"{text}\n")


def adopt(session: Session, *options: str) -> tuple[str, str]:
    """What is printed, and what is said besides, without what a change warns of."""
    result = session.run("--root", "root", "adopt", *options)
    assert result.status == 0, result.err
    return result.out, less_warnings(result.err)


def refused(session: Session, status: int, *options: str) -> str:
    return session.refused(status, "--root", "root", "adopt", *options)


def test_what_was_applied_comes_back_and_nothing_is_to_be_done_for_it(linux: Session) -> None:
    put(linux.folder, f"{GROUPS}/cgroup.subtree_control", "cpuset cpu\n")
    add(linux, "usched", cgroup_subtree__control="")
    put(linux.folder, f"{GROUPS}/usched/cgroup.subtree_control", "cpuset cpu\n")
    put(linux.folder, f"{GROUPS}/usched/cpuset.cpus.exclusive", "6-7\n")
    for name, cpus, weight, kind in (
        ("NORM", "0-5", "10000", "member"),
        ("REAL", "0-5", "10000", "member"),
        ("SHIELD", "6-7", "10000", "root"),
    ):
        path = f"usched/{name}"
        exclusive = cpus if kind == "root" else ""
        add(linux, path, cpuset_cpus=cpus, cpu_weight=weight, cpuset_cpus_partition=kind)
        add(linux, path, cpu_idle="0", cpu_max="max 100000", cpuset_cpus_exclusive=exclusive)
        add(linux, path, cpuset_cpus_effective=cpus)
    add_group(linux.folder / "root", "REAL", 4242)
    add_thread(linux, 4242, 4242, "tick", 1, policy="8 2")
    assert adopt(linux) == (
        page("""
        NORM on cpu* lwktpri 6  # revision 2
        #   NORM: 8 cpus on cpu0-cpu7
        REAL on cpu* lwktpri 8  # revision 3
        #   REAL: 8 cpus on cpu0-cpu7
        SHIELD on cpu6 cpu7 lwktpri 6 exclusive  # revision 4
        #   SHIELD: 2 cpus on cpu6-cpu7
        #   NORM: 6 cpus on cpu0-cpu5 (was on cpu0-cpu7)
        #   REAL: 6 cpus on cpu0-cpu5 (was on cpu0-cpu7)
        """),
        "",
    )
    assert plan(linux).startswith("Linux 6.12.9-amd64, /sys/fs/cgroup/usched: nothing to do\n")
    # the registry may say more than groups do, and keeps it as long as these are what it says
    linux.done("--root", "root", "NORM", "on", "cpu0-5", "lwktpri", "6", "locked")
    for where in ((), ("usched",), ("/sys/fs/cgroup/usched",)):
        assert adopt(linux, *where) == (
            "# nothing to adopt: Linux is as the registry says\n",
            "",
        )
    add(linux, "usched/NORM", cpuset_cpus="0-3")
    assert adopt(linux)[0].startswith("NORM on cpu0-3 lwktpri 6  # revision 6\n")


def test_groups_of_others_are_adopted_as_far_as_there_are_words_for_it(linux: Session) -> None:
    put(linux.folder, f"{GROUPS}/cgroup.procs", "1\n")
    add(linux, "system.slice", cpuset_cpus="0-3", cpu_weight="100")
    add(linux, "user.slice/user-1000.slice/user@1000.service", cpu_weight="700", memory_max="1G")
    add(linux, "user.slice/user-1000.slice/session-3.scope", cpu_weight="200")
    add(linux, "batch.slice", cpu_idle="1", cpu_weight="1", cpu_max="150000 100000")
    add(linux, "rt", cpuset_cpus="6-7", cpuset_cpus_partition="isolated")
    add(linux, "rt/a", cpuset_cpus="3-6")
    add(linux, "bad", cpuset_cpus="5", cpuset_cpus_partition="root invalid (Parent is not ...)")
    add(linux, "quiet", cpu_weight="100", memory_max="1G")
    out, err = adopt(linux, "-n")
    declared = [line.partition("  #")[0] for line in out.splitlines() if line[0] != "#"]
    assert declared == [
        "bad on cpu5 lwktpri 6",
        "_batch on cpu* lwktpri 4 vcpus 2",
        "rt on cpu6 cpu7 lwktpri 6 exclusive locked",
        "rt/a on cpu0 lwktpri 6",
        "system on cpu0-3 lwktpri 6",
        "user on cpu* lwktpri 6",
        "user/_1000 on cpu* lwktpri 6",
        "user/_1000/session-3.scope on cpu* lwktpri 6 quantum 2",
        "user/_1000/user_1000.service on cpu* lwktpri 6 quantum 7",
    ]
    assert err == page("""
    usched: _batch, name: its name was batch.slice, which no scheduler can have
    usched: user/_1000, name: its name was user-1000.slice, which no scheduler can have
    usched: user/_1000/user_1000.service, name: its name was user@1000.service, which no scheduler can have
    usched: user/_1000/user_1000.service, memory.max: `1G` is left out: usched shares out cpus alone
    usched: bad, exclusive: `root invalid (Parent is not ...)`: it is none, and is not taken as one
    usched: _batch, vcpus: cpu.max is 150 percent, no whole cpus: 2 cpus instead
    usched: rt/a, on: it asks for cpu3-cpu5 too, which it cannot have there
    """)  # noqa: E501 as they are printed
    assert linux.done("export") == ""
    linux.write("mine.usched", out)
    linux.done("batch", "-q", "mine.usched")
    assert "# revision" not in adopt(linux)[0]  # all of it is there already
    assert adopt(linux, "quiet") == ("# nothing to adopt: nothing is said of cpus there\n", "")
    linux.done("destroy", "system")
    assert adopt(linux, "/sys/fs/cgroup/user.slice/", "-q")[0] == ""
    assert "_1000/session-3.scope on cpu* lwktpri 6 quantum 2\n" in linux.done("export")


def test_what_is_declared_is_accepted_whatever_there_is_and_the_rest_is_named(
    linux: Session,
) -> None:
    """None of it is as `usched apply` leaves it."""
    put(linux.folder, f"{GROUPS}/cgroup.subtree_control", "cpuset cpu\n")
    add(linux, "usched", cgroup_subtree__control="")
    add(linux, "usched/A", cpuset_cpus="0-3")
    add(linux, "usched/A/:own", cpuset_cpus="3")
    add(linux, "usched/A/:own/IN", cpuset_cpus="3")
    add(linux, "usched/A/X", cpuset_cpus="0-1")
    add(linux, "usched/A/Y", cpuset_cpus="0")
    add(linux, "usched/A/Z", cpuset_cpus="2")
    add(linux, "usched/B", cpuset_cpus="4-7", cpuset_cpus_partition="root")
    add(linux, "usched/B/P", cpuset_cpus="4-7", cpuset_cpus_partition="root")
    add(linux, "usched/B/Q", cpuset_cpus="5")
    add(linux, "usched/C", cpuset_cpus="6-7", cpuset_cpus_partition="root")
    add(linux, "usched/D", cpuset_cpus="5")
    add(linux, "usched/log", cpuset_cpus="0")
    out, err = adopt(linux)
    assert [line.partition("  #")[0] for line in out.splitlines() if line[0] != "#"] == [
        "A on cpu* lwktpri 6",
        "A/X on cpu0 cpu1 lwktpri 6",
        "A/Y on cpu0 lwktpri 6",
        "A/Z on cpu2 lwktpri 6 exclusive",
        "B on cpu4-7 lwktpri 6 exclusive",
        "B/P on cpu* lwktpri 6 exclusive",
        "C on cpu* lwktpri 6",
        "D on cpu* lwktpri 6",
        "_log on cpu0 lwktpri 6",
    ]
    assert err == page("""
    usched: _log, name: its name was log, which no scheduler can have
    usched: C, exclusive: it has no cpu that is its own: it is not exclusive
    usched: C, on: others have cpu6-cpu7 exclusively: it has what they leave
    usched: D, on: others have cpu5 exclusively: it has what they leave
    usched: A, on: what is beneath :own is left out: own threads have no schedulers
    usched: A/X, exclusive: A/Y has cpu0, too, so it is not exclusive: A's own threads may run there from now on
    usched: A/Y, exclusive: A/X has cpu0, too, so it is not exclusive: A's own threads may run there from now on
    usched: B/Q, on: it is left out, with all beneath it: others have all that it may have exclusively
    usched: B, exclusive: no words say that usched/B/cpuset.cpus.exclusive is empty: plan makes it `4-7`
    usched: B/P, exclusive: no words say that usched/B/P/cpuset.cpus.exclusive is empty: plan makes it `4-7`
    """)  # noqa: E501 as they are printed


def test_what_there_are_no_words_for_is_named_with_what_plan_makes_of_it(linux: Session) -> None:
    """As of `D on node1 lwktpri 6 vcpus 5 locked` and `D/A on cpu0-3 lwktpri 6 exclusive`."""
    put(linux.folder, f"{GROUPS}/cgroup.subtree_control", "cpuset cpu\n")
    for path, cpus, idle in (("D", "4-7", "0"), ("D/:own", "4", "1"), ("D/A", "4-7", "0")):
        add(linux, f"usched/{path}", cpuset_cpus=cpus, cpuset_cpus_partition="member")
        add(linux, f"usched/{path}", cpu_idle=idle, cpu_weight="10000", cpu_max="max 100000")
    for path in ("usched", "usched/D"):
        put(linux.folder, f"{GROUPS}/{path}/cgroup.subtree_control", "cpuset cpu\n")
    assert adopt(linux) == (
        page("""
        D on cpu4-7 lwktpri 6  # revision 2
        #   D: 4 cpus on cpu4-cpu7
        D/A on cpu* lwktpri 6  # revision 3
        #   D/A: 4 cpus on cpu0-cpu3, reaches cpu4-cpu7
        """),
        "usched: D, on: no words say `4` of usched/D/:own/cpuset.cpus: plan makes it `4-7`\n",
    )
    assert plan(linux).startswith(
        "Linux 6.12.9-amd64, /sys/fs/cgroup/usched: 1 step\n"
        "  write  usched/D/:own/cpuset.cpus  4-7  (was 4)\n"
    )


@pytest.mark.parametrize("mount", ["dev/cpuset", "sys/fs/cgroup/cpuset"])
def test_a_shield_of_cset_leaves_the_rest_to_the_system(linux: Session, mount: str) -> None:
    prefix = "cpuset." if mount.startswith("sys") else ""

    def add_set(name: str, cpus: str, exclusive: int, tasks: str = "") -> None:
        put(linux.folder, f"{mount}/{name}/{prefix}cpus", f"{cpus}\n")
        put(linux.folder, f"{mount}/{name}/{prefix}cpu_exclusive", f"{exclusive}\n")
        put(linux.folder, f"{mount}/{name}/tasks", tasks)

    add_set("", "0-7", 1, "2\n")
    add_set("user", "1-3", 1)
    add_set("user/db", "2", 0)
    add_set("system", "0,4-7", 1, "1\n40\n41\n")
    assert adopt(linux, "--cset") == (
        page("""
        system on cpu* lwktpri 6  # revision 2
        #   system: 8 cpus on cpu0-cpu7
        user on cpu1-3 lwktpri 6 exclusive  # revision 3
        #   user: 3 cpus on cpu1-cpu3
        #   system: 5 cpus on cpu0, cpu4-cpu7 (was on cpu0-cpu7)
        user/db on cpu1 lwktpri 6  # revision 4
        #   user/db: 1 cpu on cpu1, reaches cpu2
        """),
        "usched: system, exclusive: with it no cpu would be left to the rest of the system: "
        "it is not exclusive\n",
    )
    assert "usched/user/cpuset.cpus.partition" in plan(linux)


def test_slices_are_read_from_the_files_of_systemd(linux: Session) -> None:
    put(
        linux.folder,
        "etc/systemd/system/work.slice",
        "[Unit]\nDescription=x\n[Slice]\n# AllowedCPUs=9\nAllowedCPUs=0-1 3\nMemoryMax=1G\n",
    )
    put(linux.folder, "run/systemd/system/work.slice", "[Slice]\nAllowedCPUs=7\n")
    put(linux.folder, "run/systemd/system/work-a\\x2db.slice", "[Slice]\nCPUQuota=200%\n")
    put(linux.folder, "run/systemd/system/work.slice.d/50-more.conf", "[Slice]\nCPUWeight=idle\n")
    assert adopt(linux, "--systemd") == (
        page("""
        work on cpu0 cpu1 cpu3 lwktpri 4  # revision 2
        #   work: 3 cpus on cpu0-cpu1, cpu3
        work/a-b on cpu* lwktpri 6 vcpus 2  # revision 3
        #   work/a-b: 2 vcpus on cpu0-cpu2, reaches cpu0-cpu1, cpu3
        """),
        "usched: work, MemoryMax: `1G` is left out: usched shares out cpus alone\n",
    )


def test_what_systemd_ignores_in_a_unit_is_named_and_the_rest_is_adopted(linux: Session) -> None:
    """systemd.syntax(7): an assignment that it cannot parse it warns of, and goes on; what was
    assigned before stays."""
    settings = ["AllowedCPUs=2-3", "AllowedCPUs=abc", "CPUWeight=12000", "CPUWeight = 0"]
    settings += ["CPUQuota=100%", "CPUQuota=-3%", "CPUWeight=1_0", "CPUWeight="]
    put(linux.folder, "units/a.slice", "\n".join(["[Slice]", *settings, ""]))
    put(linux.folder, "units/b.slice", "[Slice]\nCPUWeight=idle\n")
    assert adopt(linux, "--systemd", "root/units") == (
        page("""
        a on cpu2 cpu3 lwktpri 6 vcpus 1  # revision 2
        #   a: 1 vcpu on cpu2-cpu3
        b on cpu* lwktpri 4  # revision 3
        #   b: 8 cpus on cpu0-cpu7
        """),
        page("""
        usched: root/units/a.slice:3:13: systemd ignores this AllowedCPUs: 'abc' is not a cpu number or a range of them
            AllowedCPUs=abc
                        ^^^
        usched: root/units/a.slice:4:11: systemd ignores this CPUWeight: '12000' is neither idle nor a number from 1 to 10000
            CPUWeight=12000
                      ^^^^^
        usched: root/units/a.slice:5:13: systemd ignores this CPUWeight: '0' is neither idle nor a number from 1 to 10000
            CPUWeight = 0
                        ^
        usched: root/units/a.slice:7:10: systemd ignores this CPUQuota: '-3%' is no percentage above 0
            CPUQuota=-3%
                     ^^^
        usched: root/units/a.slice:8:11: systemd ignores this CPUWeight: '1_0' is neither idle nor a number from 1 to 10000
            CPUWeight=1_0
                      ^^^
        """),  # noqa: E501 as they are printed
    )


def test_what_cannot_be_adopted_says_why(linux: Session) -> None:
    add(linux, "heavy", cpu_weight="many")
    assert refused(linux, 1) == block("""
    usched: root/sys/fs/cgroup/heavy/cpu.weight says 'many'
      it should be a number from 1 to 10000
    """)
    assert refused(linux, 4, "none") == block("""
    usched: there is no control group none
      the groups are the folders of /sys/fs/cgroup
    """)
    assert refused(linux, 4, "heavy/..").startswith("usched: there is no control group heavy/..")
    assert refused(linux, 2, "--cset", "--systemd") == (
        "usched: --cset and --systemd are two places to look: one or the other"
    )
    assert refused(linux, 1, "--cset", "none") == block("""
    usched: there are no cpusets of cgroup v1 at none
      without --cset, groups of cgroup v2 are adopted
    """)
    assert refused(linux, 4, "--systemd", "none") == "usched: there is no folder none"
    (linux.folder / f"root/{GROUPS}/cgroup.controllers").unlink()
    assert refused(linux, 1) == (
        "usched: there is no cgroup v2 at root/sys/fs/cgroup\n"
        "  mount -t cgroup2 none root/sys/fs/cgroup"
    )
