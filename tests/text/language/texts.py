"""Statements as text: how the tests of the language read, print and draw them at random."""

from __future__ import annotations

import re
import textwrap

import pytest
from hypothesis import strategies as st

from usched.text.language.canonical import format_statement
from usched.text.language.complaints import usage
from usched.text.language.grammar import parse_line
from usched.words.problems import Line, Misused, Refused, format_problem
from usched.words.statement import (
    RESERVED,
    Cpus,
    Declare,
    Destroy,
    Grant,
    Quantum,
    Revoke,
    Statement,
    Term,
)


def block(text: str) -> str:
    """An indented text as it is meant, without its margin."""
    return textwrap.dedent(text).strip("\n").rstrip(" ")


def read(text: str) -> Statement:
    return parse_line(Line("in", 1, text))


def declared(text: str) -> Declare:
    statement = read(text)
    assert isinstance(statement, Declare)
    return statement


def canonical(text: str) -> str:
    return format_statement(read(text))


def complaint(text: str) -> str:
    """The whole error that a line gets."""
    with pytest.raises((Misused, Refused)) as refusal:
        read(text)
    (problem,) = refusal.value.problems
    assert refusal.value.status == (3 if problem.rule == "reserved" else 2)
    return "\n".join(map(format_problem, refusal.value.problems))


# -- statements at random -----------------------------------------------------

_WORDS = ("on", "except", "cpu0", "lwktpri", "into", "recursive", "locked", "to", "NORM", "_.-")

segments = st.sampled_from(_WORDS) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}", fullmatch=True)
names = (
    st.lists(segments, min_size=1, max_size=4)
    .filter(lambda parts: parts[0] not in RESERVED)
    .map("/".join)
)
numbers = st.integers(0, 40) | st.integers(0, 10**18 - 1)
quanta = st.builds(Quantum, st.integers(1, 10**15), st.sampled_from(["", "us", "ms", "s"]))


def terms_of(
    every: bool, levels: dict[str, set[int]], cpus: set[int], far: int | None
) -> tuple[Term, ...]:
    """The canonical terms of a choice, spelled out here from usched.5: runs of three make one."""
    terms = [Term("cpu*")] if every else []
    for level in ("socket", "node", "llc", "core", "thread"):
        terms += [Term(level, number, number) for number in sorted(levels.get(level, ()))]
    left = sorted(cpus)
    while left:
        length = 1
        while length < len(left) and left[length] == left[0] + length:
            length += 1
        run = left[:length]
        left = left[length:]
        if length >= 3:
            terms.append(Term("cpu", run[0], run[-1]))
        else:
            terms += [Term("cpu", number, number) for number in run]
    if far is not None:
        terms.append(Term("cpu", far, far))
    return tuple(terms)


_choices = st.builds(
    terms_of,
    st.booleans(),
    st.dictionaries(
        st.sampled_from(["socket", "node", "llc", "core", "thread"]), st.sets(numbers, max_size=3)
    ),
    st.sets(st.integers(0, 40), max_size=12),
    st.none() | st.integers(1000, 10**18 - 1),
)
cpus = st.builds(Cpus, _choices.filter(bool), _choices)
declarations = st.builds(
    Declare,
    names,
    cpus,
    st.integers(0, 10**39),
    st.none() | st.integers(0, 10**39),
    st.none() | quanta,
    st.booleans(),
    st.booleans(),
)
statements = (
    declarations
    | st.builds(Destroy, names, st.none() | names, st.booleans())
    | st.builds(
        Grant,
        names,
        st.from_regex(r"@?[a-z_][a-z0-9_-]{0,20}", fullmatch=True),
        st.none() | st.integers(0, 31),
        st.none() | st.integers(0, 16),
        st.none() | quanta,
    )
    | st.builds(Revoke, names)
)

#: Words that a statement might be made of, right and wrong ones, in no order.
_SOUP = (
    "usched destroy grant revoke list NORM A/B on cpu* cpu0 cpu1-3 cpu9-2 cpu1-cpu3 core0 node0 "
    "llc1 socket0 except lwktpri vcpus quantum locked exclusive into recursive to until depth 1 0 "
    "10 -3 6.5 100ms 100 ms 1e9 0x3 cpu cpus cpu0,2 0-3 lwktpri=6 CPU0 cpu.c @staff '' # \\ ' "
    '" = / // ../x A/ é \u0663 cpu\u0663'
)
_soup_words = st.sampled_from(_SOUP.split(" "))
soup = st.lists(_soup_words | st.text(max_size=6), max_size=12).map(" ".join)


def letters(text: str) -> str:
    """A text without what only a shell would act on."""
    return re.sub(r"[#$`]", "", text)


#: The list that a declaration of a reserved word is refused with, as it stands in an error.
RESERVED_LIST = textwrap.fill("reserved: " + " ".join(RESERVED), 78).replace("\n", "\n  ")

#: The grammar that an error has where it has nothing nearer to say, as it stands in one.
USAGE = usage().replace("\n", "\n  ")
