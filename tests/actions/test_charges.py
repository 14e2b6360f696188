"""A holder's own plan, apply, verify and release, as that user, on what the kernel does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.model_kernel import LINUX, Died, Kernel
from tests.actions.test_handing_over import LINES
from tests.people import ALICE, BOB, TEAM, People, declare, gather
from tests.plan.cgroup_model import Cgroups as Model
from tests.world.scratch import fork, wait_for
from usched.actions.apply import apply_registry, release, verify
from usched.actions.context import Context
from usched.actions.plan import make_plan, tell_waiting
from usched.plan.difference import Step
from usched.plan.owners import HANDED, OWNER, parse_owner
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet
from usched.words.problems import UschedError, format_problem
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Before, Journal, Trial, boot_seconds


class Guarded(Kernel):
    """It refuses whoever is not root what the kernel would."""

    def do(self, step: Step) -> None:
        path = step.path.rpartition("/")[0] if step.kind in ("mkdir", "rmdir") else step.path
        owner = parse_owner(self.model.files.get(path, {}).get(OWNER, ""))
        hand = step.kind != "write" or step.file in HANDED
        mine = [str(os.geteuid()), *(f"@{each}" for each in os.getgroups())]
        if os.geteuid() and (owner.hand if hand else owner.files) not in mine:
            raise StepFailed(step, PermissionError(13, f"said the test of {step}"))
        super().do(step)
        if step.kind == "mkdir" and os.geteuid():
            self.model.files[step.path][OWNER] = f"{os.geteuid()} {os.geteuid()}"


class Scene:
    """What one did is there for the next: each act is a process, and the model is written down."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.kernel = Guarded(Model(CpuSet.span(0, 7), LINUX))
        self.root = people.folder / "root"

    def context(self, told: list[str]) -> Context:
        return Context(str(self.people.registry), told.append, root=str(self.root))

    def typed(self, words: str) -> str:
        return f"usched --registry {self.people.registry} {words}"

    def act(self, who: str, action: Callable[[Context, Kernel], object]) -> list[str]:
        """What it had to say, its problems last."""

        def speak() -> int:
            told: list[str] = []
            try:
                action(self.context(told), self.kernel)
            except UschedError as error:
                told += [f"{error.status}: {format_problem(each)}" for each in error.problems]
            except Died:
                told.append("died")
            self.kernel.dead = False
            state = [self.kernel.model.files, self.kernel.model.procs, self.kernel.pids]
            print(json.dumps([told, *state]))
            return 0

        result = self.people.act(who, speak)
        assert result.status == 0, result.err
        told, files, procs, pids = json.loads(result.out)
        self.kernel.model.files, self.kernel.model.procs = files, procs
        self.kernel.pids, self.kernel.steps = pids, 0
        assert isinstance(told, list)
        return told

    def apply(self, who: str) -> list[str]:
        return self.act(who, apply_registry)

    def verify(self, who: str) -> list[str]:
        return self.act(who, verify)

    def files(self, path: str, *names: str) -> list[str]:
        return [self.kernel.model.files[path][name] for name in names]


@pytest.fixture
def scene() -> Iterator[Scene]:
    for people in gather():
        declare(people, LINES)
        scene = Scene(people)
        for name, text in (
            ("proc/sys/kernel/osrelease", "6.12.9\n"),
            ("sys/devices/system/cpu/possible", "0-7\n"),
        ):
            path = scene.root / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
        yield scene


def test_a_holder_applies_what_he_declares_and_nothing_else(scene: Scene) -> None:
    assert scene.apply("root") == []
    outside = {path: files for path, files in scene.kernel.read().items() if "POOL/" not in path}
    declare(
        scene.people, [(ALICE, "POOL/BATCH on cpu3 lwktpri 4"), (ALICE, "POOL/N on cpu2 lwktpri 6")]
    )
    declare(scene.people, [("root", "NORM on cpu0 lwktpri 5")])
    assert scene.apply(ALICE) == []
    assert scene.files("POOL/BATCH", "cpuset.cpus") == ["3"]
    assert scene.files("POOL/N", "cpuset.cpus", OWNER) == [
        "2",
        scene.kernel.model.files["POOL/BATCH"][OWNER],
    ]
    after = {path: files for path, files in scene.kernel.read().items() if "POOL/" not in path}
    assert after == outside
    assert scene.verify(ALICE) == []
    assert scene.verify("root") == [
        "7: usched/NORM/cpuset.cpus is `0-7`, and should be `0`\n"
        f"  {scene.typed('apply')} makes it as the registry says"
    ]


