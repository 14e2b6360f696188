"""What `--json` prints of schedulers, problems and revisions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from usched.meaning.grants import Hands, Part, levels_beneath
from usched.meaning.history import GrantEdit
from usched.meaning.reach import Moved, reach_of
from usched.meaning.registry import Placed
from usched.meaning.resolver import Resolver
from usched.text.language.canonical import format_cpu_terms, format_quantum, format_statement
from usched.words.cpuset import CpuSet
from usched.words.problems import Problem
from usched.words.statement import parent_of


def scheduler_record(tree: Resolver, entry: Placed, hands: Hands) -> dict[str, object]:
    """A declaration, and what it is on the machine: pool in the parent's numbers, reach in real
    ones; both None where it does not fit. holder: in whose part it is, None in the registry
    itself. granted: to whom, and what may be declared beneath; None to nobody."""
    declare = entry.declare
    scheduler = tree.scheduler(entry.name)
    part, given = hands.keeper(entry.name), hands.parts.get(entry.name)
    return {
        "name": entry.name,
        "parent": parent_of(entry.name) or None,
        "statement": format_statement(declare),
        "cpus": format_cpu_terms(declare.cpus),
        "lwktpri": declare.lwktpri,
        "vcpus": declare.vcpus,
        "quantum": format_quantum(declare.quantum) if declare.quantum else None,
        "exclusive": declare.exclusive,
        "locked": declare.locked,
        "fits": scheduler is not None,
        "width": scheduler.width if scheduler else None,
        "pool": _numbers(scheduler.pool) if scheduler else None,
        "reach": _numbers(reach_of(tree, scheduler)) if scheduler else None,
        "holder": None if part is None else part.user,
        "granted": None if given is None else {"user": given.user, **bounds_record(given)},
    }


@lru_cache(maxsize=1 << 10)  # of thousands of schedulers most have the cpus of another one
def _numbers(cpus: CpuSet) -> tuple[int, ...]:
    return tuple(cpus)


def bounds_record(part: Part) -> dict[str, object]:
    return {
        "lwktpri": part.bounds.lwktpri,
        "levels": levels_beneath(part),
        "until": part.bounds.ends,
    }


def problem_record(problem: Problem) -> dict[str, object]:
    """What the text has. where: the place in a file, counted from 1, None where there is none."""
    span = problem.where
    place = span and {"file": span.line.source, "line": span.line.number, "column": span.start + 1}
    return {
        "rule": problem.rule,
        "scheduler": problem.name or None,
        "message": problem.what,
        "where": place,
        "remedy": problem.remedy or None,
    }


def grant_record(edit: GrantEdit) -> dict[str, object]:
    """A grant before and after, as statements."""
    texts = [each and format_statement(each.grant) for each in (edit.before, edit.after)]
    return {"name": edit.name, "before": texts[0], "after": texts[1]}


def moved_record(moved: Moved) -> dict[str, object]:
    return {"name": moved.name, "before": list(moved.had), "after": list(moved.has)}


def scheduler_records(
    tree: Resolver, entries: Sequence[Placed], hands: Hands
) -> list[dict[str, object]]:
    return [scheduler_record(tree, entry, hands) for entry in entries]
