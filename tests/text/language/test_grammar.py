"""The productions of the usched language, from text."""

from __future__ import annotations

import itertools

import pytest

from tests.text.language.texts import declared, read
from usched.text.language.grammar import Unreadable, parse_cpu_terms, parse_script, parse_words
from usched.words.statement import Cpus, Declare, Destroy, Grant, Quantum, Revoke, Term

EVERY = Term("cpu*")


def test_declare_needs_a_name_cpus_and_lwktpri() -> None:
    assert read("NORM on cpu* lwktpri 6") == Declare("NORM", Cpus((EVERY,)), 6)


def test_declare_takes_every_clause() -> None:
    text = "POOL/WEB on cpu0 lwktpri 31 vcpus 4096 quantum 20ms locked exclusive"
    assert read(text) == Declare(
        "POOL/WEB",
        Cpus((Term("cpu", 0, 0),)),
        31,
        vcpus=4096,
        quantum=Quantum(20, "ms"),
        exclusive=True,
        locked=True,
    )


CLAUSES = ("lwktpri 6", "vcpus 4", "quantum 2", "locked", "exclusive")


@pytest.mark.parametrize("order", list(itertools.permutations(CLAUSES)), ids=" ".join)
def test_clauses_stand_in_any_order(order: tuple[str, ...]) -> None:
    assert read(f"A on cpu0 {' '.join(order)}") == read(f"A on cpu0 {' '.join(CLAUSES)}")


def test_leading_usched_may_be_left_out() -> None:
    assert read("usched A on cpu0 lwktpri 1") == read("A on cpu0 lwktpri 1")
    assert read("usched destroy A") == read("destroy A")


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("cpu*", EVERY),
        ("cpu7", Term("cpu", 7, 7)),
        ("cpu4-7", Term("cpu", 4, 7)),
        ("cpu4-cpu7", Term("cpu", 4, 7)),
        ("cpu4-4", Term("cpu", 4, 4)),
        ("core3", Term("core", 3, 3)),
        ("llc0", Term("llc", 0, 0)),
        ("node1", Term("node", 1, 1)),
        ("socket2", Term("socket", 2, 2)),
    ],
)
def test_a_selector_is_kept_as_written(text: str, term: Term) -> None:
    assert declared(f"A on {text} lwktpri 4").cpus == Cpus((term,))


def test_terms_are_kept_in_the_order_written() -> None:
    assert declared("A on cpu3 node0 cpu1 lwktpri 4").cpus.terms == (
        Term("cpu", 3, 3),
        Term("node", 0, 0),
        Term("cpu", 1, 1),
    )


def test_except_takes_terms_of_every_kind() -> None:
    assert declared("A on cpu* except core0 cpu4-5 node1 lwktpri 4").cpus == Cpus(
        (EVERY,), (Term("core", 0, 0), Term("cpu", 4, 5), Term("node", 1, 1))
    )


@pytest.mark.parametrize(
    ("text", "quantum", "ticks"),
    [
        ("3", Quantum(3), 3),
        ("100ms", Quantum(100, "ms"), 10),
        ("2s", Quantum(2, "s"), 200),
        ("500us", Quantum(500, "us"), 1),
        ("14ms", Quantum(14, "ms"), 1),
        ("15ms", Quantum(15, "ms"), 2),
        ("1us", Quantum(1, "us"), 1),
    ],
)
def test_a_quantum_is_ticks_or_time(text: str, quantum: Quantum, ticks: int) -> None:
    declare = declared(f"A on cpu0 lwktpri 4 quantum {text}")
    assert declare.quantum == quantum
    assert declare.quantum_ticks(100) == ticks


def test_quantum_in_ticks_is_the_same_at_any_rate_and_one_in_time_follows_it() -> None:
    assert declared("A on cpu0 lwktpri 4 quantum 7").quantum_ticks(1000) == 7
    assert declared("A on cpu0 lwktpri 4 quantum 7ms").quantum_ticks(1000) == 7


