"""`--map PATTERN=SCHEDULER` and `--tick TIME`, and every way to get them wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.text.language.texts import block
from usched.text.traces.rules import parse_rule
from usched.text.traces.tick import parse_tick
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.problems import Misused, format_problem
from usched.words.trace import Rule


def refusal(parse: Callable[[str], object], text: str) -> str:
    with pytest.raises(Misused) as misused:
        parse(text)
    return "\n".join(map(format_problem, misused.value.problems))


def test_a_rule() -> None:
    assert parse_rule("cc1|a=s=POOL/BATCH") == Rule(
        "comm", ("cc1", "a=s"), NO_CPUS, "POOL/BATCH", "cc1|a=s=POOL/BATCH"
    )
    assert parse_rule("cpu:0-1,4=A").cpus == CpuSet.of((0, 1, 4))
    assert parse_rule("memfd:x*=A").patterns == ("memfd:x*",)


FORM = """\
  a rule is PATTERN=SCHEDULER, such as 'redis*=REAL' or 'cc1|as|ld=POOL/BATCH';
  a PATTERN is of a comm, or pid:42, cgroup:/system.slice/*, cpu:0-3, policy:SCHED_FIFO"""


def test_error_no_scheduler() -> None:
    assert refusal(parse_rule, "redis*") == (
        f"--map:1:1: 'redis*' names no scheduler\n    redis*\n    ^^^^^^\n{FORM}"
    )
    assert refusal(parse_rule, "redis*=") == (
        f"--map:1:1: 'redis*=' names no scheduler\n    redis*=\n    ^^^^^^^\n{FORM}"
    )


def test_error_no_pattern() -> None:
    assert refusal(parse_rule, "=REAL") == (
        f"--map:1:1: '=REAL' names no pattern\n    =REAL\n    ^^^^^\n{FORM}"
    )
    assert refusal(parse_rule, "a||b=REAL") == (
        f"--map:1:3: a pattern of 'a||b=REAL' is empty\n    a||b=REAL\n      ^\n{FORM}"
    )
    assert refusal(parse_rule, "cpu:=REAL").splitlines()[0] == (
        "--map:1:5: 'cpu:=REAL' names no cpu"
    )


def test_error_no_name() -> None:
    assert refusal(parse_rule, "redis*=REAL TIME") == block(
        """
        --map:1:8: 'REAL TIME' is not a scheduler's name
            redis*=REAL TIME
                   ^^^^^^^^^
          segments joined by '/': a letter or underscore, then up to 30 letters, digits, '_', '.' or '-'
        """
    )
    assert refusal(parse_rule, "redis*=list").splitlines()[0] == (
        "--map:1:8: 'list' is a reserved word, not a scheduler's name"
    )


def test_error_the_wrong_way_round() -> None:
    assert refusal(parse_rule, "REAL=redis*") == block(
        """
        --map:1:6: 'redis*' is not a scheduler's name
            REAL=redis*
                 ^^^^^^
          the pattern comes first: --map 'redis*=REAL'
        """
    )


def test_error_no_pid_and_no_cpus() -> None:
    assert refusal(parse_rule, "pid:4|bash=REAL") == block(
        """
        --map:1:7: 'bash' is not a pid
            pid:4|bash=REAL
                  ^^^^
          a pid is a number: pid:42|43
        """
    )
    assert refusal(parse_rule, "cpu:3-1=REAL") == block(
        """
        --map:1:5: the range '3-1' runs backwards
            cpu:3-1=REAL
                ^^^
          a list of cpus is like the kernel's: cpu:0-3,8
        """
    )


NO_TIME = "a whole number, then us, ms or s without a blank: --tick 100us"


@pytest.mark.parametrize(
    ("text", "tick"), [("100us", 100), ("1us", 1), ("4ms", 4_000), ("1s", 1_000_000)]
)
def test_a_tick(text: str, tick: int) -> None:
    assert parse_tick(text) == tick


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("100", "'100' is no time", NO_TIME),
        ("0.1ms", "'0.1ms' is no time", NO_TIME),
        ("0us", "a tick is 1us to 1s, not 0us", ""),
        ("2s", "a tick is 1us to 1s, not 2s", ""),
        ("300us", "a second is no whole number of ticks of 300us",
         "the nearest are 250us and 320us"),
    ],
)  # fmt: skip
def test_error_no_tick(text: str, what: str, remedy: str) -> None:
    carets = "^" * len(text)
    expected = f"--tick:1:1: {what}\n    {text}\n    {carets}" + (f"\n  {remedy}" if remedy else "")
    assert refusal(parse_tick, text) == expected
