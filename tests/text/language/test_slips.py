"""What people type who come from other tools: each gets the words to type, and they are right."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.language.texts import block, canonical, complaint
from usched.text.language.advice import follow
from usched.text.language.cursor import Slip
from usched.text.language.grammar import Unreadable, parse_cpu_terms, parse_script, read_statement
from usched.words.problems import Line, Misused, format_problem

#: What is typed, the caret under what is wrong with the sentence, what to type, what it comes to.
CPUS = """
N on cpu0-cpu3,5 lwktpri 6
     ^^^^^^^^^^^ cpu terms are separate words
  type: cpu0-3 cpu5
= N on cpu0-3 cpu5 lwktpri 6

N on 0-3,8 lwktpri 6
     ^^^^^ cpu terms are separate words
  type: cpu0-3 cpu8
= N on cpu0-3 cpu8 lwktpri 6

N on CPU0-3,5 lwktpri 6
     ^^^^^^^^ cpu terms are separate words
  type: cpu0-3 cpu5
= N on cpu0-3 cpu5 lwktpri 6

N on cpus0-3,cpu5-cpu6 lwktpri 6
     ^^^^^^^^^^^^^^^^^ cpu terms are separate words
  type: cpu0-3 cpu5-6
= N on cpu0-3 cpu5 cpu6 lwktpri 6

N on cpu[0-3] lwktpri 6
     ^^^^^^^^ 'cpu[0-3]' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on cpu[0-3,5] lwktpri 6
     ^^^^^^^^^^ 'cpu[0-3,5]' is not a cpu term
  type: cpu0-3 cpu5
= N on cpu0-3 cpu5 lwktpri 6

N on cpu{0..3} lwktpri 6
     ^^^^^^^^^ 'cpu{0..3}' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on cpu0..3 lwktpri 6
     ^^^^^^^ 'cpu0..3' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on cpu-3 lwktpri 6
     ^^^^^ 'cpu-3' is not a cpu term
  type: cpu3
= N on cpu3 lwktpri 6

N on cpu#3 lwktpri 6
     ^^^^^ 'cpu#3' is not a cpu term
  type: cpu3
= N on cpu3 lwktpri 6

N on cpu=3 lwktpri 6
     ^^^^^ 'cpu=3' is not a cpu term
  type: cpu3
= N on cpu3 lwktpri 6

N on 3 lwktpri 6
     ^ '3' is not a cpu term
  type: cpu3
= N on cpu3 lwktpri 6

N on 5-2,7 lwktpri 6
     ^^^^^ cpu terms are separate words
  type: cpu2-5 cpu7
= N on cpu2-5 cpu7 lwktpri 6

N on 0-7:2 lwktpri 6
     ^^^^^ a range has no stride: a cpu term names all of its numbers
  type: cpu0 cpu2 cpu4 cpu6
= N on cpu0 cpu2 cpu4 cpu6 lwktpri 6

N on cpu0-cpu6:3,9 lwktpri 6
     ^^^^^^^^^^^^^ a range has no stride: a cpu term names all of its numbers
  type: cpu0 cpu3 cpu6 cpu9
= N on cpu0 cpu3 cpu6 cpu9 lwktpri 6

N on 0-15:2/8 lwktpri 6
     ^^^^^^^^ a range has no stride: a cpu term names all of its numbers
  type: cpu0 cpu1 cpu8 cpu9
= N on cpu0 cpu1 cpu8 cpu9 lwktpri 6

N on 0x0f lwktpri 6
     ^^^^ '0x0f' is a mask, not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on 0x1,80000005 lwktpri 6
     ^^^^^^^^^^^^ '0x1,80000005' is a mask, not a cpu term
  type: cpu0 cpu2 cpu31-32
= N on cpu0 cpu2 cpu31 cpu32 lwktpri 6

N on cpu 0 lwktpri 6
     ^^^ 'cpu' without a number
  type: cpu0
= N on cpu0 lwktpri 6

N on cpus 0-3,5 lwktpri 6
     ^^^^ 'cpus' is not a cpu term
  type: cpu0-3 cpu5
= N on cpu0-3 cpu5 lwktpri 6

N on cpu 0 1 2 lwktpri 6
     ^^^ 'cpu' without a number
  type: cpu0 cpu1 cpu2