def test_default_quantum_is_a_tenth_of_a_second() -> None:
    declare = declared("A on cpu0 lwktpri 4")
    assert declare.quantum is None
    assert (declare.quantum_ticks(100), declare.quantum_ticks(1000)) == (10, 100)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("destroy A", Destroy("A")),
        ("destroy A/B into C", Destroy("A/B", "C")),
        ("destroy A recursive", Destroy("A", recursive=True)),
        ("destroy A into C recursive", Destroy("A", "C", True)),
        ("destroy A recursive into C", Destroy("A", "C", True)),
        ("destroy into into recursive", Destroy("into", "recursive")),
    ],
)
def test_destroy_names_who_takes_over(text: str, statement: Destroy) -> None:
    assert read(text) == statement


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("grant A to bob", Grant("A", "bob")),
        ("grant A to @staff", Grant("A", "@staff")),
        (
            "grant A/B to bob lwktpri 4 depth 2 until 10s",
            Grant("A/B", "bob", 4, 2, Quantum(10, "s")),
        ),
        ("grant A to bob until 5 depth 1 lwktpri 3", Grant("A", "bob", 3, 1, Quantum(5))),
        ("revoke A/B", Revoke("A/B")),
    ],
)
def test_grant_and_revoke_are_read(text: str, statement: Grant | Revoke) -> None:
    assert read(text) == statement


@pytest.mark.parametrize("name", ["A", "_", "a.b-c_9", "A" * 31, "A/B/C", "on", "A/list", "lists"])
def test_a_name_is_segments_of_up_to_31_characters(name: str) -> None:
    assert declared(f"{name} on cpu0 lwktpri 4").name == name


@pytest.mark.parametrize(
    "text",
    [
        "A on 'cpu*' lwktpri 4",
        'A on "cpu*" lwktpri 4',
        "A on cpu\\* lwktpri 4",
        "A on c'pu'\"*\" lwktpri 4",
        "'A' 'on' 'cpu*' 'lwktpri' '4'",
        "  A\ton   cpu*\tlwktpri 4  ",
        "A on cpu* lwktpri 4 # lwktpri 5",
        "A on cpu* lwktpri 4 #",
    ],
)
def test_words_are_quoted_and_commented_as_in_a_shell(text: str) -> None:
    assert read(text) == read("A on cpu* lwktpri 4")


def test_a_hash_inside_a_word_is_no_comment() -> None:
    lines = list(parse_script("A on cpu0 lwktpri 4#5\n", "in"))
    assert isinstance(lines[0][1], Unreadable)


def test_a_script_has_one_statement_a_line_blank_lines_and_comments_aside() -> None:
    text = "# head\n\n  \t\nusched A on cpu0 lwktpri 4\r\n  # more\ndestroy A # gone"
    lines = list(parse_script(text, "in"))
    assert [(line.number, statement) for line, statement in lines] == [
        (4, read("A on cpu0 lwktpri 4")),
        (6, read("destroy A")),
    ]


def test_a_script_goes_on_after_a_line_that_cannot_be_read() -> None:
    kinds = [type(found) for _, found in parse_script("A on\nB on cpu0 lwktpri 1\nC", "in")]
    assert kinds == [Unreadable, Declare, Unreadable]


def test_shell_words_are_taken_as_they_are() -> None:
    assert parse_words(["NORM", "on", "cpu*", "lwktpri", "6"]) == read("NORM on 'cpu*' lwktpri 6")


def test_spans_point_at_the_words_of_the_line() -> None:
    declare = declared("usched A  on cpu0 lwktpri  4")
    span = declare.spans["lwktpri"]
    assert (span.start, span.end) == (27, 28)
    first = declare.cpus.terms[0].span
    assert first is not None
    assert (first.start, first.end) == (13, 17)


def test_events_take_cpu_terms_alone() -> None:
    assert parse_cpu_terms("node1 cpu3", "in") == (Term("node", 1, 1), Term("cpu", 3, 3))


def test_numbers_may_have_leading_zeros() -> None:
    assert read("A on cpu007 lwktpri 04") == read("A on cpu7 lwktpri 4")
