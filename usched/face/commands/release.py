"""`usched release`: Linux as if there were no schedulers."""

from __future__ import annotations

import click

from usched.actions.apply import release
from usched.face.options import common_options, context_of, quiet_option, refuse_topology
from usched.face.output import report_change
from usched.face.whole import WholeCommand
from usched.words.phrases import count


@click.command(
    "release",
    cls=WholeCommand,
    about="takes away the groups of all schedulers",
    instead="type: usched release\nfor {word} alone: usched destroy {word}, then usched apply",
)
@quiet_option
@common_options
@click.pass_context
def command(ctx: click.Context, quiet: bool) -> None:
    """Take away the control groups that `usched apply` made: all of them, or none.

    Their processes go to the root group. The registry stays as it is, and the controllers of the
    root group stay on. Who holds a part takes away what is beneath it.
    """
    refuse_topology(ctx)
    done = release(context_of(ctx))
    if quiet:
        return
    with report_change(False):
        gone = sum(step.kind == "rmdir" for step in done.steps)
        what = f"{count(gone, 'group')} gone" if gone else "nothing to do: nothing is applied"
        click.echo(f"# {what}")
