"""A model of the kernel's groups, as what actions change: it can refuse, and they can die of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from tests.plan.cgroup_model import Cgroups as Model
from tests.plan.cgroup_model import Refused as ModelRefused
from usched.actions.change import carry_out
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.plan.difference import Step
from usched.plan.kernel import Kernel as Linux
from usched.plan.wanted import OUTSIDE
from usched.text.language.grammar import parse_script
from usched.world.linux.cgroups import StepFailed

#: What is declared after `FIRST` of tests.plan.trees.
SECOND = """
destroy POOL recursive
X on cpu4 cpu5 lwktpri 8 exclusive
IDLE/A on cpu0 lwktpri 3
IDLE/B on cpu1 lwktpri 7
Y on cpu2 lwktpri 8 exclusive locked
"""


LINUX = Linux("6.12.9", (6, 12))


class Died(BaseException):
    """As by kill -9: nothing is done after it."""


class Kernel:
    """The model as what apply changes. fail_at: the step, from 1, that is refused with `errno`;
    die_at: the one before which the process dies."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.pids: dict[str, list[int]] = {}
        self.steps = 0
        self.fail_at = self.die_at = 0
        #: Beneath it everything is refused.
        self.fail_beneath = ""
        self.errno = errno.EINVAL
        self.dead = False

    def read(self, within: str = "") -> dict[str, dict[str, str]]:  # noqa: ARG002 - it has all
        self._live()
        for path in self.model.files:
            self.model.procs[path] = len(self.pids.get(path, ()))
        return self.model.observed()

    def do(self, step: Step) -> None:
        self._live()
        self.steps += 1
        if self.steps == self.die_at:
            self.dead = True
            self._live()
        if self.steps == self.fail_at:
            raise StepFailed(step, OSError(self.errno, "said the test"))
        if self.fail_beneath and step.path.startswith(self.fail_beneath):
            raise StepFailed(step, OSError(errno.EBUSY, "said the test"))
        try:
            if step.kind == "move":
                for pid in self.processes(step.path):
                    self.move(pid, step.value)
            else:
                self.read()
                self.model.do(step)
        except ModelRefused as refused:
            number = getattr(errno, refused.args[0])
            raise StepFailed(step, OSError(number, refused.args[0])) from refused

    def processes(self, path: str) -> list[int]:
        self._live()
        return list(self.pids.get(path, ()))

    def move(self, pid: int, path: str) -> None:
        self._live()
        assert not self.model.files[path]["cgroup.subtree_control"] or path == OUTSIDE
        for pids in self.pids.values():
            if pid in pids:
                pids.remove(pid)
        self.pids.setdefault(path, []).append(pid)

    def _live(self) -> None:
        if self.dead:
            raise Died

    def state(self) -> tuple[object, ...]:
        self.read()
        pids = {path: sorted(pids) for path, pids in self.pids.items() if pids}
        return self.model.observed(), pids


def declare(context: Context, script: str) -> None:
    carry_out(context, list(parse_script(script, "script")))


def endings(context: Context, kernel: Kernel) -> Iterator[int]:
    """The number of each step of the second registry's apply."""
    trial = Kernel(kernel.model)
    trial.pids = {path: list(pids) for path, pids in kernel.pids.items()}
    yield from range(1, len(make_plan(context, trial).steps) + 1)
