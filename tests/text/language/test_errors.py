"""Every way to mistype a statement, with the whole error that the user reads."""

from __future__ import annotations

import pytest

from tests.text.language.texts import RESERVED_LIST, USAGE, block, complaint
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_line
from usched.words.problems import Line
from usched.words.statement import RESERVED, VERBS


def test_error_an_empty_line() -> None:
    assert complaint("") == block(
        """
        in:1:1: no statement here
          usched NAME on CPUS lwktpri N [vcpus N] [quantum TIME] [exclusive] [locked]
          usched destroy NAME [into NAME] [recursive]
          usched grant NAME to USER [lwktpri MAX] [depth MAX] [until TIME]
          usched revoke NAME
        """
    )


def test_error_usched_alone() -> None:
    assert complaint("usched") == block(
        """
        in:1:7: expected a statement after 'usched', found the end
            usched
                  ^
          USAGE
        """
    ).replace("USAGE", USAGE)


def test_error_a_name_alone() -> None:
    assert complaint("NORM") == block(
        """
        in:1:1: 'NORM' is neither a subcommand nor the start of a statement
            NORM
            ^^^^
          USAGE
          usched --help lists the subcommands
        """
    ).replace("USAGE", USAGE)


def test_error_a_mistyped_subcommand() -> None:
    assert complaint("lst") == block(
        """
        in:1:1: 'lst' is neither a subcommand nor the start of a statement
            lst
            ^^^
          did you mean 'list'?
          USAGE
          usched --help lists the subcommands
        """
    ).replace("USAGE", USAGE)


def test_error_a_mistyped_verb() -> None:
    assert complaint("detroy NORM") == block(
        """
        in:1:1: 'detroy' is neither a subcommand nor the start of a statement
            detroy NORM
            ^^^^^^
          did you mean 'destroy'?
          USAGE
          usched --help lists the subcommands
        """
    ).replace("USAGE", USAGE)


def test_error_a_verb_of_another_tool() -> None:
    assert complaint("rm NORM") == block(
        """
        in:1:1: 'rm' is neither a subcommand nor the start of a statement
            rm NORM
            ^^
          type: destroy NORM
        """
    )


def test_error_another_verb_of_another_tool() -> None:
    assert complaint("delete NORM") == block(
        """
        in:1:1: 'delete' is neither a subcommand nor the start of a statement
            delete NORM
            ^^^^^^
          type: destroy NORM
        """
    )


def test_error_missing_on() -> None:
    assert complaint("NORM cpu* lwktpri 6") == block(
        """
        in:1:6: expected 'on' after the name 'NORM', found 'cpu*'
            NORM cpu* lwktpri 6
                 ^^^^
          type: NORM on 'cpu*' lwktpri 6
        """
    )


def test_error_on_in_capitals() -> None:
    assert complaint("NORM On cpu* lwktpri 6") == block(
        """
        in:1:6: expected 'on' after the name 'NORM', found 'On'
            NORM On cpu* lwktpri 6
                 ^^
          type: NORM on 'cpu*' lwktpri 6
        """
    )


def test_error_on_and_nothing_else() -> None:
    assert complaint("NORM on") == block(
        """
        in:1:8: expected cpus, found the end
            NORM on
                   ^
          cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
        """
    )


def test_error_missing_cpus() -> None:
    assert complaint("NORM on lwktpri 6") == block(
        """
        in:1:9: expected cpus, found 'lwktpri'
            NORM on lwktpri 6
                    ^^^^^^^
          cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
        """
    )


def test_error_missing_lwktpri() -> None:
    assert complaint("NORM on 'cpu*' locked") == block(
        """
        in:1:22: lwktpri is missing
            NORM on 'cpu*' locked
                                 ^
          type: NORM on 'cpu*' locked lwktpri 6
        """
    )


