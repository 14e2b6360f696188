"""Groups change hands in a tree of plain files, where links could lead away."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from tests.people import ALICE, CAROL, TEAM, make_users
from tests.world.linux.planted import PLANTED
from usched.plan.difference import Step
from usched.plan.owners import HANDED
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.group_reading import read_groups

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")

FILES = ("cpuset.cpus", "cpu.weight", "cgroup.kill", *HANDED)


def make(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text("")
        (folder / name).chmod(0o200 if name == "cgroup.kill" else 0o644)


@pytest.fixture
def groups(tmp_path: Path) -> Cgroups:
    mount = tmp_path / "sys/fs/cgroup"
    make(mount)
    (mount / "cgroup.controllers").write_text("cpuset cpu")
    for path in ("usched", "usched/POOL", "usched/POOL/WEB"):
        make(mount / path)
    return Cgroups(str(tmp_path), "usched")


def folder(groups: Cgroups, path: str) -> Path:
    return Path(groups.root) / "sys/fs/cgroup/usched" / path


def whose(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, status.st_mode & 0o777


def test_the_holder_has_the_folder_and_what_moves_processes(groups: Cgroups) -> None:
    groups.do(Step("chown", "POOL", "", "- 1000"))
    pool = folder(groups, "POOL")
    assert {name for name in FILES if whose(pool / name)[0] == 1000} == set(HANDED)
    assert whose(pool) == (1000, 0, 0o755)
    assert groups.read()["POOL"]["owner"] == "- 1000"


def test_beneath_it_all_files_are_the_holders(groups: Cgroups) -> None:
    groups.do(Step("chown", "POOL/WEB", "", "1000 1001"))
    web = folder(groups, "POOL/WEB")
    assert [whose(web / name)[0] for name in FILES] == [1000] * 3 + [1001] * 3
    assert groups.read()["POOL/WEB"]["owner"] == "1000 1001"


def test_a_group_of_users_may_write_and_nobody_else(groups: Cgroups) -> None:
    groups.do(Step("chown", "POOL/WEB", "", "@2000 @2000"))
    web = folder(groups, "POOL/WEB")
    assert whose(web) == (0, 2000, 0o775)
    assert whose(web / "cpu.weight") == (0, 2000, 0o664)
    assert whose(web / "cgroup.kill") == (0, 2000, 0o220)
    assert groups.read()["POOL/WEB"]["owner"] == "@2000 @2000"


def test_what_a_member_makes_is_the_groups_for_as_long_as_he_is_one(groups: Cgroups) -> None:
    make_users()
    team = grp.getgrnam(TEAM).gr_gid
    web = folder(groups, "POOL/WEB")
    groups.do(Step("chown", "POOL/WEB", "", f"@{team} @{team}"))
    for user, owner in ((ALICE, f"@{team}"), (CAROL, str(pwd.getpwnam(CAROL).pw_uid))):
        for path in (web, *web.iterdir()):
            os.chown(path, pwd.getpwnam(user).pw_uid, team)
        assert groups.read()["POOL/WEB"]["owner"] == f"{owner} {owner}"


def test_what_is_taken_back_is_as_it_was_whatever_its_holder_opened_up(groups: Cgroups) -> None:
    pool = folder(groups, "POOL")
    before = [whose(path) for path in (pool, *sorted(pool.iterdir()))]
    groups.do(Step("chown", "POOL", "", "- 1000"))
    for path in (pool, pool / "cgroup.procs"):
        path.chmod(0o777)
    groups.do(Step("chown", "POOL", "", "", "- 1000"))
    (pool / "cgroup.procs").chmod(0o644)  # the kernel's are no programs
    assert [whose(path) for path in (pool, *sorted(pool.iterdir()))] == before
    assert "owner" not in groups.read()["POOL"]


@pytest.mark.parametrize("kind", PLANTED)
def test_neither_owners_nor_what_files_say_change_through_links(
    groups: Cgroups, tmp_path: Path, kind: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    groups.do(Step("chown", "POOL", "", "- 1000"))
    planted = folder(groups, "POOL") / "cgroup.subtree_control"
    planted.unlink()
    PLANTED[kind](planted, secret)
    for step in (
        Step("write", "POOL", "cgroup.subtree_control", "+cpu"),
        Step("chown", "POOL", "", "- 1001"),
    ):
        try:
            groups.do(step)
        except StepFailed:
            continue
    assert (whose(secret), secret.read_text()) == ((0, 0, 0o644), "mine")


def test_a_folder_in_a_links_place_is_not_entered(groups: Cgroups, tmp_path: Path) -> None:
    make(tmp_path / "away")
    folder(groups, "POOL").rename(tmp_path / "was")
    folder(groups, "POOL").symlink_to(tmp_path / "away")
    assert "POOL" not in groups.read()
    for step in (
        Step("chown", "POOL", "", "- 1000"),
        Step("write", "POOL", "cpu.weight", "7"),
        Step("mkdir", "POOL/NEW"),
        Step("rmdir", "POOL"),
    ):
        with pytest.raises(StepFailed):
            groups.do(step)
    assert whose(tmp_path / "away")[0] == 0
    assert (tmp_path / "away/cpu.weight").read_text() == ""


def test_so_much_is_read_of_what_somebody_holds_and_no_more(groups: Cgroups) -> None:
    groups.do(Step("chown", "POOL", "", "- 1000"))
    odd = folder(groups, "POOL") / os.fsdecode(b"o\nd\xff")
    odd.mkdir()
    (odd / "cpuset.cpus").write_text("no list")
    deep = folder(groups, "POOL/WEB")
    for _ in range(60):
        deep = deep / "X"
        deep.mkdir()
    for number in range(5000):
        (folder(groups, "POOL") / f"g{number}").mkdir()
    found = read_groups(groups.root, "usched")
    assert 4000 < len(found) < 4200
    assert found["POOL"]["unread"] == "1"
    assert max(path.count("/") for path in found) < 45
