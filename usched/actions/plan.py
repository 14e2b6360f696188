"""Planning: what the kernel at hand would be told, so that it is as the registry says."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from usched.actions.context import Context
from usched.actions.read import read_tree
from usched.meaning.resolver import Resolver
from usched.plan.difference import Observed, Step, compare
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.wanted import TOP, Lowering, Wanted
from usched.words.cpuset import format_cpus
from usched.words.problems import Problem, Refused
from usched.world.linux.cgroups import Cgroups, read_kernel
from usched.world.linux.journal import Journal
from usched.world.linux.watchdog import is_watched
from usched.world.sys_files import CPUS, SysFiles


class Readable(Protocol):
    """Control groups that can be read."""

    def read(self) -> Observed: ...


class Plan(NamedTuple):
    """observed: what is there. steps: in order. wanted: what is there after them."""

    kernel: Kernel
    observed: Observed
    steps: list[Step]
    wanted: Wanted


def make_plan(context: Context, groups: Readable | None = None, lowering: Lowering = lower) -> Plan:
    """Raises Refused where the registry does not fit the machine, or must not be put on it, and
    EnvironmentFailed where this is no Linux with cgroup v2."""
    kernel = read_kernel(context.root)
    if groups is None:
        _tell_journal(Journal(context.root), context)
    observed = (groups or Cgroups(context.root, TOP)).read()
    tree = read_tree(context)
    check_plannable(context, tree)
    wanted = lowering(tree, kernel)
    return Plan(kernel, observed, compare(wanted.groups, observed), wanted)


def _tell_journal(journal: Journal, context: Context) -> None:
    if journal.exists():
        context.tell("an apply goes on, or did not come to its end: the next one undoes it first")
        return
    waits = describe_trial(journal)
    if waits:
        context.tell(f"{waits} (usched confirm)")


def describe_trial(journal: Journal) -> str:
    """What becomes of the apply that waits to be confirmed; "" where none does."""
    trial = journal.load_trial()
    if trial is None:
        return ""
    what = "an apply waits to be confirmed"
    if not is_watched(journal.folder):
        who = "the process that would undo it is gone, and the next apply or release does"
        return f"{what}, until {trial.left} s from now: {who}"
    return f"{what}, and is undone in {trial.left} s if it is not"


def check_plannable(context: Context, tree: Resolver) -> None:
    """Raises Refused where the registry does not fit its machine, or that is not the one at
    hand."""
    problems = tree.survey()
    if problems:
        raise Refused(problems)
    check_machine(context, tree)


def check_machine(context: Context, tree: Resolver) -> None:
    """The registry may be about another machine than the one at hand."""
    possible = SysFiles(context.root).cpu_list(f"{CPUS}/possible")
    missing = tree.topology.all - possible if possible is not None else None
    if missing:
        what = f"{tree.topology.machine} has {format_cpus(missing)}, and this machine has not"
        remedy = "a plan is about the machine at hand: usched topology detect"
        raise Refused(Problem(what, None, remedy, "machine"))
