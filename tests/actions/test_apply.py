"""apply and release on what the kernel does: all of it or nothing, wherever it ends."""

from __future__ import annotations

import errno
import os

import pytest

from tests.actions.model_kernel import LINUX, SECOND, Died, Kernel, declare, endings
from tests.plan.cgroup_model import Cgroups as Model
from tests.plan.trees import FIRST
from usched.actions.apply import apply_registry, release, verify
from usched.actions.context import Context
from usched.actions.undoing import finish_earlier
from usched.plan.difference import Step
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet
from usched.words.problems import Drifted, EnvironmentFailed, NotPermitted, Refused, format_problem
from usched.world.linux.journal import Journal


def test_apply_then_release_is_as_before(context: Context) -> None:
    kernel = Kernel(Model(CpuSet.span(0, 7), LINUX))
    declare(context, FIRST)
    done = apply_registry(context, kernel)
    assert done.steps
    assert kernel.read()["X"]["cpuset.cpus.partition"] == "root"
    assert apply_registry(context, kernel).steps == []
    kernel.pids = {"POOL/WEB": [31, 32]}
    release(context, kernel)
    assert kernel.state() == (
        {OUTSIDE: {"cgroup.subtree_control": "cpuset cpu"}},
        {OUTSIDE: [31, 32]},
    )
    assert release(context, kernel).steps == []


def test_a_step_that_is_refused_changes_nothing(context: Context, kernel: Kernel) -> None:
    declare(context, SECOND)
    before = kernel.state()
    for number in endings(context, kernel):
        kernel.steps, kernel.fail_at = 0, number
        with pytest.raises(EnvironmentFailed):
            apply_registry(context, kernel)
        kernel.fail_at = 0
        assert kernel.state() == before, number
        assert Journal(context.root).load() is None
    assert number > 20
    apply_registry(context, kernel)
    assert kernel.state() != before


def test_who_dies_is_undone_by_the_next(context: Context, kernel: Kernel) -> None:
    declare(context, SECOND)
    before = kernel.state()
    for number in endings(context, kernel):
        kernel.steps, kernel.die_at = 0, number
        with pytest.raises(Died):
            apply_registry(context, kernel)
        kernel.die_at, kernel.dead = 0, False
        told: list[str] = []
        finish_earlier(Journal(context.root), kernel, told.append)
        assert kernel.state() == before, number
        assert told == [f"an apply by process {os.getpid()} did not come to its end: it is undone"]
    assert number > 20


def test_dying_while_it_is_undone_is_undone_too(context: Context, kernel: Kernel) -> None:
    declare(context, SECOND)
    before = kernel.state()
    kernel.die_at = 15
    with pytest.raises(Died):
        apply_registry(context, kernel)
    deaths = 0
    while Journal(context.root).load() is not None:
        kernel.steps, kernel.die_at, kernel.dead = 0, 2, False  # it does one step at a time
        try:
            finish_earlier(Journal(context.root), kernel, lambda _: None)
        except Died:
            deaths += 1
    assert deaths > 5
    kernel.die_at, kernel.dead = 0, False
    finish_earlier(Journal(context.root), kernel, lambda _: None)
    assert kernel.state() == before


def test_what_reads_back_otherwise_is_undone_and_told(context: Context, kernel: Kernel) -> None:
    """Somebody else has a cpu of the new partition: the kernel says so when it is read."""
    declare(context, SECOND)
    before = kernel.state()
    real = kernel.model._judge

    def contested(path: str) -> str | None:
        if path == "Y" and "Y" in kernel.model.files:
            return "Cpu list in cpuset.cpus not exclusive"
        return real(path)

    kernel.model._judge = contested  # type: ignore[method-assign]
    with pytest.raises(Refused) as refusal:
        apply_registry(context, kernel)
    assert [format_problem(each) for each in refusal.value.problems] == [
        "usched/Y/cpuset.cpus.partition was told `isolated`, and reads back `isolated invalid (Cpu "
        "list in cpuset.cpus not exclusive)`\n  nothing is changed: what was done is undone"
    ]
    kernel.model._judge = real  # type: ignore[method-assign]
    assert kernel.state() == before


def test_who_may_not_is_told_so(context: Context, kernel: Kernel) -> None:
    declare(context, SECOND)
    kernel.fail_at, kernel.errno = 1, errno.EACCES
    with pytest.raises(NotPermitted) as refusal:
        apply_registry(context, kernel)
    assert [format_problem(each) for each in refusal.value.problems] == [
        "writing `member` to cpuset.cpus.partition of usched/X was refused: not permitted (EACCES)"
        "\n  Linux lets root change control groups"
        "\n  nothing is changed: what was done is undone"
    ]


def test_two_at_once_are_one_after_the_other(context: Context, kernel: Kernel) -> None:
    with Journal(context.root).lock(), pytest.raises(EnvironmentFailed) as refusal:
        release(context, kernel)
    assert [format_problem(each) for each in refusal.value.problems] == [
        "another usched is changing the control groups at this moment\n  try again when it is done"
    ]


def drift(context: Context, kernel: Kernel) -> list[str]:
    with pytest.raises(Drifted) as refusal:
        verify(context, kernel)
    return [format_problem(each) for each in refusal.value.problems]


def test_verify_says_what_is_not_as_the_registry_says(context: Context, kernel: Kernel) -> None:
    assert len(verify(context, kernel).wanted.groups) == 7
    kernel.model.files["POOL"]["cpu.max"] = "max 100000"
    kernel.model.do(Step("mkdir", "OTHER"))
    assert drift(context, kernel) == [
        "usched/POOL/cpu.max is `max 100000`, and should be `200000 100000`",
        "usched/OTHER is there, and the registry knows nothing of it\n"
        f"  usched --registry {context.registry} apply makes it as the registry says",
    ]
    apply_registry(context, kernel)
    verify(context, kernel)


def test_verify_looks_at_the_cpus_that_there_are(context: Context, kernel: Kernel) -> None:
    """All cpus of a group were unplugged: the kernel lets it have the parent's."""
    kernel.model.online = CpuSet.span(2, 7)
    assert drift(context, kernel) == [
        "usched/X may run on cpus 2-7, which are not its own: its own are offline\n"
        "  plug in a cpu of X, or declare it on others and apply",
    ]


def test_verify_before_anything_is_applied(context: Context) -> None:
    declare(context, FIRST)
    assert drift(context, Kernel(Model(CpuSet.span(0, 7), LINUX))) == [
        "nothing is applied: Linux has no group usched\n"
        f"  usched --registry {context.registry} apply makes it as the registry says",
    ]
