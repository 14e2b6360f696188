"""Every way to get a workload wrong, with its place in the file (usched.5, "Workload")."""

from __future__ import annotations

import pytest

from tests.text.language.texts import USAGE, block
from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.problems import Refused, format_problem

KEYS = "name, scheduler, rforks, at, every, bursts, run, sleep, repeat, period, deadline"


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        parse_workload(parse_yaml(text, "w.yaml"))
    return "\n".join(map(format_problem, refused.value.problems))


def test_error_an_empty_file() -> None:
    text = ""
    assert refusal(text) == block(
        """
        w.yaml:1:1: the file is empty
        """
    )


def test_error_nothing_but_comments() -> None:
    text = "# to do\n"
    assert refusal(text) == block(
        """
        w.yaml:1:1: the file is empty
            # to do
            ^
        """
    )


def test_error_a_list() -> None:
    text = "- 1\n"
    assert refusal(text) == block(
        """
        w.yaml:1:1: the workload must be a mapping of keys to values, not a list
            - 1
            ^
        """
    )


def test_error_plain_text() -> None:
    text = "hello\n"
    assert refusal(text) == block(
        """
        w.yaml:1:1: the workload must be a mapping of keys to values, not the text 'hello'
            hello
            ^^^^^
        """
    )


def test_error_no_programs() -> None:
    text = "workload: w\n"
    assert refusal(text) == block(
        """
        w.yaml:1:1: the workload has no programs
            workload: w
            ^
        """
    )


def test_error_an_empty_list_of_programs() -> None:
    text = "programs: []\n"
    assert refusal(text) == block(
        """
        w.yaml:1:1: the workload has no programs
            programs: []
            ^
        """
    )


def test_error_programs_that_are_no_list() -> None:
    text = "programs: {name: a}\n"
    assert refusal(text) == block(
        """
        w.yaml:1:11: programs of the workload must be a list, not a mapping
            programs: {name: a}
                      ^
        """
    )


def test_error_a_program_that_is_no_mapping() -> None:
    text = "programs: [a]\n"
    assert refusal(text) == block(
        """
        w.yaml:1:12: a program must be a mapping of keys to values, not the text 'a'
            programs: [a]
                       ^
        """
    )


def test_error_an_unknown_key() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        event: []
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:3:1: the workload has an unknown key 'event'
            event: []
            ^^^^^
          did you mean 'events'?
          its keys are: workload, hz, programs, events
        """
    )


def test_error_an_unknown_key_of_a_program() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleeps: 3}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:37: program 'a' has an unknown key 'sleeps'
              - {name: a, scheduler: A, run: 1, sleeps: 3}
                                                ^^^^^^
          did you mean 'sleep'?
          its keys are: KEYS
        """
    ).replace("KEYS", KEYS)


def test_error_a_key_twice() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        workload: a
        workload: b
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:1: the key 'workload' is given twice
            workload: b
            ^^^^^^^^
        """
    )


def test_error_a_key_of_a_program_twice() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, run: 2}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:37: the key 'run' is given twice
              - {name: a, scheduler: A, run: 1, run: 2}
                                                ^^^
        """
    )


def test_error_a_program_without_name() -> None:
    text = block(
        """
        programs:
          - {scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:5: a program has no 'name'
              - {scheduler: A, run: 1}
                ^
        """
    )


def test_error_a_program_without_scheduler_and_run() -> None:
    text = block(
        """
        programs:
          - name: a
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:5: program 'a' has no 'scheduler'
              - name: a
                ^
        w.yaml:2:5: program 'a' has no 'run'
              - name: a
                ^
        """
    )


def test_error_a_number_for_a_name() -> None:
    text = block(
        """
        programs:
          - {name: 7, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: name of a program must be text, not 7
              - {name: 7, scheduler: A, run: 1}
                       ^
          quote it
        """
    )


def test_error_a_name_with_a_dot() -> None:
    text = block(
        """
        programs:
          - {name: a.b, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: 'a.b' is not a program's name
              - {name: a.b, scheduler: A, run: 1}
                       ^^^
          a letter or underscore, then up to 30 letters, digits, '_' or '-'
        """
    )


