"""Planning: what the kernel at hand would be told, so that it is as the registry says."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.read import read_tree
from usched.meaning.resolver import Resolver
from usched.plan.difference import Step, compare
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.wanted import Wanted
from usched.words.cpuset import format_cpus
from usched.words.problems import Problem, Refused
from usched.world.linux.cgroups import read_groups, read_kernel
from usched.world.sys_files import CPUS, SysFiles

#: The group that all others are beneath.
TOP = "usched"


class Plan(NamedTuple):
    """steps: in order. wanted: what is there after them."""

    kernel: Kernel
    steps: list[Step]
    wanted: Wanted


def make_plan(context: Context) -> Plan:
    """Raises Refused where the registry does not fit the machine, or must not be put on it, and
    EnvironmentFailed where this is no Linux with cgroup v2."""
    kernel = read_kernel(context.root)
    observed = read_groups(context.root, TOP)
    tree = read_tree(context)
    problems = tree.survey()
    if problems:
        raise Refused(problems)
    _check_machine(context, tree)
    wanted = lower(tree, kernel)
    return Plan(kernel, compare(wanted.groups, observed), wanted)


def _check_machine(context: Context, tree: Resolver) -> None:
    """The registry may be about another machine than the one at hand."""
    possible = SysFiles(context.root).cpu_list(f"{CPUS}/possible")
    missing = tree.topology.all - possible if possible is not None else None
    if missing:
        what = f"{tree.topology.machine} has {format_cpus(missing)}, and this machine has not"
        remedy = "a plan is about the machine at hand: usched topology detect"
        raise Refused(Problem(what, None, remedy, "machine"))
