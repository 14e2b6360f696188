"""`usched export`: the registry as a script, or as units of systemd."""

from __future__ import annotations

import click

from usched.actions.context import Context
from usched.actions.read import read_whole
from usched.face.completing import FolderName
from usched.face.options import common_options, context_of, json_option, refuse_topology
from usched.face.output import print_json, print_wrapped, warn
from usched.meaning.joined import describe_part
from usched.meaning.lost import find_lost
from usched.meaning.registry import export_order, format_registry
from usched.text.language.canonical import format_statement
from usched.words.problems import Misused, format_problem
from usched.world.rows import as_printed


@click.command("export")
@click.option("--systemd", is_flag=True, help="Print units for systemd instead.")
@click.option("-o", "--output", type=FolderName(), metavar="DIR", help="Write the units into DIR.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, systemd: bool, output: str | None, as_json: bool) -> None:
    """Print the registry as a .usched script.

    Each statement is in canonical form and valid in its turn: `usched batch` makes the same
    registry of them, there or on another machine. What others have declared in granted parts is
    among them; the grants themselves are comments, and so is what stands aside.

    With --systemd: a unit that applies the registry at boot, one that watches over it, and a slice
    for each scheduler, for who wants systemd to own its group. Use the units or the slices.
    """
    if output is not None and not systemd:
        raise Misused("-o goes with --systemd: a script is for the standard output")
    if systemd and as_json:
        raise Misused("--systemd and --json are two ways to print: one or the other")
    context = context_of(ctx)
    if systemd:
        refuse_topology(ctx)
        _export_units(context, output)
        return
    registry, granted = read_whole(context)
    lost = find_lost(registry)
    for problem in lost:
        warn(format_problem(problem))
    if as_json:
        print_json([format_statement(entry.declare) for entry in export_order(registry)])
    else:
        for problem in lost:
            click.echo(f"# {problem.what}")
        click.echo(format_registry(registry), nl=False)
        for part in granted:
            click.echo(f"# {format_statement(part.granted.grant)}")
            for problem in describe_part(part):
                click.echo(f"# {as_printed(problem.what)}")


def _export_units(context: Context, folder: str | None) -> None:
    from usched.actions.export_units import find_leftovers, make_units
    from usched.world.output_file import write_folder
    from usched.world.program import find_program

    units = make_units(context, find_program())
    for note in units.missing:
        warn(f"{note.scheduler}, {note.word}: {note.what}")
    if folder is None:
        click.echo("\n".join(f"# {unit.name}\n{unit.text}" for unit in units.files), nl=False)
        return
    write_folder(folder, units.files)
    for unit in units.files:
        click.echo(unit.name)
    if units.notes:
        click.echo("What systemd does otherwise:")
    for note in units.notes:
        print_wrapped(f"{note.scheduler}, {note.word}: {note.what}")
    for name in find_leftovers(folder, units):
        warn(f"{name} is there, and the registry knows nothing of it")
