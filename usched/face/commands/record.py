"""`usched record COMMAND`: what the machine does meanwhile, as text for `usched import`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import click

from usched.face.completing import FileName
from usched.face.options import common_options, quiet_option, refuse_topology
from usched.face.output import warn
from usched.words.problems import Misused, Problem
from usched.world.output_file import OutputFile

_DEFAULT = "trace.txt"


@click.command(
    "record", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option(
    "-o",
    "--output",
    type=FileName(),
    metavar="FILE",
    help=f"Write the trace to FILE; default: {_DEFAULT}, if there is none.",
)
@quiet_option
@common_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], output: str | None, quiet: bool) -> None:
    """Record all threads of this machine with perf until COMMAND ends, such as `sleep 5`.

    The trace is text, for `usched import`. As a rule only root may record.
    """
    from usched.world.perf import recorded

    refuse_topology(ctx)
    if words[:1] == ("--",):
        words = words[1:]
    if not words:
        remedy = "for five seconds of the whole machine: usched record -- sleep 5"
        raise Misused(Problem("no command is given to record", remedy=remedy))
    if output is None:
        output = _DEFAULT
        if os.path.lexists(output):
            raise Misused(f"{output} is there already: name another file with -o")
    lines = 0
    with OutputFile(output) as target, recorded(words, output) as (status, trace):

        def counted() -> Iterator[str]:
            nonlocal lines
            for line in trace:
                lines += 1
                yield line

        target.write(counted())
        target.commit()
    if status:
        warn(f"{words[0]} ended with status {status}")
    if quiet:
        return
    warn(f"recorded {lines:,} events in {output}")
    if os.path.isfile(output):
        workload = os.path.splitext(output)[0] + ".yaml"
        typed = shlex.join(("usched", "import", output, "-o", workload, "--default", "NORM"))
        warn(f"type: {typed}")
