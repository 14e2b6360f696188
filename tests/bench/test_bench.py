"""The benchmark's jobs run, and its yardsticks make the decisions that they are asked for."""

from __future__ import annotations

import json

import pytest

from tests.bench import commands
from tests.bench.__main__ import main
from tests.bench.jobs import JOBS, Job
from tests.bench.yardsticks import LWPS, YARDSTICKS, Missing, Yardstick
from tests.engine.runs import plan
from usched.engine.dispatcher import simulate


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_jobs_keep_their_machines_busy(job: Job) -> None:
    run = simulate(plan(job.make()), 60)
    offered = 60 * len(run.cpus)
    assert sum(cpu.busy for cpu in run.cpus) > 0.5 * offered
    assert all(lwp.ran or lwp.waited or lwp.slept for lwp in run.lwps)


@pytest.mark.parametrize("yardstick", YARDSTICKS, ids=lambda yardstick: yardstick.name)
def test_yardsticks_decide_as_often_as_asked(yardstick: Yardstick) -> None:
    try:
        made, seconds = yardstick.measure(800)
    except Missing as missing:
        pytest.skip(str(missing))
    assert 800 <= made <= 800 + LWPS  # SimSo decides at each arrival, too
    assert seconds > 0


@pytest.mark.slow
def test_what_takes_too_long_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--times", "1", "--jobs", "S", "--patience", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["jobs"]["S"]["given_up_after_seconds"] == 0
    assert found["yardsticks"]["y1"]["decisions_per_second"] > 0


@pytest.mark.slow
def test_whole_commands_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["--json", "--times", "2", "--batch", "20"]) == 0
    found = json.loads(capsys.readouterr().out)["commands"]
    assert found["import click"]["x_import_click"] == 1
    assert {each["times"] for each in found.values()} == {2}
    assert all(each["seconds"] > 0 and each["peak_memory_mb"] > 1 for each in found.values())
    assert commands.main(["--times", "1", "--batch", "10"]) == 0
    assert "declare among 10,000 " in capsys.readouterr().out
