"""`usched conform WORKLOAD`: a workload on Linux, and what the simulator says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usched.face.numbers import Number
from usched.face.options import (
    common_options,
    context_of,
    json_option,
    refuse_topology,
    ticks_option,
    workload_argument,
)
from usched.face.output import print_json
from usched.face.progress import Progress
from usched.words.problems import Drifted, Misused, Problem

if TYPE_CHECKING:
    from usched.actions.conform import Conformance


@click.command("conform")
@workload_argument
@ticks_option("as for simulate")
@click.option(
    "--seconds",
    type=Number(0, 3_600, min_open=True),
    metavar="S",
    help="How long, in seconds.",
)
@click.option(
    "--within",
    type=Number(0, 100),
    metavar="POINTS",
    help="Exit with 7 where a share differs by more.",
)
@json_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    workload: str,
    ticks: int | None,
    seconds: float | None,
    within: float | None,
    as_json: bool,
) -> None:
    """Run WORKLOAD on Linux, simulate it, and print what each lwp got, side by side.

    Each lwp is a process in its scheduler, for as long as the run. The registry must be applied.
    """
    from usched.actions.conform import Length, conform

    refuse_topology(ctx)
    if ticks is not None and seconds is not None:
        raise Misused("--ticks and --seconds both say how long: one or the other")
    with Progress(ticks) as progress:
        done = conform(context_of(ctx), workload, Length(ticks, seconds), progress.reach)
    _report(done, as_json)
    if within is not None:
        _check_within(done, within)


def _report(done: Conformance, as_json: bool) -> None:
    if as_json:
        from usched.figures.conformed import record_lines

        others = done.performance.others
        print_json(
            {
                "workload": done.simulation.workload.name,
                "machine": done.run.machine,
                "kernel": done.kernel.release,
                "hz": done.run.hz,
                "ticks": done.run.ticks,
                "recorded": done.performance.recorded,
                "breaks": done.performance.breaks,
                "lost": done.performance.lost,
                "others": None if others is None else round(sum(others.values()), 6),
                "events": [
                    {
                        "at": each.at,
                        "event": each.what,
                        "late": round(each.late, 6),
                        "took": round(each.took, 6),
                    }
                    for each in done.performance.played
                ],
                **record_lines(done.lines),
            }
        )
        return
    from usched.face.render_conform import print_conformance

    print_conformance(done)


def _check_within(done: Conformance, within: float) -> None:
    """Raises Drifted."""
    from usched.figures.conformed import SHARE, describe_share, points

    problems = [
        Problem(f"{describe_share(line)}: more than {within:g} apart", None, "", "share")
        for line in done.lines
        if line.figure is SHARE and abs(points(line)) > within
    ]
    if problems:
        raise Drifted(problems)
