"""The main job from end to end, typed at a shell, on this machine and on two others."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import usched
from tests.machines import lay_machine

SOURCE = Path(usched.__file__).parent.parent
CONFIGS = SOURCE / "configs"
MAIL = CONFIGS / "workloads/mail.yaml"
EPYC = CONFIGS / "topologies/two-socket-epyc.yaml"

SESSION = """\
usched topology detect
usched IDLE on 'cpu*' lwktpri 4
usched NORM on 'cpu*' lwktpri 6
usched REAL on 'cpu*' lwktpri 8
usched MYCUSTOM on cpu1 cpu2 lwktpri 4 locked
usched batch configs/pools.usched
usched tree
usched simulate configs/workloads/mail.yaml --topology configs/topologies/two-socket-epyc.yaml
usched export > mine.usched ; usched --registry /tmp/other batch mine.usched
"""

EXPORTED = """\
IDLE on cpu* lwktpri 4
NORM on cpu* lwktpri 6
REAL on cpu* lwktpri 8
POOL on cpu* lwktpri 6 vcpus 4
POOL/WEB on cpu0 cpu1 lwktpri 6
POOL/BATCH on cpu2 cpu3 lwktpri 2 locked
POOL/WEB/CACHE on cpu0 lwktpri 9 exclusive
POOL/WEB/PAGES on cpu* lwktpri 4 quantum 20ms
"""

MYCUSTOM = "MYCUSTOM on cpu1 cpu2 lwktpri 4 locked\n"


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A home and a folder of one's own, with `usched` on the PATH and `configs/` at hand."""

    home: Path
    folder: Path
    environ: dict[str, str]

    def type(self, line: str) -> Said:
        """One line as typed at a shell; /tmp/other comes to lie in the scratch folder."""
        line = line.replace("/tmp/other", shlex.quote(str(self.folder / "other")))
        ended = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def run_session(self) -> dict[str, Said]:
        """Every line of the session, by its words after `usched`."""
        return {
            line.removeprefix("usched ").split(" ; ")[0]: self.type(line)
            for line in SESSION.splitlines()
        }


DeskMaker = Callable[[Path | None], Desk]


@pytest.fixture
def make_desk(tmp_path: Path) -> DeskMaker:
    def make(root: Path | None) -> Desk:
        home, folder, commands = (tmp_path / name for name in ("home", "folder", "bin"))
        for each in (home, folder, commands):
            each.mkdir()
        (folder / "configs").symlink_to(CONFIGS)
        options = f"--root {shlex.quote(str(root))}" if root else ""
        script = commands / "usched"
        script.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m usched {options} "$@"\n'
        )
        script.chmod(0o755)
        environ = {
            "HOME": str(home),
            "PATH": f"{commands}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "PYTHONPATH": str(SOURCE),
            "LC_ALL": "C.UTF-8",
        }
        if os.getuid() == 0:  # root's registry would be the system's
            environ["USCHED_REGISTRY"] = str(home / "registry.db")
        return Desk(home, folder, environ)

    return make


def check_rest(desk: Desk, said: dict[str, Said], exported: str) -> None:
    """What the session says after MYCUSTOM, whatever became of it."""
    for line in list(said)[5:]:
        assert said[line].status == 0, (line, said[line])
    names = [line.split()[0] for line in exported.splitlines()]
    for name in names:
        assert f"{name}  lwktpri" in said["tree"].out
    report = said[list(said)[7]].out
    for word in ("POOL/WEB/CACHE", "NORM", "REAL", "IDLE", "MYCUSTOM"):
        assert word in report
    assert (desk.folder / "mine.usched").read_text() == exported
    assert desk.type("usched export").out == exported
    # the topology that the simulation was given is not the registry's now
    assert "two-socket" not in desk.type("usched topology show").out
    check_export_comes_back(desk, exported)


def check_export_comes_back(desk: Desk, exported: str) -> None:
    assert desk.type("usched --registry /tmp/other export > again.usched").status == 0
    assert (desk.folder / "again.usched").read_bytes() == exported.encode()
    assert desk.type("usched --registry third batch again.usched").status == 0
    assert desk.type("usched --registry third export").out == exported
    assert desk.type("usched export | usched --registry fourth batch -").status == 0
    assert desk.type("usched --registry fourth export").out == exported
    # once more into the same one: nothing new, and the same again
    again = desk.type("usched --registry third batch again.usched")
    assert again.out.splitlines()[-1].endswith("nothing new")
    assert desk.type("usched --registry third export").out == exported


