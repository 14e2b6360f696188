"""What programs saw in the guest. Each boots once, whichever process of pytest asks first."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.linux.build import KERNELS, SYSTEMDS, root_with
from tests.linux.guest import Died, Guest, boot, find_missing

_FIRST = [Path(__file__).with_name(name) for name in ("test_session.py", "test_systemd.py")]


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
        systemds = SYSTEMDS if getattr(metafunc.module, "SYSTEMD", False) else [""]
        on = [(kernel, systemd) for kernel in kernels for systemd in systemds]
        names = [" and systemd ".join(filter(None, each)) for each in on]
        metafunc.parametrize("seen", on, ids=names, indirect=True, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of workers, who share the tests in parts, the first begins with guests that take long: left
    where they are, all are met by one, and at the end nothing else is left for the others."""
    items.sort(key=lambda item: item.path not in _FIRST)


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Of the module's PROGRAM, in SECONDS, on each kernel that is there, or on ONLY those; with
    each systemd, where SYSTEMD says that one is wanted."""
    (kernel, systemd), module = request.param, request.module
    guest = Guest(module.PROGRAM, module.SECONDS, getattr(module, "COUNTED", True), systemd)
    missing = find_missing(kernel, guest)
    if missing:
        pytest.skip(missing)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path = shared / f"{guest.program}-{kernel}-{root_with(systemd)}.json"
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.fstat(file.fileno()).st_size:
            file.write(json.dumps(_boot(kernel, guest)))
            file.flush()
    return Seen(kernel, json.loads(path.read_text()))


def _boot(kernel: str, guest: Guest) -> dict[str, object]:
    try:
        return boot(kernel, guest)
    except Died as died:
        return {"died": str(died)}
