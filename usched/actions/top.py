"""What each scheduler gets of the machine, as Linux counts it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import tell_unapplied
from usched.figures.meters import Meter, Rate, measure, parse_cpu_stat, parse_some
from usched.plan.wanted import OUTSIDE, OWN, TOP, scheduler_of
from usched.world.linux.cgroups import Cgroups
from usched.world.linux.threads import online_cpus


class Look(NamedTuple):
    """at: seconds of the monotonic clock. meters: by scheduler, the machine first."""

    at: float
    meters: Mapping[str, Meter]


def look(context: Context) -> Look:
    """Raises EnvironmentFailed where there is no cgroup v2."""
    groups = Cgroups(context.root, TOP)
    paths = list(groups.read())
    if len(paths) == 1:
        tell_unapplied(context)
    threads = _count_threads(groups, paths)
    meters = {}
    online = online_cpus(context.root)
    for path in paths:
        name = scheduler_of(path)
        if path == "" or path.endswith(f"/{OWN}"):
            continue
        cpus = None if path == OUTSIDE else groups.effective(path)
        said = parse_cpu_stat(groups.say(path, "cpu.stat") or "")
        meters[name] = Meter(
            threads[path],
            cpus or online,
            said.get("usage_usec"),
            parse_some(groups.say(path, "cpu.pressure") or ""),
            said.get("nr_periods"),
            said.get("nr_throttled"),
            said.get("throttled_usec"),
        )
    return Look(time.monotonic(), meters)


def _count_threads(groups: Cgroups, paths: list[str]) -> Mapping[str, int]:
    """In each group and beneath it; of the machine, in all schedulers."""
    counts = dict.fromkeys(paths, 0)
    for path in paths:
        if path == OUTSIDE:
            continue
        here = len(groups.threads(path))
        counts[OUTSIDE] += here
        for above in paths:
            if above and (path == above or path.startswith(f"{above}/")):
                counts[above] += here
    return counts


def rate(before: Look, after: Look) -> Mapping[str, Rate]:
    """By scheduler, of those that there are now."""
    seconds = max(after.at - before.at, 1e-6)
    fresh = Meter(0, next(iter(after.meters.values())).cpus, 0, 0, 0, 0, 0)
    return {
        name: measure(before.meters.get(name, fresh), meter, seconds)
        for name, meter in after.meters.items()
    }