@pytest.mark.slow
def test_session_on_this_machine(make_desk: DeskMaker) -> None:
    desk = make_desk(None)
    said = desk.run_session()
    lines = list(said)
    for line in lines[:4]:
        assert said[line].status == 0, said[line]
    cpus = {cpu["cpu"] for cpu in json.loads(desk.type("usched topology show --json").out)["cpus"]}
    fits = {1, 2} <= cpus
    assert said[lines[4]].status == (0 if fits else 3), said[lines[4]]
    first, rest = EXPORTED[: EXPORTED.index("POOL")], EXPORTED[EXPORTED.index("POOL") :]
    check_rest(desk, said, first + (MYCUSTOM if fits else "") + rest)
    if os.getuid() != 0:
        assert (desk.home / ".local/state/usched/registry.db").exists()


@pytest.mark.slow
def test_session_on_two_cpus_refuses_the_third_cpu(make_desk: DeskMaker, tmp_path: Path) -> None:
    desk = make_desk(lay_machine(tmp_path / "two", 2))
    said = desk.run_session()
    lines = list(said)
    assert [said[line].status for line in lines[:4]] == [0] * 4
    assert said[lines[0]].out == (
        "host (2 cpus, 2 cores, 1 last-level cache, 1 node, 1 socket): is declared\n"
    )
    assert (
        said[lines[1]].out
        == "IDLE on cpu* lwktpri 4  # revision 2\n#   IDLE: 2 cpus on cpu0-cpu1\n"
    )
    refused = said[lines[4]]
    assert (refused.status, refused.out) == (3, "")
    assert refused.err == (
        "usched: command line:1:18: cpu2 is not in the machine (it has cpu0-cpu1)\n"
        "    MYCUSTOM on cpu1 cpu2 lwktpri 4 locked\n"
        "                     ^^^^\n"
    )
    check_rest(desk, said, EXPORTED)


@pytest.mark.slow
def test_session_on_eight_cpus_takes_them(make_desk: DeskMaker, tmp_path: Path) -> None:
    desk = make_desk(lay_machine(tmp_path / "eight", 8))
    said = desk.run_session()
    lines = list(said)
    assert [said[line].status for line in lines[:5]] == [0] * 5
    assert said[lines[4]].out == (
        "MYCUSTOM on cpu1 cpu2 lwktpri 4 locked  # revision 5\n#   MYCUSTOM: 2 cpus on cpu1-cpu2\n"
    )
    place = EXPORTED.index("POOL")
    check_rest(desk, said, EXPORTED[:place] + MYCUSTOM + EXPORTED[place:])
    log = json.loads(desk.type("usched log --json").out)
    assert [each["number"] for each in log] == list(range(10, 0, -1))


@pytest.mark.slow
def test_workload_runs_on_the_registrys_own_machine_too(
    make_desk: DeskMaker, tmp_path: Path
) -> None:
    desk = make_desk(lay_machine(tmp_path / "eight", 8))
    desk.run_session()
    said = desk.type("usched simulate configs/workloads/mail.yaml --json")
    assert said.status == 0
    run = json.loads(said.out)
    assert (run["schema"], len(run["cpus"])) == ("usched.run/1", 8)
    assert {each["name"] for each in run["schedulers"]} == {
        *("IDLE", "NORM", "REAL", "MYCUSTOM"),
        *("POOL", "POOL/WEB", "POOL/BATCH", "POOL/WEB/CACHE", "POOL/WEB/PAGES"),
    }


@pytest.mark.slow
def test_simulation_is_the_same_under_every_hash_seed_and_in_every_folder(
    make_desk: DeskMaker, tmp_path: Path
) -> None:
    desk = make_desk(lay_machine(tmp_path / "eight", 8))
    desk.run_session()
    registry = desk.environ.get("USCHED_REGISTRY", desk.home / ".local/state/usched/registry.db")
    runs = set()
    for seed, folder in (
        ("0", desk.folder),
        ("1", tmp_path),
        ("random", desk.home),
    ):
        command = [sys.executable, "-m", "usched", "--registry", str(registry)]
        command += ["--topology", str(EPYC), "simulate", str(MAIL), "--json"]
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**desk.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        runs.add(ended.stdout)
    assert len(runs) == 1
    assert len(json.loads(runs.pop())["segments"]) > 1000
