"""Simulating: a workload on the registry, or on one from a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from usched.actions.context import Context, TopologyInForce, find_machine, open_registry
from usched.actions.parts import join_parts
from usched.engine.dispatcher import simulate
from usched.meaning.joined import Whole
from usched.meaning.lost import find_lost
from usched.meaning.registry import EMPTY, Registry
from usched.meaning.resolver import Resolver
from usched.meaning.script import ScriptLine, carry_out_on
from usched.meaning.timetable import Timetable, plan_timetable
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_ms
from usched.text.workload import parse_workload
from usched.words.machine import Topology
from usched.words.phrases import count
from usched.words.problems import format_problem
from usched.words.run import Run
from usched.words.workload import Workload
from usched.world.spool import Spool
from usched.world.yaml_file import load_yaml


@dataclass(frozen=True, slots=True)
class Simulation:
    """A workload that may run, and on what."""

    machine: TopologyInForce
    workload: Workload
    timetable: Timetable


def prepare(context: Context, path: str, script: list[ScriptLine] | None) -> Simulation:
    """Read a workload and hold it against the registry, or against a script's instead."""
    raw = load_yaml(path, "workload")
    with open_registry(context) as store:
        machine = find_machine(store, context)
        whole = Whole(EMPTY, {})
        if script is None:
            whole = join_parts(store, context, machine.topology, base=store.registry())
            for problem in find_lost(whole.source):
                context.tell(format_problem(problem))
    workload = parse_workload(raw, machine.topology.hz)
    tell_rounded(context, workload, machine.topology)
    if script is not None:
        whole = Whole(build_registry(machine, script), {})
    timetable = plan_timetable(whole.source, machine.topology, workload, whole.find_aside)
    return Simulation(machine, workload, timetable)


def tell_rounded(context: Context, workload: Workload, topology: Topology) -> None:
    """Say once what the rate of the run does to times with a unit."""
    rounded = workload.rounded
    if rounded is None:
        return
    hz = workload.hz or topology.hz
    many = "a time is" if rounded.times == 1 else f"{rounded.times} times are"
    taken = f"{count(rounded.ticks, 'tick')}, {format_ms(rounded.ticks, hz)}"
    context.tell(
        f"{many} rounded to whole ticks at {hz} Hz, by {rounded.error_ms:.3g} ms at most: "
        f"{rounded.what}, {rounded.time}, is {taken}"
    )


def build_registry(machine: TopologyInForce, script: list[ScriptLine]) -> Registry:
    """The registry that a script makes out of nothing."""
    tree = Tree(EMPTY, machine.topology)
    carry_out_on(tree, script)
    return tree.resolver.registry()


def run(
    simulation: Simulation,
    ticks: int | None,
    progress: Callable[[int], None] | None,
    segments: bool,
) -> Run:
    return simulate(simulation.timetable, ticks, progress, segments, storage=Spool())


def check_workload(context: Context, tree: Resolver, path: str) -> None:
    """Hold a workload against a tree. Raises Refused with everything that is wrong."""
    workload = parse_workload(load_yaml(path, "workload"), tree.topology.hz)
    tell_rounded(context, workload, tree.topology)
    plan_timetable(tree.registry(), tree.topology, workload, tree.find_aside)
