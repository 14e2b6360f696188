"""`usched simulate WORKLOAD`: dispatch a workload, and report who ran where."""

from __future__ import annotations

import click

from usched.actions.simulate import Simulation, prepare, run
from usched.face.completing import FileName
from usched.face.options import common_options, context_of, json_option
from usched.face.progress import Progress
from usched.meaning.script import ScriptLine
from usched.text.language.grammar import parse_script
from usched.words.phrases import count
from usched.words.problems import EnvironmentFailed, Misused, Problem
from usched.words.run import Run
from usched.words.statement import MAX_TICKS
from usched.world.files import STANDARD_INPUT, read_text
from usched.world.output_file import OutputFile


@click.command("simulate")
@click.argument("workload", type=FileName(), metavar="WORKLOAD")
@click.option(
    "--ticks",
    type=click.IntRange(1, MAX_TICKS),
    metavar="N",
    help="How long; default: the end of the last lwp, or 1,000 if some run for ever.",
)
@click.option(
    "--script",
    type=FileName(),
    metavar="FILE",
    help="Simulate the registry that FILE makes instead.",
)
@click.option(
    "--at",
    type=click.IntRange(0, MAX_TICKS),
    metavar="TICK",
    help="Print only who runs where in one tick, with the chain.",
)
@click.option("--summary", is_flag=True, help="Leave the timeline and the segments out.")
@click.option("--all", "each", is_flag=True, help="A line for each cpu and each scheduler.")
@click.option(
    "--csv",
    type=FileName(),
    metavar="FILE",
    help="Write the segments to FILE (-: instead of a report).",
)
@json_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    workload: str,
    ticks: int | None,
    script: str | None,
    at: int | None,
    summary: bool,
    each: bool,
    csv: str | None,
    as_json: bool,
) -> None:
    """Dispatch WORKLOAD (YAML, -: standard input) on the registry, and report who ran where.

    Nothing runs but the model of usched-model(7), and nothing is changed.
    """
    if as_json and csv == STANDARD_INPUT:
        raise Misused("--json and --csv - both want standard output")
    if workload == STANDARD_INPUT and script == STANDARD_INPUT:
        raise Misused("WORKLOAD and --script both want standard input")
    if each and (as_json or at is not None):
        raise Misused("--all is for the report: --json and --at show each cpu")
    if at is not None and csv is not None:
        raise Misused("--at prints one tick, --csv writes a whole run: one or the other")
    simulation = prepare(context_of(ctx), workload, _read_script(script))
    if at is not None and ticks is not None and at >= ticks:
        what = f"--at {at} is not in a run of {count(ticks, 'tick')}"
        its = "its only tick is 0" if ticks == 1 else f"its ticks are 0 to {ticks - 1}"
        raise Misused(Problem(what, None, its))
    # what happens at a tick is the same in every run that reaches it
    length = ticks if at is None else at + 1
    if csv is None:
        result = _run(simulation, length, at, segments=at is None and not summary)
        _report(simulation, result, at, summary, each, as_json)
        return
    with OutputFile(csv) as file:
        result = _run(simulation, length, at, segments=True)
        trouble = _write_csv(file, result)
    if csv != STANDARD_INPUT:
        _report(simulation, result, at, summary, each, as_json)
    if trouble is not None:
        raise trouble


def _run(simulation: Simulation, length: int | None, at: int | None, segments: bool) -> Run:
    with Progress(length) as progress:
        return run(simulation, length, at, progress.reach, segments)


def _read_script(path: str | None) -> list[ScriptLine] | None:
    if path is None:
        return None
    label, text = read_text(path, "script")
    return list(parse_script(text, label))


def _write_csv(file: OutputFile, result: Run) -> EnvironmentFailed | None:
    """What went wrong is told behind the report, which is not lost with the file."""
    from usched.text.run_json import format_segments_csv

    try:
        file.write(format_segments_csv(result.timeline))
        file.commit()
    except EnvironmentFailed as trouble:
        return trouble
    return None


def _report(
    simulation: Simulation, result: Run, at: int | None, summary: bool, each: bool, as_json: bool
) -> None:
    if as_json and at is None:
        from usched.text.run_json import format_run_json

        for piece in format_run_json(result, segments=not summary):
            click.echo(piece, nl=False)
        return
    from usched.face import render_run

    if at is not None:
        render_run.print_assignments(simulation, result, at, as_json)
        return
    from usched.figures.who_ran import MANY_CPUS, each_cpu, like_cpus

    groups = each_cpu(result)
    if len(groups) > MANY_CPUS and not each:
        groups = like_cpus(result, simulation.timetable.reach)
    render_run.print_report(simulation, result, groups, each)
    if not summary:
        from usched.face.render_timeline import print_timeline

        print_timeline(result, groups, each)