def test_error_a_name_of_32_letters() -> None:
    text = block(
        """
        programs:
          - {name: abcdefghijklmnopqrstuvwxyzabcdef, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: 'abcdefghijklmnopqrstuvwxyzabcdef' is not a program's name
              - {name: abcdefghijklmnopqrstuvwxyzabcdef, scheduler: A, run: 1}
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          a letter or underscore, then up to 30 letters, digits, '_' or '-'
        """
    )


def test_error_two_programs_of_one_name() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
          - {name: a, scheduler: B, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:3:12: two programs are called 'a'
              - {name: a, scheduler: B, run: 1}
                       ^
        """
    )


def test_error_both_run_and_bursts() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, bursts: [[1, 2]]}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:34: program 'a' has both 'bursts' and 'run'
              - {name: a, scheduler: A, run: 1, bursts: [[1, 2]]}
                                             ^
        """
    )


def test_error_both_sleep_and_bursts() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, sleep: 1, bursts: [[1, 2]]}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:36: program 'a' has both 'bursts' and 'sleep'
              - {name: a, scheduler: A, sleep: 1, bursts: [[1, 2]]}
                                               ^
        """
    )


def test_error_a_burst_of_three_numbers() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, bursts: [[1, 2, 3]]}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:38: a burst of program 'a' is [run, sleep]: two numbers, not a list of 3
              - {name: a, scheduler: A, bursts: [[1, 2, 3]]}
                                                 ^
        """
    )


def test_error_a_burst_that_is_a_number() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, bursts: [5]}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:38: a burst of program 'a' is [run, sleep]: two numbers, not 5
              - {name: a, scheduler: A, bursts: [5]}
                                                 ^
        """
    )


def test_error_a_burst_of_nothing() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, bursts: []}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:37: program 'a' has no bursts
              - {name: a, scheduler: A, bursts: []}
                                                ^
        """
    )


def test_error_a_burst_that_runs_for_no_tick() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, bursts: [[0, 2]]}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:39: run in a burst of program 'a' must be 1 to 1000000000000000, not 0
              - {name: a, scheduler: A, bursts: [[0, 2]]}
                                                  ^
        """
    )


def test_error_run_zero() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 0}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:34: run of program 'a' must be 1 to 1000000000000000, not 0
              - {name: a, scheduler: A, run: 0}
                                             ^
        """
    )


def test_error_negative_numbers() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: -1, at: -2, every: -3}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:52: at of program 'a' must be 0 to 1000000000000000, not -2
              - {name: a, scheduler: A, run: 1, sleep: -1, at: -2, every: -3}
                                                               ^^
        w.yaml:2:63: every of program 'a' must be 0 to 1000000000000000, not -3
              - {name: a, scheduler: A, run: 1, sleep: -1, at: -2, every: -3}
                                                                          ^^
        w.yaml:2:44: sleep of program 'a' must be 0 to 1000000000000000, not -1
              - {name: a, scheduler: A, run: 1, sleep: -1, at: -2, every: -3}
                                                       ^^
        """
    )


def test_error_rforks_and_repeat_zero() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, rforks: 0, repeat: 0}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:45: rforks of program 'a' must be 1 to 1000000, not 0
              - {name: a, scheduler: A, run: 1, rforks: 0, repeat: 0}
                                                        ^
        w.yaml:2:56: repeat of program 'a' must be 1 to 1000000000000000, not 0
              - {name: a, scheduler: A, run: 1, rforks: 0, repeat: 0}
                                                                   ^
        """
    )


def test_error_absurd_numbers() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: 999999999999999999999, at: 1000000000000001}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:71: at of program 'a' must be 0 to 1000000000000000, not 1000000000000001
              - {name: a, scheduler: A, run: 1, sleep: 999999999999999999999, at: 1000000000000001}
                                                                                  ^^^^^^^^^^^^^^^^
        w.yaml:2:44: sleep of program 'a' must be 0 to 1000000000000000, not HUGE
              - {name: a, scheduler: A, run: 1, sleep: 999999999999999999999, at: 1000000000000001}
                                                       ^^^^^^^^^^^^^^^^^^^^^
        """
    ).replace("HUGE", "a number of over 20 digits")


def test_error_more_lwps_than_a_million() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, rforks: 1000001}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:45: rforks of program 'a' must be 1 to 1000000, not 1000001
              - {name: a, scheduler: A, run: 1, rforks: 1000001}
                                                        ^^^^^^^
        """
    )