def test_before_root_applies_a_holder_is_told_to_wait_for_that(scene: Scene) -> None:
    what = "on Linux, POOL is not in your hands yet: usched/POOL is not yours"
    remedy = f"\n  root hands it over by: {scene.typed('apply')}"
    assert scene.apply(ALICE) == [f"5: {what}{remedy}"]
    assert scene.verify(ALICE) == [f"7: {what}{remedy}"]
    assert scene.kernel.model.files.keys() == {OUTSIDE}


def test_what_is_handed_on_is_roots_to_hand_over(scene: Scene) -> None:
    scene.people.done(ALICE, "revoke POOL/WEB")
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, f"grant POOL/BATCH to {BOB}")])
    notes: list[str] = []
    told = scene.act(
        ALICE, lambda context, kernel: context.tell(str(make_plan(context, kernel).wanted.notes))
    )
    notes += told
    what = f"on Linux it is not {BOB}'s yet; root makes it so by: {scene.typed('apply')}"
    assert what in notes[0]
    assert scene.apply(BOB)[0].startswith("5: on Linux, POOL/BATCH is not in your hands yet")
    assert scene.apply("root") == []
    declare(scene.people, [(BOB, "POOL/BATCH/X on cpu0 lwktpri 1")])
    assert scene.apply(BOB) == []
    assert "POOL/BATCH/X" in scene.kernel.read()
    assert scene.apply(ALICE) == []
    assert "POOL/BATCH/X" in scene.kernel.read()


def test_what_a_holder_has_exclusively_is_roots_to_make_so_and_verify_says_that(
    scene: Scene,
) -> None:
    scene.people.done(ALICE, "revoke POOL/WEB")
    declare(scene.people, [("root", "NORM on cpu4-7 lwktpri 5")])
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, "POOL/N on cpu3 lwktpri 6 exclusive")])
    how = f"  {scene.typed('apply')} makes it as the registry says"
    assert scene.verify("root")[-1].splitlines()[-2:] == [
        how,
        f"  what is beneath POOL is {ALICE}'s to apply, too",
    ]
    assert scene.apply(ALICE) == []
    assert scene.verify(ALICE) == []
    waits = f"POOL/N, exclusive: root makes it so by: {scene.typed('apply')}"
    assert scene.act(ALICE, _tell_waiting) == [waits]
    assert scene.verify("root") == [
        "7: usched/POOL/N/cpuset.cpus.partition is `member`, and should be `root`\n"
        f"{how}\n  POOL/N is {ALICE}'s, and it takes root to make it so"
    ]
    assert scene.apply("root") == []
    assert (scene.verify("root"), scene.act(ALICE, _tell_waiting)) == ([], [])


def test_exclusive_cpus_that_nobody_beneath_has_are_told_of_once(scene: Scene) -> None:
    scene.people.done(ALICE, "revoke POOL/WEB")
    declare(scene.people, [("root", "NORM on cpu4-7 lwktpri 5")])
    declare(scene.people, [(ALICE, "POOL/N on cpu3 lwktpri 6 exclusive")])
    assert scene.apply("root") == []
    scene.people.done(ALICE, "destroy POOL/N")
    assert scene.apply(ALICE) == []
    assert scene.verify("root") == [
        "7: usched/POOL/cpuset.cpus.exclusive is `3`, and should be `empty`\n"
        f"  {scene.typed('apply')} makes it as the registry says"
    ]


def _tell_waiting(context: Context, kernel: Kernel) -> None:
    for line in tell_waiting(verify(context, kernel), context):
        context.tell(line)


def _tell_notes(context: Context, kernel: Kernel) -> None:
    for note in make_plan(context, kernel).wanted.notes:
        context.tell(f"{note.scheduler}, {note.word}: {note.what}")


def test_what_somebody_else_has_there_only_root_takes_away(scene: Scene) -> None:
    assert scene.apply("root") == []
    scene.people.done(ALICE, "revoke POOL/WEB")
    scene.people.done(ALICE, "destroy POOL/WEB")
    before = scene.kernel.read()
    assert scene.apply(ALICE)[0] == (
        f"5: not permitted: usched/POOL/WEB is {BOB}'s\n  root does it by: {scene.typed('apply')}"
    )
    assert scene.kernel.read() == before
    told = scene.act(ALICE, release)
    assert told[0].startswith(f"5: not permitted: usched/POOL/WEB is {BOB}'s")
    assert scene.apply("root") == []
    assert "POOL/WEB" not in scene.kernel.read()


