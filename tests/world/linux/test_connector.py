"""The process connector: its messages, and the real one where the kernel lets us listen."""

from __future__ import annotations

import os
import select
import struct
import sys
import threading

import pytest

from usched.world.linux import connector as connector_module
from usched.world.linux.connector import Connector, Fork, Lost, parse_fork, try_to_listen


def message(what: int, *numbers: int, value: int = 1) -> bytes:
    """As the kernel sends it (linux/cn_proc.h)."""
    event = struct.pack("=IIQ", what, 3, 123456789) + struct.pack(f"={len(numbers)}i", *numbers)
    head = struct.pack("=IHHII", 36 + len(event), 3, 0, 0, 0)
    return head + struct.pack("=IIIIHH", 1, value, 0, 0, len(event), 0) + event


def test_forks_of_processes_and_threads() -> None:
    assert parse_fork(message(1, 10, 10, 42, 42)) == Fork(42, 42)
    assert parse_fork(message(1, 1, 1, 43, 42)) == Fork(43, 42)


def test_what_tells_of_something_else() -> None:
    assert parse_fork(message(0, 0, 0, 0, 0)) is None  # what answers that we listen
    assert parse_fork(message(2, 42, 42, 0, 0)) is None
    assert parse_fork(message(0x80000000, 42, 42, 0, 0)) is None
    assert parse_fork(message(1, 10, 10, 42, 42, value=2)) is None
    assert parse_fork(message(1, 10)) is parse_fork(b"") is None


@pytest.fixture
def connector() -> Connector:
    if sys.platform != "linux":
        pytest.skip("this is Linux's")
    found = try_to_listen()
    if isinstance(found, str):
        pytest.skip(f"the kernel does not let us listen: {found}")
    return found


def test_the_kernel_tells_of_a_process_and_of_a_thread(connector: Connector) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    tids: list[int] = []
    thread = threading.Thread(target=lambda: tids.append(threading.get_native_id()))
    thread.start()
    thread.join()
    wanted = {Fork(pid, pid), Fork(tids[0], os.getpid())}
    heard: set[Fork] = set()
    while not wanted <= heard:
        assert select.select([connector], [], [], 10)[0], "it says nothing"
        heard |= set(connector.hear())
    connector.close()


def test_where_forks_are_lost_none_of_the_others_is_told_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever looks at all threads instead has seen them: they are no news."""
    monkeypatch.setattr(connector_module, "_BUFFER", 1 << 12)
    found = try_to_listen()
    if isinstance(found, str):
        pytest.skip(found)
    pids = set()
    for _ in range(300):
        pid = os.fork()
        if not pid:
            os._exit(0)
        pids.add(pid)
        os.waitpid(pid, 0)
    with pytest.raises(Lost):
        found.hear()
    assert pids.isdisjoint(fork.tid for fork in found.hear())
    found.close()
