"""Who ran on which cpus, like cpus together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from usched.words.cpuset import CpuSet
from usched.words.run import CpuFigures, Run

#: Up to so many cpus a report has a line for each.
MANY_CPUS = 16


@dataclass(frozen=True, slots=True)
class CpuGroup:
    """Some cpus, and their figures in one. busy, idle, offline: ticks, summed over the cpus.

    least, most: the busy ticks of the least and of the most busy one. ran: who, with their ticks,
    most first, equals as they come in the workload: lwps for a single cpu, programs for several;
    None where there were too many to tell.
    """

    cpus: CpuSet
    busy: int
    idle: int
    offline: int
    least: int
    most: int
    ran: tuple[tuple[str, int], ...] | None


def program_of(lwp: str) -> str:
    """`web` of `web.3`."""
    return lwp.rpartition(".")[0]


def each_cpu(run: Run) -> list[CpuSet]:
    """Every cpu by itself, ascending."""
    return [CpuSet.of([cpu.cpu]) for cpu in run.cpus]


def like_cpus(run: Run, reach: Mapping[str, CpuSet]) -> list[CpuSet]:
    """Those together which the same schedulers can reach, the lowest cpu's first."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for cpu in run.cpus:
        schedulers = tuple(each.name for each in run.schedulers if cpu.cpu in reach[each.name])
        alike.setdefault(schedulers, []).append(cpu.cpu)
    return [CpuSet.of(cpus) for cpus in alike.values()]


def sum_up(run: Run, groups: Sequence[CpuSet]) -> list[CpuGroup]:
    """The figures of each group, in the order given."""
    figures = {each.cpu: each for each in run.cpus}
    if run.timeline.stretches:
        figures = {
            cpu: each._replace(ran=run.timeline.who_ran(cpu)) for cpu, each in figures.items()
        }
    names = [lwp.name for lwp in run.lwps]
    return [_sum_group(cpus, [figures[cpu] for cpu in cpus], names) for cpus in groups]


def _sum_group(cpus: CpuSet, figures: Sequence[CpuFigures], names: Sequence[str]) -> CpuGroup:
    ran: dict[str, int] = {}
    known = [each.ran for each in figures if each.ran is not None]
    for lwps in known:
        for lwp in sorted(lwps):
            name = names[lwp] if len(figures) == 1 else program_of(names[lwp])
            ran[name] = ran.get(name, 0) + lwps[lwp]
    most = tuple(sorted(ran.items(), key=lambda item: -item[1]))
    return CpuGroup(
        cpus,
        sum(each.busy for each in figures),
        sum(each.idle for each in figures),
        sum(each.offline for each in figures),
        min(each.busy for each in figures),
        max(each.busy for each in figures),
        most if len(known) == len(figures) else None,
    )


def join_equal(groups: Sequence[CpuGroup]) -> list[CpuGroup]:
    """Neighbours of which there is the same to say become one, its figures those of all."""
    joined = []
    for _, same in groupby(groups, key=lambda each: (each.busy, each.offline, each.ran)):
        like = list(same)
        first = like[0]
        if len(like) > 1:
            first = CpuGroup(
                CpuSet.of(cpu for each in like for cpu in each.cpus),
                sum(each.busy for each in like),
                sum(each.idle for each in like),
                sum(each.offline for each in like),
                first.least,
                first.most,
                first.ran and tuple((name, ticks * len(like)) for name, ticks in first.ran),
            )
        joined.append(first)
    return joined
