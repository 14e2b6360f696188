"""What the build compiles, and that the program says what is running."""

from __future__ import annotations

import ast
import subprocess
import sys
from inspect import isbuiltin
from pathlib import Path

import pytest

import usched
from usched.engine import dispatcher

STEP = Path(__file__).parents[2] / ".build" / "compile_engine.py"


@pytest.mark.skipif(not STEP.exists(), reason="an installed package is tested, not a checkout")
def test_every_module_of_the_engine_is_compiled() -> None:
    tree = ast.parse(STEP.read_text(encoding="utf-8"))
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MODULES"
    )
    folder = STEP.parents[1] / "usched" / "engine"
    assert list(listed) == sorted(path.stem for path in folder.glob("[a-z]*.py"))


def test_version_says_whether_the_dispatcher_is_compiled() -> None:
    command = [sys.executable, "-m", "usched", "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    how = "compiled" if isbuiltin(dispatcher.simulate) else "in plain Python"
    assert told == f"usched {usched.__version__}, its dispatcher {how}\n"