def test_error_programs_of_more_than_a_million_lwps() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, rforks: 600000}
          - {name: b, scheduler: A, run: 1, rforks: 600000}
        """
    )
    assert refusal(text) == block(
        """
        1200000 lwps; a workload has at most 1000000
        """
    )


def test_error_a_fraction() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: 1.5}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: sleep of program 'a' must be a whole number, not 1.5
              - {name: a, scheduler: A, run: 1, sleep: 1.5}
                                                       ^^^
        """
    )


def test_error_a_number_in_words() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: ten}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: sleep of program 'a' must be a whole number, not the text 'ten'
              - {name: a, scheduler: A, run: 1, sleep: ten}
                                                       ^^^
        """
    )


def test_error_true_for_a_number() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: yes}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: sleep of program 'a' must be a whole number, not true
              - {name: a, scheduler: A, run: 1, sleep: yes}
                                                       ^^^
        """
    )


def test_error_nothing_for_a_number() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: }
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: sleep of program 'a' must be a whole number, not nothing
              - {name: a, scheduler: A, run: 1, sleep: }
                                                       ^
        """
    )


def test_error_repeat_in_words() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, repeat: always}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:45: repeat of program 'a' must be a whole number or forever
              - {name: a, scheduler: A, run: 1, repeat: always}
                                                        ^^^^^^
        """
    )


def test_error_hexadecimal() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: 0x10}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: write the number '0x10' in plain decimal digits
              - {name: a, scheduler: A, run: 1, sleep: 0x10}
                                                       ^^^^
        """
    )


def test_error_octal() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, sleep: 010}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:44: write the number '010' in plain decimal digits
              - {name: a, scheduler: A, run: 1, sleep: 010}
                                                       ^^^
        """
    )


def test_error_deadline_without_period() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, deadline: 4}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:47: program 'a' has a deadline and no period
              - {name: a, scheduler: A, run: 1, deadline: 4}
                                                          ^
          a deadline counts from the due tick
        """
    )


def test_error_period_and_sleep() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, period: 4, sleep: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:55: program 'a' has both a period and 'sleep'
              - {name: a, scheduler: A, run: 1, period: 4, sleep: 1}
                                                                  ^
          a period goes with 'run' alone
        """
    )


def test_error_period_and_bursts() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, bursts: [[1, 0]], period: 4}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:37: program 'a' has both a period and 'bursts'
              - {name: a, scheduler: A, bursts: [[1, 0]], period: 4}
                                                ^
          a period goes with 'run' alone
        """
    )


def test_error_period_zero() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, period: 0}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:45: period of program 'a' must be 1 to 1000000000000000, not 0
              - {name: a, scheduler: A, run: 1, period: 0}
                                                        ^
        """
    )


def test_error_deadline_zero() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1, period: 5, deadline: 0}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:58: deadline of program 'a' must be 1 to 1000000000000000, not 0
              - {name: a, scheduler: A, run: 1, period: 5, deadline: 0}
                                                                     ^
        """
    )


def test_error_hz_zero() -> None:
    text = block(
        """
        hz: 0
        programs:
          - {name: a, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:1:5: hz of the workload must be 1 to 1000000, not 0
            hz: 0
                ^
        """
    )


def test_error_hz_in_words() -> None:
    text = block(
        """
        hz: fast
        programs:
          - {name: a, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:1:5: hz of the workload must be a whole number, not the text 'fast'
            hz: fast
                ^^^^
        """
    )


def test_error_an_event_without_tick() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {kill: a}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:5: an event has no 'at'
              - {kill: a}
                ^
        """
    )


def test_error_an_event_that_does_nothing() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:5: an event does nothing
              - {at: 5}
                ^
          it has one of: usched, move, kill, offline, online
        """
    )


def test_error_an_event_that_does_two_things() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, kill: a, offline: cpu0}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:5: an event has both 'kill' and 'offline'
              - {at: 5, kill: a, offline: cpu0}
                ^
          it has one of: usched, move, kill, offline, online
        """
    )


