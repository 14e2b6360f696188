"""`usched check [FILE...]`: look at everything, change nothing."""

from __future__ import annotations

from collections.abc import Sequence

import click

from usched.actions.check import Report, check_registry
from usched.actions.simulate import check_workload
from usched.face.completing import FileName
from usched.face.json_records import problem_record
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, warn
from usched.meaning.script import ScriptLine
from usched.text.language.grammar import parse_script
from usched.words.cpuset import count_cpus
from usched.words.phrases import count
from usched.words.problems import UschedError, format_problem
from usched.world.files import read_text


@click.command("check")
@click.argument("files", nargs=-1, type=FileName(), metavar="[FILE]...")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Validate the registry on its machine and print warnings; change nothing.

    With FILEs: as if these scripts were carried out first. A FILE that ends in .yaml or .yml is a
    workload, and is held against the result.
    """
    try:
        report = _check(ctx, files)
    except UschedError as error:
        if as_json:
            records = [problem_record(problem) for problem in error.problems]
            print_json({"valid": False, "problems": records})
        raise
    if as_json:
        records = [problem_record(warning) for warning in report.warnings]
        print_json({"valid": True, "schedulers": report.schedulers, "warnings": records})
        return
    for warning in report.warnings:
        warn(f"warning: {format_problem(warning)}")
    machine = report.tree.topology
    verb = "is" if report.schedulers == 1 else "are"
    click.echo(
        f"{count(report.schedulers, 'scheduler')} {verb} valid on {machine.machine} "
        f"({count_cpus(machine.all, machine.offline)}), {count(len(report.warnings), 'warning')}"
    )


def _check(ctx: click.Context, files: Sequence[str]) -> Report:
    context = context_of(ctx)
    script: list[ScriptLine] = []
    workloads = []
    for file in files:
        if file.endswith((".yaml", ".yml")):
            workloads.append(file)
        else:
            label, text = read_text(file, "script")
            script += parse_script(text, label)
    report = check_registry(context, script)
    for workload in workloads:
        check_workload(context, report.tree, workload)
    return report
