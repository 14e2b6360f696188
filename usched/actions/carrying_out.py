"""The steps of a plan carried out: all of them, or those undone that were done."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import PurePath

from usched.actions.charges import Charge
from usched.actions.context import Context
from usched.actions.remedies import by_me, by_root
from usched.actions.undoing import ROOT_STANDS, restore
from usched.plan.difference import Observed, Step, compare, find_part
from usched.plan.owners import Held
from usched.plan.readings import Reading, describe_reading, find_misreadings
from usched.plan.wanted import Group, scheduler_of
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Before
from usched.world.linux.ownership import find_holder_name
from usched.world.linux.refusals import explain_refusal

_UNDONE = "nothing is changed: what was done is undone"

#: A group, or a folder on the way to it, that is not there.
_GONE = (errno.ENOENT, errno.ENODEV)

#: How often it is looked for groups that somebody made meanwhile.
_MOST_ROUNDS = 5


class Work:
    """wanted: what is there after it. before: what the steps were planned from.

    What others hold is theirs to keep in order: what is refused there is told, and the rest of it
    is left to them.
    """

    def __init__(
        self,
        wanted: tuple[Group, ...],
        before: Before,
        charge: Charge,
        context: Context,
    ) -> None:
        self._wanted = wanted
        self._paths = {group.path for group in wanted}
        self._before = before
        self._journal = charge.journal
        self._groups = charge.groups
        self._context = context
        self._held = Held.of_wanted(wanted)
        self._left: set[str] = set()

    def carry_out(self, steps: Sequence[Step]) -> None:
        try:
            self._journal.save(self._before)
        except EnvironmentFailed:
            self._journal.close_trial()
            raise
        try:
            for step in steps:
                self._make_way()
                self._do(step)
            self._check_readings(self._clear_away())
        except StepFailed as failed:
            self._undo()
            self._make_way()
            raise explain_refusal(failed, after=_UNDONE) from failed
        except BaseException:
            self._undo()
            raise
        self._journal.close()

    def _make_way(self) -> None:
        """Root waits for nobody: who holds a part leaves off when root is at it."""
        if self._journal.is_stale(self._before):
            remedy = f"{by_me(self._context, 'plan')} shows what there is now"
            raise EnvironmentFailed(Problem(ROOT_STANDS, None, remedy, "root"))

    def _do(self, step: Step) -> None:
        part = find_part(self._held, step)
        if part in self._left and step.kind != "chown":
            return
        try:
            self._groups.do(step)
        except StepFailed as failed:
            if step.path not in self._paths and failed.error.errno in _GONE:
                return  # whose it was took it away just now
            if part is None:
                raise
            if step.kind == "mkdir" and failed.error.errno == errno.EEXIST:
                return  # its holder made it just now
            self._leave(part, explain_refusal(failed).problems[0].what)

    def _leave(self, part: str, why: str) -> None:
        if part not in self._left:
            self._left.add(part)
            name = scheduler_of(part)
            holders = by_root(self._context.registry, "apply")
            self._context.tell(
                f"{name}: what is beneath it is left to its holder ({holders}): {why}"
            )

    def _undo(self) -> None:
        if not self._journal.is_stale(self._before):
            restore(self._before, self._groups)
        self._journal.close_trial()
        self._journal.close()

    def _clear_away(self) -> Observed:
        """What there is in the end, without what somebody made who was at it until all was taken
        back from him."""
        for _ in range(_MOST_ROUNDS):
            observed = self._groups.read()
            strange = (path for path in observed if path not in self._paths)
            if all(self._held.find(path, "") is not None for path in strange):
                break
            for step in compare(self._wanted, observed):
                self._do(step)
        return observed

    def _check_readings(self, observed: Observed) -> None:
        """cgroup v2 takes down what it is asked for, and may do something else."""
        problems = []
        for each in find_misreadings(self._wanted, observed):
            what = _describe(each)
            part = self._held.find(each.path, "" if each.is_owner else PurePath(each.file).name)
            if part is None:
                problems.append(Problem(what, None, _UNDONE, "reads back"))
            else:
                self._leave(part, what)
        if problems:
            raise Refused(problems)


def _describe(reading: Reading) -> str:
    if reading.is_owner:
        return describe_reading(reading, find_holder_name)
    reads = reading.reads or "nothing"
    return f"{reading.file} was told `{reading.wanted}`, and reads back `{reads}`"
