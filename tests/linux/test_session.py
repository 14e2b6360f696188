"""A registry applied, loaded, disturbed and released on real kernels (`inside/session.py`)."""

from __future__ import annotations

import os

import pytest

from tests.linux.conftest import Seen
from tests.linux.inside.cases import are_by_weight, are_within, least_of_four

PROGRAM, SECONDS = "session", 240

pytestmark = pytest.mark.slow

VERIFIED = [0, "Linux is as the registry says: 9 groups\n", ""]

#: By group: cpuset.cpus.effective, cpu.idle and cpu.weight.
GROUPS = {
    "BACK": ("0,4-7", "1", None),
    "HALF": ("4-7", "0", "10000"),
    "HALF/:own": ("4-7", "1", None),
    "HALF/A": ("4-5", "0", "10000"),
    "HALF/A/:own": ("4-5", "1", None),
    "HALF/A/X": ("5", "0", "10000"),
    "HALF/B": ("6", "0", "100"),
    "RT": ("2-3", "0", "10000"),
    "PIN": ("1", "0", "10000"),
}

NO_PARTITION = (
    "would read back as `{} invalid (Parent is not a partition root)`, so there is none: cpus are "
    "kept apart by cpuset.cpus alone; boot with isolcpus=, or Linux 6.7 or later"
)


def has_partitions(seen: Seen) -> bool:
    return seen.kernel != "6.1"


def test_apply_does_what_plan_says_and_verify_agrees(seen: Seen) -> None:
    steps = seen["plan"].partition(": ")[2].partition(" ")[0]
    applied, verified, again, plan = seen["apply_and_verify"]
    words = 5 if has_partitions(seen) else 7
    assert applied[:2] == [
        0,
        f"# {steps} steps done beneath /sys/fs/cgroup/usched\n"
        f"# {words} words Linux does otherwise: usched plan says which\n",
    ]
    assert verified == VERIFIED
    assert again == [0, "# nothing to do: Linux is as the registry says\n", ""]
    assert plan[1].splitlines()[0].endswith("/sys/fs/cgroup/usched: nothing to do")


def test_groups_have_the_cpus_and_weights_that_they_should(seen: Seen) -> None:
    groups = seen["what_groups_say"]
    assert groups.keys() == {"", *GROUPS}
    for name, (cpus, idle, weight) in GROUPS.items():
        said = groups[name]
        assert (name, said["cpuset.cpus.effective"]) == (name, cpus)
        assert (name, said["cpu.idle"]) == (name, idle)
        assert weight is None or (name, said["cpu.weight"]) == (name, weight)


def test_partitions_are_what_plan_said_they_would_be(seen: Seen) -> None:
    groups, plan = seen["what_groups_say"], " ".join(seen["plan"].split())
    if has_partitions(seen):
        assert groups["RT"]["cpuset.cpus.partition"] == "root"
        assert groups["PIN"]["cpuset.cpus.partition"] == "isolated"
        assert groups[""]["cpuset.cpus.effective"] == "0,4-7"
        assert "invalid" not in plan
    else:
        assert {said["cpuset.cpus.partition"] for said in groups.values()} == {"member"}
        assert f"RT, exclusive: a partition {NO_PARTITION.format('root')}" in plan
        assert f"PIN, exclusive: a partition {NO_PARTITION.format('isolated')}" in plan


def test_threads_run_only_on_cpus_that_are_theirs(seen: Seen) -> None:
    """Ten in each place, in the kernel's trace; the rest of the system stays out of partitions."""
    ran = seen["where_threads_run"]
    assert (ran["RT"], ran["PIN"], ran["X"]) == ([2, 3], [1], [5])
    assert len(ran["rest"]) > 2
    if has_partitions(seen):
        assert set(ran["rest"]) <= {0, 4, 5, 6, 7}


def test_verify_says_whose_cpus_are_unplugged(seen: Seen) -> None:
    without, effective, again = seen["unplug_and_replug"]
    assert effective == "4-5,7"
    assert without == [
        7,
        "",
        "usched: usched/HALF/B may run on cpus 4-5,7, which are not its own: its own are offline\n"
        "  plug in a cpu of HALF/B, or declare it on others and apply\n",
    ]
    assert again == VERIFIED


def test_a_partition_that_loses_a_cpu_has_it_again_when_it_is_plugged_in(seen: Seen) -> None:
    without, partition, again, applied, verified = seen["unplug_from_a_partition"]
    assert without == again == verified == VERIFIED
    assert partition == ("root" if has_partitions(seen) else "member")
    assert applied[0] == 0


