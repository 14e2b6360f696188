"""Runs out of command text: a machine of so many cpus, a script, and programs."""

from __future__ import annotations

import textwrap

from usched.meaning.registry import EMPTY
from usched.meaning.timetable import Timetable, plan_timetable
from usched.meaning.tree import Tree
from usched.text.language.grammar import parse_script
from usched.text.topology.mapping import parse_topology
from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.located import locate
from usched.words.statement import Declare
from usched.words.workload import Workload


def read_workload(programs: str, events: str = "") -> Workload:
    """Both as lists in YAML."""
    text = "workload: w\nprograms:\n" + textwrap.indent(textwrap.dedent(programs), "  ")
    if events:
        text += "\nevents:\n" + textwrap.indent(textwrap.dedent(events), "  ")
    return parse_workload(parse_yaml(text, "w.yaml"))


def plan(cpus: int | dict[str, object], script: str, programs: str, events: str = "") -> Timetable:
    """cpus: how many, each a core of its own, or a topology."""
    made = {"machine": "m", "cores": cpus} if isinstance(cpus, int) else cpus
    topology = parse_topology(locate(made))
    tree = Tree(EMPTY, topology)
    for place, (_, statement) in enumerate(parse_script(textwrap.dedent(script), "script")):
        assert isinstance(statement, Declare)
        tree.apply(statement, place + 1)
    return plan_timetable(tree.resolver.registry(), topology, read_workload(programs, events))
