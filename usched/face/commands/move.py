"""`usched move PID into NAME`: processes into a scheduler."""

from __future__ import annotations

import click

from usched.face.completing import MoveWords
from usched.face.options import common_options, context_of, quiet_option
from usched.face.output import report_change
from usched.words.phrases import count
from usched.words.problems import Misused, Problem


@click.command("move")
@quiet_option
@common_options
@click.argument("words", nargs=-1, type=MoveWords(), metavar="PID|TID|PATTERN... into NAME")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], quiet: bool) -> None:
    """Move processes into the scheduler NAME, with all that they forked.

    A PATTERN is of what they are called, such as 'redis*' or 'cc1|as|ld'. Of a thread (TID) that
    is not the first of its process, the cpus and the policy are set.
    """
    from usched.actions.move import move

    if "into" not in words:
        raise Misused(Problem("it is not said where to", remedy=_FORM))
    at = words.index("into")
    if at == 0:
        raise Misused(Problem("it is not said what to move", remedy=_FORM))
    if len(words) != at + 2:
        what = "behind 'into' stands one scheduler"
        raise Misused(Problem(what, remedy=_FORM))
    name = words[-1]
    moved = move(context_of(ctx), words[:at], name)
    if quiet:
        return
    with report_change(False):
        threads = count(moved.threads, "thread")
        if moved.processes:
            many = "1 process" if moved.processes == 1 else f"{moved.processes} processes"
            click.echo(f"# {many} with {threads} moved into {name}")
        else:
            click.echo(f"# {threads} moved into {name}")


_FORM = "such as: usched move 4242 into POOL, or usched move 'redis*' into POOL"
