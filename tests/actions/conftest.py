"""A registry on a machine of eight cpus, and the model of a kernel that it is applied to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actions.model_kernel import LINUX, Kernel, declare
from tests.plan.cgroup_model import Cgroups as Model
from tests.plan.trees import FIRST
from usched.actions.apply import apply_registry
from usched.actions.context import Context
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet


@pytest.fixture
def context(tmp_path: Path) -> Context:
    for name, text in (
        ("proc/sys/kernel/osrelease", "6.12.9\n"),
        ("sys/devices/system/cpu/possible", "0-7\n"),
    ):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / "eight.yaml").write_text("machine: eight\nsockets: 2\ncores: 2\nthreads: 2\n")
    topology = str(tmp_path / "eight.yaml")
    return Context(str(tmp_path / "r.db"), _no_telling, topology, str(tmp_path / "root"))


def _no_telling(said: str) -> None:
    raise AssertionError(said)


@pytest.fixture
def kernel(context: Context) -> Kernel:
    """With the first registry applied, and processes in it."""
    kernel = Kernel(Model(CpuSet.span(0, 7), LINUX))
    declare(context, FIRST)
    apply_registry(context, kernel)
    kernel.pids = {"IDLE": [11, 12], "POOL/:own": [21], "POOL/WEB": [31, 32], OUTSIDE: [1]}
    kernel.steps = 0
    return kernel
