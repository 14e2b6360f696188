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
