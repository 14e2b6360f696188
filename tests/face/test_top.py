"""usched top and metrics, on files that say what the kernel's say."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests import prometheus
from tests.face.fake_linux import put
from tests.face.live import add_group
from tests.face.sessions import Session, block, page


def count(session: Session, group: str, used: int, waited: int, periods: int = 0) -> None:
    """What has been counted, in milliseconds; in every second period it was throttled."""
    stat = f"usage_usec {used}000\nuser_usec 0\n"
    if periods:
        stat += f"nr_periods {periods}\nnr_throttled {periods // 2}\nthrottled_usec 2500000\n"
    put(session.folder, f"sys/fs/cgroup/{group}/cpu.stat", stat)
    pressure = f"some avg10=0.00 avg60=0.00 avg300=0.00 total={waited}000\nfull total=0\n"
    put(session.folder, f"sys/fs/cgroup/{group}/cpu.pressure", pressure)


@pytest.fixture
def busy(linux: Session) -> Session:
    put(linux.folder, "sys/devices/system/cpu/online", "0-7\n")
    for path, cpus, tids in (("POOL", "4-7", ()), ("POOL/:own", "4-7", (11,)), ("N.M", "0", ())):
        name = path.replace(".", ":")
        add_group(linux.folder / "root", name, *tids)
        put(linux.folder, f"sys/fs/cgroup/usched/{name}/cpuset.cpus.effective", f"{cpus}\n")
    # one is from outside of this pid namespace, and runs as any other
    add_group(linux.folder / "root", "POOL/WEB", 12, 0)
    count(linux, ".", 9000, 100)
    count(linux, "usched", 1000, 0)
    count(linux, "system.slice", 500, 0)
    put(linux.folder, "sys/fs/cgroup/cgroup.threads", "2\n42\n")
    put(linux.folder, "proc/2/schedstat", "1000000 0 5\n")
    put(linux.folder, "proc/42/schedstat", "500000000 700 5\n")
    count(linux, "usched/POOL", 1000, 0, 10)
    count(linux, "usched/POOL/WEB", 500, 0)
    return linux


def work(session: Session) -> None:
    """Half a second of it, of which the root group's own count of ticks knows little."""
    count(session, ".", 9100, 350)
    count(session, "usched", 2000, 0)
    count(session, "system.slice", 1250, 0)
    put(session.folder, "proc/42/schedstat", "750000000 700 5\n")
    count(session, "usched/POOL", 2000, 250, 20)
    count(session, "usched/POOL/WEB", 1250, 0)


