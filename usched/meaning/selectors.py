"""Cpu terms to cpus of a domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.machine import Topology
from usched.words.problems import Problem
from usched.words.statement import Cpus, Term

_PLURALS = {
    "socket": "sockets",
    "node": "nodes",
    "llc": "last-level caches",
    "core": "cores",
    "thread": "threads",
}


class View(NamedTuple):
    """What terms can see of a domain.

    name: "" for the machine. cpus: its own cpu numbers. behind: the real cpus behind these, in
    their order; None where there is a virtual scheduler in between, so that no levels exist.
    """

    name: str
    cpus: CpuSet
    topology: Topology
    behind: CpuSet | None

    @property
    def has_levels(self) -> bool:
        """Whether its cpus have cores, caches, nodes and sockets."""
        return self.behind is not None

    @property
    def title(self) -> str:
        return self.name or "the machine"

    def group(self, selector: str, number: int) -> CpuSet:
        """The domain's cpus in a socket, node, llc or core, or that are a core's N-th thread."""
        reals = self.topology.selected(selector).get(number, NO_CPUS)
        if not self.name or self.behind is None:
            return reals
        return self.behind.places_of(reals)


class Selection(NamedTuple):
    """cpus: what the terms mean, less the excepted. outright: those named by number or range."""

    cpus: CpuSet
    outright: CpuSet
    problems: tuple[Problem, ...]


def select_cpus(cpus: Cpus, view: View, first_only: bool = False) -> Selection:
    """The cpus of a declaration; every term that is wrong gives a problem. first_only: one is
    enough, and what is behind that term is not looked at."""
    problems: list[Problem] = []
    chosen = outright = excepted = NO_CPUS
    for term in cpus.terms:
        found = _select_term(term, view, problems)
        if problems and first_only:
            return Selection(NO_CPUS, NO_CPUS, tuple(problems))
        chosen = chosen | found if chosen else found  # a batch keeps what it selects
        if term.kind == "cpu":
            outright = outright | found if outright else found
    for term in cpus.excepted:
        excepted |= _select_term(term, view, problems)
        if problems and first_only:
            return Selection(NO_CPUS, NO_CPUS, tuple(problems))
    left = chosen - excepted if excepted else chosen
    if not left and not problems:
        where = cpus.excepted[0].span if cpus.excepted else cpus.terms[0].span
        problems.append(
            Problem("no cpu is left: 'except' takes away all of them", where, rule="empty")
        )
    outright = outright - excepted if excepted else outright
    return Selection(left, outright, tuple(problems))


def select_terms(terms: Sequence[Term], view: View) -> Selection:
    """Terms alone, as events name cpus."""
    return select_cpus(Cpus(tuple(terms)), view)


def _select_term(term: Term, view: View, problems: list[Problem]) -> CpuSet:
    if term.kind == "cpu*":
        return view.cpus
    found, problem = (
        _select_numbers(term, view) if term.kind == "cpu" else _select_level(term, view)
    )
    if problem is not None:
        problems.append(problem)
    return found


def _select_numbers(term: Term, view: View) -> tuple[CpuSet, Problem | None]:
    """A number, or a range: it may cross gaps, but must start and end at a cpu that exists."""
    for number in (term.first, term.last):
        if number not in view.cpus:
            has = format_cpus(view.cpus)
            what = f"cpu{number} is not in {view.title} (it has {has})"
            return NO_CPUS, Problem(what, term.span, rule="cpu-range")
    return view.cpus & CpuSet.span(term.first, term.last), None


def _select_level(term: Term, view: View) -> tuple[CpuSet, Problem | None]:
    word = f"{term.kind}{term.first}"
    groups = view.topology.selected(term.kind)
    if not view.has_levels:
        what = f"{word} means nothing in {view.title}: its cpus are virtual and have no sockets"
        remedy = f"only cpu terms exist here: {format_cpus(view.cpus)}"
        return NO_CPUS, Problem(what, term.span, remedy, "virtual")
    if term.first not in groups:
        if groups:
            known = format_cpus(CpuSet.of(groups)).replace("cpu", term.kind)
            what = f"{word} is not in the machine (it has {known})"
        else:
            what = f"{word}: the topology declares no {_PLURALS[term.kind]}"
        return NO_CPUS, Problem(what, term.span, rule="selector")
    found = view.group(term.kind, term.first)
    if found:
        return found, None
    what = f"{word} selects nothing: no cpu of {view.title} is in it"
    return NO_CPUS, Problem(what, term.span, rule="selector")
