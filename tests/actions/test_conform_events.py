"""Events of a workload as steps on control groups, tried on what the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actions.model_kernel import SECOND, Kernel, declare
from usched.actions.apply import verify
from usched.actions.conform_events import Cue, plan_cues
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.actions.simulate import prepare
from usched.words.problems import Refused, format_problem


def plan_events(context: Context, kernel: Kernel, folder: Path, *events: str) -> list[Cue]:
    """Of three lwps, which begin in IDLE, X and POOL/WEB, where processes are already."""
    schedulers = ("IDLE", "X", "POOL/WEB")
    programs = [f"  - {{name: {n.lower()[0]}, scheduler: {n}, run: 1}}\n" for n in schedulers]
    lines = [f"  - {{at: {at}, {event}}}\n" for at, event in enumerate(events, 5)]
    path = folder / "w.yaml"
    path.write_text(f"workload: w\nprograms:\n{''.join(programs)}events:\n{''.join(lines)}")
    simulation = prepare(context, str(path), None)
    plan = verify(context, kernel)
    return plan_cues(context, plan, simulation.workload.events, simulation.timetable)


def test_what_is_declared_on_the_fly_leads_where_apply_would(
    context: Context, kernel: Kernel, tmp_path: Path
) -> None:
    lines = SECOND.strip().splitlines()
    cues = plan_events(context, kernel, tmp_path, *[f'usched: "{line}"' for line in lines])
    assert [cue.what for cue in cues] == lines
    for cue in cues:
        for step in cue.steps:
            kernel.do(step)
    declare(context, SECOND)
    assert make_plan(context, kernel).steps == []


def test_lwps_go_where_events_send_them(context: Context, kernel: Kernel, tmp_path: Path) -> None:
    cues = plan_events(
        *(context, kernel, tmp_path, "move: p, to: X", 'usched: "destroy POOL/WEB into IDLE"'),
        *("kill: i", 'usched: "destroy X into POOL"', 'usched: "destroy IDLE"'),
    )
    found = [(cue.what, list(cue.sent), cue.to, list(cue.ended)) for cue in cues]
    assert found == [
        ("move p into X", [2], "X", []),
        ("destroy POOL/WEB into IDLE", [], "IDLE", []),
        ("kill i", [], "", [0]),
        ("destroy X into POOL", [1, 2], "POOL", []),
        ("destroy IDLE", [], "", []),
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("offline: cpu1", "conform plugs and unplugs no cpus: they are everybody's"),
        (
            'usched: "POOL/WEB/ALL on cpu* lwktpri 6 exclusive"',
            "POOL/WEB has lwps, and from here on no cpu of its own for them on Linux",
        ),
    ],
)
def test_error_what_linux_cannot_do_is_said_before_anything_runs(
    context: Context, kernel: Kernel, tmp_path: Path, event: str, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        plan_events(context, kernel, tmp_path, event)
    (problem,) = refused.value.problems
    assert said in format_problem(problem)
