"""Comparing: one workload under several scripts, or on several machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from usched.actions.context import Context, find_machine, open_registry
from usched.actions.parts import join_parts
from usched.actions.simulate import Simulation, build_registry, run, tell_rounded
from usched.figures.accounts import Accounts, take_account
from usched.figures.compared import ComparedFigure, Told, compare
from usched.meaning.joined import Whole
from usched.meaning.registry import EMPTY
from usched.meaning.script import ScriptLine
from usched.meaning.timetable import plan_timetable
from usched.text.workload import parse_workload
from usched.words.problems import Problem, Refused, UschedError
from usched.words.run import Run
from usched.world.yaml_file import load_yaml

#: What the registry is called beside scripts.
REGISTRY = "the registry"


@dataclass(frozen=True, slots=True)
class Script:
    """A script, under the name that it was given by; without lines for the registry that is."""

    name: str
    lines: list[ScriptLine] | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A workload that may run under a script on a machine."""

    name: str
    simulation: Simulation


@dataclass(frozen=True, slots=True)
class Comparison:
    """The runs of the variants, and all their figures."""

    variants: Sequence[Variant]
    runs: Sequence[Run]
    accounts: Sequence[Accounts]
    lines: Sequence[ComparedFigure]


def prepare_variants(
    context: Context, path: str, scripts: Sequence[Script], topologies: Sequence[str]
) -> list[Variant]:
    """Every script on every machine, or on the one in force. Raises Refused with everything that
    is wrong, each problem behind the name of its variant."""
    raw = load_yaml(path, "workload")
    told_once = context._replace(tell=_tell_once(context.tell))
    variants: list[Variant] = []
    problems: list[Problem] = []
    machines: Sequence[str | None] = topologies or [None]
    for topology in machines:
        at = told_once if topology is None else told_once._replace(topology=topology)
        with open_registry(at) as store:
            machine = find_machine(store, at)
            registry = Whole(EMPTY, {})
            if any(script.lines is None for script in scripts):
                registry = join_parts(store, at, machine.topology, base=store.registry())
        workload = parse_workload(raw, machine.topology.hz)
        tell_rounded(at, workload, machine.topology)
        for script in scripts:
            name = script.name
            if topology is not None and len(topologies) > 1:
                name = topology if len(scripts) == 1 else f"{script.name} on {topology}"
            try:
                own = registry
                if script.lines is not None:
                    own = Whole(build_registry(machine, script.lines), {})
                timetable = plan_timetable(own.source, machine.topology, workload, own.find_aside)
            except UschedError as error:
                if not isinstance(error, Refused):
                    raise
                problems += [
                    problem._replace(what=f"{name}: {problem.what}") for problem in error.problems
                ]
                continue
            variants.append(Variant(name, Simulation(machine, workload, timetable)))
    if problems:
        raise Refused(problems)
    _check_rates(variants)
    return variants


def _tell_once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """What is true of several variants is said once."""
    said: set[str] = set()

    def tell_new(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            tell(sentence)

    return tell_new


def _check_rates(variants: Sequence[Variant]) -> None:
    rates = {variant.simulation.timetable.hz: variant.name for variant in variants}
    if len(rates) > 1:
        (one, here), (other, there), *_ = rates.items()
        what = f"ticks of {here} ({one} Hz) and of {there} ({other} Hz) cannot be compared"
        raise Refused(Problem(what, None, "give the workload a rate of its own: hz: 1000", "hz"))


def compare_variants(
    variants: Sequence[Variant], ticks: int | None, progress: Callable[[int], None] | None
) -> Comparison:
    """Run each of them and hold their figures against those of the first."""
    runs = [run(each.simulation, ticks, progress, segments=True) for each in variants]
    accounts = [
        take_account(variant.simulation.timetable, done)
        for variant, done in zip(variants, runs, strict=True)
    ]
    told = [Told(done.ticks, each) for done, each in zip(runs, accounts, strict=True)]
    return Comparison(variants, runs, accounts, compare(told))
