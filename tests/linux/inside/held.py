"""The model of the unit tests held against the kernel: the same steps, the same readings."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Any

from tests.linux.inside.commands import fork
from tests.linux.inside.report import report
from tests.plan.cgroup_model import Cgroups as Model
from tests.plan.cgroup_model import Refused
from tests.plan.trees import EIGHT, random_tree, tree_of
from usched.plan.difference import EFFECTIVE, Step, compare
from usched.plan.lower_cgroup import lower
from usched.plan.wanted import OUTSIDE, TOP, Group
from usched.words.cpuset import CpuSet
from usched.words.problems import UschedError
from usched.world.linux.cgroups import Cgroups, StepFailed, read_kernel

KERNEL = read_kernel("/")

_ON = "+cpuset +cpu"
_BEGIN = [
    Step("write", OUTSIDE, "cgroup.subtree_control", _ON),
    Step("mkdir", ""),
    Step("write", "", "cgroup.subtree_control", _ON),
]


class Pair:
    """The kernel's groups and the model's. differences: in what they were seen to be unlike."""

    def __init__(self) -> None:
        self.real = Cgroups("/", TOP)
        self.model = Model(EIGHT.online, KERNEL)
        self.differences: list[Any] = []
        self.steps = 0
        self.pids: list[int] = []

    def do(self, step: Step) -> None:
        self.steps += 1
        said = [self._do_real(step), self._do_model(step)]
        if said[0] != said[1]:
            self.differences.append([*step, *said])
        self._compare(*step)

    def _compare(self, *step: object) -> None:
        real, model = self.real.read(), self.model.observed()
        for path in {*real, *model}:
            ours, theirs = model.get(path, {}), real.get(path, {})
            for file in sorted({*ours, *theirs}):
                if ours.get(file) != theirs.get(file):
                    self.differences.append([*step, path, file, theirs.get(file), ours.get(file)])

    def _do_real(self, step: Step) -> str:
        try:
            self.real.do(step)
        except StepFailed as failed:
            return errno.errorcode[failed.error.errno or 0]
        return ""

    def _do_model(self, step: Step) -> str:
        try:
            self.model.do(step)
        except Refused as refused:
            return str(refused.args[0])
        return ""

    def enter(self, path: str) -> None:
        pid = fork(_sleep)
        self.pids.append(pid)
        self.real.move(pid, path)
        self.model.procs[path] += 1
        self._compare("enter", path)

    def plug(self, cpu: int, there: bool) -> None:
        Path(f"/sys/devices/system/cpu/cpu{cpu}/online").write_text(str(int(there)))
        one = CpuSet.span(cpu, cpu)
        self.model.online = self.model.online | one if there else self.model.online - one
        self._compare("plug", cpu, there)

    def end(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for step in compare((Group(OUTSIDE, "", {}),), self.real.read()):
            self.real.do(step)

    def release(self) -> None:
        for step in compare((Group(OUTSIDE, "", {}),), self.real.read()):
            self.do(step)


def _sleep() -> int:
    signal.pause()
    return 0


#: What is tried, each on fresh groups: a word and its arguments a step. `enter` is a process that
#: comes in; `plug` says whether a cpu is there.
TABLE = """
two parts of one set: mkdir a; write a cpuset.cpus 0-3; mkdir b; write b cpuset.cpus 2-5
more than the parent has: mkdir a; write a cpuset.cpus 0-3; write a cgroup.subtree_control +cpuset;
    mkdir a/b; write a/b cpuset.cpus 2-5; write a/b cpuset.cpus 5-6; write a cpuset.cpus 0-5
a cpu that is not there: mkdir a; write a cpuset.cpus 9; write a cpuset.cpus 0-63
no cpus: mkdir a; write a cpuset.cpus 3; write a cpuset.cpus
no cpus, with a process: mkdir a; write a cpuset.cpus 3; enter a; write a cpuset.cpus
made twice: mkdir a; mkdir a; mkdir b/c
removed with a process: mkdir a; enter a; rmdir a
removed with a group: mkdir a; mkdir a/b; rmdir a; rmdir a/b; rmdir a
processes in an inner group: mkdir a; enter a; write a cgroup.subtree_control +cpuset;
    mkdir b; move a b; write a cgroup.subtree_control +cpuset; move b a; rmdir b
