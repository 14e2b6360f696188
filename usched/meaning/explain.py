"""Where a scheduler may run, and who comes before it there, in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from usched.meaning.reach import above, held_cpus, in_order, own_cpus, reach_of
from usched.meaning.registry import Placed
from usched.meaning.resolver import Resolver, Scheduler
from usched.meaning.selectors import select_cpus
from usched.text.language.canonical import format_cpu_terms, format_statement
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.phrases import join_names
from usched.words.statement import lineage, parent_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """A scheduler among its siblings. reach: real cpus. before, equals, behind: siblings that
    share a cpu with it and are offered that cpu earlier, by turns, or later."""

    name: str
    statement: str
    reach: CpuSet
    before: tuple[str, ...]
    equals: tuple[str, ...]
    behind: tuple[str, ...]
    sentences: tuple[str, ...]


def explain_scheduler(tree: Resolver, entry: Placed) -> Explanation:
    """Everything that decides where a scheduler runs; for one that does not fit, why not."""
    statement = format_statement(entry.declare)
    scheduler = tree.scheduler(entry.name)
    if scheduler is None:
        problems = tree.resolve(entry.name).problems
        reasons = [problem.what for problem in problems]
        reasons = reasons or [f"its parent {parent_of(entry.name)} does not fit the machine"]
        misfits = tuple(f"does not fit: {reason}" for reason in reasons)
        return Explanation(entry.name, statement, NO_CPUS, (), (), (), misfits)
    sharing = [
        sibling
        for sibling in in_order(tree, parent_of(entry.name))
        if sibling.name != entry.name and sibling.pool & scheduler.pool
    ]
    priority = entry.declare.lwktpri
    before = tuple(s.name for s in sharing if s.declare.lwktpri > priority)
    equals = tuple(s.name for s in sharing if s.declare.lwktpri == priority)
    behind = tuple(s.name for s in sharing if s.declare.lwktpri < priority)
    reach = reach_of(tree, scheduler)
    sentences = [
        *_explain_pool(tree, scheduler),
        *_explain_cpus(scheduler),
        *_explain_chain(tree, scheduler, reach),
    ]
    if before:
        leave = "leaves" if len(before) == 1 else "leave"
        sentences.append(f"runs on what {join_names(before)} {leave} of the cpus that they share")
    if equals:
        sentences.append(f"takes turns, cpu by cpu, with {join_names(equals)}")
    if behind:
        sentences.append(f"comes before {join_names(behind)}")
    sentences += _explain_inside(tree, scheduler)
    return Explanation(entry.name, statement, reach, before, equals, behind, tuple(sentences))


def _explain_pool(tree: Resolver, scheduler: Scheduler) -> list[str]:
    """Its pool, and what exclusive siblings took away."""
    parent = parent_of(scheduler.name)
    title = parent or "the machine"
    terms = format_cpu_terms(scheduler.declare.cpus)
    sentences = [f"'{terms}' is {format_cpus(scheduler.pool)} of {title}"]
    view = tree.view(parent)
    assert view is not None
    lost = select_cpus(scheduler.declare.cpus, view).cpus - scheduler.pool
    for sibling in in_order(tree, parent):
        if sibling.declare.exclusive and sibling.pool & lost:
            taken = format_cpus(sibling.pool & lost)
            sentences.append(f"it loses {taken} to {sibling.name} (exclusive)")
    if scheduler.declare.exclusive:
        sentences.append(f"nobody else in {title} runs there (exclusive)")
    return sentences


def _explain_cpus(scheduler: Scheduler) -> list[str]:
    """What its own cpus are."""
    size = len(scheduler.pool)
    own = format_cpus(own_cpus(scheduler))
    if not scheduler.virtual:
        how = "each lwp keeps the one it is given (locked)" if scheduler.declare.locked else ""
        text = f"inside it these are {own}, in ascending order"
        return [f"{text}; {how}" if how else text]
    if scheduler.declare.locked:
        fixed = ((i, above(scheduler, CpuSet.of([i]))) for i in range(min(8, scheduler.width)))
        shown = [f"cpu{i} on {format_cpus(cpu)}" for i, cpu in fixed]
        more = ", ..." if scheduler.width > 8 else ""
        return [f"its {scheduler.width} vcpus are fixed: {', '.join(shown)}{more}"]
    kind = "narrower than its pool" if scheduler.width < size else "as wide as its pool"
    if scheduler.width > size:
        kind = "overcommitted: they share the pool in time"
    return [f"its {scheduler.width} vcpus ({own}) float over the pool, {kind}"]


def _explain_chain(tree: Resolver, scheduler: Scheduler, reach: CpuSet) -> list[str]:
    names = list(lineage(parent_of(scheduler.name)))
    offline = reach & tree.topology.offline
    if not names:
        verb = "is" if len(offline) == 1 else "are"
        return [f"of these {format_cpus(offline)} {verb} offline"] if offline else []
    text = f"through {' and '.join(names)} it reaches {format_cpus(reach)} of the machine"
    return [text + (f" ({format_cpus(offline)} offline)" if offline else "")]


def _explain_inside(tree: Resolver, scheduler: Scheduler) -> list[str]:
    children = tuple(child.name for child in in_order(tree, scheduler.name))
    if not children:
        return []
    leave = "leaves" if len(children) == 1 else "leave"
    sentences = [f"its own lwps run on what {join_names(children)} {leave}"]
    held = held_cpus(tree, scheduler.name)
    if held:
        sentences.append(f"and never on its {format_cpus(held)} (exclusive)")
    return sentences
