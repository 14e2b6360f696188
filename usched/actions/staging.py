"""The processes of a run in their schedulers, and what events make of both, at their time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import NamedTuple

from usched.actions.charges import Charge
from usched.actions.conform_events import Cue
from usched.actions.context import Context
from usched.actions.places import Changeable, Place, find_home, giving_homes, settle
from usched.plan.difference import Step
from usched.plan.kernel import CPUS
from usched.plan.pins import choose_homes
from usched.plan.readings import Reading, describe_reading, find_misreadings
from usched.plan.wanted import OUTSIDE, TOP, Group, Wanted
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem, Refused
from usched.words.trace import SECOND
from usched.world.linux.cgroups import Cgroups, StepFailed
from usched.world.linux.ownership import find_holder_name
from usched.world.linux.refusals import explain_refusal
from usched.world.linux.threads import possible_cpus, read_thread


class Player(NamedTuple):
    """A process that plays an lwp. name: of the lwp. scheduler: in which it is at first, or is to
    be when there is one of that name."""

    pid: int
    name: str
    scheduler: str


class Played(NamedTuple):
    """An event that was done. late, took: seconds."""

    at: int
    what: str
    late: float
    took: float


class Stage:
    """players: by the index of the lwp. wanted: what Linux is like now. charge: what events may
    change; None where there are none that do."""

    def __init__(
        self,
        context: Context,
        players: Sequence[Player],
        wanted: Wanted,
        charge: Charge | None,
        change: Changeable,
    ) -> None:
        self._context = context
        self._players = players
        self._owners: list[str | None] = [each.scheduler for each in players]
        self._placed = [False] * len(players)
        self._wanted = wanted
        self._charge = charge
        self._change = change
        self._possible = possible_cpus(context.root)
        self.played: list[Played] = []

    def place_all(self, order: Sequence[int]) -> None:
        """Those whose schedulers there are, in this order. Raises NotPermitted or
        EnvironmentFailed where one cannot be what its scheduler is."""
        for index in order:
            owner = self._owners[index]
            if owner in self._wanted.threads and not self._placed[index]:
                self._put(index)

    def perform(self, cue: Cue, late: int) -> None:
        """late: ns by which it is begun too late. Raises as `place_all`, and Refused where the
        kernel makes something else of it."""
        began = time.monotonic_ns()
        for index in cue.ended:
            self._end(index)
        for index in cue.sent:
            self._owners[index] = cue.to
            if self._placed[index]:
                self._put(index)
        if cue.wanted is not None:
            self._change_groups(cue, cue.wanted)
        took = time.monotonic_ns() - began
        self.played.append(Played(cue.at, cue.what, late / SECOND, took / SECOND))

    def _place(self, name: str) -> Place:
        return Place(self._context.root, name, self._wanted.threads[name], True, self._possible)

    def _put(self, index: int) -> None:
        """Into its scheduler, as `exec` does it."""
        pid, name, _ = self._players[index]
        owner = self._owners[index]
        assert owner is not None
        place = self._place(owner)
        with giving_homes(place, self._context.tell):
            try:
                place.groups.move(pid, place.threads.group)
            except StepFailed as failed:
                raise explain_refusal(failed, f"{name}: ") from failed
            thread = read_thread(place.root, pid)
            if thread is None:
                raise EnvironmentFailed(f"somebody ended {name}, process {pid}, before it began")
            home = find_home(place, thread, joined=True)
            refusals = list(settle(place, thread, home, True, self._change))
        for refusal in refusals:
            raise NotPermitted(Problem(f"{name} cannot be in {place.name}: {refusal.why}"))
        self._placed[index] = True

    def _end(self, index: int) -> None:
        """It burns no more, and is in nobody's way: out of its group, and of its home."""
        pid = self._players[index].pid
        self._owners[index] = None
        os.kill(pid, signal.SIGUSR1)
        if self._placed[index]:
            try:
                Cgroups(self._context.root, TOP).move(pid, OUTSIDE)
                self._change.pin(pid, self._possible)
            except StepFailed as failed:
                if not failed.is_forbidden:  # else it sleeps where it is
                    raise explain_refusal(failed, f"{self._players[index].name}: ") from failed

    def _change_groups(self, cue: Cue, wanted: Wanted) -> None:
        assert self._charge is not None
        where = f"{cue.what}, tick {cue.at}: "
        try:
            for step in cue.steps:
                self._charge.groups.do(step)
        except StepFailed as failed:
            raise explain_refusal(failed, where) from failed
        before, self._wanted = self._wanted, wanted
        self.place_all(range(len(self._players)))
        told = {step.path for step in cue.steps if step.file == CPUS}
        for name in dict.fromkeys(each for each in self._owners if each is not None):
            threads = wanted.threads.get(name)
            if threads is None:
                continue
            # a group that is told its cpus takes from its threads what was theirs (Linux 6.1)
            if threads.group in told or threads != before.threads.get(name):
                self._settle_again(name)
        problems = [
            Problem(f"{where}{describe_reading(each, find_holder_name)}")
            for each in self._read_back(cue.steps, wanted)
        ]
        if problems:
            raise Refused(problems)

    def _read_back(self, steps: Sequence[Step], wanted: Wanted) -> list[Reading]:
        """Of what was written, what reads otherwise."""
        files = {group.path: group for group in wanted.groups}
        written: dict[str, set[str]] = {}
        for step in steps:
            if step.kind == "write" and step.path in files and step.path != OUTSIDE:
                written.setdefault(step.path, set()).add(step.file)
        groups = Cgroups(self._context.root, TOP)
        expected, said = [], {}
        for path, names in written.items():
            group = files[path]
            kept = {name: text for name, text in group.files.items() if name in names}
            expected.append(Group(path, group.scheduler, kept))
            said[path] = {name: groups.say(path, name) or "" for name in kept}
        return list(find_misreadings(expected, said))

    def _settle_again(self, name: str) -> None:
        """All that are there: homes that hold are kept."""
        place = self._place(name)
        there = [
            index
            for index, owner in enumerate(self._owners)
            if owner == name and self._placed[index]
        ]
        found = [read_thread(place.root, self._players[index].pid) for index in there]
        threads = [each for each in found if each is not None]
        homes = choose_homes(place.threads.homes, place.online, [each.affinity for each in threads])
        for thread, home in zip(threads, homes, strict=True):
            for refusal in settle(place, thread, home, True, self._change):
                raise NotPermitted(Problem(f"{thread.comm} cannot be in {name}: {refusal.why}"))
