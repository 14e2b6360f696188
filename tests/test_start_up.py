"""Start-up is a feature: a command imports what it needs and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import usched

SOURCE = Path(usched.__file__).parent.parent
HEAVY = ("rich", "yaml", "usched.engine")
DECLARE = ("NORM", "on", "cpu0", "lwktpri", "6")


#: Runs `python -m usched`, and writes down every module that it had at its exit.
WATCH = """
import os, runpy, sys
path, end = sys.argv.pop(1), os._exit
def write_and_end(status):
    with open(path, "w") as file:
        file.write("\\n".join(sys.modules))
    end(status)
os._exit = write_and_end
runpy.run_module("usched", run_name="__main__", alter_sys=True)
"""


def imported(folder: Path, *words: str, status: int = 0) -> set[str]:
    """The modules that the command imports, in a process of its own."""
    seen = folder / "modules"
    seen.unlink(missing_ok=True)
    registry = str(folder / "registry.db")
    ended = subprocess.run(
        [sys.executable, "-c", WATCH, str(seen), "--registry", registry, *words],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCE)},
    )
    assert ended.returncode == status, ended.stderr
    found = set(seen.read_text().splitlines())
    assert "usched.face.app" in found, "nothing was seen"
    return found


def heavy(modules: set[str]) -> list[str]:
    return sorted(name for name in modules if name.startswith(HEAVY))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    imported(tmp_path, *DECLARE)
    return tmp_path


MORE = (
    ("OTHER", "on", "cpu*", "lwktpri", "4", "quantum", "20ms", "locked"),
    ("OTHER", "on", "cpu*", "lwktpri", "4", "-n"),
    ("destroy", "NORM"),
    ("list", "--json"),
    ("export",),
    ("export", "--json"),
    ("log",),
    ("log", "NORM"),
    ("diff", "0"),
    ("rollback", "0"),
)


@pytest.mark.parametrize(
    "words",
    [DECLARE, ("list",), *(pytest.param(words, marks=pytest.mark.slow) for words in MORE)],
    ids=" ".join,
)
def test_command_imports_neither_rich_nor_yaml_nor_the_engine(
    words: tuple[str, ...], filled: Path
) -> None:
    assert heavy(imported(filled, *words)) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="programs run in schedulers of Linux")
def test_exec_imports_nothing_heavy(filled: Path) -> None:
    """Seen where the program, at the last moment, cannot take its place."""
    program = filled / "broken"
    program.write_text("#!/nonesuch\n")
    program.chmod(0o755)
    modules = imported(filled, "exec", "NORM", str(program), status=127)
    assert "usched.actions.places" in modules
    assert heavy(modules) == []


@pytest.mark.slow
def test_statement_on_a_declared_topology_imports_nothing_heavy(filled: Path) -> None:
    imported(filled, "topology", "detect")
    assert heavy(imported(filled, "OTHER", "on", "cpu0", "lwktpri", "4")) == []


@pytest.mark.slow
def test_batch_imports_nothing_heavy(tmp_path: Path) -> None:
    script = tmp_path / "one.usched"
    script.write_text(" ".join(DECLARE))
    assert heavy(imported(tmp_path, "batch", str(script))) == []


@pytest.mark.slow
def test_refused_statement_imports_nothing_heavy(tmp_path: Path) -> None:
    assert heavy(imported(tmp_path, "A", "on", "cpu0", "lwktpri", "40", status=3)) == []
    assert heavy(imported(tmp_path, "A", "on", "cpu0", "lwktpry", "4", status=2)) == []


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--version",)], ids=" ".join)
def test_help_imports_no_command_and_nothing_of_what_commands_need(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    modules = imported(tmp_path, *words)
    assert heavy(modules) == []
    needed = (
        *("usched.face.commands.", "usched.actions.change", "usched.actions.read"),
        *("usched.meaning.tree", "usched.world.host", "usched.world.topology_file"),
    )
    assert [name for name in sorted(modules) if name.startswith(needed)] == []


@pytest.mark.slow
def test_one_command_imports_no_other_command(filled: Path) -> None:
    modules = imported(filled, "list")
    commands = {name for name in modules if name.startswith("usched.face.commands.")}
    assert commands == {"usched.face.commands.list"}


def test_simulation_imports_the_engine_and_yaml_so_that_this_file_would_see_them(
    filled: Path,
) -> None:
    workload = filled / "one.yaml"
    workload.write_text("workload: one\nprograms: [{name: a, scheduler: NORM, run: 1}]\n")
    modules = imported(filled, "simulate", str(workload), "--json")
    assert {"usched.engine", "yaml"} <= modules
