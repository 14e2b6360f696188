"""`usched NAME on ...`, `usched destroy NAME`, and the other statements."""

from __future__ import annotations

import click

from usched.actions.change import Outcome, carry_out
from usched.actions.context import Wish
from usched.face.changes import describe_change, print_news
from usched.face.completing import StatementWords
from usched.face.options import (
    common_options,
    context_of,
    dry_run_option,
    quiet_option,
    strand_option,
)
from usched.face.output import report_change
from usched.meaning.script import Done
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_words
from usched.words.cpuset import CpuSet
from usched.words.statement import GRAMMAR


class _Statement(click.Command):
    def format_usage(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("usched", "[-n] [-q] [--strand] STATEMENT")


@click.command(
    "statement",
    cls=_Statement,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[-n] [-q] [--strand]",
    help="\n".join(("Carry out one statement.\n\n\b", *GRAMMAR.values())),
    short_help="Declare or destroy a scheduler.",
)
@click.argument("words", nargs=-1, type=StatementWords(), metavar="STATEMENT")
@dry_run_option
@quiet_option
@strand_option
@common_options
@click.pass_context
def command(
    ctx: click.Context, words: tuple[str, ...], dry_run: bool, quiet: bool, strand: bool
) -> None:
    statement = parse_words(words)
    wish = Wish(dry_run, not quiet, strand)
    outcome = carry_out(context_of(ctx), [(None, statement)], wish)
    if quiet:
        return
    with report_change(dry_run):
        print_outcome(outcome, dry_run)


def print_outcome(outcome: Outcome, dry_run: bool) -> None:
    """What was done, or would be: statements, with what follows from them as comments."""
    for done in outcome.done:
        print_done(done, dry_run, outcome.machine.topology.offline)
    if outcome.declared is not None:
        said = "would be" if dry_run else "is now"
        click.echo(f"# the registry's topology {said} {outcome.declared.machine}")
    print_news(outcome.news)
    if dry_run:
        click.echo("# dry run: nothing was changed")


def print_done(done: Done, dry_run: bool, offline: CpuSet) -> None:
    text = format_statement(done.statement)
    if done.revision is None:
        click.echo(f"{text}  # as it was")
        return
    word = "would be revision" if dry_run else "revision"
    click.echo(f"{text}  # {word} {done.revision}")
    if done.ends is not None:
        click.echo(f"#   ends at {done.ends}")
    for change in done.changes:
        click.echo(f"#   {describe_change(change, offline)}")
