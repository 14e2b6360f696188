"""`usched log`: every change."""

from __future__ import annotations

import click

from usched.actions.read import read_log
from usched.face.changes import describe_moved
from usched.face.completing import SchedulerName
from usched.face.json_records import moved_record
from usched.face.numbers import WholeNumber
from usched.face.options import common_options, context_of, json_option
from usched.face.output import format_columns, print_json
from usched.meaning.history import Revision


@click.command("log")
@click.argument("name", required=False, type=SchedulerName())
@click.option("--limit", type=WholeNumber(1), metavar="N", help="Only the newest N.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, name: str | None, limit: int | None, as_json: bool) -> None:
    """Show every change, the newest first; with NAME, those that touched that scheduler.

    Those of granted parts are among them, each with whose store it is in, and those of parts that
    were taken back, as far as their stores are still there.
    """
    revisions = read_log(context_of(ctx), name, limit)
    if as_json:
        print_json([_record(each) for each in revisions])
        return
    if not revisions:
        click.echo("nothing was ever changed")
        return
    rows = [[str(each.number), each.time, each.user, each.text] for each in revisions]
    heads = ["REV", "TIME", "USER", "STATEMENT"]
    if any(each.store for each in revisions):
        heads.insert(1, "IN")
        for row, each in zip(rows, revisions, strict=True):
            row.insert(1, f"{each.store} (former)" if each.former else each.store)
    head, *lines = format_columns(heads, rows, right=(0,))
    click.echo(head)
    for line, each in zip(lines, revisions, strict=True):
        click.echo(line)
        for moved in each.moved:
            click.echo(f"     # {describe_moved(moved)}")


def _record(revision: Revision) -> dict[str, object]:
    fields = ("number", "time", "uid", "user", "text")
    moved = [moved_record(each) for each in revision.moved]
    facts = {field: getattr(revision, field) for field in fields}
    store = {"store": revision.store or None, "former": revision.former}
    return {**facts, "moved": moved, **store}
