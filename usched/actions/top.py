"""What each scheduler gets of the machine, as Linux counts it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import tell_unapplied
from usched.figures.meters import Meter, Rate, measure, parse_cpu_stat, parse_some, sum_up
from usched.plan.wanted import OUTSIDE, OWN, TOP, scheduler_of
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.statement import MACHINE
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.machine_use import read_parts
from usched.world.linux.threads import online_cpus


class Look(NamedTuple):
    """at: seconds of the monotonic clock. meters: by scheduler, the machine first. parts: of what
    all of the machine has used."""

    at: float
    meters: Mapping[str, Meter]
    parts: Mapping[str, int]


def look(context: Context) -> Look:
    """Raises EnvironmentFailed where there is no cgroup v2."""
    groups = Cgroups(context.root, TOP)
    paths = list(groups.read())
    if len(paths) == 1:
        tell_unapplied(context)
    threads = _count_threads(groups, paths)
    meters = {}
    cpus = _find_cpus(groups, paths, online_cpus(context.root))
    for path in paths:
        name = scheduler_of(path)
        if path == "" or path.endswith(f"/{OWN}"):
            continue
        began = time.monotonic()
        said = parse_cpu_stat(groups.say(path, "cpu.stat") or "")
        pressure = groups.say(path, "cpu.pressure")
        ended = time.monotonic()
        meters[name] = Meter(
            threads[path],
            cpus[path],
            said.get("usage_usec"),
            parse_some(pressure or ""),
            said.get("nr_periods"),
            said.get("nr_throttled"),
            said.get("throttled_usec"),
            (began + ended) / 2,  # who is kept waiting for a cpu reads late
        )
    began = time.monotonic()
    parts = read_parts(context.root)
    return Look((began + time.monotonic()) / 2, meters, parts)


def has_pressure(seen: Look) -> bool:
    """Whether this kernel counts who waits for a cpu (PSI)."""
    return any(meter.waited is not None for meter in seen.meters.values())


def _find_cpus(groups: Cgroups, paths: list[str], online: CpuSet) -> Mapping[str, CpuSet]:
    """Those on which threads in each group, or beneath it, may run now. An inner group has no
    threads itself, and says nothing of cpus that partitions beneath it have taken."""
    found = {}
    beneath: dict[str, CpuSet] = {}
    for path in reversed(paths):
        cpus = beneath.get(path)
        if cpus is None and path != OUTSIDE:
            cpus = groups.effective(path)
        found[path] = online if cpus is None else cpus
        if cpus is not None:
            above = path.rpartition("/")[0]
            beneath[above] = beneath.get(above, NO_CPUS) | cpus
    return found


def _count_threads(groups: Cgroups, paths: list[str]) -> Mapping[str, int]:
    """In each group and beneath it; of the machine, in all schedulers."""
    counts = dict.fromkeys(paths, 0)
    for path in paths:
        if path == OUTSIDE:
            continue
        here = groups.count_threads(path)
        counts[OUTSIDE] += here
        for above in paths:
            if above and (path == above or path.startswith(f"{above}/")):
                counts[above] += here
    return counts


def rate(before: Look, after: Look) -> Mapping[str, Rate]:
    """By scheduler, of those that there are now."""
    fresh = Meter(0, NO_CPUS, 0, 0, 0, 0, 0, before.at)
    rates = {
        name: measure(before.meters.get(name, fresh), meter) for name, meter in after.meters.items()
    }
    whole = rates[MACHINE]
    busy = sum_up(before.parts, after.parts) / 1e6 / max(after.at - before.at, 1e-6)
    share = busy / len(whole.cpus) if whole.cpus else None
    return {**rates, MACHINE: whole._replace(busy=busy, share=share)}
