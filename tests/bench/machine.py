"""What is measured on: it belongs to every figure."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import distributions
from importlib.util import find_spec
from inspect import isbuiltin
from pathlib import Path
from typing import Any

import usched
from usched.engine.dispatcher import simulate


def describe_machine() -> dict[str, Any]:
    """The date, the machine, and the versions of all that takes part."""
    compiled = isbuiltin(simulate)
    versions = {
        "usched": f"{usched.__version__} ({'compiled' if compiled else 'plain Python'})",
        "python": platform.python_version(),
    }
    versions |= {name: number for name in ("simpy", "simso") if (number := _find_version(name))}
    if shutil.which("cc"):
        told = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
        versions["cc"] = told.stdout.splitlines()[0].rpartition(" ")[2]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cpus, {platform.system()}",
        "versions": versions,
    }


def _find_version(name: str) -> str | None:
    """Beside the module: SimSo brings a SimPy of its own, under the same name in another case."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    folder = str(Path(spec.origin).parents[1])
    found = distributions(name=name, path=[folder])
    return next((each.version for each in found), None)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def format_machine(described: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in described["versions"].items())
    return [described["date"], described["machine"], versions]
