"""Going back: an apply that did not come to its end, or was not confirmed, is undone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from usched.actions.groups import Groups
from usched.plan.difference import PROCESSES, plan_back
from usched.plan.owners import Held
from usched.words.problems import Problem, Refused
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Before, Journal
from usched.world.linux.refusals import explain_refusal
from usched.world.linux.watchdog import is_watched

#: Of who holds a part, and was at it when root applied.
ROOT_STANDS = "root has applied since, and that stands"


def restore(before: Before, groups: Groups) -> None:
    """Whatever was done since, from wherever it stopped. Raises EnvironmentFailed where the kernel
    refuses: the journal stays, and the next command tries again. What others hold is put back as
    far as they let it be."""
    held = Held(before.groups)
    for step in plan_back(before.groups, groups.read()):
        _try_back(partial(groups.do, step), held, step.path, step.file or step.kind)
    for path, pids in before.processes.items():
        there = set(groups.processes(path))
        for pid in pids:
            if pid not in there:
                _try_back(partial(groups.move, pid, path), held, path, PROCESSES)


def _try_back(act: Callable[[], None], held: Held, path: str, file: str) -> None:
    try:
        act()
    except StepFailed as failed:
        if held.find(path, file) is None:
            raise explain_refusal(failed, "what was done cannot be undone: ") from failed


def finish_earlier(journal: Journal, groups: Groups, tell: Callable[[str], None]) -> None:
    """Undo what somebody began who did not come to its end, or what was not confirmed in time."""
    before = journal.load()
    if before is not None:
        what = _go_back(before, journal, groups)
        journal.close_trial()
        journal.close()
        tell(f"an apply by process {before.pid} did not come to its end: {what}")
        return
    trial = journal.load_trial()
    if trial is not None and trial.is_over:
        what = _go_back(trial.before, journal, groups)
        journal.close_trial()
        tell(f"an apply by process {trial.before.pid} was not confirmed in time: {what}")


def _go_back(before: Before, journal: Journal, groups: Groups) -> str:
    """What became of it."""
    if journal.is_stale(before):
        return ROOT_STANDS
    restore(before, groups)
    return "it is undone"


def describe_trial(journal: Journal) -> str:
    """What becomes of the apply that waits to be confirmed; "" where none does."""
    trial = journal.load_trial()
    if trial is None:
        return ""
    what = "an apply waits to be confirmed"
    if not is_watched(journal.open_watchdog):
        who = "the process that would undo it is gone, and the next apply or release does"
        return f"{what}, until {trial.left} s from now: {who}"
    return f"{what}, and is undone in {trial.left} s if it is not"


def refuse_during_trial(journal: Journal, confirm: str) -> None:
    """confirm: what is typed to keep it."""
    what = describe_trial(journal)
    if what:
        raise Refused(Problem(what, None, f"to keep it: {confirm}", "trial"))
