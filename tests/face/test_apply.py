"""usched apply, verify and release where there is no kernel behind the files: what they say."""

from __future__ import annotations

import json
import os

import pytest

from tests.face.fake_linux import put
from tests.face.sessions import Session, block, page
from usched.actions.context import Context
from usched.actions.plan import make_plan


def test_a_refused_step_is_told_and_undone(linux: Session) -> None:
    """Folders can be made, but no kernel puts files into them."""
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    result = linux.run("--root", "root", "apply")
    assert (result.status, result.out) == (1, "")
    assert result.err == (
        "usched: writing `+cpuset +cpu` to cgroup.subtree_control of usched was refused: it is "
        "gone, or its controller is switched off (ENOENT)\n"
        "  usched plan shows it\n"
        "  nothing is changed: what was done is undone\n"
    )
    assert not (linux.folder / "root/sys/fs/cgroup/usched").exists()
    assert not (linux.folder / "root/run/usched/journal").exists()


def test_verify_before_apply_is_drift(linux: Session) -> None:
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    assert linux.refused(7, "--root", "root", "verify") == block("""
    usched: nothing is applied: Linux has no group usched
      usched --registry r.db apply makes it as the registry says
    """)
    result = linux.run("--root", "root", "verify", "--json")
    assert result.status == 7
    assert json.loads(result.out) == {
        "valid": False,
        "problems": [
            {
                "rule": "drift",
                "scheduler": None,
                "message": "nothing is applied: Linux has no group usched",
                "where": None,
                "remedy": "usched --registry r.db apply makes it as the registry says",
            }
        ],
    }


def test_nothing_declared_is_nothing_to_verify_or_release(linux: Session) -> None:
    result = linux.run("--root", "root", "verify")
    assert (result.status, result.out, result.err) == (
        0,
        "Linux is as the registry says: 0 groups\n",
        "usched: no scheduler is declared in r.db\n",
    )
    assert linux.done("--root", "root", "release") == ("# nothing to do: nothing is applied\n")


def test_under_sudo_an_empty_registry_may_be_the_wrong_one(
    linux: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was declared without sudo is in another one."""
    told: list[str] = []
    monkeypatch.setenv("SUDO_USER", "alice")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    context = Context(str(linux.registry), told.append, root="root", is_default=True)
    make_plan(context)
    make_plan(context._replace(is_default=False))
    empty = f"no scheduler is declared in {linux.registry}"
    assert told == [f"{empty}, which is root's: alice's own is named by --registry", empty]


def test_what_a_killed_apply_left_is_told_by_plan_and_undone_by_release(linux: Session) -> None:
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    before = {"groups": {"..": {"cgroup.subtree_control": "memory pids"}}, "processes": {}}
    put(linux.folder, "run/usched/journal", json.dumps({**before, "pid": 4242}))
    result = linux.run("--root", "root", "plan")
    assert result.err == (
        "usched: an apply goes on, or did not come to its end: the next one undoes it first\n"
    )
    result = linux.run("--root", "root", "release")
    assert (result.status, result.err) == (
        0,
        "usched: an apply by process 4242 did not come to its end: it is undone\n",
    )
    put(linux.folder, "run/usched/journal", "{")
    result = linux.run("--root", "root", "apply")
    assert (result.status, result.err) == (
        1,
        "usched: root/run/usched/journal, which says what was there before an apply, cannot be "
        "read: it is damaged\n"
        "  usched plan shows what there is; remove the file to go on from there\n",
    )


def test_where_nothing_may_be_written_is_told(linux: Session) -> None:
    linux.done("NORM", "on", "cpu1-7", "lwktpri", "6")
    put(linux.folder, "run", "")
    assert linux.refused(1, "--root", "root", "apply") == block("""
    usched: root/run/usched cannot be written: Not a directory
    """)


@pytest.mark.parametrize("kind", ["a file", "a symbolic link"])
@pytest.mark.parametrize("words", ["plan", "verify", "apply", "release", "ps", "top --once"])
def test_error_something_else_stands_where_the_group_should_be(
    linux: Session, kind: str, words: str
) -> None:
    linux.done("NORM", "on", "cpu*", "lwktpri", "6")
    path = linux.folder / "root/sys/fs/cgroup/usched"
    if kind == "a file":
        path.write_text("")
    else:
        path.symlink_to("elsewhere")
    result = linux.run("--root", "root", *words.split())
    assert (result.status, result.out, result.err) == (
        1,
        "",
        f"usched: root/sys/fs/cgroup/usched is {kind}, where the folder of a control group should "
        "be\n  usched made none: see what it is, and take it away: rm root/sys/fs/cgroup/usched\n",
    )


def test_error_something_else_stands_where_an_inner_group_should_be(linux: Session) -> None:
    linux.done("NORM", "on", "cpu*", "lwktpri", "6")
    put(linux.folder, "sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu\n")
    put(linux.folder, "sys/fs/cgroup/usched/cgroup.subtree_control", "cpuset cpu\n")
    put(linux.folder, "sys/fs/cgroup/usched/NORM", "")
    result = linux.run("--root", "root", "apply")
    assert (result.status, result.out) == (1, "")
    assert result.err == page("""
    usched: making usched/NORM was refused: a file or a link of that name is there (ENOTDIR)
      usched made none: see what it is, and take it away
      nothing is changed: what was done is undone
    """)
