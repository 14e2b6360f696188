"""An apply that is undone by itself, on what the kernel does; time passes as the test says."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from tests.actions.model_kernel import SECOND, Died, Kernel, declare, endings
from usched.actions import trial as trials
from usched.actions.apply import apply_registry, release
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.actions.trial import confirm, watch_over
from usched.actions.undoing import finish_earlier
from usched.plan.difference import Step
from usched.words.problems import EnvironmentFailed, Refused, format_problem
from usched.world.linux import journal as journals
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.journal import Journal, Trial


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The processes that watch are started by nobody: a test does what they do."""
    clock = Clock()
    monkeypatch.setattr(journals, "boot_seconds", lambda: clock.now)
    monkeypatch.setattr(trials, "boot_seconds", lambda: clock.now)
    monkeypatch.setattr(trials, "start_watchdog", lambda *_: None)
    return clock


@pytest.fixture
def before(context: Context, kernel: Kernel) -> tuple[object, ...]:
    declare(context, SECOND)
    return kernel.state()


def pending(context: Context) -> Trial:
    trial = Journal(context.root).load_trial()
    assert trial is not None
    return trial


def watch(context: Context, kernel: Kernel, sleep: Callable[[float], None]) -> None:
    watch_over(Journal(context.root), kernel, pending(context), sleep)


def listening(context: Context) -> tuple[Context, list[str]]:
    told: list[str] = []
    return context._replace(tell=told.append), told


def test_what_is_not_confirmed_is_undone(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    assert kernel.state() != before
    watch(context, kernel, clock.sleep)
    assert 1060 <= clock.now < 1061
    assert kernel.state() == before
    assert Journal(context.root).load_trial() is None


def test_what_is_confirmed_stays(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    after = kernel.state()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > 1030:
            confirm(context, kernel)

    watch(context, kernel, sleep)
    assert clock.now < 1031
    assert kernel.state() == after
    assert apply_registry(context, kernel).steps == []


def test_until_then_nothing_else_is_applied(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    after = kernel.state()
    clock.now = 1029.5
    for action in (apply_registry, release):
        with pytest.raises(Refused) as refusal:
            action(context, kernel)
        assert [format_problem(each) for each in refusal.value.problems] == [
            "an apply waits to be confirmed, until 31 s from now: the process that would undo it "
            "is gone, and the next apply or release does\n"
            f"  to keep it: usched --registry {context.registry} confirm"
        ]
    assert kernel.state() == after


def test_who_comes_next_undoes_what_nobody_watched_over(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    pid = pending(context).before.pid
    clock.now = 1060
    context, told = listening(context)
    assert release(context, kernel).steps
    assert told == [f"an apply by process {pid} was not confirmed in time: it is undone"]


def test_confirming_too_late_is_refused(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    clock.now = 1060
    context, told = listening(context)
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            confirm(context, kernel)
        assert [format_problem(each) for each in refusal.value.problems] == [
            "nothing waits to be confirmed\n"
            f"  what is not confirmed in time is undone: usched --registry {context.registry} "
            "apply --confirm 60s"
        ]
    assert len(told) == 1
    assert kernel.state() == before


def test_an_apply_that_fails_leaves_nothing_to_confirm(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    kernel.fail_at = 5
    with pytest.raises(EnvironmentFailed):
        apply_registry(context, kernel, 60)
    assert Journal(context.root).load_trial() is None
    assert kernel.state() == before


def test_one_that_dies_is_undone_when_its_time_is_over(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    for number in endings(context, kernel):
        kernel.steps, kernel.die_at = 0, number
        with pytest.raises(Died):
            apply_registry(context, kernel, 60)
        kernel.die_at, kernel.dead = 0, False
        watch(context, kernel, clock.sleep)
        assert kernel.state() == before
        journal = Journal(context.root)
        assert (journal.load(), journal.load_trial()) == (None, None)
    assert number > 20


def test_it_is_tried_again_while_another_usched_is_at_work(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    lock = Journal(context.root).lock()
    lock.__enter__()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > 1070 and seconds == 1:
            lock.__exit__(None, None, None)

    watch(context, kernel, sleep)
    assert 1070 <= clock.now < 1073
    assert kernel.state() == before


def test_a_refusal_of_the_kernel_is_tried_again_and_then_left_to_the_next(
    context: Context, kernel: Kernel, before: object, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_MOST_TRIES", 3)
    apply_registry(context, kernel, 60)
    real = kernel.do

    def refuse(step: Step) -> None:
        raise StepFailed(step, OSError(errno.EINVAL, "said the test"))

    monkeypatch.setattr(kernel, "do", refuse)
    watch(context, kernel, clock.sleep)
    assert 1062 <= clock.now <= 1064
    assert kernel.state() != before
    monkeypatch.setattr(kernel, "do", real)
    told: list[str] = []
    finish_earlier(Journal(context.root), kernel, told.append)
    assert len(told) == 1
    assert kernel.state() == before


def test_plan_says_what_waits(
    context: Context, kernel: Kernel, before: object, clock: Clock
) -> None:
    apply_registry(context, kernel, 60)
    context, told = listening(context)
    with pytest.raises(EnvironmentFailed):  # this fake root has no control groups of its own
        make_plan(context)
    assert told == [
        "an apply waits to be confirmed, until 60 s from now: the process that would undo it is "
        f"gone, and the next apply or release does (usched --registry {context.registry} confirm)"
    ]
