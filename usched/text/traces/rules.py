"""`PATTERN=SCHEDULER`: which threads of a trace go to which scheduler.

PATTERN = ["comm:"] GLOB { "|" GLOB } | "pid:" N { "|" N } | "cgroup:" GLOB { "|" GLOB }
        | "cpu:" LIST | "policy:" NAME { "|" NAME }
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from usched.words.cpuset import NO_CPUS, CpuSet, parse_cpu_list
from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span
from usched.words.rt_app import POLICIES
from usched.words.statement import RESERVED, SEGMENT
from usched.words.trace import Rule

KINDS = ("comm", "pid", "cgroup", "cpu", "policy")

_NAME = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")

_POLICIES = "there are: " + ", ".join(POLICIES)

_FORM = (
    "a rule is PATTERN=SCHEDULER, such as 'redis*=REAL' or 'cc1|as|ld=POOL/BATCH';\n"
    "a PATTERN is of a comm, or pid:42, cgroup:/system.slice/*, cpu:0-3, policy:SCHED_FIFO"
)


def parse_rule(text: str) -> Rule:
    """Read one rule. Raises Misused with the place."""
    line = Line("--map", 1, text)
    pattern, equals, scheduler = text.rpartition("=")
    if not equals or not pattern or not scheduler:
        missing = "pattern" if equals and not pattern else "scheduler"
        raise _misused(Span(line, 0, len(text)), f"'{clip(text)}' names no {missing}", _FORM)
    if not _NAME.fullmatch(scheduler) and _NAME.fullmatch(pattern):
        remedy = f"the pattern comes first: --map {shlex.quote(f'{scheduler}={pattern}')}"
        where = Span(line, len(pattern) + 1, len(text))
        raise _misused(where, f"'{clip(scheduler)}' is not a scheduler's name", remedy)
    check_scheduler(scheduler, Span(line, len(pattern) + 1, len(text)))
    kind, colon, rest = pattern.partition(":")
    if not colon or kind not in KINDS:
        kind, rest = "comm", pattern
    start = len(pattern) - len(rest)
    if kind == "policy":
        rest = rest.upper()
    cpus = _parse_cpus(rest, Span(line, start, len(pattern))) if kind == "cpu" else NO_CPUS
    patterns = tuple(rest.split("|"))
    _check_patterns(kind, patterns, line, start)
    return Rule(kind, patterns, cpus, scheduler, text)


def _check_patterns(kind: str, patterns: Sequence[str], line: Line, start: int) -> None:
    """start: the column of the first of them."""
    for each in patterns:
        where = Span(line, start, start + max(1, len(each)))
        if not each:
            raise _misused(where, f"a pattern of '{clip(line.text)}' is empty", _FORM)
        if kind == "pid" and not re.fullmatch(r"[0-9]{1,10}", each):
            raise _misused(where, f"'{clip(each)}' is not a pid", "a pid is a number: pid:42|43")
        if kind == "policy" and each not in POLICIES and f"SCHED_{each}" not in POLICIES:
            raise _misused(where, f"there is no policy '{clip(each)}'", _POLICIES)
        start += len(each) + 1


def check_scheduler(name: str, where: Span) -> None:
    """Raises Misused for what no scheduler can be called."""
    if not _NAME.fullmatch(name):
        remedy = "segments joined by '/': a letter or underscore, then up to 30 letters, digits, "
        what = f"'{clip(name)}' is not a scheduler's name"
        raise _misused(where, what, f"{remedy}'_', '.' or '-'")
    first = name.partition("/")[0]
    if first in RESERVED:
        raise _misused(where, f"'{first}' is a reserved word, not a scheduler's name")


def _parse_cpus(written: str, where: Span) -> CpuSet:
    try:
        cpus = parse_cpu_list(written)
    except ValueError as error:
        remedy = "a list of cpus is like the kernel's: cpu:0-3,8"
        raise _misused(where, str(error), remedy) from error
    if not cpus:
        what = f"'{clip(where.line.text)}' names no cpu"
        raise _misused(where._replace(end=where.start + 1), what, _FORM)
    return cpus


def _misused(where: Span, what: str, remedy: str = "") -> Misused:
    return Misused(Problem(what, where, remedy, "map"))
