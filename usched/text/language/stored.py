"""A declaration as a registry keeps it: in its canonical text.

A registry of thousands says the same few things behind their names, so what is behind `on` and
behind `lwktpri` is read once each, and put together. What is not canonical is left to the parser.
"""

from __future__ import annotations

import re
from functools import lru_cache

from usched.text.language.canonical import format_cpu_terms, format_statement
from usched.text.language.grammar import NAME, read_statement, read_term
from usched.text.language.tokens import TERM
from usched.words.problems import Line, Misused
from usched.words.statement import Cpus, Declare, Quantum, Term

_ON, _LWKTPRI = " on ", " lwktpri "

#: A registry of so many different ones is read at the parser's pace.
_KEPT = 1 << 14

#: What clauses look like in canonical form, whatever their numbers.
_CLAUSES = re.compile(
    r"[0-9]{1,40}(?: vcpus [0-9]{1,40})?(?: quantum [0-9]{1,40}(?:us|ms|s)?)?"
    r"(?: exclusive)?(?: locked)?"
)


def read_stored(name: str, text: str) -> Declare | None:
    """A scheduler's declaration; None where the text is not exactly what would be written."""
    head, _, behind = text.partition(_LWKTPRI)
    start = len(name) + len(_ON)
    if head[:start] != name + _ON or not NAME.fullmatch(name):
        return None
    cpus, clauses = read_stored_cpus(head[start:]), _read_clauses(behind)
    if cpus is None or clauses is None:
        return None
    declare = Declare(name, cpus, *clauses)
    declare.canonical = text
    return declare


@lru_cache(maxsize=_KEPT)
def read_stored_cpus(text: str) -> Cpus | None:
    """What stands behind `on`; None where that is not canonical."""
    if lone := TERM.fullmatch(text):  # most are so
        cpus = Cpus((read_term(lone),))
    else:
        parts = [_read_terms(part) for part in text.split(" except ")]
        if len(parts) > 2 or not all(parts):
            return None
        cpus = Cpus(*parts)
    return cpus if format_cpu_terms(cpus) == text else None


def _read_terms(text: str) -> tuple[Term, ...]:
    """None of them where one is no term."""
    terms = []
    for word in text.split(" "):
        match = TERM.fullmatch(word)
        if match is None:
            return ()
        terms.append(read_term(match))
    return tuple(terms)


@lru_cache(maxsize=_KEPT)
def _read_clauses(text: str) -> tuple[int, int | None, Quantum | None, bool, bool] | None:
    """What stands behind `lwktpri`, in the order of a `Declare`; None where not canonical."""
    if not _CLAUSES.fullmatch(text):
        return None
    line = f"X{_ON}cpu0{_LWKTPRI}{text}"
    try:
        read = read_statement(Line("registry", 1, line))
    except Misused:
        return None
    if not isinstance(read, Declare) or format_statement(read) != line:
        return None
    return read.lwktpri, read.vcpus, read.quantum, read.exclusive, read.locked
