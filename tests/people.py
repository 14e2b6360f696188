"""Real users on one registry: who runs the command is who the system says it is.

Root makes the users where they are not there yet, and leaves them: another run of the tests may be
at work with them.
"""

from __future__ import annotations

import grp
import importlib
import os
import pkgutil
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import usched
from tests.face.sessions import Result, less_warnings
from tests.world.scratch import fork_and_listen
from usched.face.app import run

ALICE, BOB, CAROL, TEAM = "usched-alice", "usched-bob", "usched-carol", "usched-team"

EIGHT_CPUS = "pack:1 numa:1 l3:2 core:4 pu:1"


def import_everything() -> None:
    """Whoever is not root may not be able to read the interpreter's own folders."""
    for module in pkgutil.walk_packages(usched.__path__, "usched."):
        if module.name != "usched.__main__":
            importlib.import_module(module.name)
    for name in ("difflib", "json", "shlex", "textwrap", "yaml", "rich.table", "rich.progress"):
        importlib.import_module(name)


def make_users() -> None:
    """Skips where nobody can be made, or become somebody else."""
    if os.geteuid() != 0:
        pytest.skip("only root can make users and become them")
    tool = shutil.which("useradd")
    if tool is None:
        pytest.skip("there is no useradd to make users with")
    if _are_there():
        return
    for name in (ALICE, BOB, CAROL):
        options = ["--system", "--no-create-home", "--user-group", "--shell", "/bin/false"]
        subprocess.run([tool, *options, name], capture_output=True, check=False)
        pwd.getpwnam(name)
    subprocess.run(["groupadd", "--system", TEAM], capture_output=True, check=False)
    for name in (ALICE, BOB):
        subprocess.run(["usermod", "-a", "-G", TEAM, name], capture_output=True, check=True)


def _are_there() -> bool:
    """So that users are not changed while others of these tests are at work with them."""
    with suppress(KeyError):
        for name in (ALICE, BOB, CAROL):
            pwd.getpwnam(name)
        return {ALICE, BOB} <= {*grp.getgrnam(TEAM).gr_mem}
    return False


@dataclass(frozen=True)
class People:
    """A folder that all may enter, and root's registry in it."""

    folder: Path

    @property
    def registry(self) -> Path:
        return self.folder / "held" / "registry.db"

    def store(self, *steps: str) -> Path:
        """Where a part is: `store(ALICE, "POOL")`, `store(ALICE, "POOL", BOB, "POOL:WEB")`."""
        path = self.registry
        for user, name in zip(steps[::2], steps[1::2], strict=True):
            path = path.with_name(f"{path.name}.grants") / user / f"{name}.db"
        return path

    def act(self, who: str, action: Callable[[], int], umask: int = 0o022) -> Result:
        """What an action says in a process of that user's."""

        def become_and_act() -> int:
            become(who)
            os.umask(umask)
            return action()

        result = Result(*fork_and_listen(become_and_act))
        assert "Traceback" not in result.err, result.err
        return result

    def run(self, who: str, *words: str, umask: int = 0o022) -> Result:
        full = ["--registry", str(self.registry), *words]
        return self.act(who, lambda: run(full), umask)

    def say(self, who: str, line: str) -> Result:
        return self.run(who, *line.split())

    def done(self, who: str, line: str) -> str:
        """What a command prints that succeeds, and has nothing else to say, warnings aside."""
        result = self.say(who, line)
        assert (result.status, less_warnings(result.err)) == (0, ""), (who, line)
        return result.out

    def refused(self, status: int, who: str, line: str) -> str:
        """What a command says that fails, and changes nothing in any store."""
        before = self.files()
        result = self.say(who, line)
        assert (result.status, result.out) == (status, ""), (who, line, result.err)
        assert self.files() == before, (who, line)
        return result.err.removesuffix("\n")

    def files(self) -> dict[str, bytes]:
        found = sorted(path for path in self.registry.parent.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in found
            if not path.name.endswith("-lock")
        }


def become(who: str) -> None:
    """This process is that user's from now on."""
    account = pwd.getpwnam(who)
    if account.pw_uid == os.geteuid():
        return
    os.initgroups(who, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.chdir("/")


def gather() -> Iterator[People]:
    """People, on a registry with a machine of eight cpus, for a fixture."""
    make_users()
    import_everything()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "held").mkdir()
        (folder / "held").chmod(0o755)
        people = People(folder)
        assert people.run("root", "topology", "load", EIGHT_CPUS).status == 0
        yield people


def declare(people: People, lines: Sequence[tuple[str, str]]) -> None:
    for who, line in lines:
        people.done(who, line)


#: The session of the manual: a pool in alice's hands, a part of which she has handed to bob.
POOL = (
    ("root", "POOL on cpu0-7 lwktpri 6 vcpus 4"),
    ("root", "NORM on cpu* lwktpri 4"),
    ("root", f"grant POOL to {ALICE} lwktpri 6 depth 2"),
    (ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 6"),
    (ALICE, "POOL/BATCH on cpu* lwktpri 2"),
    (ALICE, f"grant POOL/WEB to {BOB} lwktpri 3"),
    (BOB, "POOL/WEB/IN on cpu1 lwktpri 2"),
)
