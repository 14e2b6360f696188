"""`usched confirm`: what was applied is kept."""

from __future__ import annotations

import click

from usched.actions.trial import confirm
from usched.face.options import common_options, context_of, quiet_option, refuse_topology
from usched.face.output import report_change
from usched.face.whole import WholeCommand


@click.command(
    "confirm",
    cls=WholeCommand,
    about="keeps all that was applied",
    instead="type: usched confirm\nhow long it waits is said before: usched apply --confirm 60s",
)
@quiet_option
@common_options
@click.pass_context
def command(ctx: click.Context, quiet: bool) -> None:
    """Keep what `usched apply --confirm` made, which is undone otherwise."""
    refuse_topology(ctx)
    confirm(context_of(ctx))
    if not quiet:
        with report_change(False):
            click.echo("# confirmed: it stays")
