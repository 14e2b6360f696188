"""move on real kernels: who forks meanwhile, single threads, who may not (`inside/moved.py`)."""

from __future__ import annotations

import re

import pytest

from tests.linux.conftest import Seen

#: Linux 6.1 in this guest, which has no clock of its own there, stopped for good under processes
#: that fork without end, once in three runs.
PROGRAM, SECONDS, ONLY = "kept", 300, ["6.12"]

pytestmark = pytest.mark.slow


def test_of_processes_that_fork_all_the_time_none_is_left_behind(seen: Seen) -> None:
    assert seen["forkers_of_root"] == [
        [0, "", ["0::/usched/POOL/A"]],
        [0, "", ["0::/usched/POOL/B"]],
    ]


def test_a_user_moves_them_within_a_part_that_is_hers_and_not_out_of_it(seen: Seen) -> None:
    (status, _, err), inside, outside, still = seen["forkers_of_alice"]
    assert (status, err) == (0, "")
    assert inside == still == ["0::/usched/POOL/B"]
    assert outside[:2] == [1, ""]
    assert re.fullmatch(
        r"usched: entering usched/NORM is not permitted \(it takes root\): its cpus are set by "
        r"affinity, and its share by nice\n"
        r"usched: \d+ \(forker\)( and \d+ others?)?: running on cpus 1-3 was refused: invalid "
        r"argument \(EINVAL\); it may be allowed others only\n"
        r"usched: nothing is moved into NORM\n"
        r"  as root: sudo usched move forker into NORM\n",
        outside[2],
    )


def test_single_threads_get_homes_of_their_own_where_their_group_has_them(seen: Seen) -> None:
    tid, pid, said, apart, homes, group, refused = seen["single_threads"]
    assert said[:2] == [0, "# 2 threads moved into LOCK\n"]
    assert homes == {"0": [1, 2, 3], "1": [2], "2": [3], "3": [1, 2, 3]}
    assert group == "0::/usched/NORM"
    assert apart == [
        3,
        "",
        f"usched: thread {tid} (python3) stays in the group of its process, /usched/NORM, on cpus "
        "1-3, and POOL/A has none of these, but 4-5\n"
        f"  move the whole process: {pid}\n",
    ]
    assert refused == [
        5,
        "",
        f"usched: not permitted: {tid} (python3) is root's\n"
        f"  as root: sudo usched move {tid} into POOL/B\n",
    ]


def test_release_leaves_nothing_of_it(seen: Seen) -> None:
    assert seen["nothing_is_left"] == [[0, "", ""], False]
