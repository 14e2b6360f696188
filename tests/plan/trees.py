"""Valid trees of schedulers on a machine of 8 cpus, from statements and out of a seed."""

from __future__ import annotations

import random

from usched.meaning.registry import EMPTY
from usched.meaning.resolver import Resolver
from usched.meaning.tree import Tree
from usched.text.language.grammar import Unreadable, parse_script
from usched.text.topology.mapping import parse_topology
from usched.words.located import locate
from usched.words.problems import UschedError

EIGHT = parse_topology(locate({"machine": "eight", "sockets": 2, "cores": 2, "threads": 2}))


def tree_of(*statements: str, keep_going: bool = False) -> Resolver:
    tree = Tree(EMPTY, EIGHT)
    for place, (_, statement) in enumerate(parse_script("\n".join(statements), "script"), 1):
        assert not isinstance(statement, Unreadable)
        try:
            tree.apply(statement, place)
        except UschedError:
            if not keep_going:
                raise
    return tree.resolver


def random_tree(seed: int) -> Resolver:
    chance = random.Random(seed)
    names = ["A", "B", "C", "A/X", "A/Y", "B/X", "A/X/P", "A/X/Q", "C/cpu.max"]
    statements = []
    for name in names:
        if chance.random() < 0.35:
            continue
        first = chance.randint(0, 6)
        cpus = chance.choice([f"cpu{first}-{chance.randint(first, 7)}", "cpu* except cpu0", "cpu0"])
        words = [name, "on", cpus, "lwktpri", str(chance.randint(2, 10))]
        if chance.random() < 0.3:
            words += ["vcpus", str(chance.randint(1, 9))]
        if chance.random() < 0.3:
            words += ["quantum", str(chance.randint(1, 20))]
        words += [each for each in ("exclusive", "locked") if chance.random() < 0.25]
        statements.append(" ".join(words))
    return tree_of(*statements, keep_going=True)