@pytest.fixture
def passing(busy: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Where a look lasts half a second by the test's clock."""
    clock = [100.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        work(busy)

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", sleep)
    return busy


def test_once(passing: Session) -> None:
    assert passing.done("--root", "root", "top", "--once", "--every", "500ms") == page("""
    SCHEDULER  CPUS  THREADS   %CPU  %SHARE  %WAITING  %THROTTLED
    (machine)  0-7         3  400.0    50.0      50.0           -
    N.M        0           0      -       -         -           -
    POOL       4-7         3  200.0    50.0      50.0        50.0
    POOL/WEB   0-7         2  150.0    18.8       0.0           -
    """)


def test_cpus_of_a_partition_are_those_beneath_it_and_none_where_all_are_offline(
    passing: Session,
) -> None:
    """POOL/P is a partition, and has taken cpu7; of N.M the only cpu is unplugged."""
    add_group(passing.folder / "root", "POOL/P")
    for path, cpus in (("POOL", "4-6"), ("POOL/:own", "4-6"), ("POOL/P", "7"), ("N:M", "")):
        put(passing.folder, f"sys/fs/cgroup/usched/{path}/cpuset.cpus.effective", f"{cpus}\n")
    record = json.loads(passing.done("--root", "root", "top", "--once", "--json"))
    has = {each["name"]: each["cpus"] for each in record["schedulers"]}
    assert (has["POOL"], has["POOL/P"], has["N.M"]) == ("4-7", "7", "")
    (row,) = (
        line
        for line in passing.done("--root", "root", "top", "--once").splitlines()
        if line.startswith("N.M")
    )
    assert row.split()[:3] == ["N.M", "-", "0"]
    assert 'usched_cpus{scheduler="N.M"} 0\n' in passing.done("--root", "root", "metrics")


def test_in_a_pipe_it_is_once(passing: Session) -> None:
    assert len(passing.done("--root", "root", "top").splitlines()) == 5


def test_as_json(passing: Session) -> None:
    said = json.loads(passing.done("--root", "root", "top", "--once", "--json", "--every", "500ms"))
    assert said["seconds"] == 0.5
    assert [each["name"] for each in said["schedulers"]] == [None, "N.M", "POOL", "POOL/WEB"]
    assert said["schedulers"][2] == {
        "name": "POOL",
        "cpus": "4-7",
        "threads": 3,
        "busy": 2.0,
        "share": 0.5,
        "waiting": 0.5,
        "throttled": 0.5,
    }


@contextmanager
def live_on_terminal(busy: Session, columns: int) -> Iterator[int]:
    """Until Ctrl-C."""
    main, side = pty.openpty()
    env = busy.environment(TERM="xterm-256color", COLUMNS=str(columns), LINES="24")
    process = subprocess.Popen(
        busy.command("--root", "root", "top", "--every", "100ms"),
        stdout=side,
        stderr=subprocess.PIPE,
        cwd=busy.folder,
        env=env,
    )
    os.close(side)
    try:
        yield main
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(main)
    assert (process.returncode, err) == (0, b"")


def read_until(descriptor: int, is_enough: Callable[[str], bool]) -> str:
    data = b""
    while not is_enough(data.decode(errors="replace")):
        data += os.read(descriptor, 65536)
        assert len(data) < 100_000
    return data.decode(errors="replace")


@pytest.mark.slow
def test_live_on_a_terminal_until_ctrl_c(busy: Session) -> None:
    with live_on_terminal(busy, 80) as terminal:
        read_until(terminal, lambda text: text.count("POOL/WEB") > 1)
        count(busy, "usched/POOL/WEB", 999_000, 0)
        read_until(terminal, lambda text: bool(re.search(r"POOL/WEB +0-7 +2 +[0-9]{5,}", text)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (
            100,
            """
            SCHEDULER                             CPUS  THREADS  %CPU  %SHARE  %WAITING  %THROTTLED
            (machine)                             0-7         3   0.0     0.0       0.0           -
            DATABASE-CLUSTER                      0-7         0   0.0     0.0       0.0           -
            DATABASE-CLUSTER/REPLICATION-WORKERS  0-7         0   0.0     0.0       0.0           -
            """,
        ),
        (
            60,
            """
            SCHEDULER              CPUS  THREADS  %CPU  %SHARE  %WAITING
            (machine)              0-7         3   0.0     0.0       0.0
            DATABASE-CLUSTER       0-7         0   0.0     0.0       0.0
            ...EPLICATION-WORKERS  0-7         0   0.0     0.0       0.0
            """,
        ),
        (
            50,
            """
            SCHEDULER          THREADS  %CPU  %SHARE  %WAITING
            (machine)                3   0.0     0.0       0.0
            DATABASE-CLUSTER         0   0.0     0.0       0.0
            ...CATION-WORKERS        0   0.0     0.0       0.0
            """,
        ),
        (
            20,
            """
            SCHEDULER       %CPU
            (machine)        0.0
            ...ASE-CLUSTER   0.0
            ...ION-WORKERS   0.0
            """,
        ),
    ],
)
def test_in_a_narrow_terminal_names_are_cut_and_figures_are_not(
    busy: Session, columns: int, shown: str
) -> None:
    for name in ("DATABASE-CLUSTER", "DATABASE-CLUSTER/REPLICATION-WORKERS"):
        add_group(busy.folder / "root", name)
        count(busy, f"usched/{name}", 500, 0)
    with live_on_terminal(busy, columns) as terminal:
        text = read_until(terminal, lambda text: text.count("WORKERS") > 1)
    lines = [re.sub("\x1b[^A-Za-z]*[A-Za-z]", "", line).rstrip() for line in text.splitlines()]
    expected = page(shown).splitlines()
    assert lines[: len(expected)] == expected


def test_error_json_is_once_and_times(busy: Session) -> None:
    assert busy.refused(2, "--root", "root", "top", "--json") == block("""
    usched: JSON is printed once
      type: usched top --once --json
    """)
    assert "it is 0.1s to 3600s, not 99ms" in busy.refused(2, "top", "--every", "99ms")


METRICS = """
# HELP usched_cpu_seconds_total Cpu time that threads in it and beneath it have used.
# TYPE usched_cpu_seconds_total counter
usched_cpu_seconds_total{scheduler="POOL"} 1
usched_cpu_seconds_total{scheduler="POOL/WEB"} 0.5
# HELP usched_waiting_seconds_total Time in which some of its threads waited for a cpu (PSI).
# TYPE usched_waiting_seconds_total counter
usched_waiting_seconds_total{scheduler="POOL"} 0
usched_waiting_seconds_total{scheduler="POOL/WEB"} 0
# HELP usched_periods_total Periods of cpu.max in which it had something to run.
# TYPE usched_periods_total counter
usched_periods_total{scheduler="POOL"} 10
# HELP usched_throttled_periods_total Periods of cpu.max in which it was held up.
# TYPE usched_throttled_periods_total counter
usched_throttled_periods_total{scheduler="POOL"} 5
# HELP usched_throttled_seconds_total Time for which cpu.max held it up, summed over cpus.
# TYPE usched_throttled_seconds_total counter
usched_throttled_seconds_total{scheduler="POOL"} 2.5
# HELP usched_threads Threads in it and beneath it.
# TYPE usched_threads gauge
usched_threads{scheduler="N.M"} 0
usched_threads{scheduler="POOL"} 3
usched_threads{scheduler="POOL/WEB"} 2
# HELP usched_cpus Cpus that it may run on now.
# TYPE usched_cpus gauge
usched_cpus{scheduler="N.M"} 1
usched_cpus{scheduler="POOL"} 4
usched_cpus{scheduler="POOL/WEB"} 8
"""


def test_metrics(busy: Session) -> None:
    assert busy.done("--root", "root", "metrics") == METRICS.lstrip()
    assert len(prometheus.parse(METRICS.lstrip())) == 7
    assert busy.done("--root", "root", "metrics", "-o", "usched.prom") == ""
    assert busy.files()["usched.prom"].decode() == METRICS.lstrip()


def test_labels_of_metrics_are_escaped(busy: Session) -> None:
    """Groups may be made by anybody, and be called anything."""
    add_group(busy.folder / "root", 'a"b\\c\nd')
    said = busy.done("--root", "root", "metrics")
    assert 'usched_threads{scheduler="a\\"b\\\\c\\nd"} 0\n' in said
    assert ('a"b\\c\nd',) in prometheus.parse(said)["usched_threads"]


def test_a_kernel_that_does_not_count_who_waits_is_said_to(busy: Session) -> None:
    """As one that is booted with psi=0: the rest is counted."""
    for path in (busy.folder / "root/sys/fs/cgroup").rglob("cpu.pressure"):
        path.unlink()
    shown = busy.run("--root", "root", "top", "--once", "--every", "100ms")
    assert (shown.status, shown.err) == (
        0,
        "usched: this kernel does not count who waits for a cpu (PSI): boot it with psi=1\n",
    )
    assert [line.split()[5] for line in shown.out.splitlines()[1:]] == ["-"] * 4
    metrics = busy.done("--root", "root", "metrics")
    comment = "# This kernel does not count who waits for a cpu (PSI); it does with psi=1.\n"
    assert metrics.startswith(comment)
    samples = prometheus.parse(metrics)
    assert "usched_cpu_seconds_total" in samples
    assert "usched_waiting_seconds_total" not in samples


def test_nothing_is_applied(linux: Session) -> None:
    result = linux.run("--root", "root", "metrics")
    assert (result.status, result.out, result.err) == (
        0,
        "",
        "usched: nothing is applied: Linux has no group usched (sudo usched --registry r.db "
        "apply)\n",
    )
