"""Who may what of Linux, cell by cell: every command that meets it, by every user.

The processes are real ones, the control groups plain files as they are when the registry is
applied, each its holder's. A cell is the exit status; an exec or a move that entered the group is
told from one that was only pinned there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.face.live import lay_root
from tests.people import ALICE, BOB, POOL, People, become, declare, gather
from tests.world.scratch import fork, wait_for
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.face.app import run
from usched.plan.difference import Step
from usched.plan.owners import HANDED, OWNER
from usched.plan.wanted import TOP, full_path
from usched.world.linux.cgroups import Cgroups

pytestmark = pytest.mark.slow

DONE, FAILED, REFUSED, NO_NAME, FORBIDDEN, DRIFT = 0, 1, 3, 4, 5, 7

USERS = ("root", ALICE, BOB, "nobody")

#: As in the manual, on the machine at hand: NORM is root's, POOL/BATCH alice's, POOL/WEB/IN bob's.
PARTS = (
    ("root", "POOL on cpu* lwktpri 6 vcpus 4"),
    *POOL[1:],
)


@pytest.fixture(scope="module")
def pool() -> Iterator[People]:
    for people in gather():
        root = lay_root(people.folder)
        assert people.run("root", "--root", str(root), "topology", "detect").status == 0
        declare(people, PARTS)
        lay_applied(people.registry, root)
        yield people


def lay_applied(registry: Path, root: Path) -> None:
    """The groups as root's apply leaves them, and whose they are."""
    wanted = make_plan(Context(str(registry), print, root=str(root))).wanted.groups
    for group in wanted:
        folder = root / "sys/fs/cgroup" / full_path(group.path)
        folder.mkdir(exist_ok=True)
        for name in (*HANDED, *group.files):
            (folder / name).write_text(group.files.get(name, ""))
        (folder / OWNER).unlink(missing_ok=True)
    for group in wanted:
        if owner := group.files.get(OWNER):
            Cgroups(str(root), TOP).do(Step("chown", group.path, "", owner))


#: Status for root, alice, bob and nobody.
COMMANDS = {
    # each of what is his: root of all of it
    "apply": (DONE, DONE, DONE, FORBIDDEN),
    # as far as it comes where groups are plain folders, which are not removed with what is in them
    "release": (FAILED, FORBIDDEN, FAILED, FORBIDDEN),
    "confirm": (REFUSED, REFUSED, REFUSED, FORBIDDEN),
    # there is nothing to adopt
    "adopt -n": (DONE, DONE, DONE, DONE),
    # reading is everybody's
    **dict.fromkeys(
        ("plan", "verify", "ps", "ps POOL", "top --once", "metrics", "export --systemd"),
        (DONE, DONE, DONE, DONE),
    ),
}


@pytest.mark.parametrize("line", COMMANDS)
def test_command_is_of_who_has_what_it_changes(line: str, pool: People) -> None:
    assert tuple(attempt(pool, who, line) for who in USERS) == COMMANDS[line]


@pytest.mark.parametrize("who", USERS)
def test_what_stands_in_several_hands_is_declared_by_nobody(who: str, pool: People) -> None:
    cpus = pool.folder / "root/sys/fs/cgroup/usched/NORM/cpuset.cpus"
    cpus.write_text("1")
    assert attempt(pool, who, "adopt -n") == FORBIDDEN


def test_workload_is_run_by_who_may_put_processes_there(pool: People) -> None:
    """Whether they then get to their end in time is the machine's business."""
    workload = pool.folder / "norm.yaml"
    workload.write_text("programs: [{name: a, scheduler: NORM, run: 3}]\n")
    table = [attempt(pool, who, f"conform {workload} --ticks 5") for who in USERS]
    assert table[0] in {DONE, FAILED}
    assert {*table[1:3]} <= {FAILED, FORBIDDEN}
    assert table[3] == FORBIDDEN