= N on cpu0-2 lwktpri 6

N on node 0 1 lwktpri 6
     ^^^^ 'node' without a number
  type: node0 node1
= N on node0 node1 lwktpri 6

N on --cpus 0-3 lwktpri 6
     ^^^^^^ '--cpus' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on --cpus=0-3 lwktpri 6
     ^^^^^^^^^^ '--cpus=0-3' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on cpus=0-3 lwktpri 6
     ^^^^^^^^ 'cpus=0-3' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on -c 0-3 lwktpri 6
     ^^ '-c' is not a cpu term
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on --cpunodebind 0 lwktpri 6
     ^^^^^^^^^^^^^ '--cpunodebind' is not a cpu term
  type: node0
= N on node0 lwktpri 6

N on cpu0, cpu1, cpu2 lwktpri 6
     ^^^^^ 'cpu0,' is not a cpu term
  type: N on cpu0 cpu1 cpu2 lwktpri 6
= N on cpu0-2 lwktpri 6

N on cpu0 , cpu1 lwktpri 6
          ^ cpus stand side by side, without ','
  type: N on cpu0 cpu1 lwktpri 6
= N on cpu0 cpu1 lwktpri 6

N on cpu0 and cpu1 lwktpri 6
          ^^^ cpus stand side by side, without 'and'
  type: N on cpu0 cpu1 lwktpri 6
= N on cpu0 cpu1 lwktpri 6

N on cpu0 to cpu3 lwktpri 6
          ^^ a range is one word
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on cpu0 - 3 lwktpri 6
          ^ a range is one word
  type: cpu0-3
= N on cpu0-3 lwktpri 6

N on 0 to 3 lwktpri 6
     ^ '0' is not a cpu term
  type: N on cpu0-3 lwktpri 6
= N on cpu0-3 lwktpri 6

N on all lwktpri 6
     ^^^ 'all' is not a cpu term
  type: 'cpu*'
= N on cpu* lwktpri 6

N on * lwktpri 6
     ^ '*' is not a cpu term
  type: 'cpu*'
= N on cpu* lwktpri 6

N on pu:0-3 lwktpri 6
     ^^^^^^ 'pu:0-3' is not a cpu term
  type: cpu0-3
  numbers are those of usched topology show
= N on cpu0-3 lwktpri 6

N on core:2 lwktpri 6
     ^^^^^^ 'core:2' is not a cpu term
  type: core2
  numbers are those of usched topology show
= N on core2 lwktpri 6

N on L3:0 lwktpri 6
     ^^^^ 'L3:0' is not a cpu term
  type: llc0
  numbers are those of usched topology show
= N on llc0 lwktpri 6

N on numa1 lwktpri 6
     ^^^^^ 'numa1' is not a cpu term
  type: node1
= N on node1 lwktpri 6

N on package0,1 lwktpri 6
     ^^^^^^^^^^ cpu terms are separate words
  type: socket0 socket1
= N on socket0 socket1 lwktpri 6

N on Node0-2 lwktpri 6
     ^^^^^^^ only cpu numbers make ranges, not node numbers
  type: node0 node1 node2
= N on node0 node1 node2 lwktpri 6
"""

EXCEPT = """
N on cpu* ^cpu1 lwktpri 6
          ^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* !cpu1 lwktpri 6
          ^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* -cpu1 lwktpri 6
          ^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* ^1 lwktpri 6
          ^^ what is left out stands behind 'except'
  type: N on 'cpu*' except cpu1 lwktpri 6
= N on cpu* except cpu1 lwktpri 6

N on ^cpu1 lwktpri 6
     ^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu0 ^cpu1 cpu2 lwktpri 6
          ^^^^^ what is left out stands behind 'except'
  type: on cpu0 cpu2 except cpu1
= N on cpu0 cpu2 except cpu1 lwktpri 6

N on cpu* not cpu1 lwktpri 6
          ^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* without cpu1 cpu2 lwktpri 6
          ^^^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1 cpu2
= N on cpu* except cpu1 cpu2 lwktpri 6

N on cpu* but not cpu1 lwktpri 6
          ^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* except for cpu1 lwktpri 6
                 ^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on cpu* ! cpu1 lwktpri 6
          ^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1
= N on cpu* except cpu1 lwktpri 6

