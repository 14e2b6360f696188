"""Scenarios as the dispatcher takes them, and its runs as plain data."""

from __future__ import annotations

import json
from typing import Any

from tests.scenarios import Scenario
from usched.engine.dispatcher import simulate
from usched.meaning.registry import EMPTY
from usched.meaning.timetable import Timetable, plan_timetable
from usched.meaning.tree import Tree
from usched.text.language.grammar import Unreadable, parse_script
from usched.text.run_json import format_run_json
from usched.text.topology.mapping import parse_topology
from usched.text.workload import parse_workload
from usched.words.located import locate
from usched.words.problems import Misused
from usched.words.statement import is_beneath


def plan(scenario: Scenario) -> Timetable:
    """A scenario as the dispatcher takes it. Raises UschedError when it is refused."""
    topology = parse_topology(locate(scenario.topology))
    tree = Tree(EMPTY, topology)
    lines = parse_script("\n".join(scenario.script), "script")
    for place, (_, statement) in enumerate(lines, start=1):
        if isinstance(statement, Unreadable):
            raise Misused(statement.problem)
        tree.apply(statement, place)
    return plan_timetable(
        tree.resolver.registry(), topology, parse_workload(locate(scenario.workload))
    )


def dispatch(timetable: Timetable, ticks: int) -> dict[str, Any]:
    record = json.loads("".join(format_run_json(simulate(timetable, ticks))))
    assert isinstance(record, dict)
    return record


def first_difference(ours: dict[str, Any], expected: dict[str, Any]) -> str:
    """The first tick at which some cpu runs another lwp than it should, and the section of
    usched-model(7) that decides between the two; nothing without one."""
    cells: list[dict[tuple[int, int], str]] = [
        {(tick, s["cpu"]): s["lwp"] for s in run["segments"] for tick in range(s["from"], s["to"])}
        for run in (ours, expected)
    ]
    for tick, cpu in sorted(cells[0].keys() | cells[1].keys()):
        found, right = (each.get((tick, cpu), "idle") for each in cells)
        if found == right:
            continue
        running = [{lwp for (at, _), lwp in each.items() if at == tick} for each in cells]
        section = _between(expected, found, right) if running[0] != running[1] else "PLACEMENT"
        return f"tick {tick}: cpu{cpu} runs {found}, not {right}: see {section}"
    return ""


def _between(run: dict[str, Any], a: str, b: str) -> str:
    """The section that says which of two lwps has a cpu."""
    schedulers = {lwp["name"]: lwp["scheduler"] for lwp in run["lwps"]}
    one, other = schedulers.get(a, ""), schedulers.get(b, "")
    if not one or not other:
        return "DISPATCH: no cpu idles that one who waits could run on"
    if one == other:
        return "DISPATCH, A scheduler's own lwps: who stands first in its queue"
    if is_beneath(one, other) or is_beneath(other, one):
        return "DISPATCH, A scheduler's own lwps: children come first"
    return f"DISPATCH, Turns: between {one} and {other}"
