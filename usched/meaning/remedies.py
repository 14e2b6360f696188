"""What to type about schedulers that do not fit another machine: tried out before it is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from usched.meaning.registry import Placed, Registry
from usched.meaning.resolver import Resolver
from usched.meaning.selectors import View, select_cpus, select_terms
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_statement
from usched.words.cpuset import CpuSet
from usched.words.machine import Topology
from usched.words.problems import Problem, UschedError
from usched.words.statement import Cpus, Declare, Destroy, Term, parent_of

_ALL = Term("cpu*")


def add_remedies(
    problems: Iterable[Problem], registry: Registry, old: Topology | None, new: Topology
) -> list[Problem]:
    """Problems of schedulers that do not fit a new machine, each with what to type before it is
    loaded. old: the machine until then, where it is known."""
    return [_add_remedy(problem, registry, old, new) for problem in problems]


def _add_remedy(
    problem: Problem, registry: Registry, old: Topology | None, new: Topology
) -> Problem:
    entry = registry.find(problem.name)
    if entry is None:
        return problem
    destroy = Destroy(entry.name, recursive=bool(registry.child_names(entry.name)))
    typed = [f"usched {_quote(format_statement(destroy))}"]
    machines = [each for each in (old, new) if each is not None]
    for declare in _candidates(entry, registry, new):
        if all(_is_valid(declare, Tree(registry, machine)) for machine in machines):
            typed.insert(0, f"usched {_quote(format_statement(declare))}")
            break
    remedy = "type first: " + "\n  or: ".join(typed)
    return problem._replace(remedy="\n".join(filter(None, (problem.remedy, remedy))))


def _candidates(entry: Placed, registry: Registry, new: Topology) -> Iterator[Declare]:
    """The declaration with what is left of its terms on the new machine; then with all cpus."""
    view = Resolver(registry, new).view(parent_of(entry.name))
    if view is None:
        return
    declare = entry.declare
    terms = [term for each in declare.cpus.terms for term in _keep(each, view)]
    excepted = [term for each in declare.cpus.excepted for term in _keep(each, view)]
    for cpus in (Cpus(tuple(terms), tuple(excepted)), Cpus((_ALL,))):
        if cpus.terms and cpus != declare.cpus and not select_cpus(cpus, view).problems:
            yield Declare(
                declare.name,
                cpus,
                declare.lwktpri,
                declare.vcpus,
                declare.quantum,
                declare.exclusive,
                declare.locked,
            )


def _keep(term: Term, view: View) -> list[Term]:
    """What of a term means something: all of it, the cpus of a range that there are, or nothing."""
    if not select_terms([term], view).problems:
        return [term]
    if term.kind != "cpu":
        return []
    left = view.cpus & CpuSet.span(term.first, term.last)
    return [Term("cpu", first, last) for first, last in left.runs()]


def _is_valid(declare: Declare, tree: Tree) -> bool:
    try:
        tree.apply(declare, 0)
    except UschedError:
        return False
    return True


def _quote(text: str) -> str:
    """For a shell."""
    return text.replace("cpu*", "'cpu*'")
