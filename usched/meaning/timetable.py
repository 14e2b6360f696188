"""A workload held against a registry: what will happen when, known to be valid before it runs.

Everything that a run can know beforehand is settled here (usched-model(7), "On the fly"): events
are carried out on the tree in order, and every fork finds its scheduler. What is left to the
dispatcher is who is live, runs and waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from usched.meaning.reach import reach_of
from usched.meaning.registry import Source
from usched.meaning.resolver import Scheduler
from usched.meaning.selectors import select_terms
from usched.meaning.tree import Tree
from usched.meaning.working_copy import Change
from usched.text.workload import relocate
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.machine import Topology
from usched.words.phrases import suggest
from usched.words.problems import NoSuchName, Problem, Refused, UschedError
from usched.words.statement import Destroy
from usched.words.workload import Event, Hotplug, Kill, Move, Program, StatementEvent, Workload


@dataclass(frozen=True, slots=True)
class Redeclaration:
    """Schedulers that differ after a declaration: new ones, and ones whose facts changed."""

    at: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Destruction:
    """gone: in the order in which they go. into: who takes their lwps over. changes: siblings."""

    at: int
    gone: tuple[str, ...]
    into: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """The lwps of these indexes (workload order) move to a scheduler."""

    at: int
    lwps: range
    to: str


@dataclass(frozen=True, slots=True)
class Ending:
    """The lwps of these indexes exit, or never fork."""

    at: int
    lwps: range


@dataclass(frozen=True, slots=True)
class Switch:
    """cpus of the machine go offline, or online."""

    at: int
    cpus: CpuSet
    online: bool


Action = Redeclaration | Destruction | Transfer | Ending | Switch


@dataclass(frozen=True, slots=True)
class Timetable:
    """A run that may begin.

    schedulers: those at tick 0, parents first, siblings in declaration order. programs: with
    `first[i]` the index of the first lwp of program i. actions: by tick, then as written. reach:
    for each scheduler that ever is, the real cpus that it can reach at one time or another.
    """

    topology: Topology
    hz: int
    schedulers: tuple[Scheduler, ...]
    programs: tuple[Program, ...]
    first: tuple[int, ...]
    actions: tuple[Action, ...]
    reach: dict[str, CpuSet]

    def is_there_at_first(self, name: str) -> bool:
        return any(each.name == name for each in self.schedulers)

    def lwps(self) -> int:
        return sum(program.rforks for program in self.programs)


def plan_timetable(
    source: Source,
    topology: Topology,
    workload: Workload,
    find_aside: Callable[[str], Problem | None] = lambda _: None,
) -> Timetable:
    """Validate a workload on a registry. find_aside: as a resolver's. Raises Refused with
    everything that is wrong."""
    tree = Tree(source, topology, find_aside=find_aside)
    problems = tree.resolver.find_misfits()
    if problems:
        raise Refused(problems)
    schedulers = tuple(tree.resolver.schedulers())
    planner = _Planner(tree, workload.programs, max((s.position for s in schedulers), default=0))
    for event in workload.events:
        planner.take(event)
    planner.check_forks(None)
    if planner.problems:
        raise Refused(planner.problems)
    return Timetable(
        topology,
        workload.hz or topology.hz,
        schedulers,
        workload.programs,
        tuple(planner.first),
        tuple(planner.actions),
        planner.reach,
    )


class _Planner:
    """Carries events out on the tree, and follows where each lwp would fork."""

    def __init__(self, tree: Tree, programs: Sequence[Program], position: int) -> None:
        self.tree = tree
        self.programs = programs
        self.position = position
        self.problems: list[Problem] = []
        self.actions: list[Action] = []
        self.first: list[int] = []
        self.targets: list[str | None] = []
        self.reach: dict[str, CpuSet] = {}
        for scheduler in tree.resolver.schedulers():
            self.reach[scheduler.name] = reach_of(tree.resolver, scheduler)
        forks: list[tuple[int, int, Program]] = []
        for program in programs:
            self.first.append(len(self.targets))
            for number in range(program.rforks):
                forks.append((program.at + number * program.every, len(self.targets), program))
                self.targets.append(program.scheduler)
        self.forks = sorted(forks, key=lambda fork: fork[:2], reverse=True)

    def check_forks(self, before: int | None) -> None:
        """Every fork before that tick (None: all) finds its scheduler; each name once."""
        while self.forks and (before is None or self.forks[-1][0] < before):
            tick, index, program = self.forks.pop()
            target = self.targets[index]
            if target is None or self.tree.resolver.find(target) is not None:
                continue
            self.problems.append(self._describe_miss(program, tick, target))
            for other in range(len(self.targets)):
                if self.targets[other] == target:
                    self.targets[other] = None

    def _describe_miss(self, program: Program, tick: int, target: str) -> Problem:
        what = f"program '{program.name}' forks at tick {tick} into {target or 'no scheduler'}"
        if aside := self.tree.resolver.find_aside(target):
            what += f": {aside.what}"
            return Problem(what, program.span, aside.remedy, "fork", target)
        near = self.tree.resolver.suggest(target)
        what += ", which does not exist then" if self.actions else ", which does not exist"
        remedy = near or "usched list shows the schedulers"
        return Problem(what, program.span, remedy, "fork", target)

    def take(self, event: Event) -> None:
        self.check_forks(event.at)
        try:
            action = self.carry_out(event)
        except UschedError as error:
            self.problems.extend(_locate(problem, event) for problem in error.problems)
        else:
            if action is not None:
                self.actions.append(action)

    def carry_out(self, event: Event) -> Action | None:
        match event:
            case StatementEvent(at, Destroy() as destroy):
                return self.destroy(at, destroy)
            case StatementEvent(at, statement):
                self.position += 1
                changes = self.tree.apply(statement, self.position)
                self.note_reach(changes)
                return Redeclaration(at, _restarting(changes, statement.name)) if changes else None
            case Move(at, target, to):
                lwps = self.find_lwps(target)
                self.tree.resolver.require(to, event.to_span)
                for index in lwps:
                    if self.targets[index] is not None:
                        self.targets[index] = to
                return Transfer(at, lwps, to)
            case Kill(at, target):
                lwps = self.find_lwps(target)
                for index in lwps:
                    self.targets[index] = None
                return Ending(at, lwps)
            case Hotplug(at, online, terms):
                view = self.tree.resolver.view("")
                assert view is not None
                selection = select_terms(terms, view)
                if selection.problems:
                    raise Refused(selection.problems)
                return Switch(at, selection.cpus, online)
            case _:
                assert_never(event)

    def destroy(self, at: int, destroy: Destroy) -> Destruction:
        changes = self.tree.apply(destroy, self.position)
        gone = tuple(change.name for change in changes if change.after is None)
        if destroy.into is not None:
            names = set(gone)
            for index, target in enumerate(self.targets):
                if target in names:
                    self.targets[index] = destroy.into
        rest = tuple(change for change in changes if change.after is not None)
        self.note_reach(rest)
        return Destruction(at, gone, destroy.into, _restarting(rest, destroy.name))

    def note_reach(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.reach[change.name] = self.reach.get(change.name, NO_CPUS) | change.has

    def find_lwps(self, target: str) -> range:
        """The lwps of a program, or one of them. Raises NoSuchName."""
        name, dot, number = target.partition(".")
        for program, first in zip(self.programs, self.first, strict=True):
            if program.name != name:
                continue
            if not dot:
                return range(first, first + program.rforks)
            if number.isascii() and number.isdecimal() and len(number) < 8:
                index = int(number)
                if index < program.rforks and str(index) == number:
                    return range(first + index, first + index + 1)
            has = f"its only one is {name}.0"
            if program.rforks > 1:
                has = f"there are {name}.0 to {name}.{program.rforks - 1}"
            raise NoSuchName(Problem(f"there is no lwp {target[:60]} ({has})"))
        near = suggest(name, (program.name for program in self.programs))
        raise NoSuchName(Problem(f"there is no program '{name[:40]}'", None, near))


def _restarting(changes: Sequence[Change], stated: str) -> tuple[Change, ...]:
    """Less those that only moved along with a parent: that is no fact of their own."""
    return tuple(
        change for change in changes if change.before != change.after or change.name == stated
    )


def _locate(problem: Problem, event: Event) -> Problem:
    if isinstance(event, (StatementEvent, Hotplug)) and problem.where is not None:
        text = problem.where.line.text
        return relocate(problem, text, event.span)
    return problem._replace(where=problem.where or event.span)
