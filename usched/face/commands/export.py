"""`usched export`: the registry as a script."""

from __future__ import annotations

import click

from usched.actions.read import read_whole
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, warn
from usched.meaning.lost import find_lost
from usched.meaning.registry import export_order, format_registry
from usched.text.language.canonical import format_statement
from usched.words.problems import format_problem


@click.command("export")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Print the registry as a .usched script.

    Each statement is in canonical form and valid in its turn: `usched batch` makes the same
    registry of them, there or on another machine. What others have declared in granted parts is
    among them; the grants themselves are comments.
    """
    registry, granted = read_whole(context_of(ctx))
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
