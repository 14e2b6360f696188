"""`usched diff REV [REV]`: what changed between two revisions."""

from __future__ import annotations

import click

from usched.actions.read import read_difference
from usched.face.changes import describe_moved, print_grants
from usched.face.completing import RevisionNumber
from usched.face.json_records import grant_record, moved_record
from usched.face.options import common_options, context_of, desk_of, desk_option, json_option
from usched.face.output import print_json


@click.command("diff")
@click.argument("old", type=RevisionNumber(), metavar="REV")
@click.argument("new", type=RevisionNumber(), metavar="[REV]", required=False)
@desk_option
@json_option
@common_options
@click.pass_context
def command(
    ctx: click.Context, old: int, new: int | None, where: str | None, as_json: bool
) -> None:
    """Show what changed from one revision to another, or to now; 0 is the empty registry.

    For who holds a granted part the revisions are those of its own store.
    """
    context = context_of(ctx)
    desk = desk_of(context, where)
    differences, topologies, moved, grants = read_difference(context, old, new, desk)
    changed = topologies != (None, None)  # the same description may be of two machines
    if as_json:
        records = [{"name": d.name, "before": d.before, "after": d.after} for d in differences]
        reaches = [moved_record(each) for each in moved]
        handed = [grant_record(each) for each in grants]
        print_json(
            {
                "schedulers": records,
                "topology_changed": changed,
                "topologies": dict(zip(("before", "after"), topologies, strict=True)),
                "moved": reaches,
                "grants": handed,
            }
        )
        return
    if changed:
        for sign, record in zip("-+", topologies, strict=True):
            click.echo(f"{sign} # {record or 'no topology declared: the machine at hand'}")
    for difference in differences:
        if difference.before is not None:
            click.echo(f"- {difference.before}")
        if difference.after is not None:
            click.echo(f"+ {difference.after}")
    print_grants(grants)
    for each in moved:
        click.echo(f"# {describe_moved(each)}")
    if not (differences or grants or changed):
        click.echo("# no difference")
