"""Looking at everything that is declared, and at what scripts would declare."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context, find_machine, open_registry
from usched.actions.parts import find_hands, tell_damaged_grants
from usched.actions.read_parts import PartReader
from usched.meaning.grants import Hands, describe_other_store
from usched.meaning.joined import join
from usched.meaning.resolver import Resolver
from usched.meaning.script import ScriptLine, carry_out_on
from usched.meaning.tree import Tree
from usched.meaning.warnings import find_warnings
from usched.text.language.grammar import Unreadable
from usched.words.problems import Problem, Refused


class Report(NamedTuple):
    """What a check found: the tree with the scripts carried out, of so many schedulers."""

    tree: Resolver
    schedulers: int
    warnings: list[Problem]


def check_registry(context: Context, script: list[ScriptLine]) -> Report:
    """Carry scripts out on a copy and look at everything. Raises Refused with all that is wrong."""
    with open_registry(context) as store:
        machine = find_machine(store, context)
        granted, damaged = store.grants()
        tell_damaged_grants(damaged, context)
        found = PartReader(context.registry).find(granted)
        whole = join(store.registry(), found, machine.topology)
        hands = find_hands(whole, context, None)
        tree = Tree(whole.source, machine.topology, find_aside=whole.find_aside)
        problems = tree.resolver.survey()
        if problems and not script:
            raise Refused(problems)
        carry_out_on(tree, script, hands)
        _require_one_store_each(script, hands)
        problems = tree.resolver.survey()
        if problems:
            raise Refused(problems)
        warnings = [*whole.problems, *hands.find_estranged(), *find_warnings(tree.resolver)]
        warnings += store.find_log_damage()
        return Report(tree.resolver, len(tree.resolver.names()), warnings)


def _require_one_store_each(script: list[ScriptLine], hands: Hands) -> None:
    """Raises Refused for a script that no batch carries out, since it would change two stores."""
    desks: dict[str, str] = {}
    problems = []
    for line, statement in script:
        assert not isinstance(statement, Unreadable)  # which was carried out
        source = "" if line is None else line.source
        desk = hands.desk_of(statement.name)
        first = desks.setdefault(source, desk)
        if desk != first:
            where = statement.spans.get("name")
            problems.append(describe_other_store(statement.name, first, where))
    if problems:
        raise Refused(problems)
