"""What a user holds of Linux's groups, on real kernels (`inside/delegation.py`)."""

from __future__ import annotations

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "delegation", 300, ["7.3", "6.12"]

pytestmark = pytest.mark.slow

ALICE, BOB = 1000, 1001

AS_IT_IS = [0, "# nothing to do: Linux is as the registry says\n", ""]


def test_roots_apply_hands_over_what_lies_beneath(seen: Seen) -> None:
    early, applied, pool, norm, limits, verified = seen["root_hands_over"]
    waits = "usched: on Linux, POOL is not in your hands yet: usched/POOL is not yours\n"
    assert early == [5, "", f"{waits}  root hands it over by: usched apply\n"]
    assert applied == [0, "", ""]
    handed = ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads")
    assert pool == dict.fromkeys(handed, ALICE)
    assert norm == {"": 0}
    assert limits == ["2048", "16"]
    assert verified[0] == 0


def test_alice_applies_her_subdivision_without_root(seen: Seen) -> None:
    said, made, roots, again = seen["alice_applies"]
    assert [(status, err) for status, _, err in said] == [(0, "")] * 6
    assert said[2][1].splitlines()[0].endswith(", /sys/fs/cgroup/usched/POOL: 10 steps")
    assert made == ["0-1", "1", ALICE]
    assert roots == [0, "Linux is as the registry says: 6 groups\n", ""]
    assert again == AS_IT_IS


def test_her_hogs_stay_on_their_cpus(seen: Seen) -> None:
    """In the kernel's trace, until each was seen; she moved there from where root had put her."""
    first, said, group, cpus, ran = seen["her_hogs_stay"]
    assert first == [ALICE, "0::/usched/POOL/:own"]
    assert said == [0, "# 1 process with 1 thread moved into POOL/WEB\n", ""]
    assert group == "0::/usched/POOL/WEB"
    assert (cpus, ran) == ([0, 1], 4)


def test_who_comes_from_outside_is_told_what_root_types(seen: Seen) -> None:
    status, _, told = seen["from_outside"]
    assert status == 0
    assert told.splitlines()[1:] == [
        "  root types: usched move PID into POOL/WEB",
        "  or: usched exec --user alice POOL/WEB -- bash",
    ]


def test_she_cannot_escape(seen: Seen) -> None:
    """What she asks for beyond the gift is cut to it, and verify says that she asked."""
    found, drift, applied, verified = seen["she_escapes"]
    assert found.pop("beyond") == found.pop("her own") == "done"
    assert found.pop("effective") == "0-3"
    assert (found.pop("chown"), found.pop("taskset")) == ("EPERM", "EINVAL")
    assert set(found.values()) == {"EACCES"}
    assert len(found) == 11
    assert (drift, applied, verified) == (7, [0, "", ""], 0)


def test_bob_cannot_touch_what_is_hers(seen: Seen) -> None:
    found, applied, planned = seen["bob_tries_hers"]
    assert set(found.values()) == {"EACCES"}
    assert applied == AS_IT_IS
    assert planned[1].endswith(", /sys/fs/cgroup/usched/OTHER: nothing to do\n")


def test_what_a_member_of_a_group_makes_is_the_groups(seen: Seen) -> None:
    said, folder, file, verified, applied = seen["members_of_a_group"]
    assert said == [0, 0, 0]
    assert (folder, file) == ([BOB, BOB, 0o775], 0o664)
    assert verified[0] == 0
    assert applied == AS_IT_IS


def test_what_alice_hands_on_root_hands_over_and_takes_back(seen: Seen) -> None:
    granted, noted, early, root, inner, hers, back, is_left = seen["a_part_of_a_part"]
    assert granted == 0
    assert "POOL/WEB, grant: on Linux it is not bob's yet; root makes it so by: " in noted[1]
    assert early[0] == 5
    assert "on Linux, POOL/WEB is not in your hands yet" in early[2]
    assert root == [0, "", ""]
    assert [status for status, *_ in inner] == [0, 0, 0]
    applied, revoked, refused, _ = hers
    assert (applied, revoked[0], refused[0]) == (AS_IT_IS, 0, 5)
    assert "not permitted: usched/POOL/WEB is bob's\n  root does it by: usched apply" in refused[2]
    assert back[0] == [0, "", ""]
    assert (back[1][0], back[2], is_left) == (0, ALICE, False)


