"""`usched simulate WORKLOAD`: dispatch a workload, and report who ran where."""

from __future__ import annotations

from dataclasses import dataclass

import click

from usched.actions.simulate import Simulation, prepare, run
from usched.face.completing import FileName
from usched.face.numbers import TickNumber
from usched.face.options import (
    common_options,
    context_of,
    json_option,
    ticks_option,
    workload_argument,
)
from usched.face.progress import Progress
from usched.face.run_files import RunFiles, check_paths, is_printed
from usched.meaning.script import ScriptLine
from usched.text.language.grammar import parse_script
from usched.words.phrases import count
from usched.words.problems import Misused, Problem
from usched.words.run import Run
from usched.words.statement import MAX_TICKS
from usched.world.files import STANDARD_INPUT, read_text


@click.command("simulate")
@workload_argument
@ticks_option("the end of the last lwp, or 1,000 if some run for ever")
@click.option(
    "--script",
    type=FileName(),
    metavar="FILE",
    help="Simulate the registry that FILE makes instead.",
)
@click.option(
    "--at",
    type=TickNumber(0, MAX_TICKS),
    metavar="TICK",
    help="Print only who runs where in one tick, with the chain.",
)
@click.option("--summary", is_flag=True, help="Leave the timeline and the segments out.")
@click.option("--figures", is_flag=True, help="What to decide by, in place of the report.")
@click.option("--all", "each", is_flag=True, help="A line for each cpu and each scheduler.")
@click.option(
    "--csv",
    type=FileName(),
    metavar="FILE",
    help="Write the segments to FILE (-: instead of a report).",
)
@click.option(
    "--html",
    type=FileName(),
    metavar="FILE",
    help="Write a page to look at, zoom and sort to FILE.",
)
@click.option(
    "--perfetto",
    type=FileName(),
    metavar="FILE",
    help="Write a trace for the Perfetto UI to FILE.",
)
@click.option(
    "--sched-switch",
    type=FileName(),
    metavar="FILE",
    help="Write the run as perf script prints one to FILE.",
)
@click.option("--svg", type=FileName(), metavar="FILE", help="Write a drawing to FILE.")
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
    figures: bool,
    each: bool,
    csv: str | None,
    html: str | None,
    perfetto: str | None,
    sched_switch: str | None,
    svg: str | None,
    as_json: bool,
) -> None:
    """Dispatch WORKLOAD (YAML, -: standard input) on the registry, and report who ran where.

    Nothing runs but the model of usched-model(7), and nothing is changed.
    """
    named = {
        "csv": csv,
        "html": html,
        "perfetto": perfetto,
        "sched_switch": sched_switch,
        "svg": svg,
    }
    paths = {option: path for option, path in named.items() if path is not None}
    check_paths(paths, "--json" if as_json else "--figures" if figures else "", at)
    if workload == STANDARD_INPUT and script == STANDARD_INPUT:
        raise Misused("WORKLOAD and --script both want standard input")
    if each and (at is not None or as_json):
        raise Misused("--all is for the report: --json and --at show each cpu")
    if figures and at is not None:
        raise Misused("--at prints one tick, --figures are of a whole run: one or the other")
    simulation = prepare(context_of(ctx), workload, _read_script(script))
    if at is not None and ticks is not None and at >= ticks:
        what = f"--at {at} is not in a run of {count(ticks, 'tick')}"
        its = "its only tick is 0" if ticks == 1 else f"its ticks are 0 to {ticks - 1}"
        raise Misused(Problem(what, None, its))
    shown = _Shown(at, summary, each, figures, as_json)
    # what happens at a tick is the same in every run that reaches it
    length = ticks if at is None else at + 1
    if not paths:
        _report(simulation, _run(simulation, length, shown.needs_segments), shown)
        return
    with RunFiles(paths) as files:
        result = _run(simulation, length, segments=True)
        trouble = files.write(simulation, result)
    if not is_printed(paths):
        _report(simulation, result, shown)
    if trouble is not None:
        raise trouble


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is printed of a run, as the options say."""

    at: int | None
    summary: bool
    each: bool
    figures: bool
    as_json: bool

    @property
    def needs_segments(self) -> bool:
        return self.figures or (self.at is None and not self.summary)


def _run(simulation: Simulation, length: int | None, segments: bool) -> Run:
    with Progress(length) as progress:
        return run(simulation, length, progress.reach, segments)


def _read_script(path: str | None) -> list[ScriptLine] | None:
    if path is None:
        return None
    label, text = read_text(path, "script")
    return list(parse_script(text, label))


def _report(simulation: Simulation, result: Run, shown: _Shown) -> None:
    if shown.as_json and shown.at is None:
        _print_json(simulation, result, shown)
        return
    from usched.face import render_run

    if shown.at is not None:
        render_run.print_assignments(simulation, result, shown.at, shown.as_json)
        return
    if shown.figures:
        from usched.face.render_figures import print_figures
        from usched.figures.accounts import take_account

        render_run.print_heading(simulation, result)
        print_figures(simulation, take_account(simulation.timetable, result), shown.each)
        return
    from usched.figures.who_ran import MANY_CPUS, each_cpu, like_cpus

    groups = each_cpu(result)
    if len(groups) > MANY_CPUS and not shown.each:
        groups = like_cpus(result, simulation.timetable.reach)
    render_run.print_report(simulation, result, groups, shown.each)
    if not shown.summary:
        from usched.face.render_timeline import print_timeline

        print_timeline(result, groups, shown.each)


def _print_json(simulation: Simulation, result: Run, shown: _Shown) -> None:
    from usched.text.run_json import format_run_json

    figures = None
    if shown.figures:
        from usched.figures.account_records import record_accounts
        from usched.figures.accounts import take_account

        figures = record_accounts(take_account(simulation.timetable, result))
    for piece in format_run_json(result, not shown.summary, figures):
        click.echo(piece, nl=False)
