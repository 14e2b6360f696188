"""Applying: the control groups as the registry says, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from usched.actions.context import Context
from usched.actions.plan import Plan, Readable, make_plan
from usched.plan.difference import Observed, Step, compare, plan_back
from usched.plan.readings import find_drift, find_misreadings
from usched.plan.wanted import OUTSIDE, TOP, Group
from usched.words.problems import Drifted, Problem, Refused
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.journal import Before, Journal
from usched.world.linux.refusals import explain_refusal

_UNDONE = "nothing is changed: what was done is undone"


class Groups(Readable, Protocol):
    """Control groups that can be changed. Raises StepFailed."""

    def do(self, step: Step) -> None: ...
    def processes(self, path: str) -> list[int]: ...
    def move(self, pid: int, path: str) -> None: ...


class Done(NamedTuple):
    """steps: those that were done. plan: as of then; None for a release."""

    steps: list[Step]
    plan: Plan | None


def apply_registry(context: Context, groups: Groups | None = None) -> Done:
    """Raises Refused where the kernel does not do what was asked, EnvironmentFailed where it
    refuses a step: then all is as it was."""
    groups = groups or Cgroups(context.root, TOP)
    journal = Journal(context.root)
    with journal.lock():
        finish_earlier(journal, groups, context.tell)
        plan = make_plan(context, groups)
        _carry_out(plan.steps, plan.wanted.groups, plan.observed, journal, groups)
        return Done(plan.steps, plan)


def release(context: Context, groups: Groups | None = None) -> Done:
    """The control groups as if there were no schedulers; processes go to the root group."""
    groups = groups or Cgroups(context.root, TOP)
    journal = Journal(context.root)
    with journal.lock():
        finish_earlier(journal, groups, context.tell)
        observed = groups.read()
        wanted = (Group(OUTSIDE, "", observed[OUTSIDE]),)
        steps = compare(wanted, observed)
        _carry_out(steps, wanted, observed, journal, groups)
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


def finish_earlier(journal: Journal, groups: Groups, tell: Callable[[str], None]) -> None:
    """Undo what somebody began who did not come to its end."""
    before = journal.load()
    if before is None:
        return
    restore(before, groups)
    journal.close()
    tell(f"an apply by process {before.pid} did not come to its end: it is undone")


def _carry_out(
    steps: Sequence[Step],
    wanted: tuple[Group, ...],
    observed: Observed,
    journal: Journal,
    groups: Groups,
) -> None:
    """observed: what the steps were planned from."""
    if not steps:
        return
    processes = {path: tuple(groups.processes(path)) for path in observed if path != OUTSIDE}
    before = Before(observed, processes, os.getpid())
    journal.save(before)
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


def restore(before: Before, groups: Groups) -> None:
    """Whatever was done since, from wherever it stopped. Raises EnvironmentFailed where the kernel
    refuses: the journal stays, and the next command tries again."""
    try:
        for step in plan_back(before.groups, groups.read()):
            groups.do(step)
        for path, pids in before.processes.items():
            there = set(groups.processes(path))
            for pid in pids:
                if pid not in there:
                    groups.move(pid, path)
    except StepFailed as failed:
        raise explain_refusal(failed, "what was done cannot be undone: ") from failed
