"""`usched exec NAME COMMAND`: a program in a scheduler."""

from __future__ import annotations

import sys

import click

from usched.face.completing import ProgramWords, SchedulerName
from usched.face.options import common_options, context_of
from usched.face.output import warn
from usched.words.problems import Misused, Problem


@click.command(
    "exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("-u", "--user", metavar="USER", help="Run it as USER (root only).")
@common_options
@click.argument("name", type=SchedulerName())
@click.argument("words", nargs=-1, type=ProgramWords(), metavar="[--] COMMAND")
@click.pass_context
def command(ctx: click.Context, name: str, words: tuple[str, ...], user: str | None) -> None:
    """Run COMMAND in the scheduler NAME: in its control group, with its policy, on its cpus.

    Under sudo it runs as who called that; --user root keeps root. Where NAME is not applied, or
    without root, it runs on NAME's cpus with a niceness, and what it could not be given is said.
    """
    from usched.actions.exec import (
        ProgramFailed,
        become,
        become_program,
        enter,
        find_program,
        find_runner,
    )
    from usched.actions.places import find_place

    if words[:1] == ("--",):
        words = words[1:]
    if not words:
        what = "no command is given to run"
        raise Misused(Problem(what, remedy=f"such as: usched exec {name} -- sleep 60"))
    try:
        context = context_of(ctx)
        runner = find_runner(user)
        place = find_place(context, name)
        path = find_program(words[0])
        enter(context, place)
        if runner is not None:
            become(runner)
        sys.stdout.flush()
        become_program(path, words)
    except ProgramFailed as failed:
        warn(failed.what)
        ctx.exit(failed.status)
