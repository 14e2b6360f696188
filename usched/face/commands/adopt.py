"""`usched adopt`: a registry out of what a machine is partitioned into already."""

from __future__ import annotations

import click

from usched.actions.adopt import Origin, adopt
from usched.actions.context import Wish
from usched.face.commands.statement import print_outcome
from usched.face.completing import FolderName
from usched.face.options import common_options, context_of, dry_run_option, quiet_option
from usched.face.output import report_change, warn
from usched.words.problems import Misused


@click.command("adopt")
@click.argument("where", type=FolderName(), required=False, metavar="[GROUP | DIR]")
@click.option("--cset", is_flag=True, help="Cpusets of cgroup v1, as cset makes them.")
@click.option("--systemd", is_flag=True, help="Slices of systemd, or its files in DIR.")
@dry_run_option
@quiet_option
@common_options
@click.pass_context
def command(
    ctx: click.Context, where: str | None, cset: bool, systemd: bool, dry_run: bool, quiet: bool
) -> None:
    """Declare schedulers for what this machine is partitioned into already.

    Control groups (cgroup v2) beneath GROUP: those of `usched apply`, where there are any, else
    all that say something of cpus. With --cset or --systemd what is found there, or in DIR. What
    has no equivalent is named. With -n it is a script, which `usched batch` carries out.
    """
    if cset and systemd:
        raise Misused("--cset and --systemd are two places to look: one or the other")
    origin: Origin = "cset" if cset else "systemd" if systemd else "cgroups"
    taken = adopt(context_of(ctx), origin, where, Wish(dry_run, not quiet))
    for note in taken.notes:
        warn(f"{note.scheduler or 'all of them'}, {note.word}: {note.what}")
    if quiet:
        return
    with report_change(dry_run):
        if taken.outcome is None:
            click.echo(f"# nothing to adopt: {taken.why}")
        else:
            print_outcome(taken.outcome, dry_run)
