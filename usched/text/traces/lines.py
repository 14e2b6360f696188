"""The lines of a trace, one event each: perf script's, ftrace's and trace-cmd's.

comm   pid [cpu] seconds: sched:sched_switch: ...      perf script
comm-pid   [cpu] d..2. seconds: sched_switch: ...      ftrace, trace-cmd report
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from usched.text.traces.sched_events import PARSERS, Malformed
from usched.words.cpuset import MAX_CPU
from usched.words.problems import Line, Problem, Refused, Span
from usched.words.trace import SECOND, InCgroup, Lost, TraceEvent

#: A longer line is no event: comms have 15 characters, cgroups at most 4,096.
MAX_LINE = 8192

#: Seconds since 1970 have ten digits: perf record -k CLOCK_REALTIME.
_TIME = r"(?P<seconds>[0-9]{1,11})[.,](?P<fraction>[0-9]{6}|[0-9]{9})"


class Format(NamedTuple):
    """header: pid, cpu, seconds, fraction, event and the rest. lost: lines on what is missing."""

    name: str
    header: re.Pattern[str]
    example: str
    lost: re.Pattern[str]


PERF = Format(
    "perf script",
    re.compile(
        r"\s*(?:\S.*?\s+)?(?:-?[0-9]{1,10}/)?(?P<pid>-?[0-9]{1,10})\s+\[(?P<cpu>[0-9]{1,6})\]\s+"
        rf"(?:[A-Za-z]{{1,8}}\s+)?{_TIME}:\s+(?:[0-9]+\s+)?(?:[\w-]+:)?(?P<event>[\w-]+):?\s(?P<rest>.*)"
    ),
    "comm pid [cpu] seconds: event: fields",
    re.compile(r"(?:.*lost (?P<chunks>[0-9]+) chunks|.*LOST (?P<events>[0-9]+) events)"),
)

FTRACE = Format(
    "ftrace",
    re.compile(
        r"\s*\S.*?-(?P<pid>[0-9]{1,10})\s+(?:\(\s*[-0-9]+\)\s+)?\[(?P<cpu>[0-9]{1,6})\]\s+"
        rf"(?:\S{{3,8}}\s+)?{_TIME}:\s+(?P<event>[\w-]+):\s(?P<rest>.*)"
    ),
    "comm-pid [cpu] flags seconds: event: fields",
    re.compile(
        r"CPU:\s*(?P<cpu>[0-9]{1,6}) \[(?:LOST (?P<events>[0-9]{1,18}) EVENTS"
        r"|(?P<dropped>[0-9]{1,18} )?EVENTS DROPPED)\]"
    ),
)

FORMATS = (PERF, FTRACE)

#: What is no event, and no mistake either.
PASSED = re.compile(
    r"\s*$|#|version = [0-9]|cpus\s*=\s*[0-9]|CPU [0-9]+ is empty|Warning:|Check IO"
    r"|\s+[0-9a-f]{6,16}\s"  # a frame of a call chain: perf record -g
)

_ENTRIES = re.compile(r"# entries-in-buffer/entries-written: ([0-9]{1,18})/([0-9]{1,18})\b")


@dataclass
class TraceCounts:
    """What a reading came across. others: events of other kinds, by name. first: the first of the
    lines that could not be read. overwritten: events that ftrace wrote and did not keep."""

    label: str
    format: Format
    lines: int = 0
    events: int = 0
    unread: int = 0
    first: Problem | None = None
    overwritten: int = 0
    others: dict[str, int] = field(default_factory=dict)

    def miss(self, text: str, expected: str, start: int = 0) -> None:
        self.unread += 1
        if self.first is None:
            shown = text[:MAX_LINE].rstrip("\r\n")
            where = Span(Line(self.label, self.lines, shown), start, max(start + 1, len(shown)))
            self.first = Problem(f"expected {expected}", where, rule="trace")


_MAX_BACK = 1_000_000_000

_SCALE = {6: 1000, 9: 1}


def read_events(lines: Iterable[str], counts: TraceCounts) -> Iterator[TraceEvent]:
    """The events of a trace's lines, as they come; what cannot be read is in the counts.

    A switch that cannot be read is a Lost of its cpu, or of all where that cannot be read either.
    Raises Refused where time goes back by over a second.
    """
    match = counts.format.header.match
    others = counts.others
    latest = 0
    for line in lines:
        counts.lines += 1
        found = match(line) if len(line) <= MAX_LINE else None
        if found is None:
            lost = _read_no_event(line, counts)
            if lost is not None:
                yield lost
            continue
        pid, cpu, seconds, fraction, name, rest = found.groups()
        parse = PARSERS.get(name)
        if parse is None:
            if name in others or len(others) < 1000:
                others[name] = others.get(name, 0) + 1
            continue
        at = int(seconds) * SECOND + int(fraction) * _SCALE[len(fraction)]
        number = int(cpu)
        try:
            if number > MAX_CPU:
                raise Malformed(f"a cpu of at most {MAX_CPU}")
            event = parse(at, number, rest.lstrip())
        except Malformed as error:
            counts.miss(line, f"{name}: {error}", found.start("rest"))
            if name == "sched_switch":
                yield Lost(at, number if number <= MAX_CPU else None, None)
            continue
        if at < latest:
            _check_order(line, counts, at, latest, found.start("seconds"))
        else:
            latest = at
        counts.events += 1
        yield event
        if rest[-1:] != "]" and " /" in rest:
            cgroup = rest.rstrip().rpartition(" /")[2]
            if "=" not in cgroup and " " not in cgroup:
                yield InCgroup(at, int(pid), "/" + cgroup)


def _read_no_event(line: str, counts: TraceCounts) -> Lost | None:
    lost = counts.format.lost.match(line) if len(line) <= MAX_LINE else None
    if lost is not None:
        groups = lost.groupdict()
        many = groups.get("events") or groups.get("dropped")
        cpu = groups.get("cpu")
        number = int(cpu) if cpu else None
        return Lost(0, number, int(many) if many else None)
    if kept := _ENTRIES.match(line):
        counts.overwritten += max(0, int(kept[2]) - int(kept[1]))
    if not PASSED.match(line):
        counts.miss(line, counts.format.example)
        if "sched_switch" in line[:MAX_LINE]:
            return Lost(0, None, None)
    return None


def _check_order(line: str, counts: TraceCounts, at: int, latest: int, start: int) -> None:
    """Recorders sort by time, but for what a cpu wrote late; two records a file are a mistake."""
    if latest - at > _MAX_BACK:
        end = line.find(":", start)
        what = f"time goes back by {(latest - at) / 1e9:.3f} s, behind {latest / 1e9:.6f}"
        where = Span(Line(counts.label, counts.lines, line.rstrip("\r\n")), start, end)
        remedy = "one record a file, its lines in the order of time: sort them"
        raise Refused(Problem(what, where, remedy, "trace"))