def test_a_partition_beneath_what_is_none_is_made_by_root(seen: Seen) -> None:
    hers, before, roots, after, kept, gone, last = seen["a_partition_of_hers"]
    assert [status for status, *_ in hers] == [0, 0, 0, 0]
    assert "`root invalid (Enable partition not" in " ".join(hers[1][1].split())
    assert before == "member"
    assert roots == [0, "", ""]
    assert after == ["root", [0, "", ""], 0]
    assert kept == "root"
    assert gone == [0, 0, 0]
    assert last[0] == 0


def test_a_real_time_part_is_no_drift_of_what_stands_beside_it(seen: Seen) -> None:
    given, before, hers, roots, after, taken, last = seen["a_real_time_part_of_hers"]
    assert (given, hers, taken) == ([0, 0, 0], [0, 0, 0], [0, 0])
    assert before == after == ["1", "100", "10000"]
    assert roots[0] == 0
    assert last == [0, "", ""]


def test_whatever_kill_9_cuts_short_of_her_apply_is_as_before_or_done(seen: Seen) -> None:
    changes, last, is_old = seen["killed_at_every_change"]
    for call, number, killed, (status, out, err), agrees in changes:
        assert (call, number, killed) == (call, number, -9)
        assert (call, number, status, out) == (call, number, 0, "")
        assert (call, number, err == "" or err.endswith("it is undone\n")) == (call, number, True)
        assert (call, number, agrees) == (call, number, True)
    assert {"mkdirat", "unlinkat", "renameat", "write", "fsync"} == {call for call, *_ in changes}
    assert sum(bool(said[2]) for *_, said, _ in changes) == len(changes) - 4
    assert (last, is_old) == ([0, "", ""], True)


def test_a_process_of_roots_is_not_hers_to_move_and_nothing_changes(seen: Seen) -> None:
    (status, _, told), _, is_old, where = seen["with_a_process_of_roots"]
    assert status == 5
    first, remedy, *_ = told.splitlines()
    assert first.endswith(" was refused: not permitted (EPERM)")
    assert remedy.startswith("  a process there may do more than you, as root's may: ")
    assert (is_old, where) == (True, "0::/usched/POOL/WEB")


def test_she_releases_her_part_and_brings_it_back(seen: Seen) -> None:
    """Her processes are in what she holds, whatever that is divided into."""
    said, where, left, back, home, roots = seen["she_releases"]
    assert said == [0, "# 3 groups gone\n", ""]
    assert (where, left) == ("0::/usched/POOL", [])
    assert (back, home, roots) == ([[0, "", ""], 0], "0::/usched/POOL/:own", 0)


def test_her_trial_is_undone_by_itself_or_kept(seen: Seen) -> None:
    tried_out, during, kept, last = seen["her_trial"]
    assert (tried_out, during) == ([0, "", ""], True)
    assert kept == [0, 0, 0]
    assert last == [0, "", ""]


def test_her_watch_puts_back_what_somebody_changes(seen: Seen) -> None:
    (_, out, err), weight = seen["her_watch"]
    assert weight == "10000"
    assert "usched/POOL/WEB/cpu.weight is `7`, and should be `10000`" in out + err


def test_a_hostile_tree_costs_nobody_else_anything(seen: Seen) -> None:
    """The kernel holds her to so many groups and levels; odd names are shown in escapes."""
    made, statuses, shown, applied, verified = seen["a_hostile_tree"]
    levels, many, more = made
    assert (levels, more) == (15, "EAGAIN")
    assert 2000 < many < 2048
    assert statuses == [[0, False], [7, False], [0, False], [0, False]]
    assert shown == [
        r"usched: usched/POOL/a\udcff\x1b[31mred is there, and the registry knows nothing of it"
    ]
    assert (applied, verified) == ([0, "", ""], 0)


def test_root_applies_and_takes_back_while_she_stirs(seen: Seen) -> None:
    said, revoked, taken, verified, pool, left = seen["while_she_stirs"]
    assert said == [0] * 8
    assert revoked == 0
    assert taken == [0, "", ""]
    assert verified[0] == 0
    assert (pool, left) == ({"": 0}, [])
    assert seen["after_revoke"] == [["EACCES", "EACCES"], ["max", "max"], 5]


def test_release_leaves_nothing_of_it(seen: Seen) -> None:
    assert seen["nothing_is_left"] == [[0, "", ""], False]
