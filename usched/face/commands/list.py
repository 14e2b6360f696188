"""`usched list`: the schedulers, a line each."""

from __future__ import annotations

import click

from usched.actions.read import read_joined
from usched.face.json_records import scheduler_records
from usched.face.misfits import warn_of_misfits
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_columns, print_json
from usched.meaning.grants import Hands
from usched.meaning.reach import count_offline, reach_of
from usched.meaning.registry import Placed
from usched.meaning.resolver import Resolver
from usched.text.language.canonical import format_cpu_terms, format_quantum
from usched.words.cpuset import format_cpu_list


@click.command("list")
@click.option("--real", is_flag=True, help="Show the machine's cpus that each can reach.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, real: bool, as_json: bool) -> None:
    """List the schedulers: parents first, siblings in declaration order."""
    tree, hands = read_joined(context_of(ctx))
    entries = list(tree.walk())
    warn_of_misfits(tree)
    if as_json:
        print_json(scheduler_records(tree, entries, hands))
        return
    if not entries:
        click.echo("no schedulers; declare one: usched NORM on 'cpu*' lwktpri 6")
        return
    rows = [_row(tree, entry, hands) for entry in entries]
    heads = [
        "NAME",
        "LWKTPRI",
        "CPUS",
        "OFFLINE",
        "VCPUS",
        "QUANTUM",
        "FLAGS",
        "OF",
        "REAL CPUS",
        "ON",
    ]
    shown = [
        place
        for place, head in enumerate(heads)
        if (head != "OFFLINE" or tree.topology.offline)
        and (head != "REAL CPUS" or real)
        and (head != "OF" or hands.parts)
    ]
    print_columns(
        [heads[place] for place in shown],
        [[row[place] for place in shown] for row in rows],
        right=[column for column, place in enumerate(shown) if place in range(1, 6)],
    )


def _row(tree: Resolver, entry: Placed, hands: Hands) -> tuple[str, ...]:
    declare = entry.declare
    scheduler = tree.scheduler(entry.name)
    flags = [word for word in ("exclusive", "locked") if getattr(declare, word)]
    return (
        entry.name,
        str(declare.lwktpri),
        str(len(scheduler.pool)) if scheduler else "-",
        str(count_offline(tree, scheduler) or "") if scheduler else "",
        "" if declare.vcpus is None else str(declare.vcpus),
        format_quantum(declare.quantum) if declare.quantum else "",
        " ".join(flags) if scheduler else "does not fit",
        hands.keeper_name(entry.name),
        format_cpu_list(reach_of(tree, scheduler)) if scheduler else "-",
        format_cpu_terms(declare.cpus),
    )
