"""Declarations out of a registry, put together of what is read once, against the parser."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.text.language.test_language_laws import shuffled
from tests.text.language.texts import declarations, names, read, soup
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_line
from usched.text.language.stored import read_stored
from usched.words.problems import Line, Misused
from usched.words.statement import Declare


@given(declarations)
def test_canonical_text_says_what_the_parser_says(declare: Declare) -> None:
    text = format_statement(declare)
    stored = read_stored(declare.name, text)
    assert stored == read(text)
    assert stored is not None
    assert stored.canonical == text


@given(declarations, st.integers(0, 1 << 30))
def test_other_spellings_are_left_to_the_parser(declare: Declare, seed: int) -> None:
    text = shuffled(declare, seed)
    assert read_stored(declare.name, text) is None


@given(names, names, soup, soup)
def test_what_is_taken_is_what_the_parser_takes(name: str, other: str, on: str, more: str) -> None:
    text = f"{other} on {on} lwktpri {more}"
    stored = read_stored(name, text)
    if stored is not None:
        assert parse_line(Line("in", 1, text), stored=True) == stored
        assert (stored.name, format_statement(stored)) == (name, text)


def test_neither_another_name_nor_two_exceptions_are_taken() -> None:
    assert read_stored("A", "A on cpu0-3 except cpu1 lwktpri 6") is not None
    for text in (
        "B on cpu0 lwktpri 6",
        "A on cpu0 except cpu1 except cpu2 lwktpri 6",
        "A on except cpu1 lwktpri 6",
        "A on cpu3-1 lwktpri 6",
        "A on cpu0 locked lwktpri 6",
        "A on cpu0 lwktpri 6 # six",
        "A on cpu0 lwktpri",
        "A on 'cpu0' lwktpri 6",
        "A on cpu0 cpu1 cpu2 lwktpri 6",
    ):
        try:
            assert read_stored("A", text) is None, text
            parse_line(Line("in", 1, text), stored=True)
        except Misused:
            continue