def test_error_an_event_with_an_unknown_key() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, kill: a, too: B}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:22: an event has an unknown key 'too'
              - {at: 5, kill: a, too: B}
                                 ^^^
          did you mean 'to'?
          its keys are: at, usched, move, kill, offline, online, to
        """
    )


def test_error_a_move_to_nowhere() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, move: a}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:5: an event has no 'to'
              - {at: 5, move: a}
                ^
        """
    )


def test_error_a_kill_to_somewhere() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, kill: a, to: B}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:26: 'to' goes with 'move', not with 'kill'
              - {at: 5, kill: a, to: B}
                                     ^
        """
    )


def test_error_a_negative_tick() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: -5, kill: a}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:10: at of an event must be 0 to 1000000000000000, not -5
              - {at: -5, kill: a}
                     ^^
        """
    )


def test_error_a_statement_that_does_not_parse() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, usched: "A on cpu0 lwktprio 4"}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:32: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktprio'
              - {at: 5, usched: "A on cpu0 lwktprio 4"}
                                           ^^^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


@pytest.mark.parametrize("event", ["usched", "kill", "offline", "online"])
def test_error_an_event_of_nothing(event: str) -> None:
    text = (
        f'programs:\n  - {{name: a, scheduler: A, run: 1}}\nevents:\n  - {{at: 5, {event}: ""}}\n'
    )
    assert refusal(text).startswith(f"w.yaml:4:{15 + len(event)}: ")


def test_error_an_empty_name() -> None:
    text = 'programs:\n  - {name: "", scheduler: A, run: 1}\n'
    assert refusal(text) == block(
        """
        w.yaml:2:12: name of a program is empty
              - {name: "", scheduler: A, run: 1}
                       ^^
        """
    )


def test_error_a_statement_that_is_a_comment() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, usched: "# later"}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:22: no statement here
              - {at: 5, usched: "# later"}
                                 ^
          USAGE
        """
    ).replace("USAGE", USAGE)


def test_error_a_grant_as_event() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, usched: grant A to bob}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:21: an event takes any statement but grant and revoke
              - {at: 5, usched: grant A to bob}
                                ^^^^^^^^^^^^^^
        """
    )


def test_error_offline_of_no_cpu_term() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, offline: cpus}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:22: 'cpus' without a number
              - {at: 5, offline: cpus}
                                 ^^^^
          type: cpu0, in one word
        """
    )


def test_error_offline_of_a_number() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, offline: 3}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:22: offline of an event must be text, not 3
              - {at: 5, offline: 3}
                                 ^
          quote it
        """
    )


def test_error_online_with_except() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, online: cpu* except cpu1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:26: expected a cpu term or the end, found 'except'
              - {at: 5, online: cpu* except cpu1}
                                     ^^^^^^
          cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
        """
    )


def test_error_online_of_a_reversed_range() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        events:
          - {at: 5, online: cpu3-1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:21: the range cpu3-1 runs backwards
              - {at: 5, online: cpu3-1}
                                ^^^^^^
          type: cpu1-3
        """
    )