def test_a_holder_who_dies_is_undone_by_his_next_command(scene: Scene) -> None:
    assert scene.apply("root") == []
    before = scene.kernel.read()
    declare(scene.people, [(ALICE, "destroy POOL/BATCH"), (ALICE, "POOL/N on cpu2 lwktpri 6")])
    for number in range(1, 40):
        scene.kernel.die_at = number
        if scene.apply(ALICE) == []:
            break
        scene.kernel.die_at = 0
        (told,) = scene.act(ALICE, _look_again)
        assert told.endswith("did not come to its end: it is undone"), number
        assert scene.kernel.read() == before, number
    assert number > 4


def _look_again(context: Context, kernel: Kernel) -> None:
    from usched.actions.charges import find_charges, hold

    for charge in find_charges(context, kernel):
        with hold(charge, context):
            pass


def test_what_root_has_applied_since_is_not_undone(scene: Scene) -> None:
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, "POOL/N on cpu2 lwktpri 6")])
    scene.kernel.die_at = 3
    assert scene.apply(ALICE) == ["died"]
    scene.kernel.die_at = 0
    assert scene.apply("root") == []
    after = scene.kernel.read()
    (told,) = scene.act(ALICE, _look_again)
    assert told.endswith("did not come to its end: root has applied since, and that stands")
    assert scene.kernel.read() == after


def test_a_holder_waits_while_root_is_at_it(scene: Scene) -> None:
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, "POOL/N on cpu2 lwktpri 6")])
    Path(Journal(str(scene.root)).path).write_text("{}")
    assert scene.apply(ALICE) == [
        "1: root's apply goes on, or did not come to its end\n"
        f"  try again when it is done; if nothing goes on, root types: {scene.typed('apply')}"
    ]


def test_a_holder_waits_for_what_root_has_to_confirm(scene: Scene) -> None:
    assert scene.apply("root") == []
    journal = Journal(str(scene.root))
    with journal.lock():
        journal.save_trial(Trial(Before({}, {}, 1), boot_seconds() + 100))
    (told,) = scene.apply(ALICE)
    assert told.startswith("1: root: an apply waits to be confirmed, ")
    assert told.endswith("\n  try again when it is confirmed, or undone")


def test_a_holder_leaves_off_when_root_applies(scene: Scene) -> None:
    """What root made of it meanwhile stands."""
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, "POOL/N on cpu2 lwktpri 6")])
    lock = Path(Journal(str(scene.root)).folder) / "lock"
    ready = scene.people.folder / "ready"
    ready.mkdir(mode=0o777)
    ready.chmod(0o777)

    def root_begins() -> int:
        while not (ready / "now").exists():
            time.sleep(0.005)
        os.utime(lock)
        (ready / "done").touch()
        return 0

    def interrupted(context: Context, kernel: Kernel) -> None:
        real = kernel.do

        def do(step: Step) -> None:
            real(step)
            (ready / "now").touch()
            while not (ready / "done").exists():
                time.sleep(0.005)

        kernel.do = do  # type: ignore[method-assign]
        apply_registry(context, kernel)

    root = fork(root_begins)
    told = scene.act(ALICE, interrupted)
    assert wait_for(root) == 0
    assert told == [
        "1: root has applied since, and that stands\n"
        f"  {scene.typed('plan')} shows what there is now"
    ]
    assert scene.kernel.model.files["POOL/N"]["cpuset.cpus"] == ""
    assert scene.apply(ALICE) == []
    assert scene.files("POOL/N", "cpuset.cpus") == ["2"]


def test_nobody_elses_lock_or_journal_counts(scene: Scene) -> None:
    assert scene.apply("root") == []
    folder = scene.people.store(ALICE, "POOL").parent
    assert scene.apply(ALICE) == []
    lock = folder / "POOL.db-apply-lock"
    assert (lock.stat().st_mode & 0o777, lock.owner()) == (0o600, ALICE)
    planted = folder / "POOL.db-apply-journal"
    planted.write_text('{"groups": {"NORM": {}}, "processes": {}, "pid": 1}')
    assert "it is somebody else's" in scene.apply(ALICE)[0]
    os.chown(planted, lock.stat().st_uid, 0)
    assert "it is damaged" in scene.apply(ALICE)[0]


def test_members_of_a_group_share_what_each_of_them_makes(scene: Scene) -> None:
    declare(scene.people, [("root", f"grant NORM to @{TEAM}")])
    assert scene.apply("root") == []
    declare(scene.people, [(ALICE, "NORM/A on cpu0 lwktpri 2")])
    assert scene.apply(ALICE) == []
    assert scene.files("NORM/A", OWNER)[0].startswith("@")
    declare(scene.people, [(BOB, "NORM/A on cpu1 lwktpri 2")])
    assert scene.apply(BOB) == []
    assert scene.files("NORM/A", "cpuset.cpus") == ["1"]
