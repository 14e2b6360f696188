"""Groups beside ours, or above, that keep the kernel from doing a step, or from what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from usched.actions.context import Context
from usched.actions.plan import Plan
from usched.plan.difference import EFFECTIVE
from usched.plan.kernel import CPUS, PARTITION, VALID
from usched.plan.neighbours import find_asked, find_conflicts
from usched.plan.wanted import OUTSIDE, TOP
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list
from usched.words.problems import Problem, Refused
from usched.world.linux.neighbours import Container, read_container, read_neighbours
from usched.world.linux.refusals import leave
from usched.world.linux.threads import online_cpus


def check_neighbours(context: Context, plan: Plan) -> None:
    """Raises Refused with all of them."""
    container = read_container(context.root, TOP) if plan.steps else None
    if container is not None:
        problems = list(_find_limits(plan, container))
        if problems:
            raise Refused(problems)
    asked = find_asked(plan.steps)
    if asked:
        beside = read_neighbours(context.root, TOP)
        online = online_cpus(context.root)
        problems = list(find_conflicts(asked, plan.wanted.groups, beside, online))
        if problems:
            raise Refused(problems)


def _find_limits(plan: Plan, container: Container) -> Iterator[Problem]:
    """Of who is no root of the machine: with somebody in it, none beneath it has controllers; and
    whom it gives no cpu, Linux gives them all."""
    if container.processes and any((step.kind, step.path) == ("mkdir", "") for step in plan.steps):
        who = "a process is"
        if container.processes > 1:
            who = f"{container.processes} processes are"
        what = (
            f"{who} in the root group of this container: Linux lets no group beneath it have cpus"
        )
        yield Problem(what, None, leave(OUTSIDE), "container")
    cpus = container.cpus | _held_by_us(plan)
    for group in plan.wanted.groups:
        wish = parse_cpu_list(group.files.get(CPUS, ""))
        if wish and not wish & cpus:
            has = format_cpu_list(cpus)
            what = f"{group.scheduler} is for cpus {format_cpu_list(wish)}, of which this container"
            yield Problem(f"{what} has none", None, f"it has {has}", "container", group.scheduler)


def _held_by_us(plan: Plan) -> CpuSet:
    held = NO_CPUS
    for said in plan.observed.values():
        if said.get(PARTITION) in VALID:
            held |= parse_cpu_list(said.get(EFFECTIVE, ""))
    return held
