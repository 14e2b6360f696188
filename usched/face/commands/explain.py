"""`usched explain cpu5`, `usched explain NAME`: who may run where, and why."""

from __future__ import annotations

import re
from typing import NamedTuple

import click

from usched.actions.read import read_tree
from usched.face.completing import CpuOrName
from usched.face.misfits import warn_of_misfits
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json
from usched.meaning.explain import Explanation, explain_scheduler
from usched.meaning.reach import above, reach
from usched.meaning.resolver import Resolver
from usched.meaning.routes import Barred, Route, routes_to
from usched.meaning.selectors import select_terms
from usched.text.language.grammar import parse_cpu_terms
from usched.words.cpuset import CpuSet, count_cpus, format_cpus
from usched.words.machine import Topology
from usched.words.phrases import clip, suggest
from usched.words.problems import Misused, NoSuchName, Problem
from usched.words.statement import MACHINE, parent_of


@click.command("explain")
@click.argument("what", type=CpuOrName(), metavar="CPU|NAME")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, what: str, as_json: bool) -> None:
    """Say which schedulers may run on a cpu, or where a scheduler may run, and why.

    A CPU is one of the machine's, cpu5, or several: cpu0-3, node1, core2, cpu*. Schedulers come
    by descending lwktpri, each with the chain of cpus through which it gets there; then those that
    may not, with the reason.
    """
    tree = read_tree(context_of(ctx))
    if tree.stored(what) is None and tree.find_aside(what) is None:
        asked = _Asked(what, _select(tree, what))
        routes, barred = routes_to(tree, asked.cpus)
        warn_of_misfits(tree)
        if as_json:
            print_json(_routes_record(tree.topology, asked, routes, barred))
        else:
            _print_routes(tree, asked, routes, barred)
        return
    explanation = explain_scheduler(tree, tree.require(what))
    warn_of_misfits(tree)
    if as_json:
        print_json(_explanation_record(explanation))
    else:
        _print_explanation(explanation)


class _Asked(NamedTuple):
    """cpus of the machine, as somebody named them."""

    words: str
    cpus: CpuSet


def _select(tree: Resolver, what: str) -> CpuSet:
    """The machine's cpus that terms mean. Raises NoSuchName, also for what is neither them nor a
    scheduler."""
    try:
        terms = parse_cpu_terms(what, "command line")
    except Misused as error:
        bare = re.fullmatch(r"(?:cpu)?([0-9]{1,9})", what.lower())
        near = f"did you mean 'cpu{bare[1]}'?" if bare else suggest(what, tree.names())
        remedy = near or "name a scheduler, or cpus of the machine: cpu0, cpu0-3, node1, core2"
        what = f"there is no scheduler or cpu {clip(what)}"
        raise NoSuchName(Problem(what, None, remedy)) from error
    view = tree.view(MACHINE)
    assert view is not None
    selection = select_terms(terms, view)
    if selection.problems:
        raise NoSuchName(problem._replace(where=None) for problem in selection.problems)
    return selection.cpus


def _print_routes(tree: Resolver, asked: _Asked, routes: list[Route], barred: list[Barred]) -> None:
    click.echo(_describe_place(tree.topology, asked))
    several = len(asked.cpus) > 1
    click.echo(
        f"may run there, in the order in which they are offered {'them' if several else 'it'}:"
    )
    for route in routes:
        declare = route.scheduler.declare
        margin = "  " * (declare.name.count("/") + 1)
        way = _describe_way(route)
        if several:
            there = reach(tree.scheduler, declare.name, route.cpus) & asked.cpus
            way += "" if there == asked.cpus else f", on {format_cpus(there)} only"
        click.echo(f"{margin}{declare.name}  lwktpri {declare.lwktpri}, {way}")
    if not routes:
        click.echo("  nobody: no scheduler has " + ("any of them" if several else "it"))
    if barred:
        click.echo("may not:")
        for each in barred:
            click.echo(f"  {each.name}: {each.reason}")


def _describe_place(topology: Topology, asked: _Asked) -> str:
    """`cpu5 of twin: core2, llc1, node1, socket1`; of several the levels that they are all in."""
    cpus = [topology.places[number] for number in asked.cpus]
    places = [f"{level}{number}" for level, number in _find_levels(topology, asked.cpus).items()]
    gone = asked.cpus & topology.offline
    if len(cpus) == 1:
        places += ["offline now"] if gone else []
        return f"cpu{cpus[0].number} of {topology.machine}: {', '.join(places)}"
    words = f"{asked.words} of {topology.machine}: {count_cpus(asked.cpus, topology.offline)}"
    inside = f", in {', '.join(places)}" if places else ""
    return f"{words} ({format_cpus(asked.cpus)}){inside}"


def _find_levels(topology: Topology, cpus: CpuSet) -> dict[str, int]:
    """Which core, llc, node and socket all of them are in, where there is one."""
    found: dict[str, int] = {}
    for level in ("core", "llc", "node", "socket"):
        numbers = {getattr(topology.places[number], level) for number in cpus}
        if len(numbers) == 1 and None not in numbers:
            found[level] = numbers.pop()
    return found


def _describe_way(route: Route) -> str:
    """Through which of its cpus: `any of its vcpus cpu0-cpu3`, `its vcpu cpu1`, `its cpu5`."""
    scheduler = route.scheduler
    numbers = format_cpus(route.cpus)
    if scheduler.virtual:
        floating = not scheduler.declare.locked
        text = f"by any of its vcpus ({numbers})" if floating else f"by its locked vcpu {numbers}"
    else:
        parent = parent_of(scheduler.name)
        text = f"as its {numbers}"
        if parent:
            text += f", that is {parent}'s {format_cpus(above(scheduler, route.cpus))}"
    if route.own != route.cpus:
        text += "; its own lwps may not: exclusive children hold it"
    return text


def _routes_record(
    topology: Topology, asked: _Asked, routes: list[Route], barred: list[Barred]
) -> dict[str, object]:
    cpus = list(asked.cpus)
    named: dict[str, object] = {"cpu": cpus[0]} if len(cpus) == 1 else {"cpus": cpus}
    return {
        **named,
        "machine": topology.machine,
        "in": _find_levels(topology, asked.cpus),
        "offline": list(asked.cpus & topology.offline),
        "may": [
            {
                "name": route.scheduler.name,
                "lwktpri": route.scheduler.declare.lwktpri,
                "virtual": route.scheduler.virtual,
                "cpus": list(route.cpus),
                "own": list(route.own),
            }
            for route in routes
        ],
        "may_not": [{"name": each.name, "reason": each.reason} for each in barred],
    }


def _print_explanation(explanation: Explanation) -> None:
    click.echo(explanation.statement)
    for sentence in explanation.sentences:
        click.echo(f"  {sentence}")


def _explanation_record(explanation: Explanation) -> dict[str, object]:
    return {
        "name": explanation.name,
        "statement": explanation.statement,
        "reach": list(explanation.reach),
        "before": list(explanation.before),
        "equals": list(explanation.equals),
        "behind": list(explanation.behind),
        "why": list(explanation.sentences),
    }
