"""Applying: the control groups as the registry says, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.plan import Plan, Readable, make_plan
from usched.actions.trial import begin_trial
from usched.actions.undoing import Groups, finish_earlier, refuse_during_trial, restore
from usched.plan.difference import Observed, Step, compare
from usched.plan.readings import find_drift, find_misreadings
from usched.plan.wanted import OUTSIDE, TOP, Group
from usched.words.problems import Drifted, EnvironmentFailed, Problem, Refused
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.journal import Before, Journal
from usched.world.linux.refusals import explain_refusal

_UNDONE = "nothing is changed: what was done is undone"


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
    groups = groups or Cgroups(context.root, TOP)
    journal = Journal(context.root)
    with journal.lock():
        finish_earlier(journal, groups, context.tell)
        refuse_during_trial(journal)
        plan = make_plan(context, groups)
        if plan.steps:
            before = _look(plan.observed, groups)
            if seconds is not None:
                begin_trial(context.root, journal, groups, before, seconds)
            _carry_out(plan.steps, plan.wanted.groups, before, journal, groups)
        return Done(plan.steps, plan)


def release(context: Context, groups: Groups | None = None) -> Done:
    """The control groups as if there were no schedulers; processes go to the root group."""
    groups = groups or Cgroups(context.root, TOP)
    journal = Journal(context.root)
    with journal.lock():
        finish_earlier(journal, groups, context.tell)
        refuse_during_trial(journal)
        observed = groups.read()
        wanted = (Group(OUTSIDE, "", observed[OUTSIDE]),)
        steps = compare(wanted, observed)
        if steps:
            _carry_out(steps, wanted, _look(observed, groups), journal, groups)
        return Done(steps, None)


def verify(context: Context, groups: Readable | None = None) -> Plan:
    """Raises Drifted with everything in which the control groups are not as the registry says."""
    plan = make_plan(context, groups)
    found = list(find_drift(plan.wanted.groups, plan.observed))
    if found:
        problems = [Problem(what, None, "", "drift") for what in found]
        problems[-1] = problems[-1]._replace(remedy="usched apply makes it as the registry says")
        raise Drifted(problems)
    return plan


def _look(observed: Observed, groups: Groups) -> Before:
    processes = {path: tuple(groups.processes(path)) for path in observed if path != OUTSIDE}
    return Before(observed, processes, os.getpid())


def _carry_out(
    steps: Sequence[Step],
    wanted: tuple[Group, ...],
    before: Before,
    journal: Journal,
    groups: Groups,
) -> None:
    """before: what the steps were planned from."""
    try:
        journal.save(before)
    except EnvironmentFailed:
        journal.close_trial()
        raise
    try:
        for step in steps:
            groups.do(step)
        _check_readings(wanted, groups)
    except StepFailed as failed:
        _undo(before, journal, groups)
        raise explain_refusal(failed, after=_UNDONE) from failed
    except BaseException:
        _undo(before, journal, groups)
        raise
    journal.close()


def _undo(before: Before, journal: Journal, groups: Groups) -> None:
    restore(before, groups)
    journal.close_trial()
    journal.close()


def _check_readings(wanted: tuple[Group, ...], groups: Groups) -> None:
    """cgroup v2 takes down what it is asked for, and may do something else."""
    problems = [
        Problem(
            f"{each.file} was told `{each.wanted}`, and reads back `{each.reads or 'nothing'}`",
            None,
            _UNDONE,
            "reads back",
        )
        for each in find_misreadings(wanted, groups.read())
    ]
    if problems:
        raise Refused(problems)