def test_error_broken_yaml() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:35: broken YAML: did not find expected ',' or '}'
              - {name: a, scheduler: A, run: 1
                                              ^
        """
    )


def test_error_a_tab_for_an_indent() -> None:
    text = block(
        """
        programs:
        \t- name: a
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:1: broken YAML: found character that cannot start any token
            \t- name: a
            ^
        """
    )


def test_error_two_documents() -> None:
    text = block(
        """
        programs:
          - {name: a, scheduler: A, run: 1}
        ---
        programs:
          - {name: a, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:3:1: a second YAML document; one file holds one
            ---
            ^^^
        """
    )


def test_error_an_unknown_alias() -> None:
    text = "programs: *all\n"
    assert refusal(text) == block(
        """
        w.yaml:1:11: alias '*all' names no anchor above it
            programs: *all
                      ^^^^
        """
    )


def test_error_an_alias_of_itself() -> None:
    text = "programs: &all [*all]\n"
    assert refusal(text) == block(
        """
        w.yaml:1:17: alias '*all' stands inside what it names
            programs: &all [*all]
                            ^^^^
        """
    )


def test_error_a_tag_of_python() -> None:
    text = "programs: !!python/object/apply:os.system [id]\n"
    assert refusal(text) == block(
        """
        w.yaml:1:44: a program must be a mapping of keys to values, not the text 'id'
            programs: !!python/object/apply:os.system [id]
                                                       ^^
        """
    )


def test_error_a_foreign_tag() -> None:
    text = block(
        """
        workload: !name x
        programs:
          - {name: a, scheduler: A, run: 1}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:1:11: the tag !name means nothing here
            workload: !name x
                      ^^^^^^^
        """
    )


def test_error_a_key_that_is_a_list() -> None:
    text = block(
        """
        ? [a, b]
        : 1
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:1:3: a key must be a plain word
            ? [a, b]
              ^
        """
    )


def test_error_a_control_character() -> None:
    text = 'programs: []\nworkload: "a\x07"\n'
    assert refusal(text).startswith("w.yaml:2:13: ")


def test_error_a_name_of_nothing_but_a_key() -> None:
    assert refusal("programs:\n  - {name: , scheduler: A, run: 1}\n") == block(
        """
        w.yaml:2:12: name of a program must be text, not nothing
              - {name: , scheduler: A, run: 1}
                       ^
          quote it
        """
    )


def test_every_error_of_a_file_is_shown() -> None:
    text = "hz: 0\nprograms:\n  - {name: a, run: x}\n  - 5\nevents:\n  - {at: 1}\nfoo: 1\n"
    assert [line.partition(": ")[0] for line in refusal(text).split("\n") if "w.yaml" in line] == [
        "w.yaml:1:5",
        "w.yaml:3:5",
        "w.yaml:3:20",
        "w.yaml:4:5",
        "w.yaml:6:5",
        "w.yaml:7:1",
    ]


def test_a_file_full_of_mistakes_is_not_listed_to_its_end() -> None:
    text = "programs:\n" + "  - 5\n" * 1000
    assert refusal(text).count("must be a mapping") == 50


def test_aliases_that_explode_are_refused_before_they_do() -> None:
    text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for below, name in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join(['*' + below] * 10)}]\n"
    message = refusal(text)
    assert message.startswith("w.yaml:7:")
    assert "more than 5000000 values (aliases multiply)" in message


@pytest.mark.parametrize(
    ("nested", "column"),
    [
        ("[" * 5000, 43),
        ("{a: " * 5000, 11 + 4 * 32),
        ("[[], " * 5000, 11 + 5 * 31 + 1),
        ("['[[[[', " * 5000, 11 + 9 * 31 + 1),
    ],
    ids=["brackets", "maps", "siblings", "words"],
)
def test_nesting_without_end_is_refused(nested: str, column: int) -> None:
    """In the same words whichever library reads the file: libyaml has had a limit since 0.2.6."""
    assert refusal("programs: " + nested).startswith(
        f"w.yaml:1:{column}: nested deeper than 32 levels"
    )


@pytest.mark.parametrize("item", ["- ", "a:\n"])
def test_nesting_by_indentation_is_refused(item: str) -> None:
    lines = "".join(" " * level + item for level in range(2000)) if "\n" in item else item * 2000
    assert "nested deeper than 32 levels" in refusal("programs:\n" + lines)


@pytest.mark.parametrize(
    ("nested", "column"), [("{" * 5000, 12), ("[{" * 2500, 13)], ids=["maps", "both"]
)
def test_a_mapping_without_end_as_a_key_is_refused(nested: str, column: int) -> None:
    assert refusal("programs: " + nested).startswith(
        f"w.yaml:1:{column}: a key must be a plain word"
    )


def test_brackets_in_words_are_not_nesting() -> None:
    assert "broken YAML" in refusal("programs: ['" + "[" * 500 + "', [}")


def test_errors_of_yaml_itself_are_all_told_at_once() -> None:
    text = block(
        """
        workload: w
        workload: v
        programs:
          - {name: a, scheduler: N, run: 010, run: 4}
          - {name: b, scheduler: !x N, run: 0x1}
          - {name: c
        """
    )
    *found, broken = refusal(text).splitlines()[::3]
    assert "broken YAML" in broken
    assert found == [
        "w.yaml:2:1: the key 'workload' is given twice",
        "w.yaml:4:34: write the number '010' in plain decimal digits",
        "w.yaml:4:39: the key 'run' is given twice",
        "w.yaml:5:26: the tag !x means nothing here",
        "w.yaml:5:37: write the number '0x1' in plain decimal digits",
    ]
