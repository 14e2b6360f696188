"""Applying: the control groups as the registry says, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from usched.actions.carrying_out import Work
from usched.actions.charges import Charge, find_charges, hold, my_holders
from usched.actions.context import Context
from usched.actions.groups import Groups
from usched.actions.neighbours import check_neighbours, check_outsiders
from usched.actions.plan import (
    Plan,
    describe_others,
    join_plans,
    plan_charge,
    plan_each,
    tell_journal,
)
from usched.actions.remedies import by_me, by_root
from usched.actions.stray_threads import find_stray_threads
from usched.actions.trial import begin_trial
from usched.actions.undoing import restore
from usched.plan.difference import Observed, Step, compare
from usched.plan.kernel import SUBTREE
from usched.plan.owners import Held
from usched.plan.part_groups import find_others, narrow_observed
from usched.plan.readings import Drift, find_drift
from usched.plan.wanted import OUTSIDE, Group, scheduler_of
from usched.words.phrases import join_names
from usched.words.problems import (
    Drifted,
    EnvironmentFailed,
    NotPermitted,
    Problem,
    Refused,
    UschedError,
)
from usched.world.linux.journal import Before
from usched.world.linux.ownership import find_holder_name


class Done(NamedTuple):
    """steps: those that were done. plan: as of then; None for a release."""

    steps: list[Step]
    plan: Plan | None


def apply_registry(
    context: Context, groups: Groups | None = None, seconds: float | None = None
) -> Done:
    """seconds: after which it is undone, unless it is confirmed by then.

    Raises Refused where the kernel does not do what was asked, or another apply waits to be
    confirmed; EnvironmentFailed where it refuses a step: then all is as it was.
    """
    plans: list[Plan] = []
    failures: list[UschedError] = []
    for charge in find_charges(context, groups):
        try:
            with hold(charge, context):
                plans.append(_apply(charge, context, seconds))
        except UschedError as failure:
            failures.append(failure)
        context = context.quiet
    if failures:
        raise _join_failures(failures, plans)
    done = join_plans(plans)
    return Done(done.steps, done)


def _apply(charge: Charge, context: Context, seconds: float | None) -> Plan:
    above = charge.journal.above()
    plan = plan_charge(context, charge)
    if plan.obstacles:
        raise NotPermitted(list(plan.obstacles))
    check_neighbours(context, plan)
    if plan.steps:
        before = _look(plan.observed, charge, above)
        if seconds is not None:
            begin_trial(context.root, charge.journal, charge.groups, before, seconds)
        Work(plan.wanted.groups, before, charge, context).carry_out(plan.steps)
    return plan


def _join_failures(failures: Sequence[UschedError], plans: Sequence[Plan]) -> UschedError:
    """Who holds several parts has each as a whole: one may fail, and the others not."""
    problems = [problem for each in failures for problem in each.problems]
    names = [scheduler_of(top) for each in plans for top in each.tops if top]
    if names:
        remedy = f"what is beneath {join_names(names)} is applied, and stays"
        problems[-1] = problems[-1]._replace(
            remedy="\n".join(filter(None, (problems[-1].remedy, remedy)))
        )
    kind = type(failures[0]) if len({type(each) for each in failures}) == 1 else EnvironmentFailed
    return kind(problems)


def release(context: Context, groups: Groups | None = None) -> Done:
    """The control groups as if there were no schedulers; processes go to the root group, or that
    of what is granted."""
    done: list[Step] = []
    for charge in find_charges(context, groups):
        with hold(charge, context):
            above = charge.journal.above()
            everything = charge.read()
            if charge.portion is None:
                observed = everything
                wanted = (Group(OUTSIDE, "", observed[OUTSIDE]),)
            else:
                top = charge.portion.path
                observed = narrow_observed(everything, charge.portion._replace(handed=()))
                wanted = (Group(top, scheduler_of(top), {SUBTREE: ""}),)
            steps = compare(wanted, observed) if wanted[0].path in observed else []
            if charge.portion is not None:
                others = find_others(steps, everything, my_holders())
                if others:
                    first = f"who has it types first: {by_root(context.registry, 'release')}"
                    raise NotPermitted(list(describe_others(others, first)))
            check_outsiders(context, wanted, steps)
            if steps:
                Work(wanted, _look(observed, charge, above), charge, context).carry_out(steps)
            done += steps
    return Done(done, None)


@contextmanager
def borrow_groups(context: Context) -> Iterator[Charge]:
    """All groups may be changed meanwhile, and are as before afterwards, whatever happens.

    Raises Refused for who has only a part in his charge.
    """
    (charge, *_) = find_charges(context)
    if charge.portion is not None:
        what = "events that change schedulers change groups of others, too"
        raise Refused(Problem(what, None, "", "events", for_root=True))
    with hold(charge, context):
        above = charge.journal.above()
        before = _look(charge.read(), charge, above)
        charge.journal.save(before)
        try:
            yield charge
        finally:
            restore(before, charge.groups)
            charge.journal.close()


def verify(context: Context, groups: Groups | None = None) -> Plan:
    """Raises Drifted with everything in which the control groups, and the threads in them, are not
    as the registry says."""
    charges = find_charges(context, groups)
    for charge in charges if groups is None else ():
        tell_journal(charge.journal, context)
    plans = plan_each(context, charges)
    problems: list[Problem] = []
    for plan in plans:
        if plan.obstacles and not plan.steps:
            problems += plan.obstacles
            continue
        drift = list(find_drift(plan.wanted.groups, plan.observed, find_holder_name))
        problems += [Problem(each.what, None, "", "drift") for each in drift]
        if drift:
            remedy = "\n".join(_find_remedies(context, plan, drift))
            problems[-1] = problems[-1]._replace(remedy=remedy)
    whole = join_plans(plans)
    problems += find_stray_threads(context, whole.wanted, whole.observed)
    if problems:
        raise Drifted(problems)
    return whole


def _find_remedies(context: Context, plan: Plan, drift: Sequence[Drift]) -> Iterator[str]:
    mended = [each for each in drift if not each.is_of_cpus]
    if mended:
        yield f"{by_me(context, 'apply')} makes it as the registry says"
        yield from _name_holders(plan, mended)
    names = dict.fromkeys(scheduler_of(each.path) for each in drift if each.is_of_cpus)
    if names:
        yield f"plug in a cpu of {join_names(list(names))}, or declare it on others and apply"


def _name_holders(plan: Plan, drift: Sequence[Drift]) -> Iterable[str]:
    """Whose it is to mend, too, or who declared what only root can make so."""
    held = Held.of_wanted(plan.wanted.groups)
    said: dict[str, None] = {}
    for each in drift:
        part = held.find(each.path, "")
        if part is None:
            continue
        who = find_holder_name(held.hand(part))
        if each.for_root:
            said[f"{scheduler_of(each.path)} is {who}'s, and it takes root to make it so"] = None
        else:
            said[f"what is beneath {scheduler_of(part)} is {who}'s to apply, too"] = None
    return said


def _look(observed: Observed, charge: Charge, above: str) -> Before:
    """above: who else may change them, as of before they were read."""
    processes = {path: tuple(charge.groups.processes(path)) for path in observed if path != OUTSIDE}
    return Before(observed, processes, os.getpid(), above)
