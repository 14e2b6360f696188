"""`usched log`: every change."""

from __future__ import annotations

import click

from usched.actions.read import read_log
from usched.face.completing import SchedulerName
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_columns, print_json


@click.command("log")
@click.argument("name", required=False, type=SchedulerName())
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, name: str | None, limit: int | None, as_json: bool) -> None:
    """Show every change, the newest first; with NAME, those that touched that scheduler."""
    revisions = read_log(context_of(ctx), name, limit)
    if as_json:
        fields = ("number", "time", "uid", "user", "text")
        print_json([{field: getattr(each, field) for field in fields} for each in revisions])
        return
    if not revisions:
        click.echo("nothing was ever changed")
        return
    rows = [(str(each.number), each.time, each.user, each.text) for each in revisions]
    print_columns(("REV", "TIME", "USER", "STATEMENT"), rows, right=(0,))
