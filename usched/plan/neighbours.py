"""Groups beside ours, where they keep the kernel from giving us cpus for ourselves.

It refuses `cpuset.cpus.exclusive` (EINVAL) where a sibling has no cpu but these, or holds one of
them exclusively itself; whoever asks for them later is not refused, and gets what is left. So it
was on Linux 6.12 and 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from usched.plan.difference import Step
from usched.plan.kernel import CPUS, EXCLUSIVE, PARTITION, VALID
from usched.plan.wanted import Group
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list
from usched.words.phrases import join_names
from usched.words.problems import Problem

_UNIT = re.compile(r".*\.(slice|service|scope)")


def find_asked(steps: Sequence[Step]) -> CpuSet:
    """The cpus that the steps ask of the kernel for ours alone."""
    asked = NO_CPUS
    for step in steps:
        if (step.path, step.file) == ("", EXCLUSIVE):
            asked |= parse_cpu_list(step.value)
    return asked


def find_conflicts(
    asked: CpuSet,
    groups: Sequence[Group],
    beside: Mapping[str, Mapping[str, str]],
    online: CpuSet,
) -> Iterator[Problem]:
    """For what the kernel would refuse these cpus. groups: ours. beside: what the others say, by
    name. online: of the machine, empty where that is not known."""
    for name, files in beside.items():
        cpus = parse_cpu_list(files.get(CPUS, ""))
        if cpus and cpus <= asked:
            who = join_names(_find_takers(groups, cpus))
            said = f"{name} has no cpus but {format_cpu_list(cpus)}, and {who} would take them all"
            yield Problem(said, None, _remedy(name, online - asked), "beside")
        elif held := asked & _held(files):
            who = join_names(_find_takers(groups, held))
            said = f"{name} has cpus {format_cpu_list(held)} for itself, and {who} would, too"
            yield Problem(said, None, f"declare {who} on other cpus", "beside")


def _find_takers(groups: Sequence[Group], cpus: CpuSet) -> list[str]:
    """The topmost of ours that want one of these for themselves."""
    return [
        group.scheduler
        for group in groups
        if group.path
        and "/" not in group.path
        and parse_cpu_list(group.files.get(EXCLUSIVE, "")) & cpus
    ]


def _held(files: Mapping[str, str]) -> CpuSet:
    held = parse_cpu_list(files.get(EXCLUSIVE, ""))
    if not held and files.get(PARTITION, "member") in VALID:
        return parse_cpu_list(files.get(CPUS, ""))
    return held


def _remedy(name: str, rest: CpuSet) -> str:
    others = format_cpu_list(rest)
    if _UNIT.fullmatch(name):
        return f"give it others: systemctl set-property {name} AllowedCPUs={others}"
    return f"give it others: echo {others} > /sys/fs/cgroup/{name}/{CPUS}"
