"""Valid trees of schedulers on a machine of 8 cpus, from statements and out of a seed."""

from __future__ import annotations

import random

from usched.meaning.grants import Actor, Bounds, Granted, Hands, Part
from usched.meaning.registry import EMPTY
from usched.meaning.resolver import Resolver
from usched.meaning.tree import Tree
from usched.text.language.grammar import Unreadable, parse_script
from usched.text.topology.mapping import parse_topology
from usched.words.located import locate
from usched.words.problems import UschedError
from usched.words.statement import Grant, lineage, parent_of

EIGHT = parse_topology(locate({"machine": "eight", "sockets": 2, "cores": 2, "threads": 2}))

#: Nested, narrow and exclusive: what Linux is made like before anything else is tried.
FIRST = """
IDLE on cpu* lwktpri 4
POOL on node1 lwktpri 6 vcpus 2
POOL/WEB on cpu0 lwktpri 6
X on cpu0 cpu1 lwktpri 8 exclusive
"""


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


#: By name: the number of a user, or of a group.
ACCOUNTS = {"root": 0, "alice": 1000, "bob": 1001, "@team": 2000}


def hands_of(grants: dict[str, str], over: tuple[str, ...] = ()) -> Hands:
    """What is granted to whom, by name; over: of that, what has ended."""
    parts = {}
    for name, user in sorted(grants.items()):
        ends = "2001-01-01T00:00:00Z" if name in over else None
        granted = Granted(Grant(name, user), ACCOUNTS[user], 0, ends)
        above = tuple(each for each in lineage(parent_of(name)) if each in grants)
        parts[name] = Part(granted, Bounds(ends=ends), above, EMPTY)
    actor = Actor(
        0, frozenset(), True, lambda _: None, lambda _: "2026-11-26T00:00:00Z", lambda _: True
    )
    return Hands(parts, "root", actor)
