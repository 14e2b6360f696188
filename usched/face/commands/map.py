"""`usched map`: a grid of schedulers and cpus."""

from __future__ import annotations

from collections.abc import Sequence

import click

from usched.actions.read import read_tree
from usched.face.misfits import warn_of_misfits
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, terminal_width
from usched.figures.grid import Holding, list_holdings, runs_alike
from usched.meaning.resolver import Resolver
from usched.words.cpuset import CpuSet, format_cpus

#: With more blocks than this the grid is turned: a line for each run of cpus.
_MAX_BLOCKS = 4

_LEGEND = "#: runs there   X: it alone (exclusive)   ~: by vcpus that float   .: does not"


@click.command("map")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Draw which scheduler has which cpu: a row a scheduler, a column a cpu of the machine."""
    tree = read_tree(context_of(ctx))
    warn_of_misfits(tree)
    rows = list_holdings(tree)
    if as_json:
        print_json(_record(tree, rows))
        return
    if not rows:
        click.echo("no schedulers; declare one: usched NORM on 'cpu*' lwktpri 6")
        return
    _draw(tree, rows)


def _sign(holding: Holding) -> str:
    if holding.floating:
        return "~"
    return "X" if holding.alone else "#"


def _record(tree: Resolver, rows: Sequence[Holding]) -> dict[str, object]:
    return {
        "machine": tree.topology.machine,
        "cpus": list(tree.topology.all),
        "offline": list(tree.topology.offline),
        "schedulers": [
            {
                "name": row.scheduler.name,
                "lwktpri": row.scheduler.declare.lwktpri,
                "cpus": list(row.cpus),
                "floating": row.floating,
                "exclusive": row.scheduler.declare.exclusive,
            }
            for row in rows
        ],
    }


def _draw(tree: Resolver, rows: Sequence[Holding]) -> None:
    cpus = list(tree.topology.all)
    margin = max(len("lwktpri"), *(len(row.scheduler.name) + 3 for row in rows))
    width = max(8, terminal_width() - margin - 1)
    blocks = [cpus[first : first + width] for first in range(0, len(cpus), width)]
    if len(blocks) > _MAX_BLOCKS:
        _draw_turned(cpus, rows)
    else:
        for block in blocks:
            _draw_block(block, rows, margin, tree.topology.offline)
    click.echo(_LEGEND)


def _draw_block(
    block: Sequence[int], rows: Sequence[Holding], margin: int, offline: CpuSet
) -> None:
    digits = len(str(block[-1]))
    for place in range(digits):
        label = "cpu" if place == digits - 1 else ""
        numbers = "".join(str(cpu).rjust(digits)[place] for cpu in block)
        click.echo(f"{label:{margin}} {numbers}".rstrip())
    for row in rows:
        name = f"{row.scheduler.name} {row.scheduler.declare.lwktpri}"
        cells = "".join(_sign(row) if cpu in row.cpus else "." for cpu in block)
        click.echo(f"{name:{margin}} {cells}")
    if CpuSet.of(block) & offline:
        cells = "".join("o" if cpu in offline else " " for cpu in block)
        click.echo(f"{'offline':{margin}} {cells}".rstrip())


def _draw_turned(cpus: Sequence[int], rows: Sequence[Holding]) -> None:
    """A line for each run of cpus that the same schedulers have."""
    names = [f"{row.scheduler.name}{_sign(row)}" for row in rows]
    for run, here in runs_alike(rows, cpus):
        who = " ".join(names[place] for place in here)
        click.echo(f"{format_cpus(CpuSet.of(run))}: {who or '.'}")
