"""`usched tree`: the schedulers as a tree."""

from __future__ import annotations

from collections.abc import Iterator

import click

from usched.actions.read import read_joined
from usched.face.completing import SchedulerName
from usched.face.json_records import scheduler_record
from usched.face.misfits import warn_of_misfits
from usched.face.options import common_options, context_of, json_option
from usched.face.output import has_unicode, print_json, print_lines, tree_guides
from usched.meaning.grants import Hands
from usched.meaning.reach import describe_offline
from usched.meaning.resolver import Resolver
from usched.text.language.canonical import format_cpu_terms
from usched.words.cpuset import format_cpus
from usched.words.phrases import count
from usched.words.statement import MACHINE, Declare


@click.command("tree")
@click.argument("name", required=False, type=SchedulerName())
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Draw the tree of schedulers, or of what is in NAME."""
    tree, hands = read_joined(context_of(ctx))
    if name is not None:
        tree.require(name)
    warn_of_misfits(tree)
    if as_json:
        print_json(_branches(tree, name or MACHINE, hands))
        return
    if name is None:
        topology = tree.topology
        offline = f", {len(topology.offline)} offline" if topology.offline else ""
        text = f"{topology.machine}: {count(len(topology.cpus), 'cpu')}"
        click.echo(f"{text} ({format_cpus(topology.all)}{offline})")
    else:
        click.echo(_label(tree, tree.require(name).declare, hands))
    print_lines(_draw(tree, name or MACHINE, "", has_unicode(), hands))


def _branches(tree: Resolver, name: str, hands: Hands) -> list[dict[str, object]]:
    return [
        {
            **scheduler_record(tree, child, hands),
            "stranded": hands.stranded(child.name),
            "children": _branches(tree, child.name, hands),
        }
        for child in tree.children(name)
    ]


def _draw(tree: Resolver, name: str, margin: str, unicode: bool, hands: Hands) -> Iterator[str]:
    tee, elbow, bar = tree_guides(unicode)
    children = tree.children(name)
    aside = hands.stranded(name)
    for position, child in enumerate(children, start=1):
        last = position == len(children) and not aside
        yield f"{margin}{elbow if last else tee}{_label(tree, child.declare, hands)}"
        yield from _draw(tree, child.name, margin + ("    " if last else bar), unicode, hands)
    for each in aside:
        last = each == aside[-1]
        yield f"{margin}{elbow if last else tee}{each}  stranded, {hands.keeper_name(each)}'s"


def _label(tree: Resolver, declare: Declare, hands: Hands) -> str:
    """`POOL/A  lwktpri 4, on cpu0 cpu1: 2 cpus, locked`."""
    scheduler = tree.scheduler(declare.name)
    words = f"{declare.name}  lwktpri {declare.lwktpri}, on {format_cpu_terms(declare.cpus)}: "
    if scheduler is None:
        return words + "does not fit the machine"
    pool = count(len(scheduler.pool), "cpu") + describe_offline(tree, scheduler)
    words += f"{count(scheduler.width, 'vcpu')} on {pool}" if scheduler.virtual else pool
    flags = [word for word in ("exclusive", "locked") if getattr(declare, word)]
    keeper, given = hands.keeper(declare.name), hands.parts.get(declare.name)
    flags += [f"{keeper.user}'s"] if keeper else []
    flags += [f"granted to {given.user}"] if given else []
    return ", ".join((words, *flags))
