"""Workloads beside the simulator: what Linux can express, and what it cannot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.linux.inside.cases import EXPRESSED, agree
from tests.linux.inside.commands import OURS, Command, declare, done, groups, read, usched_says
from tests.linux.inside.report import report
from tests.linux.inside.waiting import await_that

SECONDS = 12

#: Of the same cases: other work on the machine disturbs a run, and hardly ever so many in turn.
_MOST_RUNS = 3

#: The cpu that no case has, for who does the events.
_SPARE = 7

#: Seconds in which a kernel that was only just booted comes to rest.
_REST = 5

#: Each case on cpus of its own.
EXPRESSED_SCRIPT = """
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


#: Those of the above that share by the weights of groups alone.
EQUAL = """
ONE on cpu1 lwktpri 6
TWO on cpu1 lwktpri 6
LONG on cpu6 lwktpri 6 quantum 200ms
SHORT on cpu6 lwktpri 6 quantum 100ms
"""

EQUAL_LOAD = f"""
workload: equal
programs:
  - {{name: one, scheduler: ONE, {_HOG}}}
  - {{name: two, scheduler: TWO, rforks: 2, {_HOG}}}
  - {{name: long, scheduler: LONG, {_HOG}}}
  - {{name: short, scheduler: SHORT, rforks: 2, {_HOG}}}
"""

#: Each on cpus of its own, with all that can happen to it in the middle of the run.
CHANGED = """
OLD on cpu0 lwktpri 6
HOME on cpu1 lwktpri 6
SET on cpu2 lwktpri 6
HIGH on cpu3 lwktpri 6
LOW on cpu3 lwktpri 6
FREE on cpu4-5 lwktpri 6 locked
WHOLE on cpu6 lwktpri 6
GONE on cpu7 lwktpri 6
"""

CHANGED_LOAD = f"""
workload: changed
programs:
  - {{name: old, scheduler: OLD, rforks: 2, {_HOG}}}
  - {{name: new, scheduler: NEW, at: 12s, {_HOG}}}
  - {{name: home, scheduler: HOME, {_HOG}}}
  - {{name: set, scheduler: SET, rforks: 2, {_HOG}}}
  - {{name: high, scheduler: HIGH, {_HOG}}}
  - {{name: low, scheduler: LOW, {_HOG}}}
  - {{name: free, scheduler: FREE, rforks: 4, {_HOG}}}
  - {{name: whole, scheduler: WHOLE, {_HOG}}}
  - {{name: part, scheduler: WHOLE/PART, at: 8s, {_HOG}}}
  - {{name: gone, scheduler: GONE, run: 1s}}
events:
  - {{at: 4s, kill: free.2}}
  - {{at: 8s, move: high, to: FREE}}
  - {{at: 8s, usched: "LOW on cpu3 lwktpri 4"}}
  - {{at: 8s, usched: "SET on cpu0 cpu2 lwktpri 6 locked"}}
  - {{at: 8s, usched: "destroy OLD into HOME"}}
  - {{at: 8s, usched: "WHOLE/PART on cpu0 lwktpri 6"}}
  - {{at: 9s, usched: "destroy GONE"}}
  - {{at: 12s, usched: "NEW on cpu6 lwktpri 7"}}
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


def _run(
    script: str, load: str, seconds: int = SECONDS, before: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    declare(script)
    done("apply", "-q")
    Path("/run/load.yaml").write_text(load)
    words = ("conform", "/run/load.yaml", "--seconds", str(seconds), "--json")
    said = Command(*words, before=before).end()
    assert said.status == 0, said
    found = json.loads(said.out)
    assert isinstance(found, dict)
    return found


def _run_until_undisturbed(run: str, script: str, load: str) -> list[dict[str, Any]]:
    """Again, and a third time, where a case is not as it should be."""
    kernel = ".".join(os.uname().release.split(".")[:2])
    said: list[dict[str, Any]] = []
    unseen = set(EXPRESSED[run])
    while unseen and len(said) < _MOST_RUNS:
        said.append(_run(script, load))
        unseen -= {words for words in unseen if agree(said[-1], kernel, run, words)}
    return said


def expressed() -> object:
    return _run_until_undisturbed("expressed", EXPRESSED_SCRIPT, EXPRESSED_LOAD)


def narrow() -> object:
    return _run_until_undisturbed("narrow", NARROW, NARROW_LOAD)


def otherwise() -> object:
    return _run_until_undisturbed("otherwise", OTHERWISE, OTHERWISE_LOAD)


def weights_as_told() -> object:
    """Two runs where the kernel can be had to take weights as they are told to it."""
    subprocess.run(["mount", "-t", "debugfs", "none", "/sys/kernel/debug"], check=True)
    mode = Path("/sys/kernel/debug/sched/cgroup_mode")
    if not mode.exists():
        return []
    mode.write_text("up")
    said = [_run(EQUAL, EQUAL_LOAD, 8) for _ in range(2)]
    mode.write_text("concur")
    return said


def changed() -> object:
    """Beside what is there before and after."""
    # else each move waits for all cpus, which have to wait for each other here
    words = ["mount", "-o", "remount,nsdelegate,favordynmods", "/sys/fs/cgroup"]
    subprocess.run(words, check=True)
    declare(CHANGED)
    done("apply", "-q")
    before = groups()
    for _ in range(2):  # where a busy machine keeps the events waiting, once more
        said = _run(CHANGED, CHANGED_LOAD, 16, lambda: os.sched_setaffinity(0, {_SPARE}))
        if all(each["late"] + each["took"] < 1 for each in said["events"]):
            break
    return [said, groups() == before, usched_says("verify"), done("export")]


def killed_amid_events() -> object:
    """kill -9, once an event has changed the groups: the next command undoes it."""
    declare("OLD on cpu0 lwktpri 6")
    done("apply", "-q")
    before = groups()
    hog = f"{{name: hog, scheduler: OLD, {_HOG}}}"
    event = '{at: 1, usched: "NEW on cpu1 lwktpri 6"}'
    Path("/run/load.yaml").write_text(f"workload: w\nprograms: [{hog}]\nevents: [{event}]\n")
    conform = Command("conform", "/run/load.yaml", "--seconds", "60")
    await_that((OURS / "NEW").exists)
    beside = usched_says("apply")
    os.kill(conform.pid, signal.SIGKILL)
    killed = conform.end()
    hogs = OURS / "OLD/cgroup.procs"
    await_that(lambda: read(hogs) == "")
    return [beside, killed.status, str(conform.pid), usched_says("apply"), groups() == before]


def what_is_left() -> object:
    """Processes in groups of ours, and instances of tracefs."""
    procs = [read(path) for path in OURS.rglob("cgroup.procs")]
    instances = Path("/sys/kernel/tracing/instances").iterdir()
    return [procs, [path.name for path in instances]]


if __name__ == "__main__":
    report(
        come_to_rest,
        expressed,
        narrow,
        otherwise,
        weights_as_told,
        changed,
        what_is_left,
        killed_amid_events,
    )
