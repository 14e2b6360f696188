"""Threads that are in a scheduler's group and do not run as it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usched.plan.pins import find_crowded, find_usable
from usched.plan.wanted import REAL_TIME, Threads
from usched.words.cpuset import CpuSet, format_cpu_list

#: How many homes are named.
_MOST = 8


class Runs(NamedTuple):
    """How a thread runs."""

    policy: str
    priority: int
    affinity: CpuSet


def find_strays(
    wanted: Threads, effective: CpuSet, online: CpuSet, threads: Sequence[Runs]
) -> Iterator[tuple[int, str]]:
    """The place in `threads` of each that does not run as it should, and how, as the end of a
    sentence that begins with who they are.

    effective: the cpus of the group. threads: all that are in it, the oldest first.
    """
    for at, thread in enumerate(threads):
        policy = _judge_policy(wanted.priority, thread)
        if policy:
            yield at, policy
    if wanted.pinned:
        yield from _judge_homes(wanted.homes, online, threads)
        return
    for at, thread in enumerate(threads):
        missing = effective - thread.affinity
        if missing:
            cpus, may = format_cpu_list(effective), format_cpu_list(thread.affinity)
            yield at, f"should run on all of cpus {cpus}, and may on {may} only"


def _judge_policy(priority: int | None, thread: Runs) -> str:
    name = f"SCHED_{thread.policy.upper()}"
    if thread.policy in ("fifo", "rr"):
        name += f" {thread.priority}"
    if priority is not None:
        wanted = f"SCHED_RR {priority}"
        return "" if name == wanted else f"should be {wanted}, not {name}"
    return f"should be SCHED_OTHER, not {name}" if thread.policy in REAL_TIME else ""


def _judge_homes(
    homes: Sequence[CpuSet], online: CpuSet, threads: Sequence[Runs]
) -> Iterator[tuple[int, str]]:
    usable = find_usable(homes, online)
    if not usable:
        return  # they wait for one
    there = {home & online for home in usable}
    affinities = [thread.affinity for thread in threads]
    kept = find_crowded(homes, online, affinities)
    most = -(-len(threads) // len(usable))
    for at, (has, keeps) in enumerate(zip(affinities, kept, strict=True)):
        if keeps is not None:
            continue
        if has & online in there:
            cpus = format_cpu_list(has & online)
            part = f"{most} of {len(threads)} threads"
            yield at, f"should have another home than {cpus}, which has its part without: {part}"
        else:
            names = list(dict.fromkeys(map(format_cpu_list, usable)))
            more = ", ..." if len(names) > _MOST else ""
            yield (
                at,
                f"should have one home of {', '.join(names[:_MOST])}{more}, and may run on cpus "
                f"{format_cpu_list(has)}",
            )