def attempt(pool: People, who: str, line: str) -> int:
    """The status of a cell; Linux and the registry are as they were where it is none of success."""
    before = pool.files(), read_groups(pool)
    status = pool.run(who, "--root", str(pool.folder / "root"), *line.split()).status
    assert pool.files() == before[0]
    if status not in {DONE, FAILED}:
        assert read_groups(pool) == before[1], (who, line)
    lay_anew(pool)
    return status


def read_groups(pool: People) -> dict[str, tuple[int, str]]:
    """What stands in every file of the groups, and whose it is."""
    folder = pool.folder / "root/sys/fs/cgroup"
    return {
        str(path.relative_to(folder)): (path.stat().st_uid, path.read_text())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lay_anew(pool: People) -> None:
    groups = pool.folder / "root/sys/fs/cgroup"
    subprocess.run(["rm", "-rf", str(groups / TOP), str(pool.folder / "root/run")], check=True)
    for name in ("cgroup.subtree_control", "cgroup.procs"):
        (groups / name).write_text("cpuset cpu\n" if name.endswith("control") else "")
    lay_applied(pool.registry, pool.folder / "root")


def entered(pool: People) -> list[str]:
    """The groups that somebody was written into."""
    folder = pool.folder / "root/sys/fs/cgroup" / TOP
    paths = (path for path in folder.rglob("cgroup.procs") if path.read_text())
    return [str(path.parent.relative_to(folder)) for path in paths]


#: Whose group a process may be put into: what he holds, and for root all of them.
ENTERED = {
    "NORM": ("root",),
    "POOL": ("root", ALICE),
    "POOL/BATCH": ("root", ALICE),
    "POOL/WEB": ("root", BOB),
    "POOL/WEB/IN": ("root", BOB),
}


@pytest.mark.parametrize("name", ENTERED)
@pytest.mark.parametrize("command", ["exec", "move"])
def test_group_is_entered_by_who_holds_it(command: str, name: str, pool: People) -> None:
    """Anybody else's program runs on its cpus all the same, and he is told how."""
    for who in USERS:
        sleeper = subprocess.Popen(["sleep", "60"], user=who)
        line = f"exec {name} true" if command == "exec" else f"move {sleeper.pid} into {name}"
        try:
            result = pool.run(who, "--root", str(pool.folder / "root"), *line.split())
        finally:
            sleeper.kill()
            sleeper.wait()
        assert result.status == DONE, result
        into = entered(pool)
        lay_anew(pool)
        if who in ENTERED[name]:
            assert len(into) == 1
            assert into[0].removesuffix("/:own") == name
        else:
            assert into == []
            assert "is not permitted (it takes root): its cpus are set by affinity" in result.err


def test_somebody_elses_process_is_not_moved(pool: People) -> None:
    sleeper = subprocess.Popen(["sleep", "60"], user="nobody")
    try:
        for who, status in (("root", DONE), (ALICE, FORBIDDEN), (BOB, FORBIDDEN)):
            assert attempt(pool, who, f"move {sleeper.pid} into POOL/BATCH") == status
    finally:
        sleeper.kill()
        sleeper.wait()


def test_watch_looks_for_everybody_and_ends_when_it_is_told(pool: People) -> None:
    for who in USERS:
        heard = pool.folder / f"watched by {who}"

        def watch(who: str = who) -> int:
            become(who)
            root = str(pool.folder / "root")
            return run(["--registry", str(pool.registry), "--root", root, "watch", "--report-only"])

        with heard.open("w") as file:
            pid = fork(watch, file, file)
        started = time.monotonic()
        while "watching over" not in heard.read_text():
            assert time.monotonic() - started < 20, heard.read_text()
            time.sleep(0.02)
        os.kill(pid, signal.SIGTERM)
        assert wait_for(pid) in {-signal.SIGTERM, 128 + signal.SIGTERM}, heard.read_text()
        assert entered(pool) == []
