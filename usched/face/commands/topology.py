"""`usched topology`: detect, load, show or forget the machine."""

from __future__ import annotations

import click

from usched.actions.read import read_machine
from usched.actions.topology import News, declare_topology, forget_topology
from usched.face.changes import print_news
from usched.face.completing import FileName
from usched.face.options import (
    common_options,
    context_of,
    dry_run_option,
    json_option,
    refuse_topology,
    strand_option,
)
from usched.face.output import (
    has_unicode,
    print_json,
    print_lines,
    report_change,
    terminal_width,
    warn,
)
from usched.face.render_machine import draw_machine, machine_record, summarise_machine
from usched.text.topology.mapping import format_topology
from usched.words.machine import Topology


class _Topology(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Where a Tab is answered, click 8.2.0 gives the group its own name along."""
        if ctx.resilient_parsing and args[0] == ctx.info_name:
            args = args[1:]
            if not args:
                return None, None, args
        return super().resolve_command(ctx, args)


@click.group("topology", cls=_Topology)
@common_options
def command() -> None:
    """Detect, load, show or forget the machine that the registry is validated against.

    With none declared, the machine at hand is used, as it is at that moment.
    """


@command.command("detect")
@dry_run_option
@strand_option
@common_options
@click.pass_context
def detect(ctx: click.Context, dry_run: bool, strand: bool) -> None:
    """Declare this machine, as it is read from /sys."""
    from usched.world.host import detect_topology

    refuse_topology(ctx)
    context = context_of(ctx)
    topology, notes = detect_topology(context.root)
    _declare(ctx, topology, notes, dry_run, strand)


@command.command("load")
@click.argument("file", type=FileName(), metavar="FILE")
@dry_run_option
@strand_option
@common_options
@click.pass_context
def load(ctx: click.Context, file: str, dry_run: bool, strand: bool) -> None:
    """Declare the topology in FILE (-: standard input).

    YAML, the output of `lscpu -J` or `lscpu -p`, an hwloc XML export, or an hwloc synthetic
    string, in a file or as the argument itself: 'pack:2 numa:2 core:8 pu:2'.
    """
    from usched.world.topology_file import load_topology

    refuse_topology(ctx)
    topology, notes = load_topology(file)
    _declare(ctx, topology, notes, dry_run, strand)


def _declare(
    ctx: click.Context, topology: Topology, notes: list[str], dry_run: bool, strand: bool
) -> None:
    for note in notes:
        warn(note)
    news = declare_topology(context_of(ctx), topology, dry_run, strand)
    said = "would be declared" if dry_run else "is declared"
    with report_change(dry_run):
        click.echo(
            f"{summarise_machine(topology)}: {'is already declared' if news is None else said}"
        )
        print_news(news or News())


@command.command("show")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the YAML of `topology load`.")
@json_option
@common_options
@click.pass_context
def show(ctx: click.Context, as_yaml: bool, as_json: bool) -> None:
    """Draw the machine: sockets, nodes, caches, cores and threads."""
    if as_json and as_yaml:
        raise click.UsageError("--json or --yaml, not both", ctx)
    context = context_of(ctx)
    machine = read_machine(context)
    if machine.origin == "declared" and context.root != "/":
        warn(
            f"{machine.topology.machine} is declared and shown: --root {context.root} is read by "
            "topology detect, and where nothing is declared"
        )
    if as_json:
        print_json(machine_record(machine.topology, machine.origin))
    elif as_yaml:
        click.echo(format_topology(machine.topology), nl=False)
    else:
        print_lines(draw_machine(machine.topology, terminal_width(), has_unicode()))


@command.command("forget")
@dry_run_option
@strand_option
@common_options
@click.pass_context
def forget(ctx: click.Context, dry_run: bool, strand: bool) -> None:
    """Declare no topology any more: use the machine at hand."""
    refuse_topology(ctx)
    done = forget_topology(context_of(ctx), dry_run, strand)
    if done is None:
        click.echo("no topology is declared")
        return
    host, news = done
    said = "would be used" if dry_run else "is used from now on"
    with report_change(dry_run):
        click.echo(f"{summarise_machine(host.topology)}: the machine at hand {said}")
        print_news(news)
