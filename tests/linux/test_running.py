"""exec, move, ps, watch and apply --confirm on real kernels (`inside/running.py`)."""

from __future__ import annotations

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "running", 240, ["7.3", "6.1"]

pytestmark = pytest.mark.slow


def test_threads_of_a_locked_scheduler_run_each_on_one_cpu(seen: Seen) -> None:
    """Three on three cpus, in the kernel's trace; the first was pinned by exec."""
    cpus, program, (_, told, wrong) = seen["locked_threads"]
    assert cpus == [[4], [5], [6]]
    assert program == [-9, "", ""]
    assert wrong == ""
    begun, *pins = told.splitlines()
    assert begun == "watching over 3 schedulers"
    homes = sorted(line.partition(" of LOCK: ")[2] for line in pins)
    assert homes == ["its home is 5", "its home is 6"]


def test_exec_gives_a_program_its_policy_and_its_cpus(seen: Seen) -> None:
    assert seen["real_time"] == [True, 8, [2, 3], True, "sleep", [-9, "", ""]]


def test_move_takes_a_process_into_a_scheduler(seen: Seen) -> None:
    said, group, cpus, ran_there = seen["moved"]
    assert said == [0, "# 1 process with 1 thread moved into NORM\n", ""]
    assert (group, cpus, ran_there) == ("0::/usched/NORM\n", [0, 1], True)


def test_what_nobody_confirms_is_undone_by_itself(seen: Seen) -> None:
    applied, still_there, verified = seen["a_trial_runs_out"]
    assert (applied, still_there, verified) == (0, False, 7)


def test_what_is_confirmed_stays(seen: Seen) -> None:
    applied, confirmed, verified, groups = seen["a_trial_is_confirmed"]
    assert applied == 0
    assert confirmed == [0, "# confirmed: it stays\n", ""]
    assert verified == [0, "Linux is as the registry says: 2 groups\n", ""]
    assert groups == ["", "LOCK", "NORM"]


def test_release_leaves_nothing_of_it(seen: Seen) -> None:
    assert seen["nothing_is_left"] == [[0, "", ""], False]
