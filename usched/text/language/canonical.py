"""Statements to their canonical text: what export, show and the log print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from usched.words.machine import SELECTORS
from usched.words.statement import Cpus, Declare, Destroy, Grant, Quantum, Revoke, Statement, Term


def format_statement(statement: Statement) -> str:
    """The canonical form; parsing it gives an equal registry."""
    match statement:
        case Declare():
            if statement.canonical is None:
                statement.canonical = _format_declare(statement)
            return statement.canonical
        case Destroy(name, into, recursive):
            words = ["destroy", name]
            words += ["into", into] if into else []
            words += ["recursive"] if recursive else []
        case Grant(name, user, lwktpri, depth, until):
            words = ["grant", name, "to", user]
            words += ["lwktpri", str(lwktpri)] if lwktpri is not None else []
            words += ["depth", str(depth)] if depth is not None else []
            words += ["until", format_quantum(until)] if until else []
        case Revoke(name):
            words = ["revoke", name]
        case _:
            assert_never(statement)
    return " ".join(words)


def _format_declare(declare: Declare) -> str:
    words = [declare.name, "on", format_cpu_terms(declare.cpus), "lwktpri", str(declare.lwktpri)]
    if declare.vcpus is not None:
        words += ["vcpus", str(declare.vcpus)]
    if declare.quantum is not None:
        words += ["quantum", format_quantum(declare.quantum)]
    words += ["exclusive"] if declare.exclusive else []
    words += ["locked"] if declare.locked else []
    return " ".join(words)


def format_quantum(quantum: Quantum) -> str:
    return f"{quantum.amount}{quantum.unit}"


def format_ms(ticks: int, hz: int) -> str:
    """What so many ticks last: `10 ms`, to three digits where that is no whole number."""
    us, rest = divmod(ticks * 1_000_000, hz)
    return f"{us // 1000} ms" if not rest and us % 1000 == 0 else f"{1000 * ticks / hz:.3g} ms"


def format_cpu_terms(cpus: Cpus) -> str:
    """Terms sorted and without repeats, cpu numbers in runs; the same after `except`."""
    words = format_terms(cpus.terms)
    return f"{words} except {format_terms(cpus.excepted)}" if cpus.excepted else words


def format_terms(terms: Sequence[Term]) -> str:
    if len(terms) == 1 and terms[0].kind == "cpu":  # most are so
        return _format_range(terms[0].first, terms[0].last)
    levels: dict[str, set[int]] = {level: set() for level in SELECTORS}
    ranges = []
    words = []
    for term in terms:
        if term.kind == "cpu*":
            words = ["cpu*"]
        elif term.kind == "cpu":
            ranges.append((term.first, term.last))
        else:
            levels[term.kind].add(term.first)
    words += [f"{level}{number}" for level in SELECTORS for number in sorted(levels[level])]
    words += [_format_range(first, last) for first, last in _merge(ranges)]
    return " ".join(words)


def _format_range(first: int, last: int) -> str:
    if last - first >= 2:
        return f"cpu{first}-{last}"
    return f"cpu{first}" if first == last else f"cpu{first} cpu{last}"


def _merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that touch or overlap made one, ascending."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
