"""Going back: an apply that did not come to its end, or was not confirmed, is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from usched.actions.plan import Readable, describe_trial
from usched.plan.difference import Step, plan_back
from usched.words.problems import Problem, Refused
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Before, Journal
from usched.world.linux.refusals import explain_refusal


class Groups(Readable, Protocol):
    """Control groups that can be changed. Raises StepFailed."""

    def do(self, step: Step) -> None: ...
    def processes(self, path: str) -> list[int]: ...
    def move(self, pid: int, path: str) -> None: ...


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


def finish_earlier(journal: Journal, groups: Groups, tell: Callable[[str], None]) -> None:
    """Undo what somebody began who did not come to its end, or what was not confirmed in time."""
    before = journal.load()
    if before is not None:
        restore(before, groups)
        journal.close_trial()
        journal.close()
        tell(f"an apply by process {before.pid} did not come to its end: it is undone")
        return
    trial = journal.load_trial()
    if trial is not None and trial.is_over:
        restore(trial.before, groups)
        journal.close_trial()
        tell(f"an apply by process {trial.before.pid} was not confirmed in time: it is undone")


def refuse_during_trial(journal: Journal) -> None:
    what = describe_trial(journal)
    if what:
        raise Refused(Problem(what, None, "to keep it: usched confirm", "trial"))