a controller that the parent has not: mkdir a; mkdir a/b; write a/b cpuset.cpus 1;
    write a/b cgroup.subtree_control +cpu; write a/b cpu.weight 3
a controller that is in use: mkdir a; write a cgroup.subtree_control +cpu +cpuset; mkdir a/b;
    write a/b cgroup.subtree_control +cpu; write a cgroup.subtree_control -cpu;
    write a/b cgroup.subtree_control -cpu; write a/b cpu.weight 7;
    write a cgroup.subtree_control -cpu; write a cgroup.subtree_control +cpu
weights: mkdir a; write a cpu.weight 0; write a cpu.weight 10001; write a cpu.weight 10000;
    write a cpu.idle 1; write a cpu.weight 5; write a cpu.idle 0; write a cpu.weight 5
a quota: mkdir a; write a cpu.max 150000 100000; write a cpu.max 300000; write a cpu.max max
a partition: mkdir a; write a cpuset.cpus 2-3; write a cpuset.cpus.exclusive 2-3;
    write a cpuset.cpus.partition root; mkdir b; write b cpuset.cpus 0-1;
    write a cpuset.cpus.partition isolated; write a cpuset.cpus.partition member
with its top's exclusive cpus: write . cpuset.cpus.exclusive 2-3; mkdir a; write a cpuset.cpus 2-3;
    write a cpuset.cpus.exclusive 2-3; write a cpuset.cpus.partition root;
    write a cpuset.cpus.partition isolated; write a cpuset.cpus.partition member
a partition, then a sibling: write . cpuset.cpus.exclusive 0-3; mkdir a; write a cpuset.cpus 0-3;
    write a cpuset.cpus.exclusive 0-3; write a cpuset.cpus.partition root; mkdir b;
    write b cpuset.cpus 2-5; write b cpuset.cpus 4-5; write b cpuset.cpus 1
a sibling, then a partition: write . cpuset.cpus.exclusive 0-3; mkdir b; write b cpuset.cpus 2-5;
    mkdir a; write a cpuset.cpus 0-3; write a cpuset.cpus.exclusive 0-3;
    write a cpuset.cpus.partition root; write b cpuset.cpus 4-5
a sibling within: mkdir b; write b cpuset.cpus 2; mkdir a; write a cpuset.cpus 0-3;
    write a cpuset.cpus.exclusive 0-3; write b cpuset.cpus 2,4; write a cpuset.cpus.exclusive 0-3;
    write b cpuset.cpus 3
two exclusive: mkdir a; write a cpuset.cpus.exclusive 0-1; mkdir b;
    write b cpuset.cpus.exclusive 1-2; write b cpuset.cpus.exclusive 2-3
a partition beneath a partition: write . cpuset.cpus.exclusive 0-3; mkdir a;
    write a cpuset.cpus 0-3; write a cpuset.cpus.exclusive 0-3; write a cpuset.cpus.partition root;
    write a cgroup.subtree_control +cpuset +cpu; mkdir a/b; write a/b cpuset.cpus 0;
    write a/b cpuset.cpus.exclusive 0; write a/b cpuset.cpus.partition root; mkdir a/c;
    write a/c cpuset.cpus 1-3; write a cpuset.cpus.partition member
beneath a member that is beneath one: write . cpuset.cpus.exclusive 0-3; mkdir a;
    write a cpuset.cpus 0-3; write a cpuset.cpus.exclusive 0-3; write a cpuset.cpus.partition root;
    write a cgroup.subtree_control +cpuset +cpu; mkdir a/b; write a/b cpuset.cpus 0-1;
    write a/b cpuset.cpus.exclusive 0; write a/b cgroup.subtree_control +cpuset +cpu; mkdir a/b/c;
    write a/b/c cpuset.cpus 0; write a/b/c cpuset.cpus.exclusive 0;
    write a/b/c cpuset.cpus.partition root
removed while it is a partition: write . cpuset.cpus.exclusive 3; mkdir a; write a cpuset.cpus 3;
    write a cpuset.cpus.exclusive 3; write a cpuset.cpus.partition root; rmdir a
