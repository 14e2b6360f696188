"""`usched explain cpu5`, `usched explain NAME`: who may run where, and why."""

from __future__ import annotations

import re

import click

from usched.actions.read import read_registry
from usched.face.completing import CpuOrName
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json
from usched.face.unfit import warn_unfit
from usched.meaning.explain import Standing, explain_scheduler
from usched.meaning.reach import Barred, Route, above, routes_to
from usched.meaning.tree import Tree
from usched.text.language.hints import clip
from usched.words.cpuset import format_cpus
from usched.words.problems import NoSuchName, Problem, suggest
from usched.words.statement import parent_of


@click.command("explain")
@click.argument("what", type=CpuOrName(), metavar="CPU|NAME")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, what: str, as_json: bool) -> None:
    """Say which schedulers may run on a cpu, or where a scheduler may run, and why.

    A CPU is one of the machine's: cpu5. Schedulers come by descending lwktpri, each with the
    chain of cpus through which it gets there; then those that may not, with the reason.
    """
    with read_registry(context_of(ctx)) as reading:
        tree = reading.tree
        number = re.fullmatch(r"cpu([0-9]{1,9})", what)
        if number and tree.stored(what) is None:
            routes, barred = _find_routes(tree, int(number[1]))
            warn_unfit(tree)
            if as_json:
                print_json(_routes_record(int(number[1]), routes, barred))
            else:
                _print_routes(tree, int(number[1]), routes, barred)
            return
        if tree.stored(what) is None:
            bare = re.fullmatch(r"(?:cpu)?([0-9]{1,9})", what.lower())
            near = f"did you mean 'cpu{bare[1]}'?" if bare else suggest(what, tree.names())
            remedy = near or "name a scheduler, or a cpu of the machine: cpu0"
            raise NoSuchName(Problem(f"there is no scheduler or cpu {clip(what)}", None, remedy))
        standing = explain_scheduler(tree, tree.require(what))
        warn_unfit(tree)
        if as_json:
            print_json(_standing_record(standing))
        else:
            _print_standing(standing)


def _find_routes(tree: Tree, cpu: int) -> tuple[list[Route], list[Barred]]:
    if cpu not in tree.topology.all:
        has = format_cpus(tree.topology.all)
        raise NoSuchName(f"cpu{cpu} is not in the machine (it has {has})")
    return routes_to(tree, cpu)


def _print_routes(tree: Tree, cpu: int, routes: list[Route], barred: list[Barred]) -> None:
    place = tree.topology.places[cpu]
    llc = "" if place.llc is None else f", llc{place.llc}"
    offline = ", offline now" if cpu in tree.topology.offline else ""
    click.echo(
        f"cpu{cpu} of {tree.topology.machine}: core{place.core}{llc}, node{place.node}, "
        f"socket{place.socket}{offline}"
    )
    click.echo("may run there, in the order in which they are offered it:")
    for route in routes:
        declare = route.scheduler.declare
        margin = "  " * (declare.name.count("/") + 1)
        click.echo(f"{margin}{declare.name}  lwktpri {declare.lwktpri}, {_describe_way(route)}")
    if not routes:
        click.echo("  nobody: no scheduler has it")
    if barred:
        click.echo("may not:")
        for each in barred:
            click.echo(f"  {each.name}: {each.reason}")


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


def _routes_record(cpu: int, routes: list[Route], barred: list[Barred]) -> dict[str, object]:
    return {
        "cpu": cpu,
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


def _print_standing(standing: Standing) -> None:
    click.echo(standing.statement)
    for sentence in standing.sentences:
        click.echo(f"  {sentence}")


def _standing_record(standing: Standing) -> dict[str, object]:
    return {
        "name": standing.name,
        "statement": standing.statement,
        "reach": list(standing.reach),
        "before": list(standing.before),
        "equals": list(standing.equals),
        "behind": list(standing.behind),
        "why": list(standing.sentences),
    }
