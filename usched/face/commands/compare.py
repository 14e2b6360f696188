"""`usched compare WORKLOAD [SCRIPT]...`: one workload under several partitions, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from usched.actions.compare import (
    REGISTRY,
    Comparison,
    Script,
    Variant,
    compare_variants,
    prepare_variants,
)
from usched.face.completing import FileName
from usched.face.options import (
    common_options_several,
    context_of,
    json_option,
    ticks_option,
    topologies_of,
    workload_argument,
)
from usched.face.output import print_json
from usched.face.progress import Progress
from usched.text.language.grammar import parse_script
from usched.words.problems import Misused, Problem
from usched.world.files import STANDARD_INPUT, read_text, require_file
from usched.world.output_file import OutputFile


@click.command("compare")
@workload_argument
@click.argument("scripts", nargs=-1, type=FileName(), metavar="[SCRIPT]...")
@ticks_option("as for simulate, each by itself")
@click.option("--all", "each", is_flag=True, help="Every figure, of each lwp too.")
@click.option("--html", type=FileName(), metavar="FILE", help="Write a page that sorts to FILE.")
@json_option
@common_options_several
@click.pass_context
def command(
    ctx: click.Context,
    workload: str,
    scripts: tuple[str, ...],
    ticks: int | None,
    each: bool,
    html: str | None,
    as_json: bool,
) -> None:
    """Dispatch WORKLOAD under each SCRIPT, or on each --topology, and compare the figures.

    The first is what the others are held against. One SCRIPT alone is held against the registry.
    """
    topologies = topologies_of(ctx)
    if as_json and html == STANDARD_INPUT:
        raise Misused("--json and --html - both want standard output")
    if each and as_json:
        raise Misused("--all is for the report: --json has every figure")
    variants = prepare_variants(
        context_of(ctx), workload, _read_scripts(workload, scripts, topologies), topologies
    )
    if html is None:
        _report(_run(variants, ticks), each, as_json)
        return
    with OutputFile(html) as file:
        compared = _run(variants, ticks)
        file.write(_format_page(compared))
        file.commit()
    if html != STANDARD_INPUT:
        _report(compared, each, as_json)


def _run(variants: Sequence[Variant], ticks: int | None) -> Comparison:
    with Progress(ticks) as progress:
        return compare_variants(variants, ticks, progress.reach)


def _report(compared: Comparison, each: bool, as_json: bool) -> None:
    if as_json:
        _print_json(compared)
        return
    from usched.face.render_compare import print_comparison

    print_comparison(compared, each)


def _format_page(compared: Comparison) -> Iterator[str]:
    from usched.pictures.compare_page import SCRIPTS, Named, format_compare_page
    from usched.pictures.html_page import STYLE
    from usched.world.package_files import read_page_parts

    names = [variant.name for variant in compared.variants]
    runs = [Named(name, run) for name, run in zip(names, compared.runs, strict=True)]
    workload = compared.variants[0].simulation.workload.name
    parts = read_page_parts((STYLE, *SCRIPTS))
    return format_compare_page(workload, runs, compared.lines, parts)


def _read_scripts(workload: str, paths: Sequence[str], topologies: Sequence[str]) -> list[Script]:
    """The registry is one of those compared, where there would be nothing else."""
    if [workload, *paths].count(STANDARD_INPUT) > 1:
        raise Misused("two of the files are the standard input")
    require_file(workload, "workload")
    if not paths and len(topologies) < 2:
        remedy = "give a script, or two topologies: --topology FILE --topology FILE"
        raise Misused(Problem("there is nothing to compare with", None, remedy))
    scripts = []
    for path in paths:
        label, text = read_text(path, "script")
        scripts.append(Script(label, list(parse_script(text, label))))
    if not scripts or (len(scripts) == 1 and len(topologies) < 2):
        scripts.insert(0, Script(REGISTRY, None))
    return scripts


def _print_json(compared: Comparison) -> None:
    figures = [
        {
            "of": line.of,
            "name": line.name,
            "figure": line.figure.name,
            "unit": line.figure.unit,
            "values": line.values,
            "differences": [line.difference(n) for n in range(1, len(line.values))],
            "judged": [line.judge(n) for n in range(1, len(line.values))],
        }
        for line in compared.lines
    ]
    runs = [
        {"name": variant.name, "machine": run.machine, "ticks": run.ticks}
        for variant, run in zip(compared.variants, compared.runs, strict=True)
    ]
    workload = compared.variants[0].simulation.workload.name
    print_json({"workload": workload, "hz": compared.runs[0].hz, "runs": runs, "figures": figures})