unplugged: mkdir a; write a cpuset.cpus 6-7; mkdir b; write b cpuset.cpus 7; plug 7 0; plug 7 1
unplugged from a partition: write . cpuset.cpus.exclusive 6-7; mkdir a; write a cpuset.cpus 6-7;
    write a cpuset.cpus.exclusive 6-7; write a cpuset.cpus.partition root; plug 7 0; plug 7 1
"""


def table() -> object:
    return {name: _try(script.split(";")) for name, script in _rows(TABLE)}


def _rows(text: str) -> list[tuple[str, str]]:
    rows: list[str] = []
    for line in text.strip().splitlines():
        if line.startswith(" "):
            rows[-1] += line
        else:
            rows.append(line)
    return [(name, script) for row in rows for name, _, script in [row.partition(": ")]]


def _try(script: list[str]) -> object:
    pair = Pair()
    for step in _BEGIN:
        pair.do(step)
    for each in script:
        match each.split():
            case ["enter", path]:
                pair.enter(path)
            case ["plug", cpu, text]:
                pair.plug(int(cpu), text == "1")
            case ["move", path, to]:
                pair.do(Step("move", path, "", to))
            case [("mkdir" | "rmdir") as kind, path]:
                pair.do(Step(kind, path))
            case ["write", path, file, *words]:
                pair.do(Step("write", "" if path == "." else path, file, " ".join(words)))
            case other:
                raise ValueError(other)
    pair.end()
    return pair.differences


#: Registries in which a partition would not be one, or not be its own.
FORESEEN = [
    ["X on cpu6 cpu7 lwktpri 6 exclusive"],
    ["X on cpu6 cpu7 lwktpri 6 exclusive locked"],
    [
        "A on cpu0-3 lwktpri 6 exclusive",
        "A/B on cpu0 cpu1 lwktpri 6",
        "A/B/X on cpu0 lwktpri 6 exclusive",
    ],
    ["A on cpu0-3 lwktpri 6", "A/X on cpu0 lwktpri 6 exclusive", "B on cpu0-5 lwktpri 6"],
]


def foreseen() -> object:
    """What plan says of X, and what it reads when it is made a partition by hand all the same."""
    said = []
    for script in FORESEEN:
        tree = tree_of(*script)
        wanted = lower(tree, KERNEL)
        real = Cgroups("/", TOP)
        for step in compare(wanted.groups, real.read()):
            real.do(step)
        (path,) = [group.path for group in wanted.groups if group.path.rpartition("/")[2] == "X"]
        scheduler = next(each for each in tree.schedulers() if each.name == path)
        notes = [
            note.what for note in wanted.notes if (note.scheduler, note.word) == (path, "exclusive")
        ]
        cpus = real.read()[path]["cpuset.cpus"]
        if KERNEL.has_remote_partitions and notes:
            for each in ("", *_above(path)):
                if real.read()[each]["cpuset.cpus.exclusive"] == "":
                    real.do(Step("write", each, "cpuset.cpus.exclusive", cpus))
        if notes:
            kind = "isolated" if scheduler.declare.locked else "root"
            real.do(Step("write", path, "cpuset.cpus.partition", kind))
        groups = real.read()
        others = groups.get("B", {}).get(EFFECTIVE)
        said.append([script, notes, groups[path]["cpuset.cpus.partition"], others])
        for step in compare((Group(OUTSIDE, "", {}),), real.read()):
            real.do(step)
    return said


def _above(path: str) -> list[str]:
    """It, and the groups that it is in, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:many]) for many in range(1, len(parts) + 1)]


def plans() -> object:
    """From one random registry to another, and so on."""
    pair = Pair()
    lowered = 0
    for seed in range(24):
        try:
            wanted = lower(random_tree(seed), KERNEL)
        except UschedError:
            continue
        lowered += 1
        for step in compare(wanted.groups, pair.real.read()):
            pair.do(step)
    pair.release()
    return [lowered, pair.steps, pair.differences[:8]]


if __name__ == "__main__":
    report(table, foreseen, plans)