def test_a_rival_is_named_and_apply_mends_what_it_did(seen: Seen) -> None:
    found, applied, verified = seen["rival"]
    assert found == [
        7,
        "",
        "usched: usched/HALF/cpuset.cpus is `4-6`, and should be `4-7`\n"
        "usched: usched/HALF/A/cpu.max is `50000 100000`, and should be `max 100000`\n"
        "usched: usched/HALF/THEIRS is there, and the registry knows nothing of it\n"
        "  usched apply makes it as the registry says\n"
        "usched: 3 problems\n",
    ]
    assert applied == [0, "", ""]
    assert verified == VERIFIED


def test_of_applies_at_once_one_is_at_it_and_the_others_say_so(seen: Seen) -> None:
    said, verified = seen["two_at_once"]
    refused = [
        1,
        "",
        "usched: another usched is changing the control groups at this moment\n"
        "  try again when it is done\n",
    ]
    assert [0, "", ""] in said
    assert refused in said
    assert all(each in ([0, "", ""], refused) for each in said)
    assert verified == [0, "Linux is as the registry says: 8 groups\n", ""]


def test_release_leaves_nothing_and_ends_nobody(seen: Seen) -> None:
    said, where, cpus, root, left, again = seen["release"]
    assert said == [0, "# 9 groups gone\n", ""]
    assert where == ["0::/", "0::/"]
    assert cpus == [8, 8]
    assert root == "0-7"
    assert left == [False]
    assert again == [0, "# nothing to do: nothing is applied\n", ""]


def test_a_container_is_said_to_lack_what_it_has_not(seen: Seen) -> None:
    """Other than the machine's, its root group has no controllers for who is beneath while somebody
    is in it, and takes nobody while it has."""
    (crowded, applied, verified, held, released), sleepers, moved = seen["in_a_container"]
    assert crowded == [
        3,
        "",
        "usched: a process is in the root group of this container: Linux lets no group beneath it "
        "have cpus\n"
        "  give them a group of their own: mkdir -p /sys/fs/cgroup/init\n"
        "  grep -vx 0 /sys/fs/cgroup/cgroup.procs | xargs -rn1 > /sys/fs/cgroup/init/cgroup.procs\n"
        "usched: LAST is for cpus 6-7, of which this container has none\n"
        "  it has 0-5\n"
        "usched: 2 problems\n",
    ]
    assert applied == released == [0, "", ""]
    assert moved == 0
    assert verified == [0, "Linux is as the registry says: 2 groups\n", ""]
    assert held == [
        1,
        "",
        f"usched: moving process {sleepers[0]} of usched/NORM was refused: the root group of a "
        "container holds nobody while its controllers are on (EBUSY)\n"
        "  give them a group of their own: mkdir -p /sys/fs/cgroup/init\n"
        "  find /sys/fs/cgroup/usched -name cgroup.procs -exec grep -hvx 0 {} + | xargs -rn1 > "
        "/sys/fs/cgroup/init/cgroup.procs\n"
        "  then type the same again\n"
        "  nothing is changed: what was done is undone\n",
    ]


def test_where_a_group_cannot_be_entered_affinity_does_what_it_can(seen: Seen) -> None:
    contained, read_only = seen["where_a_group_cannot_be_entered"]
    told = "usched: usched/NORM cannot be entered, since {}: its cpus are set by affinity, and its "
    told += "share by nice\n"
    assert contained == [0, "0::/\n", told.format("it is outside of this container")]
    assert read_only == [0, "0::/\n", told.format("cgroup v2 is mounted read-only")]


def test_a_narrow_pool_gets_the_cpu_time_of_its_virtual_cpus(seen: Seen) -> None:
    assert least_of_four(f"{seen.kernel}.") < seen["narrow"] < 405


def test_siblings_share_a_cpu_by_lwktpri_and_quantum(seen: Seen) -> None:
    assert seen["apply_shared"][1] == [0, "Linux is as the registry says: 6 groups\n", ""]
    three = seen["weights"]["lwktpri 5, 6, 6 twice the quantum"]
    assert are_by_weight(three), three
    assert seen["weights"]["7, 3"][1] < 3


def test_a_policy_reaches_no_further_than_what_it_stands_in(seen: Seen) -> None:
    applied, policies, got = seen["real_time_within_others"]
    assert applied == [0, "", ""]
    assert policies == {"POOL/X": os.SCHED_OTHER, "REAL/A": os.SCHED_OTHER}
    assert are_within(got), got
