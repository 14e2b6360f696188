"""What programs saw in the guest. Each boots once, whichever process of pytest asks first."""

from __future__ import annotations

import fcntl
import json
import os
from typing import Any

import pytest

from tests.linux.build import KERNELS
from tests.linux.guest import Died, boot, find_missing


class Seen:
    """What one program saw on one kernel, by check. A check that raised fails who asks for it."""

    def __init__(self, kernel: str, saw: dict[str, Any]) -> None:
        self.kernel = kernel
        self._saw = saw

    def __getitem__(self, check: str) -> Any:
        if "died" in self._saw:
            pytest.fail(self._saw["died"], pytrace=False)
        saw = self._saw[check]
        if isinstance(saw, dict) and "raised" in saw:
            pytest.fail(f"Linux {self.kernel}, {check}:\n{saw['raised']}", pytrace=False)
        return saw


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seen" in metafunc.fixturenames:
        kernels = getattr(metafunc.module, "ONLY", KERNELS)
        metafunc.parametrize("seen", kernels, indirect=True, scope="module")


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Of the module's PROGRAM, in SECONDS, on each kernel that is there, or on ONLY those."""
    kernel, program = request.param, request.module.PROGRAM
    missing = find_missing(kernel)
    if missing:
        pytest.skip(missing)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path = shared / f"{program}-{kernel}.json"
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.fstat(file.fileno()).st_size:
            counted = getattr(request.module, "COUNTED", True)
            file.write(json.dumps(_boot(kernel, program, request.module.SECONDS, counted)))
            file.flush()
    return Seen(kernel, json.loads(path.read_text()))


def _boot(kernel: str, program: str, seconds: int, counted: bool) -> dict[str, object]:
    try:
        return boot(kernel, program, seconds, counted)
    except Died as died:
        return {"died": str(died)}
