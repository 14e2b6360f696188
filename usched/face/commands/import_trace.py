"""`usched import FILE`: what a kernel recorded becomes a workload."""

from __future__ import annotations

import click

from usched.actions.import_trace import import_file
from usched.actions.imported import ImportOptions, head_comments
from usched.face.completing import FileName, MapRule, SchedulerName
from usched.face.options import (
    common_options,
    quiet_option,
    refuse_topology,
    workload_output_option,
)
from usched.face.output import warn
from usched.face.progress import Progress
from usched.text.traces.rules import check_scheduler, parse_rule
from usched.text.traces.tick import parse_tick
from usched.text.workload_yaml import format_workload
from usched.words.phrases import as_typed
from usched.words.problems import Line, Misused, Problem, Span
from usched.world.files import STANDARD_INPUT, require_file
from usched.world.output_file import OutputFile, is_same_file


@click.command("import")
@click.argument("file", type=FileName(), metavar="FILE")
@workload_output_option
@click.option(
    "--map",
    "rules",
    type=MapRule(),
    multiple=True,
    metavar="PATTERN=SCHEDULER",
    help="Where threads go: 'cc1|as|ld=BATCH', pid:42=, cgroup:GLOB=, cpu:0-3=; the first counts.",
)
@click.option(
    "--default",
    type=SchedulerName(),
    metavar="SCHEDULER",
    help="Where threads go that no --map fits.",
)
@click.option(
    "--tick",
    metavar="TIME",
    help="The resolution; default: 100us, or what an rt-app file needs to be exact.",
)
@click.option("--kernel", is_flag=True, help="Import kernel threads, too.")
@quiet_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    file: str,
    output: str,
    rules: tuple[str, ...],
    default: str | None,
    tick: str | None,
    kernel: bool,
    quiet: bool,
) -> None:
    """Make a workload of FILE (-: standard input): what real threads ran, and how long they slept.

    FILE is perf script text (of `perf sched record`), ftrace or trace-cmd report text, or an rt-app
    file, be it compressed. What was made of it, and left out, is said on standard error.
    """
    refuse_topology(ctx)
    if file.endswith(".usched"):
        what = f"import makes a workload of a trace, and {file} is a script of statements"
        raise Misused(Problem(what, remedy=f"type: usched batch {as_typed(file)}"))
    require_file(file, "trace")
    if not rules and default is None:
        remedy = "all into one: --default NORM\nor by comm: --map 'redis*=REAL' --default NORM"
        raise Misused(Problem("which scheduler do the threads go to?", remedy=remedy))
    if default is not None:
        check_scheduler(default, Span(Line("--default", 1, default), 0, len(default)))
    resolution = None if tick is None else parse_tick(tick)
    wanted = ImportOptions(tuple(map(parse_rule, rules)), default, resolution, kernel)
    if is_same_file(file, output):
        raise Misused(f"-o {output} would take the place of the trace itself")
    with OutputFile(output) as target:
        with Progress(None, "lines") as progress:
            imported = import_file(file, wanted, progress.reach)
        comments = head_comments(imported, "standard input" if file == STANDARD_INPUT else file)
        target.write(format_workload(imported.workload, comments))
        target.commit()
    if not quiet:
        for sentence in imported.said:
            warn(sentence)
