"""Laws of the language, on statements and text at random."""

from __future__ import annotations

import itertools
import random
import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.text.language.texts import declarations, letters, names, read, soup, statements
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_cpu_terms, parse_line, parse_script, parse_words
from usched.text.language.tokens import split_words
from usched.words.problems import Line, Misused, UschedError, format_problem
from usched.words.statement import Declare, Statement, Term


@pytest.mark.slow
@given(statements)
def test_what_was_printed_parses_to_the_same_statement(statement: Statement) -> None:
    assert read(format_statement(statement)) == statement


def shuffled(declare: Declare, seed: int) -> str:
    """The statement as somebody else might have typed it."""
    chance = random.Random(seed)

    def spell(terms: tuple[Term, ...]) -> list[str]:
        words = []
        for term in terms:
            if term.kind == "cpu*":
                words.append("cpu*")
            elif term.first == term.last:
                words.append(f"{term.kind}{term.first}")
            else:
                middle = chance.randint(term.first, term.last)
                words += [f"cpu{term.first}-cpu{middle}", f"cpu{middle}-{term.last}"]
        words += chance.choices(words, k=chance.randint(0, 3)) if words else []
        chance.shuffle(words)
        return words

    clauses = [f"lwktpri {declare.lwktpri}"]
    clauses += [f"vcpus {declare.vcpus}"] if declare.vcpus is not None else []
    if declare.quantum:
        clauses.append(f"quantum {declare.quantum.amount}{declare.quantum.unit}")
    clauses += ["locked"] if declare.locked else []
    clauses += ["exclusive"] if declare.exclusive else []
    chance.shuffle(clauses)
    words = ["usched"] * chance.randint(0, 1) + [declare.name, "on", *spell(declare.cpus.terms)]
    if declare.cpus.excepted:
        words += ["except", *spell(declare.cpus.excepted)]
    return chance.choice([" ", "  ", "\t"]).join([*words, *clauses, "# as typed"])


@given(declarations, st.integers(0, 1 << 30))
def test_every_spelling_has_the_same_canonical_form(declare: Declare, seed: int) -> None:
    typed = read(shuffled(declare, seed))
    assert format_statement(typed) == format_statement(declare)
    assert read(format_statement(typed)) == declare


@given(statements)
def test_printing_is_idempotent(statement: Statement) -> None:
    once = format_statement(statement)
    assert format_statement(read(once)) == once


@given(statements)
def test_shell_words_and_a_line_of_a_file_give_the_same_statement(statement: Statement) -> None:
    words = format_statement(statement).split(" ")
    assert parse_words(words) == read(shlex.join(words)) == read(f"usched {shlex.join(words)}")


def outcome(words: list[str] | None, line: str | None) -> object:
    try:
        return parse_words(words) if words is not None else read(line or "")
    except Misused as error:
        return error.problems[0].what


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8) | names, max_size=8
    )
)
def test_shell_words_and_a_line_fail_alike(words: list[str]) -> None:
    assert outcome(words, None) == outcome(None, shlex.join(words))


@given(st.text("ab'\"\\ *", max_size=16))
def test_words_are_split_as_a_shell_does(text: str) -> None:
    try:
        expected: list[str] | None = shlex.split(text)
    except ValueError:
        expected = None
    try:
        found: list[str] | None = [word.text for word in split_words(Line("in", 1, text))]
    except Misused:
        found = None
    assert found == expected


@given(st.text(max_size=40) | soup)
@example("\x00")
@example("A on 'cpu\x1b[31m' lwktpri 4")
@example("usched")
@example('"\\')
@example("A on cpu\u0663 lwktpri \u0664")
@example("A on \ud800 lwktpri 4")
def test_the_parser_raises_nothing_but_its_own_errors(text: str) -> None:
    for parse in (read, lambda line: parse_cpu_terms(line, "in")):
        try:
            parse(text)
        except UschedError as error:
            for problem in error.problems:
                assert_readable(format_problem(problem))
    list(parse_script(text, "in"))
    words = text.split(" ")
    try:
        parse_words(words)
    except UschedError as error:
        assert_readable(format_problem(error.problems[0]))


def assert_readable(message: str) -> None:
    """No control character reaches a terminal, and a caret stands under its line."""
    assert all(c.isprintable() or c in "\n\t" for c in message.partition("\n    ")[2])
    lines = message.split("\n")
    for above, below in itertools.pairwise(lines):
        if below.strip() and not below.strip("\t ^"):
            assert len(below) <= len(above) + 1


@given(soup)
def test_what_parses_prints_and_parses_again(text: str) -> None:
    try:
        statement = read(letters(text))
    except Misused:
        return
    assert format_statement(read(format_statement(statement))) == format_statement(statement)


@given(st.integers(1, 10**15), st.sampled_from(["us", "ms", "s"]), st.integers(1, 10**6))
def test_a_quantum_in_time_is_the_nearest_tick_and_at_least_one(
    amount: int, unit: str, hz: int
) -> None:
    declare = parse_line(Line("in", 1, f"A on cpu0 lwktpri 4 quantum {amount}{unit}"))
    assert isinstance(declare, Declare)
    ticks = declare.quantum_ticks(hz)
    per_second = {"us": 10**6, "ms": 10**3, "s": 1}[unit]
    assert ticks >= 1
    assert ticks == 1 or abs(2 * ticks * per_second - 2 * amount * hz) <= per_second
