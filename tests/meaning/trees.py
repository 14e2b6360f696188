"""Registries as text: statements carried out on a machine, and what came of it."""

from __future__ import annotations

import textwrap

import pytest

from usched.meaning.registry import EMPTY, Registry
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_line
from usched.text.topology.mapping import parse_topology
from usched.text.yaml import parse_yaml
from usched.words.cpuset import format_cpu_list
from usched.words.machine import Topology
from usched.words.problems import Line, NoSuchName, Refused, format_problem
from usched.words.statement import Statement


def machine(text: str) -> Topology:
    return parse_topology(parse_yaml(text, "m.yaml"))


#: cores 0+4, 1+5 on node0 and socket0; 2+6, 3+7 on node1 and socket1.
EIGHT = machine("machine: eight\nsockets: 2\ncores: 2\nthreads: 2\n")

#: Two caches on each of two nodes; no second threads.
CACHES = machine("machine: caches\nsockets: 2\nllcs: 2\ncores: 2\nthreads: 1\n")

#: cpus 0, 2, 3 and 6; cpu3 is offline, and cpu6 stands on a node of its own.
GAPS = machine(
    "machine: gaps\n"
    "cpus:\n"
    "  - {cpu: 0, socket: 0, node: 0, core: 0}\n"
    "  - {cpu: 2, socket: 0, node: 0, core: 0}\n"
    "  - {cpu: 3, socket: 0, node: 0, core: 1}\n"
    "  - {cpu: 6, socket: 0, node: 1, core: 2}\n"
    "offline: [3]\n"
)


def block(text: str) -> str:
    """An indented text as it is meant, without its margin."""
    return textwrap.dedent(text).strip("\n").rstrip(" ")


def statement(text: str) -> Statement:
    return parse_line(Line("in", 1, text))


def take(tree: Tree, text: str) -> None:
    """Carry out statements, a line each; a new scheduler stands behind all others."""
    for line in filter(None, map(str.strip, text.splitlines())):
        place = 1 + max((entry.position for entry in tree.resolver.walk()), default=0)
        tree.apply(statement(line), place)


def tree_of(text: str = "", topology: Topology = EIGHT) -> Tree:
    tree = Tree(EMPTY, topology)
    take(tree, text)
    return tree


def snapshot(tree: Tree) -> list[object]:
    """Everything that a tree says of its schedulers."""
    return [
        (
            entry.name,
            entry.position,
            format_statement(entry.declare),
            tree.resolver.resolve(entry.name).scheduler,
            [problem.what for problem in tree.resolver.resolve(entry.name).problems],
            tree.resolver.view(entry.name),
        )
        for entry in tree.resolver.walk()
    ]


def pools(tree: Tree) -> dict[str, str]:
    """Each scheduler's effective pool, as the kernel writes lists."""
    return {each.name: format_cpu_list(each.pool) for each in tree.resolver.schedulers()}


def refusal(before: str, text: str, topology: Topology = EIGHT) -> str:
    """The whole error of a statement after others; the tree is then as it was."""
    tree = tree_of(before, topology)
    then = snapshot(tree)
    with pytest.raises((Refused, NoSuchName)) as refused:
        take(tree, text)
    assert snapshot(tree) == then
    assert snapshot(Tree(tree.resolver.registry(), topology)) == then
    return "\n".join(map(format_problem, refused.value.problems))


def registry_of(text: str, topology: Topology = EIGHT) -> Registry:
    return tree_of(text, topology).resolver.registry()
