"""`usched apply`: Linux as the registry says."""

from __future__ import annotations

import click

from usched.actions.apply import apply_registry
from usched.actions.plan import tell_waiting
from usched.actions.remedies import by_me
from usched.face.options import common_options, context_of, quiet_option
from usched.face.output import report_change
from usched.face.whole import WholeCommand
from usched.plan.wanted import full_path
from usched.text.duration import parse_duration
from usched.words.phrases import count, join_names
from usched.world.linux.group_reading import MOUNT


@click.command(
    "apply",
    cls=WholeCommand,
    rehearsal="plan",
    about="always applies the whole registry",
    instead="type: usched apply\nto see first what it would do: usched plan",
    of_file="type first: usched batch {word}\nthen: usched apply",
)
@click.option("--confirm", metavar="TIME", help="Undo it after TIME, unless `usched confirm`.")
@quiet_option
@common_options
@click.pass_context
def command(ctx: click.Context, quiet: bool, confirm: str | None) -> None:
    """Make Linux's control groups (cgroup v2) as the registry says: all of it, or nothing.

    It does what `usched plan` prints, reads everything back, and undoes it all where the kernel
    refuses a step or does something else. With --confirm 60s it is undone after that time, by a
    process of its own, unless you type `usched confirm`: a wrong set of cpus can cut you off.
    Who holds a part applies it without root, once root has applied.
    """
    seconds = None if confirm is None else parse_duration(confirm, "--confirm", 1, 86_400)
    context = context_of(ctx)
    done = apply_registry(context, seconds=seconds)
    if quiet:
        return
    assert done.plan is not None
    with report_change(False):
        if done.steps:
            where = join_names([f"/{MOUNT}/{full_path(top)}" for top in done.plan.tops])
            click.echo(f"# {count(len(done.steps), 'step')} done beneath {where}")
            if confirm is not None:
                click.echo(f"# undone in {confirm}, unless you type: {by_me(context, 'confirm')}")
            notes = len(done.plan.wanted.notes)
            if notes:
                many = "one word" if notes == 1 else f"{notes} words"
                click.echo(f"# {many} Linux does otherwise: {by_me(context, 'plan')} says which")
        else:
            click.echo("# nothing to do: Linux is as the registry says")
        for line in tell_waiting(done.plan, context):
            click.echo(f"# {line}")
