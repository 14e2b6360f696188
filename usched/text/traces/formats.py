"""Which format a trace is in: told by its first lines, the name of the file plays no part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from usched.text.traces.lines import FORMATS, MAX_LINE, PASSED, Format
from usched.words.problems import Line, Problem, Refused, Span

KNOWN = (
    "perf script text (perf sched record, then perf script), ftrace's trace or trace_pipe,\n"
    "trace-cmd report text, or an rt-app file in JSON"
)

#: So many lines are looked at.
_HEAD = 500

#: What is made for people, or by other tools, with how to get what is read.
_FOREIGN = (
    (
        re.compile(r"\s*time\s+cpu\s+task name\s+wait time|\s+\[tid/pid\]\s+\(msec\)"),
        "the table of perf sched timehist",
        "type: perf script > trace.txt",
    ),
    (
        re.compile(r"\s*-*\s*Task\s+\|\s+Runtime ms|\s*Task\s+\|\s+Runtime"),
        "the table of perf sched latency",
        "type: perf script > trace.txt",
    ),
    (
        re.compile(r"\s*\S.*?-[0-9]+\s+\[[0-9]+\]\s+(?:\S{3,8}\s+)?[0-9]+:\s+\w+:"),
        "an ftrace whose clock does not count seconds",
        "record it with another one: echo mono > trace_clock",
    ),
    (
        re.compile(r"\s*\S.*?\s[0-9]+\s+[0-9]+\.[0-9]+:\s+(?:[0-9]+\s+)?sched:sched_"),
        "perf script text without the cpus",
        "type: perf script -F +cpu > trace.txt",
    ),
    (
        re.compile(r".*\bsched:sched_\w+:"),
        "perf script text without all that an import needs",
        "type: perf script -F comm,tid,cpu,time,event,trace > trace.txt",
    ),
    (
        re.compile(r"\s*\S.*?-[0-9]+\s+[0-9]+[a-zA-Z.]\S{2,7}\s+[0-9.]+(?:us)?\s?:\s+\w+:"),
        "a trace in the latency format",
        "type: trace-cmd report > trace.txt, without -l; of ftrace: echo nolatency-format > "
        "trace_options",
    ),
    (
        re.compile(r"\s*(?:usched\s+)?\S+\s+on\s.*\blwktpri\b"),
        "a script of statements",
        "type: usched batch FILE",
    ),
    (
        re.compile(r"\s*(?:workload|programs|hz):"),
        "a workload already",
        "type: usched simulate FILE",
    ),
)


def recognise(lines: Iterable[str], label: str) -> tuple[Format | None, Iterator[str]]:
    """The format, None for JSON, and all the lines once more. Raises Refused for any other."""
    source = iter(lines)
    head = list(islice(source, _HEAD))
    if head:
        head[0] = head[0].removeprefix("\ufeff")
    every = chain(head, source)
    said = [(number, line) for number, line in enumerate(head, 1) if line.strip()]
    if not said:
        where = Span(Line(label, 1, ""), 0, 1)
        raise Refused(Problem("the file is empty", where, f"usched imports {KNOWN}"))
    if said[0][1].lstrip().startswith(("{", "/*", "//")):
        return None, every
    for _, line in said:
        for each in FORMATS:
            if len(line) <= MAX_LINE and each.header.match(line):
                return each, every
    number, line = next((pair for pair in said if not PASSED.match(pair[1])), said[0])
    if any("\0" in each for _, each in said):
        raise Refused(Problem(f"{label} is not text", None, f"usched imports {KNOWN}", "trace"))
    line = line.rstrip("\r\n")[:MAX_LINE]
    where = Span(Line(label, number, line), 0, max(1, len(line)))
    for pattern, kind, remedy in _FOREIGN:
        if any(pattern.match(each) for _, each in said[:20]):
            raise Refused(Problem(f"this is {kind}", where, remedy, "trace"))
    raise Refused(Problem("this is no trace", where, f"usched imports {KNOWN}", "trace"))