N on all but cpu0 lwktpri 6
     ^^^ 'all' is not a cpu term
  type: N on 'cpu*' except cpu0 lwktpri 6
= N on cpu* except cpu0 lwktpri 6

N on cpu* except cpu1 not cpu2 lwktpri 6
                      ^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1 cpu2
= N on cpu* except cpu1 cpu2 lwktpri 6

N on cpu* except cpu1 ^cpu2 lwktpri 6
                      ^^^^^ what is left out stands behind 'except'
  type: on 'cpu*' except cpu1 cpu2
= N on cpu* except cpu1 cpu2 lwktpri 6

N on cpu* lwktpri 6 except cpu1
                    ^^^^^^ cpus stand before the clauses, right after 'on'
  type: N on 'cpu*' except cpu1 lwktpri 6
= N on cpu* except cpu1 lwktpri 6

N on cpu* lwktpri 6 not cpu1 locked
                    ^^^ cpus stand before the clauses, right after 'on'
  type: N on 'cpu*' except cpu1 lwktpri 6 locked
= N on cpu* except cpu1 lwktpri 6 locked

N on cpu* except cpu2 lwktpri 6 cpu1
                                ^^^^ cpus stand before the clauses, right after 'on'
  type: N on 'cpu*' cpu1 except cpu2 lwktpri 6
= N on cpu* cpu1 except cpu2 lwktpri 6
"""

CLAUSES = """
N on cpu0 prio 6
          ^^^^ 'prio' is no clause: it is 'lwktpri' here
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 priority 6 locked
          ^^^^^^^^ 'priority' is no clause: it is 'lwktpri' here
  type: lwktpri 6
= N on cpu0 lwktpri 6 locked

N on cpu0 prio=6
          ^^^^^^ 'prio=6' is no clause: it is 'lwktpri' here
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 --priority=6
          ^^^^^^^^^^^^ '--priority=6' is no clause: it is 'lwktpri' here
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri6
          ^^^^^^^^ 'lwktpri6' is two words
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 LWKTPRI 6
          ^^^^^^^ clauses are in lower case
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri:6
          ^^^^^^^^^ a clause has no ':'
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 --lwktpri 6
          ^^^^^^^^^ a clause has no dashes
  type: lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 nice 6
          ^^^^ there is no nice: lwktpri goes the other way, the higher runs first
  type: lwktpri 6
  on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6, locked
                  ^^ a blank stands between clauses, no ','
  type: lwktpri 6
= N on cpu0 lwktpri 6 locked

N on cpu0 lwktpri 6,locked
                  ^^^^^^^^ a blank stands between clauses, no ','
  type: lwktpri 6 locked
= N on cpu0 lwktpri 6 locked

N on cpu0 lwktpri 6 vcpu 4
                    ^^^^ 'vcpu' is no clause: it is 'vcpus' here
  type: vcpus 4
= N on cpu0 lwktpri 6 vcpus 4

N on cpu0 lwktpri 6 timeslice 10ms
                    ^^^^^^^^^ 'timeslice' is no clause: it is 'quantum' here
  type: quantum 10ms
= N on cpu0 lwktpri 6 quantum 10ms

N on cpu0 lwktpri 6 slice 10 ms
                    ^^^^^ 'slice' is no clause: it is 'quantum' here
  type: N on cpu0 lwktpri 6 quantum 10ms
= N on cpu0 lwktpri 6 quantum 10ms

N on cpu0 lwktpri 6 pinned
                    ^^^^^^ 'pinned' is no clause: it is 'locked' here
  type: locked
= N on cpu0 lwktpri 6 locked

N on cpu0 lwktpri 6 --locked
                    ^^^^^^^^ a clause has no dashes
  type: locked
= N on cpu0 lwktpri 6 locked

N on cpu0 lwktpri 6 locked=yes
                    ^^^^^^^^^^ a clause has no '='
  type: locked
= N on cpu0 lwktpri 6 locked

N on cpu0 lwktpri 6 dedicated
                    ^^^^^^^^^ 'dedicated' is no clause: it is 'exclusive' here
  type: exclusive
= N on cpu0 lwktpri 6 exclusive

