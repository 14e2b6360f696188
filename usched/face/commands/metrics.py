"""`usched metrics`: counters for Prometheus."""

from __future__ import annotations

import click

from usched.actions.metrics import list_metrics
from usched.face.completing import FileName
from usched.face.options import common_options, context_of, refuse_topology
from usched.face.whole import WholeCommand


@click.command(
    "metrics",
    cls=WholeCommand,
    about="prints those of all schedulers",
    instead="type: usched metrics\nto write them to a file: usched metrics -o FILE",
)
@click.option(
    "-o", "--output", type=FileName(), metavar="FILE", help="Write them to FILE, at once."
)
@common_options
@click.pass_context
def command(ctx: click.Context, output: str | None) -> None:
    """Print what Linux has counted of each scheduler, as Prometheus reads it.

    With -o FILE.prom they are for the textfile collector of its node exporter.
    """
    refuse_topology(ctx)
    lines = list_metrics(context_of(ctx))
    if output is None:
        click.echo("".join(lines), nl=False)
        return
    from usched.world.output_file import OutputFile

    with OutputFile(output) as target:
        target.write(lines)
        target.commit()
