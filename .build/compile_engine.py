"""A step of the build: the engine compiled ahead of time with mypyc, from the same source.

Where a C compiler and Python's headers are at hand, a wheel has the compiled engine beside its
source; where they are not, or the compilation fails, the wheel is plain Python and does the same,
slower. An editable install is always plain: its source is there to be changed. USCHED_PURE=1 asks
for a plain wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What is compiled: where a run spends its time, and what these exchange objects with.
MODULES = (
    "calendar",
    "dispatcher",
    "domain",
    "events",
    "lwp",
    "masks",
    "offer",
    "placement",
    "recorder",
    "recurrence",
    "run_queue",
    "slices",
    "then",
    "turns",
    "vcpus",
    "waiting",
)

_BUILD = """
import sys
from mypyc.build import mypycify
from setuptools import setup

setup(
    name="usched-engine",
    packages=[],
    py_modules=[],
    ext_modules=mypycify(["--strict", *sys.argv[2:]], opt_level="3", group_name="usched_engine"),
    script_args=["-q", "build_ext", "--build-lib", sys.argv[1]],
)
"""


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        return ["mypy>=1.11", "setuptools", "types-PyYAML"] if _may_compile() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not _may_compile():
            return
        self._folder = tempfile.TemporaryDirectory()
        built = Path(self._folder.name, "built")
        trouble = _compile(Path(self.root), Path(self._folder.name), built)
        if trouble:
            self.app.display_warning(f"the engine stays plain Python: {trouble}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for library in sorted(built.rglob("*")):
            if library.is_file():
                build_data["force_include"][str(library)] = str(library.relative_to(built))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _may_compile() -> bool:
    headers = Path(sysconfig.get_path("include"), "Python.h")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    wanted = os.environ.get("USCHED_PURE", "") in {"", "0"}
    return wanted and headers.exists() and shutil.which(compiler) is not None


def _compile(root: Path, work: Path, built: Path) -> str:
    """Compile a copy of the source, since mypyc writes beside it; what went wrong, if anything."""
    shutil.copytree(root / "usched", work / "usched", ignore=shutil.ignore_patterns("*.so"))
    script = work / "build_engine.py"
    script.write_text(_BUILD, encoding="utf-8")
    sources = [f"usched/engine/{name}.py" for name in MODULES]
    done = subprocess.run(
        [sys.executable, script.name, str(built), *sources],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).strip() or f"status {done.returncode}"
