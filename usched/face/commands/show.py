"""`usched show NAME`: one scheduler, resolved on the machine."""

from __future__ import annotations

import click

from usched.actions.read import read_scheduler
from usched.face.completing import SchedulerName
from usched.face.json_records import problem_record, scheduler_record
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json
from usched.meaning.grants import Hands, describe_bounds
from usched.meaning.history import Revision
from usched.meaning.reach import describe_offline, reach_of
from usched.meaning.registry import Placed
from usched.meaning.resolver import Resolver
from usched.text.language.canonical import format_statement
from usched.words.cpuset import format_cpus
from usched.words.phrases import count
from usched.words.problems import format_problem
from usched.words.statement import parent_of


@click.command("show")
@click.argument("name", type=SchedulerName())
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show a scheduler: its statement, and what that is on the machine."""
    (tree, hands), entry, last = read_scheduler(context_of(ctx), name)
    if as_json:
        print_json(_record(tree, entry, hands, last))
        return
    for label, text in [*_describe(tree, entry), *_describe_hands(hands, name)]:
        click.echo(f"{label:10}  {text}")
    if last is not None:
        click.echo(f"changed     revision {last.number}, {last.time}, by {last.user}")


def _record(
    tree: Resolver, entry: Placed, hands: Hands, last: Revision | None
) -> dict[str, object]:
    facts = ("number", "time", "uid", "user", "text")
    return {
        **scheduler_record(tree, entry, hands),
        "quantum_ticks": entry.declare.quantum_ticks(tree.topology.hz),
        "inside": [child.name for child in tree.children(entry.name)],
        "misfits": [problem_record(each) for each in tree.resolve(entry.name).problems],
        "changed": last and {fact: getattr(last, fact) for fact in facts},
    }


def _describe_hands(hands: Hands, name: str) -> list[tuple[str, str]]:
    """In whose part it is, and to whom it is granted; nothing where nothing is granted."""
    keeper, given = hands.keeper(name), hands.parts.get(name)
    lines = [("of", f"{keeper.user}, who holds {keeper.name}")] if keeper else []
    if given is not None:
        lines.append(("granted", f"to {given.user}: {describe_bounds(given)}"))
    return lines


def _describe(tree: Resolver, entry: Placed) -> list[tuple[str, str]]:
    lines = [("statement", format_statement(entry.declare))]
    for problem in tree.resolve(entry.name).problems:
        lines.append(("misfit", format_problem(problem).replace("\n", "; ")))
    scheduler = tree.scheduler(entry.name)
    if scheduler is not None:
        parent = parent_of(entry.name) or "the machine"
        own = count(scheduler.width, "virtual cpu" if scheduler.virtual else "cpu")
        numbers = "cpu0" if scheduler.width == 1 else f"cpu0-cpu{scheduler.width - 1}"
        lines.append(("cpus", f"{own}, {numbers}"))
        pool = f"{len(scheduler.pool)} of {parent}{describe_offline(tree, scheduler)}"
        lines.append(("pool", f"{pool}: {format_cpus(scheduler.pool)}"))
        lines.append(("reaches", format_cpus(reach_of(tree, scheduler))))
        hz = tree.topology.hz
        ticks = entry.declare.quantum_ticks(hz)
        lines.append(("quantum", f"{count(ticks, 'tick')} at {hz} Hz"))
    children = [child.name for child in tree.children(entry.name)]
    lines.append(("inside", ", ".join(children) or "no schedulers"))
    return lines