def test_error_lwktpri_without_number() -> None:
    assert complaint("NORM on cpu* lwktpri") == block(
        """
        in:1:21: expected a whole number after 'lwktpri', found the end
            NORM on cpu* lwktpri
                                ^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_lwktpri_in_words() -> None:
    assert complaint("NORM on cpu* lwktpri six") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found 'six'
            NORM on cpu* lwktpri six
                                 ^^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_negative_lwktpri() -> None:
    assert complaint("NORM on cpu* lwktpri -1") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found '-1'
            NORM on cpu* lwktpri -1
                                 ^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_fraction_of_lwktpri() -> None:
    assert complaint("NORM on cpu* lwktpri 6.5") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found '6.5'
            NORM on cpu* lwktpri 6.5
                                 ^^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_hexadecimal_lwktpri() -> None:
    assert complaint("NORM on cpu* lwktpri 0x6") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found '0x6'
            NORM on cpu* lwktpri 0x6
                                 ^^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_arabic_digits() -> None:
    assert complaint("NORM on cpu* lwktpri ٦") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found '٦'
            NORM on cpu* lwktpri ٦
                                 ^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_unknown_clause() -> None:
    assert complaint("NORM on cpu* priority 6") == block(
        """
        in:1:14: 'priority' is no clause: it is 'lwktpri' here
            NORM on cpu* priority 6
                         ^^^^^^^^
          type: lwktpri 6
        """
    )


def test_error_mistyped_clause() -> None:
    assert complaint("NORM on cpu* lwktprio 6") == block(
        """
        in:1:14: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktprio'
            NORM on cpu* lwktprio 6
                         ^^^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_error_mistyped_flag() -> None:
    assert complaint("NORM on cpu* lwktpri 6 lock") == block(
        """
        in:1:24: expected a clause, found 'lock'
            NORM on cpu* lwktpri 6 lock
                                   ^^^^
          did you mean 'locked'?
          it may be: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_error_unknown_word_behind_the_clauses() -> None:
    assert complaint("NORM on cpu* lwktpri 6 please") == block(
        """
        in:1:24: expected a clause, found 'please'
            NORM on cpu* lwktpri 6 please
                                   ^^^^^^
          it may be: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_error_clause_with_equals() -> None:
    assert complaint("NORM on cpu* lwktpri=6") == block(
        """
        in:1:14: a clause has no '='
            NORM on cpu* lwktpri=6
                         ^^^^^^^^^
          type: lwktpri 6
        """
    )


def test_error_second_clause_with_equals() -> None:
    assert complaint("NORM on cpu* lwktpri 6 vcpus=4") == block(
        """
        in:1:24: a clause has no '='
            NORM on cpu* lwktpri 6 vcpus=4
                                   ^^^^^^^
          type: vcpus 4
        """
    )


def test_error_clause_twice() -> None:
    assert complaint("NORM on cpu0 lwktpri 6 lwktpri 7") == block(
        """
        in:1:24: 'lwktpri' is given twice
            NORM on cpu0 lwktpri 6 lwktpri 7
                                   ^^^^^^^
          each clause at most once
        """
    )


def test_error_flag_twice() -> None:
    assert complaint("NORM on cpu0 lwktpri 6 locked locked") == block(
        """
        in:1:31: 'locked' is given twice
            NORM on cpu0 lwktpri 6 locked locked
                                          ^^^^^^
          each clause at most once
        """
    )


def test_error_cpus_behind_clauses() -> None:
    assert complaint("NORM on cpu0 lwktpri 6 cpu1") == block(
        """
        in:1:24: cpus stand before the clauses, right after 'on'
            NORM on cpu0 lwktpri 6 cpu1
                                   ^^^^
          type: NORM on cpu0 cpu1 lwktpri 6
        """
    )


def test_error_except_without_cpus() -> None:
    assert complaint("NORM on cpu* except lwktpri 6") == block(
        """
        in:1:21: expected cpus, found 'lwktpri'
            NORM on cpu* except lwktpri 6
                                ^^^^^^^
          cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
        """
    )


def test_error_except_without_terms_before_it() -> None:
    assert complaint("NORM on except cpu0 lwktpri 6") == block(
        """
        in:1:9: what is left out stands behind 'except'
            NORM on except cpu0 lwktpri 6
                    ^^^^^^
          type: on 'cpu*' except cpu0
        """
    )


def test_error_except_twice() -> None:
    assert complaint("NORM on cpu* except cpu1 except cpu2 lwktpri 6") == block(
        """
        in:1:26: 'except' is given twice
            NORM on cpu* except cpu1 except cpu2 lwktpri 6
                                     ^^^^^^
          type: on 'cpu*' except cpu1 cpu2
        """
    )


def test_error_reversed_range() -> None:
    assert complaint("NORM on cpu5-2 lwktpri 6") == block(
        """
        in:1:9: the range cpu5-2 runs backwards
            NORM on cpu5-2 lwktpri 6
                    ^^^^^^
          type: cpu2-5
        """
    )


def test_error_range_of_nodes() -> None:
    assert complaint("NORM on node0-2 lwktpri 6") == block(
        """
        in:1:9: only cpu numbers make ranges, not node numbers
            NORM on node0-2 lwktpri 6
                    ^^^^^^^
          type: node0 node1 node2
        """
    )


def test_error_plural() -> None:
    assert complaint("NORM on nodes0 lwktpri 6") == block(
        """
        in:1:9: 'nodes0' is not a cpu term
            NORM on nodes0 lwktpri 6
                    ^^^^^^
          type: node0
        """
    )


def test_error_cpu_without_number() -> None:
    assert complaint("NORM on cpu 0 lwktpri 6") == block(
        """
        in:1:9: 'cpu' without a number
            NORM on cpu 0 lwktpri 6
                    ^^^
          type: cpu0
        """
    )


def test_error_list_of_taskset() -> None:
    assert complaint("NORM on 0-3,8 lwktpri 6") == block(
        """
        in:1:9: cpu terms are separate words
            NORM on 0-3,8 lwktpri 6
                    ^^^^^
          type: cpu0-3 cpu8
        """
    )


def test_error_cpus_with_commas() -> None:
    assert complaint("NORM on cpu0,cpu2 lwktpri 6") == block(
        """
        in:1:9: cpu terms are separate words
            NORM on cpu0,cpu2 lwktpri 6
                    ^^^^^^^^^
          type: cpu0 cpu2
        """
    )


def test_error_bare_number() -> None:
    assert complaint("NORM on 2-3 lwktpri 6") == block(
        """
        in:1:9: '2-3' is not a cpu term
            NORM on 2-3 lwktpri 6
                    ^^^
          type: cpu2-3
        """
    )


def test_error_cpu_term_in_capitals() -> None:
    assert complaint("NORM on CPU* lwktpri 6") == block(
        """
        in:1:9: cpu terms are in lower case
            NORM on CPU* lwktpri 6
                    ^^^^
          type: 'cpu*'
        """
    )


def test_error_star_alone() -> None:
    assert complaint("NORM on * lwktpri 6") == block(
        """
        in:1:9: '*' is not a cpu term
            NORM on * lwktpri 6
                    ^
          type: 'cpu*'
        """
    )


def test_error_all() -> None:
    assert complaint("NORM on all lwktpri 6") == block(
        """
        in:1:9: 'all' is not a cpu term
            NORM on all lwktpri 6
                    ^^^
          type: 'cpu*'
        """
    )


def test_error_cpu_star_expanded_by_a_shell() -> None:
    assert complaint("NORM on cpu.c cpu.h cpuset lwktpri 6") == block(
        """
        in:1:9: 'cpu.c' looks like a file name: the shell expanded an unquoted cpu*
            NORM on cpu.c cpu.h cpuset lwktpri 6
                    ^^^^^
          quote it: 'cpu*'
        """
    )


def test_error_cpu_star_expanded_behind_a_term() -> None:
    assert complaint("NORM on cpu0 cpuinfo lwktpri 6") == block(
        """
        in:1:14: 'cpuinfo' looks like a file name: the shell expanded an unquoted cpu*
            NORM on cpu0 cpuinfo lwktpri 6
                         ^^^^^^^
          quote it: 'cpu*'
        """
    )


def test_error_quantum_without_time() -> None:
    assert complaint("NORM on cpu* lwktpri 6 quantum locked") == block(
        """
        in:1:32: expected a time after 'quantum', found 'locked'
            NORM on cpu* lwktpri 6 quantum locked
                                           ^^^^^^
          ticks, or time: 10, 500us, 100ms, 2s (one word)
        """
    )


def test_error_quantum_in_two_words() -> None:
    assert complaint("NORM on cpu* lwktpri 6 quantum 100 ms") == block(
        """
        in:1:36: a time is one word
            NORM on cpu* lwktpri 6 quantum 100 ms
                                               ^^
          type: quantum 100ms
        """
    )


def test_error_quantum_of_a_fraction() -> None:
    assert complaint("NORM on cpu* lwktpri 6 quantum 0.1s") == block(
        """
        in:1:32: expected a time after 'quantum', found '0.1s'
            NORM on cpu* lwktpri 6 quantum 0.1s
                                           ^^^^
          ticks, or time: 10, 500us, 100ms, 2s (one word)
        """
    )


def test_error_quantum_in_minutes() -> None:
    assert complaint("NORM on cpu* lwktpri 6 quantum 10min") == block(
        """
        in:1:32: expected a time after 'quantum', found '10min'
            NORM on cpu* lwktpri 6 quantum 10min
                                           ^^^^^
          ticks, or time: 10, 500us, 100ms, 2s (one word)
        """
    )


def test_error_grant_for_hours() -> None:
    assert complaint("grant POOL to alice until 2h") == block(
        """
        in:1:27: units of time are us, ms and s
            grant POOL to alice until 2h
                                      ^^
          type: 7200s
        """
    )


def test_error_grant_until_a_date() -> None:
    assert complaint("grant POOL to alice until 2027-01-01") == block(
        """
        in:1:27: expected a time after 'until', found '2027-01-01'
            grant POOL to alice until 2027-01-01
                                      ^^^^^^^^^^
          ticks, or time: 10, 500us, 100ms, 2s (one word)
          counted from now: 3600s is an hour
        """
    )


def test_error_name_that_begins_with_a_digit() -> None:
    assert complaint("9NORM on cpu0 lwktpri 6") == block(
        """
        in:1:1: '9NORM' is not a scheduler's name
            9NORM on cpu0 lwktpri 6
            ^^^^^
          a name is segments joined by '/'; a segment is a letter or underscore, then up to
          30 letters, digits, '_', '.' or '-'
        """
    )


def test_error_name_with_an_empty_segment() -> None:
    assert complaint("POOL//A on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'POOL//A' is not a scheduler's name
            POOL//A on cpu0 lwktpri 6
            ^^^^^^^
          a name is segments joined by '/'; a segment is a letter or underscore, then up to
          30 letters, digits, '_', '.' or '-'
        """
    )


def test_error_name_of_32_characters() -> None:
    assert complaint("abcdefghijklmnopqrstuvwxyz012345 on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'abcdefghijklmnopqrstuvwxyz012345' is not a scheduler's name
            abcdefghijklmnopqrstuvwxyz012345 on cpu0 lwktpri 6
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          a name is segments joined by '/'; a segment is a letter or underscore, then up to
          30 letters, digits, '_', '.' or '-'
        """
    )


def test_error_name_beyond_ascii() -> None:
    assert complaint("NÖRM on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'NÖRM' is not a scheduler's name
            NÖRM on cpu0 lwktpri 6
            ^^^^
          a name is segments joined by '/'; a segment is a letter or underscore, then up to
          30 letters, digits, '_', '.' or '-'
        """
    )


def test_error_empty_name() -> None:
    assert complaint("'' on cpu0 lwktpri 6") == block(
        """
        in:1:1: '' is not a scheduler's name
            '' on cpu0 lwktpri 6
            ^^
          a name is segments joined by '/'; a segment is a letter or underscore, then up to
          30 letters, digits, '_', '.' or '-'
        """
    )


def test_error_reserved_name() -> None:
    assert complaint("list on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'list' is a reserved word, not a scheduler's name
            list on cpu0 lwktpri 6
            ^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


def test_error_reserved_verb_as_a_name() -> None:
    assert complaint("destroy on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'destroy' is a reserved word, not a scheduler's name
            destroy on cpu0 lwktpri 6
            ^^^^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


def test_error_reserved_first_segment() -> None:
    assert complaint("map/A on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'map' is a reserved word, not a scheduler's name
            map/A on cpu0 lwktpri 6
            ^^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


def test_error_whole_statement_in_quotes() -> None:
    assert complaint("'NORM on cpu0 lwktpri 6'") == block(
        """
        in:1:1: 'NORM on cpu0 lwktpri 6' is not a scheduler's name
            'NORM on cpu0 lwktpri 6'
            ^^^^^^^^^^^^^^^^^^^^^^^^
          the words of a statement are separate words: leave the quotes out
        """
    )


def test_error_destroy_without_name() -> None:
    assert complaint("destroy") == block(
        """
        in:1:8: expected the scheduler to destroy, found the end
            destroy
                   ^
        """
    )


def test_error_destroy_two_names() -> None:
    assert complaint("destroy A B") == block(
        """
        in:1:11: expected a clause, found 'B'
            destroy A B
                      ^
          it may be: into, recursive
        """
    )


def test_error_destroy_into_nothing() -> None:
    assert complaint("destroy A into") == block(
        """
        in:1:15: expected the scheduler that takes over, found the end
            destroy A into
                          ^
        """
    )


def test_error_destroy_mistyped_recursive() -> None:
    assert complaint("destroy A recursively") == block(
        """
        in:1:11: expected a clause, found 'recursively'
            destroy A recursively
                      ^^^^^^^^^^^
          did you mean 'recursive'?
          it may be: into, recursive
        """
    )


def test_error_destroy_recursive_twice() -> None:
    assert complaint("destroy A recursive recursive") == block(
        """
        in:1:21: 'recursive' is given twice
            destroy A recursive recursive
                                ^^^^^^^^^
        """
    )


def test_error_grant_without_user() -> None:
    assert complaint("grant A to") == block(
        """
        in:1:11: expected a user name, or @group, found the end
            grant A to
                      ^
        """
    )


def test_error_grant_without_to() -> None:
    assert complaint("grant A bob") == block(
        """
        in:1:9: expected 'to' and a user, found 'bob'
            grant A bob
                    ^^^
          usched grant A to USER
        """
    )


def test_error_revoke_and_more() -> None:
    assert complaint("revoke A B") == block(
        """
        in:1:10: expected the end of the statement, found 'B'
            revoke A B
                     ^
        """
    )


def test_error_open_quote() -> None:
    assert complaint("NORM on 'cpu* lwktpri 6") == block(
        """
        in:1:9: the quote ' is not closed
            NORM on 'cpu* lwktpri 6
                    ^
        """
    )


def test_error_open_double_quote() -> None:
    assert complaint('NORM on "cpu* lwktpri 6') == block(
        """
        in:1:9: the quote " is not closed
            NORM on "cpu* lwktpri 6
                    ^
        """
    )


def test_error_backslash_at_the_end() -> None:
    assert complaint("NORM on cpu* lwktpri 6 \\") == block(
        """
        in:1:24: a backslash at the end
            NORM on cpu* lwktpri 6 \\
                                   ^
          a statement is one line
        """
    )


def test_error_control_character() -> None:
    assert complaint("NORM on cpu*\x1b[1m lwktpri 6") == block(
        """
        in:1:13: control character U+001B
            NORM on cpu*�[1m lwktpri 6
                        ^
        """
    )


def test_error_nul() -> None:
    assert complaint("NORM on cpu*\0 lwktpri 6") == block(
        """
        in:1:13: control character U+0000
            NORM on cpu*� lwktpri 6
                        ^
        """
    )


def test_error_place_behind_a_tab() -> None:
    assert complaint("\tNORM\ton\tcpu* lwktprio 6") == block(
        """
        in:1:15: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktprio'
            \tNORM\ton\tcpu* lwktprio 6
            \t    \t  \t     ^^^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_error_place_in_quotes() -> None:
    assert complaint("NORM on 'cpu*' \"lwktprio\" 6") == block(
        """
        in:1:16: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktprio'
            NORM on 'cpu*' "lwktprio" 6
                           ^^^^^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_error_shell_operator() -> None:
    assert complaint("NORM on cpu* lwktpri 6; reboot") == block(
        """
        in:1:22: expected a whole number after 'lwktpri', found '6;'
            NORM on cpu* lwktpri 6; reboot
                                 ^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_error_usched_as_a_name() -> None:
    assert complaint("usched on cpu0 lwktpri 6") == block(
        """
        in:1:1: 'usched' is a reserved word, not a scheduler's name
            usched on cpu0 lwktpri 6
            ^^^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


@pytest.mark.parametrize("word", sorted(set(RESERVED) - {"usched"}))
def test_no_declaration_takes_a_reserved_word(word: str) -> None:
    for name in (word, f"{word}/A"):
        said = complaint(f"{name} on cpu0 lwktpri 6")
        assert said.startswith(f"in:1:1: '{word}' is a reserved word, not a scheduler's name\n")


@pytest.mark.parametrize("word", sorted(set(RESERVED) - {"usched", *VERBS}))
def test_what_was_declared_before_a_word_was_reserved_is_read_and_destroyed(word: str) -> None:
    for text in (f"{word} on cpu0 lwktpri 6", f"{word}/A on cpu0 lwktpri 6"):
        assert format_statement(parse_line(Line("registry", 1, text), stored=True)) == text
    for text in (f"destroy {word}", f"destroy {word}/A into {word} recursive"):
        assert format_statement(parse_line(Line("in", 1, text))) == text


def test_every_word_that_may_become_a_command_is_reserved() -> None:
    """The list of usched(5), which no later version may shorten."""
    assert {"plan", "apply", "run", "import", "top", "whatif", "rename"} < set(RESERVED)
    assert len(RESERVED) >= 63
