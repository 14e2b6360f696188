"""What to type about schedulers that do not fit a machine, or take all of it: tried out before it
is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from usched.meaning.reach import reach_of
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
            yield _redeclare(declare, cpus, declare.exclusive)


def _redeclare(declare: Declare, cpus: Cpus, exclusive: bool) -> Declare:
    return Declare(
        declare.name,
        cpus,
        declare.lwktpri,
        declare.vcpus,
        declare.quantum,
        exclusive,
        declare.locked,
    )


def leave_one(tree: Resolver, names: Sequence[str]) -> str:
    """What to type so that exclusive schedulers, which have all cpus of the machine between them,
    leave one: the first that can do without its lowest is to, or, where none can, to share."""
    for declare in (tree.require(name).declare for name in names):
        scheduler = tree.scheduler(declare.name)
        cpus = [] if scheduler is None else list(reach_of(tree, scheduler) & tree.topology.online)
        if len(cpus) > 1:
            excepted = (*declare.cpus.excepted, Term("cpu", cpus[0], cpus[0]))
            less = _redeclare(declare, Cpus(declare.cpus.terms, excepted), True)
            copy = Tree(tree.registry(), tree.topology, find_aside=tree.find_aside)
            if _is_valid(less, copy):
                return f"leave it one: usched {_quote(format_statement(less))}"
    first = tree.require(names[0]).declare
    shared = _redeclare(first, first.cpus, False)
    return f"share them with it: usched {_quote(format_statement(shared))}"


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
