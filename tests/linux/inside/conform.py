"""Workloads beside the simulator: what Linux can express, and what it cannot."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.linux.inside.commands import OURS, declare, done, read
from tests.linux.inside.report import report

SECONDS = 12

#: Seconds in which a kernel that was only just booted comes to rest.
_REST = 5

#: Each case on cpus of its own.
EXPRESSED = """
EQUAL on cpu0 lwktpri 6
ONE on cpu1 lwktpri 6
TWO on cpu1 lwktpri 6
IDLE on cpu2 lwktpri 4
NORM on cpu2 lwktpri 6
REAL on cpu2 lwktpri 8
PIN on cpu3-4 lwktpri 6 locked
LAST on cpu5 lwktpri 4
LOW on cpu5 lwktpri 6
HIGH on cpu5 lwktpri 7
LONG on cpu6 lwktpri 6 quantum 200ms
SHORT on cpu6 lwktpri 6 quantum 100ms
"""

_HOG = "run: 1000s"

EXPRESSED_LOAD = f"""
workload: expressed
programs:
  - {{name: equal, scheduler: EQUAL, rforks: 3, {_HOG}}}
  - {{name: one, scheduler: ONE, {_HOG}}}
  - {{name: two, scheduler: TWO, rforks: 2, {_HOG}}}
  - {{name: real, scheduler: REAL, run: 60, period: 200, repeat: forever}}
  - {{name: norm, scheduler: NORM, run: 60, sleep: 140, repeat: forever}}
  - {{name: idle, scheduler: IDLE, {_HOG}}}
  - {{name: pin, scheduler: PIN, rforks: 3, {_HOG}}}
  - {{name: high, scheduler: HIGH, run: 100, sleep: 200, repeat: forever}}
  - {{name: low, scheduler: LOW, {_HOG}}}
  - {{name: last, scheduler: LAST, {_HOG}}}
  - {{name: long, scheduler: LONG, {_HOG}}}
  - {{name: short, scheduler: SHORT, rforks: 2, {_HOG}}}
"""

NARROW = "NARROW on cpu* lwktpri 6 vcpus 4"

NARROW_LOAD = f"""
workload: narrow
programs: [{{name: narrow, scheduler: NARROW, rforks: 8, {_HOG}}}]
"""

OTHERWISE = """
FULL on cpu0 lwktpri 8
STARVED on cpu0 lwktpri 6
THREE on cpu1-2 lwktpri 6
WIDE on cpu3 lwktpri 6 vcpus 2
WIDE/A on cpu0 lwktpri 6
WIDE/B on cpu* lwktpri 6
OVER on cpu4-5 lwktpri 8
UNDER on cpu4-5 lwktpri 6
FIFTH on cpu6 lwktpri 5
SIXTH on cpu6 lwktpri 6
SEVENTH on cpu6 lwktpri 7
LAST on cpu6 lwktpri 4
"""

OTHERWISE_LOAD = f"""
workload: otherwise
programs:
  - {{name: full, scheduler: FULL, {_HOG}}}
  - {{name: starved, scheduler: STARVED, {_HOG}}}
  - {{name: three, scheduler: THREE, rforks: 3, {_HOG}}}
  - {{name: a, scheduler: WIDE/A, {_HOG}}}
  - {{name: b, scheduler: WIDE/B, rforks: 2, {_HOG}}}
  - {{name: over, scheduler: OVER, run: 100, sleep: 100, repeat: forever}}
  - {{name: under, scheduler: UNDER, rforks: 2, {_HOG}}}
  - {{name: seventh, scheduler: SEVENTH, run: 50, sleep: 100, repeat: forever}}
  - {{name: sixth, scheduler: SIXTH, run: 50, sleep: 100, repeat: forever}}
  - {{name: fifth, scheduler: FIFTH, {_HOG}}}
  - {{name: last, scheduler: LAST, {_HOG}}}
"""


def come_to_rest() -> object:
    """What a new kernel does by itself takes much of so slow a machine; to wait costs nothing."""
    for name, text in (
        ("kernel/mm/transparent_hugepage/enabled", "never"),
        ("module/damon_stat/parameters/enabled", "N"),
    ):
        path = Path("/sys") / name
        if path.exists():
            path.write_text(text)
    time.sleep(_REST)
    return None


def _run(script: str, load: str) -> object:
    declare(script)
    done("apply", "-q")
    Path("/run/load.yaml").write_text(load)
    return json.loads(done("conform", "/run/load.yaml", "--seconds", str(SECONDS), "--json"))


def expressed() -> object:
    return _run(EXPRESSED, EXPRESSED_LOAD)


def narrow() -> object:
    return _run(NARROW, NARROW_LOAD)


def otherwise() -> object:
    return _run(OTHERWISE, OTHERWISE_LOAD)


def what_is_left() -> object:
    """Processes in groups of ours, and instances of tracefs."""
    procs = [read(path) for path in OURS.rglob("cgroup.procs")]
    instances = Path("/sys/kernel/tracing/instances").iterdir()
    return [procs, [path.name for path in instances]]


if __name__ == "__main__":
    report(come_to_rest, expressed, narrow, otherwise, what_is_left)
