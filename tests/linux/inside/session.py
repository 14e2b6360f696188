"""A registry applied, loaded, disturbed and released."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.linux.inside.cases import are_by_weight, are_within, least_of_four
from tests.linux.inside.commands import (
    MOUNT,
    OURS,
    Command,
    declare,
    done,
    groups,
    read,
    usched_says,
)
from tests.linux.inside.contained import in_a_container, where_a_group_cannot_be_entered
from tests.linux.inside.load import hogs, percent_of_periods, shares, trace_until
from tests.linux.inside.report import report
from tests.linux.inside.waiting import run_until

NESTED = """
BACK on cpu* lwktpri 4
HALF on node1 lwktpri 6
HALF/A on cpu0 cpu1 lwktpri 6
HALF/A/X on cpu1 lwktpri 6
HALF/B on cpu2 lwktpri 5
RT on cpu2 cpu3 lwktpri 8 exclusive
PIN on cpu1 lwktpri 8 exclusive locked
"""

SHARED = """
LOW on cpu7 lwktpri 5
MID on cpu7 lwktpri 6 quantum 20ms
TWICE on cpu7 lwktpri 6 quantum 40ms
TOP on cpu6 lwktpri 7
LAST on cpu6 lwktpri 3
NARROW on cpu* lwktpri 6 vcpus 4
"""


#: Real-time by their lwktpri, and not all that they stand in is; or they are subdivided.
INNER = """
NORM on cpu* lwktpri 6
POOL on node1 lwktpri 4 vcpus 2
POOL/X on cpu0 lwktpri 31
REAL on cpu3 lwktpri 8
REAL/A on cpu0 lwktpri 6
"""


#: By place of hogs: on how many cpus they run at least, if one waits for it.
_CPUS_WANTED = {"RT": 2, "PIN": 1, "X": 1, "rest": 3}

_MOST_ROUNDS = 10


def plan() -> object:
    declare(NESTED)
    return done("plan")


def apply_and_verify() -> object:
    return [usched_says(*words) for words in (["apply"], ["verify"], ["apply"], ["plan"])]


def what_groups_say() -> object:
    return groups()


def where_threads_run() -> object:
    """The cpus on which hogs ran, ten in each place: enough that each cpu is wanted."""
    places = {"RT": OURS / "RT", "PIN": OURS / "PIN", "X": OURS / "HALF/A/X", "rest": MOUNT}
    everybody = [place for place in places.values() for _ in range(10)]
    with hogs(*everybody) as pids:

        def where(ran: dict[int, set[int]]) -> dict[str, list[int]]:
            cpus = [ran.get(pid, set()) for pid in pids]
            return {
                name: sorted(set().union(*cpus[first : first + 10]))
                for name, first in zip(places, range(0, 40, 10), strict=True)
            }

        def all_ran(ran: dict[int, set[int]]) -> bool:
            return ran.keys() >= set(pids) and all(
                len(where(ran)[name]) >= many for name, many in _CPUS_WANTED.items()
            )

        return where(trace_until(all_ran))


def unplug_and_replug() -> object:
    """The only cpu of HALF/B, while something wants to run there."""
    online = Path("/sys/devices/system/cpu/cpu6/online")
    with hogs(OURS / "HALF/B", OURS / "BACK"):
        online.write_text("0")
        without = usched_says("verify")
        effective = read(OURS / "HALF/B/cpuset.cpus.effective")
        online.write_text("1")
        return [without, effective, usched_says("verify")]


def unplug_from_a_partition() -> object:
    """One of the two cpus of RT, while something runs there as it should."""
    online = Path("/sys/devices/system/cpu/cpu3/online")
    with hogs(OURS / "RT") as (pid,):
        done("move", str(pid), "into", "RT")
        online.write_text("0")
        without = usched_says("verify")
        partition = read(OURS / "RT/cpuset.cpus.partition")
        online.write_text("1")
        again = usched_says("verify")
        return [without, partition, again, usched_says("apply"), usched_says("verify")]


def rival() -> object:
    """Somebody else writes to our files, and makes a group among ours."""
    (OURS / "HALF/A/cpu.max").write_text("50000 100000")
    (OURS / "HALF/cpuset.cpus").write_text("4-6")
    (OURS / "HALF/THEIRS").mkdir()
    return [usched_says(*words) for words in (["verify"], ["apply", "-q"], ["verify"])]


def two_at_once() -> object:
    """Six applies, begun together; anew, where each had ended before the next one was at it."""
    for _ in range(_MOST_ROUNDS):
        done("HALF/B", "on", "cpu2", "lwktpri", "5")
        done("apply", "-q")
        done("destroy", "HALF/B")
        begun = [Command("apply", "-q") for _ in range(6)]
        said = [each.end() for each in begun]
        if any(each.status for each in said):
            break
    return [said, usched_says("verify")]


def release() -> object:
    """With processes in it, which live on."""
    with hogs(OURS / "RT", OURS / "HALF/A/X") as pids:
        said = usched_says("release")
        where = [read(Path(f"/proc/{pid}/cgroup")) for pid in pids]
        cpus = [len(os.sched_getaffinity(pid)) for pid in pids]
    root = read(MOUNT / "cpuset.cpus.effective")
    left = [OURS.exists(), *map(str, Path("/run/usched").glob("journal*"))]
    return [said, where, cpus, root, left, usched_says("release")]


def apply_shared() -> object:
    declare(SHARED)
    return [usched_says("apply"), usched_says("verify")]


def narrow() -> object:
    """Eight hogs for four virtual cpus.

    A guest whose own cpus have to wait for a busy machine is late to hand out the quota, and then
    less is used: until it is all used once.
    """
    group = OURS / "NARROW"
    least = least_of_four(os.uname().release)
    with hogs(*[group] * 8):
        return run_until(lambda found: found > least, lambda: percent_of_periods(group, 60), 10)


def weights() -> object:
    """Of siblings on one cpu."""
    low, mid, twice, top, last = (OURS / name for name in ("LOW", "MID", "TWICE", "TOP", "LAST"))
    with hogs(low, mid, twice, top, last):
        time.sleep(0.3)
        # the clock is up to a tenth of a second late, and LOW has but a twentieth
        three = run_until(are_by_weight, lambda: shares(12, low, mid, twice))
        return {"lwktpri 5, 6, 6 twice the quantum": three, "7, 3": shares(1.5, top, last)}


def real_time_within_others() -> object:
    """What is in a pool stays behind those who go before the pool, and what is in a real-time
    scheduler goes before the others."""
    declare(INNER)
    applied = usched_says("apply", "-q")
    inner, above, norm = (OURS / name for name in ("POOL/X", "REAL/A", "NORM"))
    policies = {}
    with hogs(inner, inner, above, *[norm] * 6) as pids:
        for pid, name in zip(pids, ("POOL/X", "POOL/X", "REAL/A"), strict=False):
            done("move", "-q", str(pid), "into", name)
            policies[name] = os.sched_getscheduler(pid)
        for number, pid in enumerate(pids[3:]):  # cpu3, where REAL/A is, has two
            os.sched_setaffinity(pid, [3 + number % 5])
        time.sleep(0.3)
        got = run_until(are_within, lambda: shares(2, inner, above, norm))
    return [applied, policies, got]


if __name__ == "__main__":
    report(
        *(plan, apply_and_verify, what_groups_say, where_threads_run, unplug_and_replug),
        *(unplug_from_a_partition, rival, two_at_once, release),
        *(in_a_container, where_a_group_cannot_be_entered),
        *(apply_shared, narrow, weights, real_time_within_others),
    )
