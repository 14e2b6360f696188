"""`usched rollback REV`: the registry as it was."""

from __future__ import annotations

import click

from usched.actions.context import Wish
from usched.actions.rollback import Rollback, roll_back
from usched.face.changes import print_grants, print_news
from usched.face.completing import RevisionNumber
from usched.face.options import (
    common_options,
    context_of,
    desk_of,
    desk_option,
    dry_run_option,
    refuse_topology,
    strand_option,
)
from usched.face.output import report_change
from usched.meaning.registry import Placed
from usched.text.language.canonical import format_statement
from usched.words.phrases import clip
from usched.world.rows import as_printed


@click.command("rollback")
@click.argument("revision", type=RevisionNumber(), metavar="REV")
@dry_run_option
@strand_option
@desk_option
@common_options
@click.pass_context
def command(
    ctx: click.Context, revision: int, dry_run: bool, strand: bool, where: str | None
) -> None:
    """Make the registry what it was after revision REV, topology included.

    That is a change like any other: it is validated, and it is a revision of its own. Who holds a
    granted part goes back in that one: what is in it, and the revisions of its own store.
    """
    refuse_topology(ctx)
    context = context_of(ctx)
    wish = Wish(dry_run, True, strand)
    desk = desk_of(context, where)
    done = roll_back(context, revision, wish, desk)
    with report_change(dry_run):
        _print_rollback(done, revision, dry_run, f"your part of {desk.name}" if desk else "")


def _print_rollback(done: Rollback, revision: int, dry_run: bool, part: str) -> None:
    """part: whose revisions they are, "" for the registry's."""
    if done.revision is None:
        click.echo(f"# {part or 'the registry'} is as it was at revision {revision}")
        return
    for edit in done.edits:
        for sign, placed in (("-", edit.before), ("+", edit.after)):
            if isinstance(placed, Placed):
                click.echo(f"{sign} {format_statement(placed.declare)}")
            elif placed is not None:
                click.echo(f"{sign} # {clip(as_printed(edit.name))}, which was damaged")
    print_grants(done.grants)
    if done.topology:
        click.echo(f"# with the topology of then: {done.machine or 'none declared'}")
    print_news(done.news)
    word = "would be" if dry_run else "is"
    of = f" of {part}" if part else ""
    click.echo(f"# rollback to {revision} {word} revision {done.revision}{of}")
    if dry_run:
        click.echo("# dry run: nothing was changed")
