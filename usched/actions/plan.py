"""Planning: what the kernel at hand would be told, so that it is as the registry says."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from usched.actions.charges import Charge, find_charges, my_holders
from usched.actions.context import Context
from usched.actions.groups import Groups
from usched.actions.read import read_joined
from usched.actions.remedies import by_me, by_root
from usched.actions.undoing import describe_trial
from usched.meaning.resolver import Resolver
from usched.plan.difference import Observed, Step, compare
from usched.plan.kernel import PARTITION, Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.owners import OWNER, hand_over, parse_owner
from usched.plan.part_groups import (
    Portion,
    find_others,
    find_priorities,
    find_waiting,
    keep_partitions,
    narrow_observed,
    narrow_wanted,
)
from usched.plan.wanted import Lowering, Note, Wanted, scheduler_of, shown_path
from usched.words.cpuset import format_cpus
from usched.words.problems import Problem, Refused
from usched.world.linux.cgroups import read_kernel
from usched.world.linux.journal import Journal
from usched.world.linux.ownership import find_holder_name
from usched.world.sys_files import CPUS, SysFiles


class Plan(NamedTuple):
    """observed: what is there. steps: in order. wanted: what is there after them.

    tops: the groups that all is beneath, "" for our own. obstacles: what of it others have in
    their hands, so that this user cannot carry it out.
    """

    kernel: Kernel
    observed: Observed
    steps: list[Step]
    wanted: Wanted
    tops: tuple[str, ...] = ("",)
    obstacles: tuple[Problem, ...] = ()


def make_plan(context: Context, groups: Groups | None = None, lowering: Lowering = lower) -> Plan:
    """Of all that is in this user's charge.

    Raises Refused where the registry does not fit the machine, or must not be put on it, and
    EnvironmentFailed where this is no Linux with cgroup v2.
    """
    charges = find_charges(context, groups)
    for charge in charges if groups is None else ():
        tell_journal(charge.journal, context)
    return join_plans(plan_each(context, charges, lowering))


def plan_each(
    context: Context, charges: Sequence[Charge], lowering: Lowering = lower
) -> list[Plan]:
    kernel = read_kernel(context.root)
    observed = [charge.read() for charge in charges]
    tree, hands = read_joined(context)
    check_plannable(context, tree)
    if not tree.schedulers():
        context.tell(_tell_empty(context))
    wanted = hand_over(lowering(tree, kernel, hands.parts), hands)
    return [
        Plan(kernel, seen, compare(wanted.groups, seen), wanted)
        if charge.portion is None
        else _plan_portion(charge.portion, kernel, seen, wanted, by_root(context.registry, "apply"))
        for charge, seen in zip(charges, observed, strict=True)
    ]


def plan_charge(context: Context, charge: Charge) -> Plan:
    """As `make_plan`, of one of them."""
    return plan_each(context, [charge])[0]


def _tell_empty(context: Context) -> str:
    """Under sudo it is another registry than without, unless it is named."""
    what = f"no scheduler is declared in {context.registry}"
    user = os.environ.get("SUDO_USER", "root")
    if context.is_default and os.geteuid() == 0 and user != "root":
        what += f", which is root's: {user}'s own is named by --registry"
    return what


def _plan_portion(
    portion: Portion, kernel: Kernel, observed: Observed, wanted: Wanted, roots: str
) -> Plan:
    """observed, wanted: with owners. roots: what root types to apply."""
    seen = narrow_observed(observed, portion)
    own = narrow_wanted(wanted, portion)
    parent = observed.get(portion.path, {}).get(PARTITION, "member")
    own = keep_partitions(own, seen, portion, kernel, parent)
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    notes = [
        *own.notes,
        *(find_priorities(own.threads, limit) if limit >= 0 else ()),
        *(_describe_waiting(path, wanted) for path in find_waiting(wanted, observed, portion)),
    ]
    own = replace(own, notes=tuple(_tell_root(note, roots) for note in notes))
    mine = my_holders()
    if parse_owner(observed.get(portion.path, {}).get(OWNER, "")).hand not in mine:
        return Plan(kernel, seen, [], own, (portion.path,), (_describe_unheld(portion, roots),))
    steps = compare(own.groups, seen)
    others = find_others(steps, observed, mine)
    obstacles = tuple(describe_others(others, f"root does it by: {roots}"))
    return Plan(kernel, seen, steps, own, (portion.path,), obstacles)


def _tell_root(note: Note, roots: str) -> Note:
    if not note.for_root:
        return note
    return note._replace(what=f"{note.what}; root makes it so by: {roots}")


def _describe_waiting(path: str, wanted: Wanted) -> Note:
    owner = next(group.files[OWNER] for group in wanted.groups if group.path == path)
    who = find_holder_name(parse_owner(owner).hand)
    return Note(scheduler_of(path), "grant", f"on Linux it is not {who}'s yet", for_root=True)


def _describe_unheld(portion: Portion, roots: str) -> Problem:
    name = scheduler_of(portion.path)
    what = f"on Linux, {name} is not in your hands yet: {shown_path(portion.path)} is not yours"
    return Problem(what, None, f"root hands it over by: {roots}", "owner", name)


def describe_others(found: Sequence[tuple[str, str]], remedy: str) -> Iterator[Problem]:
    """Groups that somebody else has, and so keeps from being changed."""
    for path, whose in found:
        what = f"{shown_path(path) or 'the root group'} is {find_holder_name(whose)}'s"
        yield Problem(f"not permitted: {what}", None, remedy, "owner")


def tell_waiting(plan: Plan, context: Context) -> Iterator[str]:
    """What this user has done all he can for."""
    roots = by_root(context.registry, "apply")
    for note in plan.wanted.notes:
        if note.for_root:
            yield f"{note.scheduler}, {note.word}: root makes it so by: {roots}"


def join_plans(plans: Sequence[Plan]) -> Plan:
    """Of several parts, which have nothing in common."""
    if len(plans) == 1:
        return plans[0]
    wanted = Wanted(
        tuple(group for each in plans for group in each.wanted.groups),
        {name: found for each in plans for name, found in each.wanted.threads.items()},
        tuple(note for each in plans for note in each.wanted.notes),
    )
    return Plan(
        plans[0].kernel,
        {path: said for each in plans for path, said in each.observed.items()},
        [step for each in plans for step in each.steps],
        wanted,
        tuple(top for each in plans for top in each.tops),
        tuple(problem for each in plans for problem in each.obstacles),
    )


def tell_journal(journal: Journal, context: Context) -> None:
    if journal.exists():
        context.tell("an apply goes on, or did not come to its end: the next one undoes it first")
        return
    waits = describe_trial(journal)
    if waits:
        context.tell(f"{waits} ({by_me(context, 'confirm')})")


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
        remedy = "Linux is told of the machine at hand: usched topology detect"
        raise Refused(Problem(what, None, remedy, "machine"))
