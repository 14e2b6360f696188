"""What root's apply makes of what is granted, on what the kernel does."""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.model_kernel import LINUX, Died, Kernel
from tests.people import ALICE, BOB, People, declare, gather
from tests.plan.cgroup_model import Cgroups as Model
from usched.actions.apply import apply_registry, release, verify
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.actions.undoing import finish_earlier
from usched.actions.watch import Watch
from usched.plan.difference import Step
from usched.plan.owners import OWNER
from usched.words.cpuset import CpuSet
from usched.words.problems import Drifted
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Journal

LINES = [
    ("root", "POOL on cpu0-3 lwktpri 6"),
    ("root", "NORM on cpu* lwktpri 5"),
    ("root", f"grant POOL to {ALICE}"),
    (ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 6"),
    (ALICE, "POOL/BATCH on cpu2 lwktpri 2"),
    (ALICE, f"grant POOL/WEB to {BOB}"),
    (BOB, "POOL/WEB/IN on cpu0 lwktpri 2"),
]


@pytest.fixture
def people() -> Iterator[People]:
    for each in gather():
        declare(each, LINES)
        yield each


class Scene:
    """told: what root's commands had to say."""

    def __init__(self, people: People, root: Path) -> None:
        self.told: list[str] = []
        self.context = Context(str(people.registry), self.told.append, root=str(root))
        self.kernel = Kernel(Model(CpuSet.span(0, 7), LINUX))

    def owners(self) -> dict[str, str]:
        numbers = {str(pwd.getpwnam(each).pw_uid): each for each in (ALICE, BOB)}
        found = {path: said[OWNER] for path, said in self.kernel.read().items() if OWNER in said}
        return {
            path: " ".join(numbers.get(each, each) for each in text.split())
            for path, text in found.items()
        }


@pytest.fixture
def scene(people: People, tmp_path: Path) -> Scene:
    for name, text in (
        ("proc/sys/kernel/osrelease", "6.12.9\n"),
        ("sys/devices/system/cpu/possible", "0-7\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return Scene(people, tmp_path)


def test_each_holder_has_his_part_after_roots_apply_and_not_after_revoke(
    people: People, scene: Scene
) -> None:
    apply_registry(scene.context, scene.kernel)
    verify(scene.context, scene.kernel)
    both = f"{ALICE} {ALICE}"
    assert scene.owners() == {
        "POOL": f"- {ALICE}",
        "POOL/:own": both,
        "POOL/WEB": f"{ALICE} {BOB}",
        "POOL/BATCH": both,
        "POOL/WEB/:own": f"{BOB} {BOB}",
        "POOL/WEB/IN": f"{BOB} {BOB}",
    }
    people.done(ALICE, "revoke POOL/WEB")
    apply_registry(scene.context, scene.kernel)
    assert scene.owners() == dict.fromkeys(("POOL/:own", "POOL/WEB", "POOL/BATCH"), both) | {
        "POOL": f"- {ALICE}"
    }
    people.done("root", "revoke POOL")
    apply_registry(scene.context, scene.kernel)
    assert scene.owners() == {}
    assert "POOL/WEB" not in scene.kernel.read()


def test_what_a_holder_declares_is_no_drift_of_what_stands_beside_his_part(
    people: People, scene: Scene
) -> None:
    declare(people, [("root", "REAL on cpu* lwktpri 8"), ("root", f"grant REAL to {ALICE}")])
    apply_registry(scene.context, scene.kernel)
    people.done(ALICE, "REAL/X on cpu0 lwktpri 8")
    steps = make_plan(scene.context, scene.kernel).steps
    assert {step.path for step in steps} == {"REAL", "REAL/X", "REAL/:own"}
    assert [step.file for step in steps if step.path == "REAL"] == ["cgroup.subtree_control"]


def test_verify_says_whose_a_group_should_be(scene: Scene) -> None:
    apply_registry(scene.context, scene.kernel)
    scene.kernel.model.files["POOL"][OWNER] = ""
    with pytest.raises(Drifted) as drift:
        verify(scene.context, scene.kernel)
    what = f"usched/POOL is root's, and should be root's, handed to {ALICE}"
    assert drift.value.problems[0].what == what


def test_what_is_refused_in_somebodys_part_costs_nobody_else_anything(scene: Scene) -> None:
    scene.kernel.fail_beneath = "POOL/"
    apply_registry(scene.context, scene.kernel)
    assert scene.told == [
        "POOL: what is beneath it is left to its holder "
        f"(usched --registry {scene.context.registry} apply): making usched/POOL/:own was refused: "
        "processes are in it, or groups beneath it (EBUSY)"
    ]
    assert {"POOL", "NORM"} <= scene.kernel.read().keys()
    assert scene.owners() == {"POOL": f"- {ALICE}"}


def test_a_group_that_its_holder_made_at_the_same_time_is_taken_as_it_is(scene: Scene) -> None:
    real = scene.kernel.do

    def make_it_first(step: Step) -> None:
        if step == Step("mkdir", "POOL/BATCH"):
            scene.kernel.model.do(step)
        real(step)

    scene.kernel.do = make_it_first  # type: ignore[method-assign]
    apply_registry(scene.context, scene.kernel)
    assert scene.told == []
    verify(scene.context, scene.kernel)


def test_a_group_that_its_holder_takes_away_at_the_same_time_is_no_obstacle(
    people: People, scene: Scene
) -> None:
    apply_registry(scene.context, scene.kernel)
    people.done("root", "revoke POOL")
    real, model = scene.kernel.do, scene.kernel.model
    gone: list[str] = []

    def take_it_away_first(step: Step) -> None:
        if step.path == "POOL/BATCH":
            gone.append(step.kind)
            model.files.pop(step.path, None)
            model.procs.pop(step.path, None)
            raise StepFailed(step, OSError(errno.ENOENT, "said the test"))
        real(step)

    scene.kernel.do = take_it_away_first  # type: ignore[method-assign]
    apply_registry(scene.context, scene.kernel)
    assert gone[0] == "chown"
    assert scene.told == []
    assert scene.owners() == {}
    verify(scene.context, scene.kernel)


def test_who_dies_while_groups_change_hands_is_undone_by_the_next(
    people: People, scene: Scene
) -> None:
    apply_registry(scene.context, scene.kernel)
    before = scene.kernel.state()
    people.done("root", "revoke POOL")
    people.done("root", f"grant NORM to {BOB}")
    for number in range(1, len(make_plan(scene.context, scene.kernel).steps) + 1):
        scene.kernel.steps, scene.kernel.die_at = 0, number
        with pytest.raises(Died):
            apply_registry(scene.context, scene.kernel)
        scene.kernel.die_at, scene.kernel.dead = 0, False
        finish_earlier(Journal(scene.context.root), scene.kernel, lambda _: None)
        assert scene.kernel.state() == before, number
    assert number > 10
    apply_registry(scene.context, scene.kernel)
    assert scene.owners() == {"NORM": f"- {BOB}"}
    release(scene.context, scene.kernel)
    assert scene.owners() == {}


def test_watch_tells_of_what_a_holder_makes_there_and_leaves_it(scene: Scene) -> None:
    apply_registry(scene.context, scene.kernel)
    said: list[str] = []
    watch = Watch(scene.context, False, said.append, scene.kernel)
    watch.look_at_groups(0)
    scene.kernel.do(Step("mkdir", "POOL/OWN"))
    watch.look_at_groups(5)
    assert said == ["usched/POOL/OWN is there, and the registry knows nothing of it"]
    scene.kernel.model.files["NORM"]["cpu.weight"] = "7"
    watch.look_at_groups(10)
    assert said[-1] == "applied again: 2 steps"


def test_nobody_else_can_keep_an_apply_from_its_lock(scene: Scene) -> None:
    apply_registry(scene.context, scene.kernel)
    lock = os.path.join(Journal(scene.context.root).folder, "lock")
    assert os.stat(lock).st_mode & 0o777 == 0o600