N on cpu0 lwktpri 6 unlocked
                    ^^^^^^^^ 'unlocked' is not needed: it is so unless 'locked' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 unlocked lwktpri 6
          ^^^^^^^^ 'unlocked' is not needed: it is so unless 'locked' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6 not locked
                    ^^^^^^^^^^ 'not locked' is not needed: it is so unless 'locked' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6 locked=no
                    ^^^^^^^^^ 'locked=no' is not needed: it is so unless 'locked' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6 !exclusive
                    ^^^^^^^^^^ '!exclusive' is not needed: it is so unless 'exclusive' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6 non-exclusive
                    ^^^^^^^^^^^^^ 'non-exclusive' is not needed: it is so unless 'exclusive' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N on cpu0 lwktpri 6 shared
                    ^^^^^^ 'shared' is not needed: it is so unless 'exclusive' is said
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6
"""

VERBS = """
create N on cpu0 lwktpri 6
^^^^^^ 'create' is not needed: a declaration begins with the scheduler's name
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

create N
^^^^^^ 'create' is not needed: a declaration begins with the scheduler's name
  type: N on 'cpu*' lwktpri 6
= N on cpu* lwktpri 6

add N on cpu0 lwktpri 6
^^^ 'add' is not needed: a declaration begins with the scheduler's name
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

usched create N on cpu0 lwktpri 6
       ^^^^^^ 'create' is not needed: a declaration begins with the scheduler's name
  type: usched N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

delete N
^^^^^^ 'delete' is neither a subcommand nor the start of a statement
  type: destroy N
= destroy N

remove N into M
^^^^^^ 'remove' is neither a subcommand nor the start of a statement
  type: destroy N into M
= destroy N into M

rm -r N
^^ 'rm' is neither a subcommand nor the start of a statement
  type: destroy N recursive
= destroy N recursive

destroy -r N
        ^^ destroy takes no -r
  type: N recursive
= destroy N recursive

destroy N --recursive
          ^^^^^^^^^^^ destroy takes no --recursive
  type: recursive
= destroy N recursive

destroy N to M
          ^^ expected a clause, found 'to'
  type: into
= destroy N into M

N --cpus 0-3 lwktpri 6
  ^^^^^^ expected 'on' after the name 'N', found '--cpus'
  type: N on cpu0-3 lwktpri 6
= N on cpu0-3 lwktpri 6

N cpu0 lwktpri 6
  ^^^^ expected 'on' after the name 'N', found 'cpu0'
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N cpu 0 lwktpri 6
  ^^^ expected 'on' after the name 'N', found 'cpu'
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N = cpu0 lwktpri 6
  ^ expected 'on' after the name 'N', found '='
  type: N on cpu0 lwktpri 6
= N on cpu0 lwktpri 6

N lwktpri 6 on cpu0 locked
  ^^^^^^^ expected 'on' after the name 'N', found 'lwktpri'
  type: N on cpu0 lwktpri 6 locked
= N on cpu0 lwktpri 6 locked

create N on 0-3,8 prio 6 unlocked
^^^^^^ 'create' is not needed: a declaration begins with the scheduler's name
  type: N on cpu0-3 cpu8 lwktpri 6
= N on cpu0-3 cpu8 lwktpri 6

N --cpus=0-3 --lwktpri=6
  ^^^^^^^^^^ expected 'on' after the name 'N', found '--cpus=0-3'
  type: N on cpu0-3 lwktpri 6
