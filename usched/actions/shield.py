"""Shields: cpus for nobody but who is put there, as an ordinary declaration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from usched.actions.change import Outcome, carry_out
from usched.actions.check import check_registry
from usched.actions.context import Context, Wish
from usched.actions.read import read_tree
from usched.actions.remedies import by_me
from usched.meaning.registry import Placed
from usched.plan.partitions import check_rest
from usched.text.language.cursor import CLAUSES
from usched.text.language.grammar import parse_words
from usched.words.problems import NoSuchName, Problem, Refused
from usched.words.statement import MACHINE, Destroy, Statement, parent_of

#: In the middle of the fair class: what runs in a shield has its cpus to itself anyhow.
_LWKTPRI = 6

#: The kernel's list format, as cset takes it: 1-3,5.
_LIST = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")


def make_statement(name: str, words: Sequence[str]) -> Statement:
    """What declares a shield. words: its cpus, and clauses; those that a shield has may be left
    out. Raises Misused."""
    said = [name, "on"]
    for at, word in enumerate(words):
        if word in CLAUSES:
            said += words[at:]
            break
        said += [f"cpu{each}" for each in word.split(",")] if _LIST.fullmatch(word) else [word]
    if "lwktpri" not in words:
        said += ["lwktpri", str(_LWKTPRI)]
    if "exclusive" not in words:
        said += ["exclusive"]
    return parse_words(said)


def declare_shield(context: Context, name: str, words: Sequence[str], wish: Wish) -> Outcome:
    """Raises Refused where another scheduler has the name, or no cpu is left for the rest of the
    system, and whatever a declaration does."""
    statement = make_statement(name, words)
    quiet = context.quiet
    if read_tree(quiet).stored(name) is not None:
        find_shield(quiet, name)
    if parent_of(statement.name) == MACHINE:
        check_rest(check_registry(quiet, [(None, statement)]).tree)
    return carry_out(context, [(None, statement)], wish)


def remove_shield(context: Context, name: str, wish: Wish) -> Outcome:
    """Raises NoSuchName where there is none."""
    find_shield(context.quiet, name)
    return carry_out(context, [(None, Destroy(name))], wish)


def find_shield(context: Context, name: str) -> Placed:
    """Raises NoSuchName where there is none, Refused where it is a scheduler of another kind."""
    tree = read_tree(context)
    if tree.stored(name) is None:
        what = f"there is no shield {name}"
        named = "" if name == "SHIELD" else f" --name {name}"
        remedy = f"{by_me(context, f'shield{named} cpu2-3')} would make one"
        raise NoSuchName(Problem(what, None, remedy, name=name))
    entry = tree.require(name)
    if not entry.declare.exclusive:
        what = f"{name} is no shield: it is not exclusive"
        remedy = f"name another one: {by_me(context, 'shield --name OTHER ...')}"
        raise Refused(Problem(what, None, remedy, "shield", name))
    return entry
