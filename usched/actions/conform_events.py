"""The events of a workload as they are done to the kernel: planned before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from usched.actions.context import Context
from usched.actions.plan import Plan
from usched.actions.read import read_joined
from usched.meaning.grants import Hands
from usched.meaning.resolver import Resolver
from usched.meaning.timetable import Ending, Timetable, Transfer
from usched.meaning.tree import Tree
from usched.plan.difference import PROCESSES, Step, compare
from usched.plan.lower_cgroup import lower
from usched.plan.owners import hand_over
from usched.plan.wanted import Wanted
from usched.text.language.canonical import format_statement
from usched.words.problems import Problem, Refused, UschedError
from usched.words.statement import Destroy
from usched.words.workload import Event, Hotplug, Kill, Move, StatementEvent


@dataclass(frozen=True, slots=True)
class Cue:
    """at: its tick. what: the event in words. sent: lwps by their indexes, and to which scheduler.
    ended: lwps. wanted: what Linux is like from then on, None where that stays; steps: to there."""

    at: int
    what: str
    sent: Sequence[int] = ()
    to: str = ""
    ended: Sequence[int] = ()
    wanted: Wanted | None = None
    steps: Sequence[Step] = ()


def plan_cues(
    context: Context, plan: Plan, events: Sequence[Event], timetable: Timetable
) -> list[Cue]:
    """In order. plan: of what is there before them. events: the timetable has validated them.
    Raises Refused with what cannot be done to this machine."""
    joined = read_joined(context)
    planner = _Planner(joined.tree, joined.hands, plan, timetable)
    cues: list[Cue] = []
    for event in events:
        cues += planner.take(event)
    if planner.problems:
        raise Refused(planner.problems)
    return cues


class _Planner:
    """owners: of each lwp the scheduler that it is in, or forks into; None for one that ended.
    observed: what groups say."""

    def __init__(self, tree: Resolver, hands: Hands, plan: Plan, timetable: Timetable) -> None:
        self._tree = Tree(tree.registry(), tree.topology, find_aside=tree.find_aside)
        self._hands = hands
        self._kernel = plan.kernel
        self._observed = plan.observed
        self._position = max((each.position for each in timetable.schedulers), default=0)
        self._actions = iter(timetable.actions)
        self._owners: list[str | None] = [
            each.scheduler for each in timetable.programs for _ in range(each.rforks)
        ]
        self.problems: list[Problem] = []

    def take(self, event: Event) -> Iterator[Cue]:
        match event:
            case Move(at, target, to):
                lwps = self._find(Transfer)
                for index in lwps:
                    self._owners[index] = to
                yield Cue(at, f"move {target} into {to}", sent=lwps, to=to)
            case Kill(at, target):
                lwps = self._find(Ending)
                for index in lwps:
                    self._owners[index] = None
                yield Cue(at, f"kill {target}", ended=lwps)
            case Hotplug():
                what = "conform plugs and unplugs no cpus: they are everybody's"
                problem = Problem(what, event.span, "leave it out, or simulate it", "events")
                self.problems.append(problem)
            case StatementEvent():
                yield from self._declare(event)

    def _find(self, kind: type[Transfer | Ending]) -> Sequence[int]:
        """Those of the next such action: there is one for each such event, in the same order."""
        found = next(each for each in self._actions if isinstance(each, kind))
        assert isinstance(found, (Transfer, Ending))
        return [index for index in found.lwps if self._owners[index] is not None]

    def _declare(self, event: StatementEvent) -> Iterator[Cue]:
        self._position += 1
        changes = self._tree.apply(event.statement, self._position)
        gone = {change.name for change in changes if change.after is None}
        lwps = [index for index, owner in enumerate(self._owners) if owner in gone]
        to = event.statement.into if isinstance(event.statement, Destroy) else None
        for index in lwps:
            self._owners[index] = to
        tree = self._tree.resolver
        try:
            wanted = hand_over(lower(tree, self._kernel, self._hands.parts), self._hands)
        except UschedError as error:
            self.problems += [each._replace(where=event.span) for each in error.problems]
            return
        for name in sorted({owner for owner in self._owners if owner is not None}):
            if tree.find(name) is not None and name not in wanted.threads:
                what = f"{name} has lwps, and from here on no cpu of its own for them on Linux"
                self.problems.append(Problem(what, event.span, "move them first", "events", name))
        steps = compare(wanted.groups, self._observed)
        # anybody may be in any of them by then
        self._observed = {each.path: {**each.files, PROCESSES: "?"} for each in wanted.groups}
        what = format_statement(event.statement)
        if to is None:  # in the model they have all exited, and what is late with it is ended
            yield Cue(event.at, what, (), "", lwps, wanted, steps)
        else:
            yield Cue(event.at, what, lwps, to, (), wanted, steps)
