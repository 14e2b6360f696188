"""`usched list`: the schedulers, a line each."""

from __future__ import annotations

import click

from usched.actions.read import read_registry
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_columns, print_json
from usched.face.records import scheduler_records
from usched.face.unfit import warn_unfit
from usched.text.language.canonical import format_cpu_terms, format_quantum


@click.command("list")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the schedulers: parents first, siblings in declaration order."""
    with read_registry(context_of(ctx)) as reading:
        tree = reading.tree
        entries = list(tree.walk())
        warn_unfit(tree)
        if as_json:
            print_json(scheduler_records(tree, entries))
            return
        if not entries:
            click.echo("no schedulers; declare one: usched NORM on 'cpu*' lwktpri 6")
            return
        rows = []
        for entry in entries:
            declare = entry.declare
            scheduler = tree.scheduler(entry.name)
            flags = [word for word in ("exclusive", "locked") if getattr(declare, word)]
            vcpus = "" if declare.vcpus is None else str(declare.vcpus)
            rows.append(
                (
                    entry.name,
                    str(declare.lwktpri),
                    str(len(scheduler.pool)) if scheduler else "-",
                    vcpus,
                    format_quantum(declare.quantum) if declare.quantum else "",
                    " ".join(flags) if scheduler else "does not fit",
                    format_cpu_terms(declare.cpus),
                )
            )
    heads = ("NAME", "LWKTPRI", "CPUS", "VCPUS", "QUANTUM", "FLAGS", "ON")
    print_columns(heads, rows, right=(1, 2, 3, 4))
