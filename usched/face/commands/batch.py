"""`usched batch FILE`: a script of statements, all or nothing."""

from __future__ import annotations

import click

from usched.actions.change import carry_out
from usched.actions.context import Wish
from usched.face.commands.statement import print_outcome
from usched.face.completing import FileName
from usched.face.options import common_options, context_of, dry_run_option, strand_option
from usched.face.output import report_change
from usched.text.language.grammar import parse_script
from usched.words.phrases import count
from usched.world.files import read_text


@click.command("batch")
@click.argument("file", type=FileName(), metavar="FILE")
@dry_run_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the last line.")
@strand_option
@common_options
@click.pass_context
def command(ctx: click.Context, file: str, dry_run: bool, quiet: bool, strand: bool) -> None:
    """Carry out the statements of FILE (-: standard input), all of them or none.

    Each is validated after the ones before it; every error in the file is shown.
    """
    label, text = read_text(file, "script")
    wish = Wish(dry_run, not quiet, strand)
    outcome = carry_out(context_of(ctx), parse_script(text, label), wish)
    with report_change(dry_run):
        if not quiet:
            print_outcome(outcome, dry_run)
        numbers = [done.revision for done in outcome.done if done.revision is not None]
        word = "would be revision" if dry_run else "revision"
        done = count(len(outcome.done), "statement")
        if not numbers:
            click.echo(f"# {done}, nothing new")
        elif len(numbers) == 1:
            click.echo(f"# {done}, {word} {numbers[0]}")
        else:
            click.echo(f"# {done}, {word}s {numbers[0]}-{numbers[-1]}")
