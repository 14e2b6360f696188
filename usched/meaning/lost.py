"""What a registry holds and nobody can reach: declarations that are damaged, or without a parent.

Each costs itself and what stands beneath it, and nothing else.
"""

from __future__ import annotations

import re

from usched.meaning.registry import Damaged, Source, walk
from usched.words.phrases import clip, with_fallen
from usched.words.problems import Problem
from usched.words.statement import SEGMENT, parent_of

_NAME = re.compile(rf"{SEGMENT}(/{SEGMENT})*")


def find_lost(source: Source) -> list[Problem]:
    """A problem for each that is damaged, or has no parent; with what falls with it."""
    problems = [describe_damage(source, each) for each in source.damage()]
    reached = {entry.name for entry in walk(source)}
    for name in source.names():
        parent = parent_of(name)
        if name not in reached and source.stored(parent) is None:
            problems.append(_describe_orphan(source, name, parent))
    return problems


def describe_damage(source: Source, damaged: Damaged) -> Problem:
    """What is damaged, how it is mended, and which schedulers fall with it."""
    name = damaged.name
    beneath = [entry.name for entry in walk(source, name)] if name else []
    if not name:
        what = f"a scheduler is damaged in the registry: {damaged.why}"
        remedy = "no statement can name it: usched export, and usched batch into another registry"
    elif not _NAME.fullmatch(name):
        what = f"{clip(repr(name))} is damaged in the registry: {damaged.why}"
        remedy = "no statement can name it: usched rollback to the newest revision takes it out"
    else:
        what = f"{name} is damaged in the registry: {damaged.why}"
        destroy = f"usched destroy {name}" + (" recursive" if beneath else "")
        remedy = f"declare it again (usched log {name} shows what it was), or type: {destroy}"
    return Problem(what, None, with_fallen(remedy, beneath), "damaged", name)


def _describe_orphan(source: Source, name: str, parent: str) -> Problem:
    beneath = [entry.name for entry in walk(source, name)]
    what = f"{name} stands in {parent}, which is not declared"
    destroy = f"usched destroy {name}" + (" recursive" if beneath else "")
    return Problem(
        what, None, with_fallen(f"declare {parent}, or type: {destroy}", beneath), "lost", name
    )
