"""watch on real kernels, beside others who are at work (`inside/watched.py`)."""

from __future__ import annotations

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "kept", 300, ["6.12", "6.1"]

pytestmark = pytest.mark.slow

#: As who is told to end by SIGTERM.
ENDED = -15

BEGAN = "watching over 3 schedulers\n"

DRIFT = "usched/NORM/cpu.max is `50000 100000`, and should be `max 100000`\n"


def test_programs_that_enter_a_locked_scheduler_at_once_share_its_cpus(seen: Seen) -> None:
    homes, said = seen["programs_at_once"]
    assert homes == {"[4]": 4, "[5]": 4, "[6]": 4}
    assert said == [[-9, "", ""]] * 12


def test_of_two_watches_one_is_at_work(seen: Seen) -> None:
    pid, second, said = seen["two_watches"]
    assert second == [
        1,
        "",
        f"usched: another usched watch is at work, process {pid}\n"
        "  one is enough; --report-only looks on\n",
    ]
    assert said == [[ENDED, ""]] * 2


def test_one_that_is_killed_and_begun_again_loses_nothing(seen: Seen) -> None:
    killed, spread_meanwhile, kept, err = seen["killed_and_begun_again"]
    assert killed == -9
    assert not spread_meanwhile
    assert kept
    assert err == ""


def test_where_forks_are_lost_all_threads_are_looked_at(seen: Seen) -> None:
    """300 of them, of which 200 are not where they began."""
    status, err, lines = seen["forks_are_lost"]
    assert (status, set(err.splitlines()), lines) == (ENDED, {"lost"}, 201)


def test_threads_leave_a_cpu_that_goes_and_do_not_come_back(seen: Seen) -> None:
    stayed, verified, again, lines, err = seen["cpus_come_and_go"]
    assert stayed
    assert verified == [0, "Linux is as the registry says: 3 groups\n", ""]
    assert again
    assert lines == ["cpus 0-4,6-7 are online", "cpus 0-7 are online"]
    assert err == ""


def test_a_release_stays_and_what_is_applied_then_is_watched(seen: Seen) -> None:
    gone, (status, out, err) = seen["released_and_applied"]
    assert gone
    assert (status, err) == (ENDED, "")
    began, said, *homes = out.splitlines(keepends=True)
    assert (began, said) == (BEGAN, "nothing is applied: Linux has no group usched\n")
    assert [line.partition(" of ")[2] for line in homes] == [
        "LOCK: its home is 5\n",
        "LOCK: its home is 6\n",
    ]


def test_a_rival_is_undone_three_times_and_then_told_of(seen: Seen) -> None:
    left, watch, verified, applied = seen["rival"]
    assert left == "50000 100000"
    again = "applied again: 1 step\n"
    given_up = (
        "it was applied again 3 times within 60 s, and something else changes it: it is left as it "
        "is for a while\n"
    )
    assert watch == [ENDED, BEGAN + 3 * (DRIFT + again) + DRIFT + given_up, ""]
    assert (verified, applied) == (7, 0)


def test_reporting_only_changes_nothing_and_verify_finds_the_same(seen: Seen) -> None:
    same, policy, names, watch, verified, moved = seen["reporting_only"]
    assert same
    assert policy == 0
    status, out, err = watch
    for tid, name in names.items():
        out = out.replace(f"{tid} (python3)", name)
    assert (status, err) == (ENDED, "")
    # RT's may have been seen before exec gave it its policy, too; and who is told of by himself,
    # while the one before him is not where he should be, has the same home
    assert sorted(set(out.replace("home is 6", "home is 5").splitlines())) == [
        "LOCK.1 of LOCK may run on cpus 4, and its home is 5",
        "LOCK.2 of LOCK may run on cpus 4, and its home is 5",
        "RT of RT is SCHED_OTHER, and should be SCHED_RR 8",
        DRIFT.rstrip(),
        BEGAN.rstrip(),
    ]
    said = verified[2]
    for tid, name in names.items():
        said = said.replace(f"{tid} (python3)", name)
    assert verified[0] == 7
    assert said == (
        f"usched: {DRIFT}  usched apply makes it as the registry says\n"
        "usched: LOCK.1 and 1 other of LOCK should have another home than 4, which has its part "
        "without: 1 of 3 threads\n"
        "usched: RT of RT should be SCHED_RR 8, not SCHED_OTHER\n"
        "  usched move PID into NAME makes it run as NAME says\n"
        "  usched watch sees to new threads\n"
        "usched: 3 problems\n"
    )
    assert moved == [
        [0, "# 1 process with 3 threads moved into LOCK\n", ""],
        [0, "# 1 process with 1 thread moved into RT\n", ""],
        [0, "Linux is as the registry says: 3 groups\n", ""],
    ]