= N on cpu0-3 lwktpri 6
"""

LOOKALIKES = [
    (
        "N on cpu0\u20133 lwktpri 6",
        "\u2013",
        "U+2013 (en dash) is not -",
        "type: cpu0-3",
        "N on cpu0-3 lwktpri 6",
    ),
    (
        "N on 0\u20133 lwktpri 6",
        "\u2013",
        "U+2013 (en dash) is not -",
        "type: N on cpu0-3 lwktpri 6",
        "N on cpu0-3 lwktpri 6",
    ),
    (
        "N on cpu0\u2212cpu3,5 lwktpri 6",
        "\u2212",
        "U+2212 (minus sign) is not -",
        "type: N on cpu0-3 cpu5 lwktpri 6",
        "N on cpu0-3 cpu5 lwktpri 6",
    ),
    (
        "N on \u201ccpu*\u201d lwktpri 6",
        "\u201c",
        'U+201C (left double quotation mark) is not "',
        "type: 'cpu*'",
        "N on cpu* lwktpri 6",
    ),
    (
        "N on \u2018cpu0 cpu1\u2019 lwktpri 6",
        "\u2018",
        "U+2018 (left single quotation mark) is not '",
        "type: N on cpu0 cpu1 lwktpri 6",
        "N on cpu0 cpu1 lwktpri 6",
    ),
    (
        "N\xa0on cpu0 lwktpri 6",
        "\xa0",
        "U+00A0 (no-break space) is not a blank",
        "type: N on",
        "N on cpu0 lwktpri 6",
    ),
    (
        "N on cpu0\xa0lwktpri 6",
        "\xa0",
        "U+00A0 (no-break space) is not a blank",
        "type: cpu0 lwktpri",
        "N on cpu0 lwktpri 6",
    ),
    (
        "N on cpu0\u200b lwktpri 6",
        "\u200b",
        "U+200B (zero width space) does not show, and does not belong there",
        "type: cpu0",
        "N on cpu0 lwktpri 6",
    ),
    (
        "N on cpu\uff10 lwktpri 6",
        "\uff10",
        "U+FF10 (fullwidth digit zero) is not 0",
        "type: cpu0",
        "N on cpu0 lwktpri 6",
    ),
    (
        "N on cpu0 lwktpri 6 \u2014locked",
        "\u2014",
        "U+2014 (em dash) is not -",
        "type: N on cpu0 lwktpri 6 locked",
        "N on cpu0 lwktpri 6 locked",
    ),
    (
        "destroy \u2018N\u2019",
        "\u2018",
        "U+2018 (left single quotation mark) is not '",
        "type: N",
        "destroy N",
    ),
]


def cases(text: str) -> list[tuple[str, ...]]:
    return [tuple(each.split("\n")) for each in text.strip("\n").split("\n\n")]


@pytest.mark.parametrize(
    "case", [each for text in (CPUS, EXCEPT, CLAUSES, VERBS) for each in cases(text)], ids=" ".join
)
def test_a_near_miss_gets_the_words_to_type(case: tuple[str, ...]) -> None:
    typed, marked, *remedy, meant = case
    carets, _, what = marked.lstrip().partition(" ")
    column = marked.index("^")
    lines = [f"in:1:{column + 1}: {what}", f"    {typed}", f"    {' ' * column}{carets}", *remedy]
    assert complaint(typed) == "\n".join(lines)
    assert f"= {canonical(follow(slip_of(typed))[0])}" == meant


@pytest.mark.parametrize(("typed", "marked", "what", "remedy", "meant"), LOOKALIKES)
def test_a_character_that_only_looks_right_is_named(
    typed: str, marked: str, what: str, remedy: str, meant: str
) -> None:
    column = typed.index(marked)
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in typed)
    lines = [f"in:1:{column + 1}: {what}", f"    {shown}", f"    {' ' * column}^", f"  {remedy}"]
    assert complaint(typed) == "\n".join(lines)
    assert canonical(follow(slip_of(typed))[0]) == meant


def slip_of(typed: str) -> Slip:
    with pytest.raises(Slip) as refusal:
        read_statement(Line("in", 1, typed))
    return refusal.value


def test_a_letter_of_another_language_is_not_taken_for_a_slip() -> None:
    assert "is not a scheduler's name" in complaint("N\u00d6RM on cpu0 lwktpri 6")
    assert "did you mean 'lwktpri'?" in complaint("N on cpu0 lwktpri\u00e9 6")


@pytest.mark.parametrize("word", ["cpuinfo", "cpu.c", "cpu0.log", "cpu_list", "cpu-map.txt"])
def test_a_name_of_a_file_is_taken_for_an_expansion(word: str) -> None:
    what = f"in:1:6: '{word}' looks like a file name: the shell expanded an unquoted cpu*\n"
    assert complaint(f"N on {word} lwktpri 6").startswith(what)


def test_a_star_alone_that_a_shell_expanded() -> None:
    assert complaint("N on README.md src lwktpri 6") == block(
        """
        in:1:6: 'README.md' looks like a file name: the shell expanded an unquoted *
            N on README.md src lwktpri 6
                 ^^^^^^^^^
          quote it: 'cpu*'
        """
    )


#: Words of numbers and signs, which no file that `cpu*` matches is called.
_signs = st.text(string.digits + "-,.:;/[]{}()^!~#=+*", min_size=1, max_size=8)


@given(_signs, st.sampled_from(["cpu", "cpus", "CPU", ""]))
def test_numbers_and_signs_are_never_taken_for_a_file(signs: str, start: str) -> None:
    for _, said in parse_script(f"N on {start}{signs} lwktpri 6", "in"):
        if isinstance(said, Unreadable):
            assert "looks like a file name" not in said.problem.what


_lists = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 12), st.integers(1, 4)), min_size=1, max_size=6
)


@given(_lists, st.sampled_from(["", "cpu"]))
def test_a_list_of_taskset_means_the_same_cpus(
    parts: list[tuple[int, int, int]], prefix: str
) -> None:
    words = []
    meant = set()
    for first, length, stride in parts:
        last = first + length
        meant |= set(range(first, last + 1, stride))
        words.append(f"{prefix}{first}-{prefix}{last}" + (f":{stride}" if stride > 1 else ""))
    listed = ",".join(words)
    statement, _ = follow(slip_of(f"N on {listed}, lwktpri 6"))
    terms = re.findall(r"cpu(\d+)(?:-(\d+))?", statement)
    assert meant == {n for a, b in terms for n in range(int(a), int(b or a) + 1)}


def test_a_long_list_is_joined_into_ranges() -> None:
    listed = ",".join(map(str, range(100)))
    assert complaint(f"N on {listed} lwktpri 6").endswith("\n  type: cpu0-99")


def test_a_long_stride_is_left_to_a_shell() -> None:
    assert complaint("N on 0-255:2 lwktpri 6") == block(
        """
        in:1:6: a range has no stride: a cpu term names all of its numbers
            N on 0-255:2 lwktpri 6
                 ^^^^^^^
          type each, or in a shell: $(seq -f cpu%g 0 2 255)
        """
    )


def test_nice_has_no_number_to_take_over() -> None:
    assert complaint("N on cpu0 nice -5") == block(
        """
        in:1:11: there is no nice: lwktpri goes the other way, the higher runs first
            N on cpu0 nice -5
                      ^^^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_a_clause_by_another_name_that_is_there_already() -> None:
    assert complaint("N on cpu0 lwktpri 6 prio 7") == block(
        """
        in:1:21: 'prio' would be a second 'lwktpri'
            N on cpu0 lwktpri 6 prio 7
                                ^^^^
          each clause at most once
        """
    )


