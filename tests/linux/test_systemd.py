"""Beside systemd, which is the guest's first process (`inside/systemd.py`)."""

from __future__ import annotations

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY, SYSTEMD = "systemd", 480, ["6.12"], True

pytestmark = pytest.mark.slow

VERIFIED = [0, "Linux is as the registry says: 7 groups\n", ""]


def test_what_is_exported_applies_the_registry_at_boot(seen: Seen) -> None:
    shown, watched, verified, plan, groups, holder = seen["at_boot"]
    assert watched == "active"
    assert sorted(shown) == ["ActiveState=active", "Result=success", "SubState=exited"]
    assert verified == VERIFIED
    assert plan.endswith("/sys/fs/cgroup/usched: nothing to do")
    assert groups["RT"]["cpuset.cpus.partition"] == "root"
    assert groups["NARROW"]["cpu.max"] == "100000 100000"
    assert groups["HALF/A"]["cpuset.cpus.effective"] == "4-5"
    assert holder == "alice"


def test_systemd_finds_nothing_wrong_of_what_is_exported(seen: Seen) -> None:
    """Two services, and the slices of six schedulers, of what runs in one itself, and of all."""
    assert seen["what_is_exported"] == [10, 0, "", ""]


def test_nothing_that_systemd_does_changes_our_groups(seen: Seen) -> None:
    """Nor when it starts, reloads, restarts and stops our own unit."""
    for command, controllers, verified, where in seen["what_systemd_does"]:
        assert (command, verified) == (command, VERIFIED)
        assert (command, where) == (command, "0::/usched/HALF/A")
        assert (command, controllers) == (command, ["cpu", "cpuset", "memory", "pids"])


def test_a_slice_with_nothing_but_our_cpus_is_named_beforehand(seen: Seen) -> None:
    planned, applied, is_there, then, verified = seen["a_slice_has_only_cpus_of_a_partition"]
    said = (
        "usched: user.slice has no cpus but 2-3, and RT would take them all\n"
        "  give it others: systemctl set-property user.slice AllowedCPUs=0-1,4-7\n"
    )
    assert (planned, applied, is_there) == ([3, "", said], [3, "", said], False)
    assert (then, verified) == ([0, "", ""], VERIFIED)


def test_a_unit_that_is_stopped_as_it_begins_has_not_failed(seen: Seen) -> None:
    """Else systemd knows both units, and keeps the controllers, until it is told to forget it."""
    results, times = seen["a_unit_is_stopped_as_it_begins"]
    assert results == ["success"]
    assert times > 1


def test_what_a_service_forks_in_a_scheduler_stays_when_it_is_stopped(seen: Seen) -> None:
    """As usched(8) says of `exec` in a service."""
    running, left = seen["what_a_service_forks"]
    assert running == [["sleep 1111", "sleep 2222"], "active"]
    assert left == ["sleep 1111"]


def test_a_service_is_rid_of_what_it_forks_as_the_manual_says(seen: Seen) -> None:
    again, result = seen["a_service_is_rid_of_what_it_forks"]
    assert again == [["sleep 1111", "sleep 2222"], "1"]
    assert result == "success"


def test_when_both_units_are_disabled_nothing_is_applied_at_boot(seen: Seen) -> None:
    """And not before, since the one that watches requires the other; so it is with the controllers
    of the root."""
    said, (released, one, both), applied, is_there = seen["release_and_disable"]
    assert said == [0, "", ""]
    assert released == one == ["cpu", "cpuset", "memory", "pids"]
    assert (applied, is_there) == (True, False)
    assert "cpuset" not in both


def test_who_is_started_in_a_slice_has_what_the_group_would_give(seen: Seen) -> None:
    has, wanted = seen["slices"]
    assert has.keys() == wanted.keys()
    assert len(has) == 7
    for name, files in wanted.items():
        weight = has[name].pop("cpu.weight")
        assert files["cpu.idle"] == "1" or weight == files["cpu.weight"]
        assert (name, has[name]) == (name, {file: files[file] for file in has[name]})


def test_slices_are_adopted_as_systemd_has_them(seen: Seen) -> None:
    """Ours, and others whose settings are dropped in; and from files alone it is the same."""
    both, said, exported = seen["adopted"]
    assert "work.slice/work-b.slice" in [path for path, _, _ in both]
    for path, read, shown in both:
        assert (path, read) == (path, shown if read else {})
    assert said[:2] == [0, ""]
    assert "work/a, MemoryMax: `1073741824` is left out: usched shares out cpus alone" in said[2]
    left_out = "is left out: slices are adopted, services and scopes are not\n"
    assert f"pinned.service, CPUAffinity: `1` {left_out}" in said[2]
    assert f"pinned.service, CPUWeight: `30` {left_out}" in said[2]
    assert exported[1].splitlines() == [
        "BACK on cpu0 cpu1 cpu4-7 lwktpri 4",
        "HALF on cpu4-7 lwktpri 6",
        "LOCK-1 on cpu6 cpu7 lwktpri 6",
        "NARROW on cpu0 cpu1 lwktpri 6 vcpus 1",
        "RT on cpu2 cpu3 lwktpri 6",
        "work on cpu0-3 lwktpri 6",
        "HALF/A on cpu0 cpu1 lwktpri 6",
        "work/a on cpu2 cpu3 lwktpri 6 vcpus 1",
        "work/b on cpu2 cpu3 lwktpri 6 vcpus 1 quantum 5",
    ]


def test_a_trial_from_a_login_is_undone_though_that_has_ended(seen: Seen) -> None:
    """And somebody else's login stays where it is, with the cpus that are left."""
    before, during, (session, watchdog), after, applied, verified = seen["a_trial_from_a_login"]
    alice = "0::/user.slice/user-1000.slice"
    assert before == after == [alice, list(range(8))]
    assert during == [alice, [0, 1, 4, 5, 6, 7]]
    assert (session, watchdog) == ("0::/user.slice/user-0.slice", "0::/")
    assert (applied, verified) == ([0, "", ""], VERIFIED)


def test_a_slice_of_what_is_granted_has_a_service_that_its_holder_may_divide(seen: Seen) -> None:
    """By the command that the exported slice names."""
    assert seen["a_granted_slice"] == "5"


def test_the_unit_that_watches_keeps_all_as_it_was_applied(seen: Seen) -> None:
    """The kernel tells it of forks, as it would not in a network of its own."""
    restarts, state, result, said, is_left, verified = seen["a_unit_that_watches"]
    assert (restarts, state, result) == ("1", "active", "success")
    assert (is_left, verified) == (True, VERIFIED)
    assert "applied again: 1 step" in said
    assert "tell of forks" not in said
