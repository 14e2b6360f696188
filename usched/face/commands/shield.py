"""`usched shield CPUS`: cpus for nobody but who is put there."""

from __future__ import annotations

import click

from usched.actions.context import Wish
from usched.actions.shield import declare_shield, find_shield, remove_shield
from usched.face.commands.statement import print_outcome
from usched.face.completing import SchedulerName, ShieldWords
from usched.face.options import (
    common_options,
    context_of,
    dry_run_option,
    quiet_option,
    strand_option,
)
from usched.face.output import report_change
from usched.text.language.canonical import format_statement


@click.command("shield")
@click.argument("words", nargs=-1, type=ShieldWords(), metavar="[CPUS | off]")
@click.option(
    "--name",
    type=SchedulerName(),
    default="SHIELD",
    metavar="NAME",
    help="Of another shield than SHIELD.",
)
@dry_run_option
@quiet_option
@strand_option
@common_options
@click.pass_context
def command(
    ctx: click.Context, words: tuple[str, ...], name: str, dry_run: bool, quiet: bool, strand: bool
) -> None:
    """Keep cpus for nobody but who is put there, and leave the rest of the machine to all others.

    It declares SHIELD on CPUS, exclusive; `usched apply` makes Linux so, and `usched exec SHIELD`
    runs a program there. CPUS are those of a statement, or numbers: cpu2-3, node1, 2-3,7. Clauses
    may follow: with locked, Linux spreads no load there. Without CPUS it is shown; off takes it
    away.
    """
    from usched.actions.remedies import by_me, by_sudo

    context = context_of(ctx)
    if not words:
        click.echo(format_statement(find_shield(context, name).declare))
        return
    wish = Wish(dry_run, not quiet, strand)
    if words == ("off",):
        outcome = remove_shield(context, name, wish)
    else:
        outcome = declare_shield(context, name, words, wish)
    if quiet:
        return
    with report_change(dry_run):
        print_outcome(outcome, dry_run)
        if not dry_run:
            look, do = by_me(context, "plan"), by_sudo(context.registry, "apply")
            click.echo(f"# to make Linux so: {look}, then {do}")