def test_a_clause_by_another_name_without_its_number() -> None:
    assert complaint("N on cpu0 prio high") == block(
        """
        in:1:11: 'prio' is no clause: it is 'lwktpri' here
            N on cpu0 prio high
                      ^^^^
          type: lwktpri and a number
        """
    )


def test_nothing_is_left_out_behind_not() -> None:
    assert complaint("N on cpu* not lwktpri 6") == block(
        """
        in:1:15: expected cpus after 'not', found 'lwktpri'
            N on cpu* not lwktpri 6
                          ^^^^^^^
        """
    )


def test_the_first_of_two_errors_has_its_own_words_where_the_second_has_none() -> None:
    assert complaint("N on 0-3 bogus lwktpri 6") == block(
        """
        in:1:6: '0-3' is not a cpu term
            N on 0-3 bogus lwktpri 6
                 ^^^
          type: cpu0-3
        """
    )


def test_names_that_are_verbs_elsewhere_stay_names() -> None:
    for name in ("create", "add", "delete", "rm", "not", "nice", "all"):
        assert canonical(f"{name} on cpu0 lwktpri 6") == f"{name} on cpu0 lwktpri 6"


def test_where_only_cpus_may_stand_nothing_is_said_of_except() -> None:
    with pytest.raises(Misused) as refusal:
        parse_cpu_terms("node1 ^cpu3", "w.yaml")
    assert format_problem(refusal.value.problems[0]) == block(
        """
        w.yaml:1:7: expected a cpu term or the end, found '^cpu3'
            node1 ^cpu3
                  ^^^^^
          cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
        """
    )
    with pytest.raises(Misused) as refusal:
        parse_cpu_terms("0-3,5", "w.yaml")
    assert "  type: cpu0-3 cpu5" in format_problem(refusal.value.problems[0])
