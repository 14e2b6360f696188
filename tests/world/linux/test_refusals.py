"""What a refusal of the kernel means."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from usched.plan.difference import Step
from usched.plan.wanted import OUTSIDE
from usched.words.problems import format_problem
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.refusals import explain_refusal


def explain(step: Step, error: OSError) -> str:
    (problem,) = explain_refusal(StepFailed(step, error)).problems
    return format_problem(problem)


def test_the_root_group_of_a_container_holds_nobody() -> None:
    """Other than the machine's, which takes processes whatever is on."""
    said = explain(Step("move", "A-b", "", OUTSIDE), OSError(errno.EBUSY, "busy"))
    assert said == (
        "moving processes of usched/A-b was refused: the root group of a container holds nobody "
        "while its controllers are on (EBUSY)\n"
        "  give them a group of their own: mkdir -p /sys/fs/cgroup/init\n"
        "  find /sys/fs/cgroup/usched -name cgroup.procs -exec grep -hvx 0 {} + | xargs -rn1 > "
        "/sys/fs/cgroup/init/cgroup.procs\n"
        "  then type the same again"
    )
    assert "groups beneath it" in explain(Step("rmdir", "A"), OSError(errno.EBUSY, "busy"))


def test_a_group_that_is_there_and_not_to_be_found_is_outside_of_a_container() -> None:
    step = Step("move", "RT", "cgroup.procs", "7")
    assert explain(step, OSError(errno.ENOENT, "none")) == (
        "moving it into usched/RT was refused: it is outside of this container (ENOENT)\n"
        "  who is outside moves it"
    )
    gone = explain(step, OSError(errno.ENOENT, "none", "cgroup.procs"))
    assert "it is gone, or its controller is switched off (ENOENT)" in gone


def test_control_groups_that_may_not_be_written_may_be_so_for_one_service_alone() -> None:
    """As ProtectControlGroups=yes makes them."""
    failed = StepFailed(Step("move", "RT", "0"), OSError(errno.EROFS, os.strerror(errno.EROFS)))
    (problem,) = explain_refusal(failed).problems
    assert format_problem(problem) == (
        "moving it into usched/RT was refused: cgroup v2 is mounted read-only (EROFS)\n"
        "  mount -o remount,rw /sys/fs/cgroup; in a service of systemd: ProtectControlGroups=no"
    )


def make_group(root: Path, name: str, processes: str) -> Path:
    """The file of who is in it, from which nobody goes when he is written to another."""
    folder = root / "sys/fs/cgroup" / name
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(processes)
    return folder / "cgroup.procs"


def refusal_of(root: Path, step: Step) -> str:
    with pytest.raises(StepFailed) as failed:
        Cgroups(str(root), "usched").do(step)
    (problem,) = explain_refusal(failed.value).problems
    return format_problem(problem)


def test_who_forks_without_end_is_no_container(tmp_path: Path) -> None:
    """Nothing is refused then, and the root group is as good as any other."""
    make_group(tmp_path, "", "1\n")
    make_group(tmp_path, "usched/A-b", "7\n")
    assert refusal_of(tmp_path, Step("move", "A-b", "", OUTSIDE, "1")) == (
        "moving processes of usched/A-b failed: processes are forked faster than they are moved\n"
        "  stop who forks them: kill -STOP"
    )


def test_who_has_no_pid_here_is_moved_from_elsewhere(tmp_path: Path) -> None:
    """To write 0 would be to move oneself."""
    outside = make_group(tmp_path, "", "1\n")
    make_group(tmp_path, "usched/A", "7\n0\n")
    assert refusal_of(tmp_path, Step("move", "A", "", OUTSIDE, "2")) == (
        "moving processes of usched/A failed: some are from outside of this pid namespace, and "
        "have no pid here\n"
        "  outside of this container they have pids: move them to another group from there"
    )
    assert outside.read_text() == "1\n"
    groups = Cgroups(str(tmp_path), "usched")
    assert (groups.processes("A"), groups.has_outsiders("A")) == ([7], True)
