"""Groups beside ours, or above, that keep the kernel from doing a step, or from what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from usched.actions.context import Context
from usched.actions.plan import Plan
from usched.plan.difference import EFFECTIVE, PROCESSES, Step, find_part
from usched.plan.kernel import CPUS, PARTITION, VALID
from usched.plan.neighbours import find_asked, find_conflicts
from usched.plan.owners import Held
from usched.plan.wanted import OUTSIDE, TOP, Group, shown_path
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list
from usched.words.phrases import join_names
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.linux.cgroups import FROM_OUTSIDE, FROM_THERE, OUTSIDER, Cgroups
from usched.world.linux.neighbours import Container, read_container, read_neighbours
from usched.world.linux.refusals import leave
from usched.world.linux.threads import online_cpus


def check_neighbours(context: Context, plan: Plan) -> None:
    """Raises Refused with all of them, and as `check_outsiders`."""
    check_outsiders(context, plan.wanted.groups, plan.steps)
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


def check_outsiders(context: Context, wanted: tuple[Group, ...], steps: Sequence[Step]) -> None:
    """Raises EnvironmentFailed where processes are to be moved that have no pid here: beforehand,
    since no step could do it. wanted: what is there afterwards; what others hold of it is theirs
    to keep in order."""
    groups, held = Cgroups(context.root, TOP), Held.of_wanted(wanted)
    found = [
        shown_path(step.path)
        for step in steps
        if step.kind == "move" and find_part(held, step) is None and groups.has_outsiders(step.path)
    ]
    if found:
        what = (
            f"processes {FROM_OUTSIDE} are in {join_names(found)}: they have no pid here "
            f"({PROCESSES} says {OUTSIDER}), and cannot be moved"
        )
        raise EnvironmentFailed(Problem(what, None, FROM_THERE, "outsiders"))


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
        remedies = [leave(OUTSIDE)] if container.outsiders < container.processes else []
        if container.outsiders:
            remedies.append(f"who is {FROM_OUTSIDE} has no pid here, and is moved from there")
        yield Problem(what, None, "\n".join(remedies), "container")
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
