"""A workload from plain data (usched.5, "Workload")."""

from __future__ import annotations

import re
from collections.abc import Callable

from usched.text.clock import Clock
from usched.text.fields import Fields, describe
from usched.text.language.grammar import parse_cpu_terms, parse_line
from usched.text.mistaken import note_other_kind
from usched.words.located import Located
from usched.words.machine import DEFAULT_HZ
from usched.words.problems import Line, Misused, Problem, Refused, Span
from usched.words.statement import MAX_TICKS, Grant, Revoke, Term
from usched.words.workload import (
    MAX_NAME,
    Event,
    Hotplug,
    Kill,
    Move,
    Program,
    StatementEvent,
    Workload,
)

#: As a scheduler's segment, less the dot: `web.2` is the lwp 2 of web.
_PROGRAM = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}")

MAX_LWPS = 1_000_000
MAX_HZ = 1_000_000


def parse_workload(node: Located, hz: int = DEFAULT_HZ) -> Workload:
    """Read a workload. hz: ticks per second where it does not say.

    Raises Refused with everything that is wrong, each with its place.
    """
    problems: list[Problem] = []
    if other := note_other_kind(node, "workload"):
        raise Refused(other)
    fields = Fields(node, "the workload", problems)
    name = fields.text("workload", "workload")
    if not name.isprintable() or len(name) > MAX_NAME:
        what = f"workload of the workload must be at most {MAX_NAME} printable characters"
        fields.complain(what, fields.span("workload"))
    own_hz = fields.integer("hz", low=1, high=MAX_HZ) if fields.has("hz") else None
    fields.knows("hz")
    clock = Clock(own_hz or hz)
    listed = fields.items("programs")
    programs = tuple(_parse_program(item, problems, clock) for item in listed)
    events = [_parse_event(item, problems, clock) for item in fields.items("events")]
    fields.finish()
    if not listed and not problems:
        fields.complain("the workload has no programs", node.span)
    _check_programs(programs, problems)
    if problems:
        raise Refused(problems)
    ordered = sorted((event for event in events if event), key=lambda event: event.at)
    return Workload(name, programs, tuple(ordered), own_hz, clock.rounded())


def _check_programs(programs: tuple[Program, ...], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for program in programs:
        if program.name in seen:
            what = f"two programs are called '{program.name}'"
            problems.append(Problem(what, program.span, rule="name"))
        seen.add(program.name)
    lwps = sum(program.rforks for program in programs)
    if lwps > MAX_LWPS:
        problems.append(Problem(f"{lwps} lwps; a workload has at most {MAX_LWPS}", rule="bounds"))


def _parse_program(node: Located, problems: list[Problem], clock: Clock) -> Program:
    fields = Fields(node, "a program", problems)
    name = fields.text("name")
    fields.what = f"program '{name[:40]}'"
    if name and not _PROGRAM.fullmatch(name):
        remedy = "a letter or underscore, then up to 30 letters, digits, '_' or '-'"
        fields.complain(f"'{name[:40]}' is not a program's name", fields.span("name"), remedy)
    scheduler = fields.text("scheduler")
    rforks = fields.integer("rforks", 1, 1, MAX_LWPS)
    at = clock.ticks(fields, "at", 0, 0)
    every = clock.ticks(fields, "every", 0, 0)
    bursts = _parse_bursts(fields, clock)
    repeat = _parse_repeat(fields)
    period, deadline = _parse_period(fields, clock)
    fields.finish()
    return Program(
        name, scheduler, bursts, rforks, at, every, repeat, period, deadline, fields.span("name")
    )


def _parse_bursts(fields: Fields, clock: Clock) -> tuple[tuple[int, int], ...]:
    """`run` and `sleep`, or `bursts`: a list of [run, sleep]."""
    for key in ("run", "sleep"):
        if fields.has("bursts") and fields.has(key):
            fields.complain(f"{fields.what} has both 'bursts' and '{key}'", fields.span(key))
            fields.knows(key)
    if not fields.has("bursts"):
        fields.knows("bursts")
        run = clock.ticks(fields, "run", 1)
        return ((run, clock.ticks(fields, "sleep", 0, 0)),)
    bursts: list[tuple[int, int]] = []
    listed = fields.items("bursts")
    for item in listed:
        pair = item.value if isinstance(item.value, (list, tuple)) else ()
        if len(pair) != 2:
            found = f"a list of {len(pair)}" if pair else describe(item)
            what = f"a burst of {fields.what} is [run, sleep]: two numbers, not {found}"
            fields.complain(what, item.span)
            continue
        burst = clock.read(fields, pair[0], f"run in a burst of {fields.what}", 1)
        sleep = clock.read(fields, pair[1], f"sleep in a burst of {fields.what}", 0)
        bursts.append((burst or 1, sleep or 0))
    if not listed:
        fields.complain(f"{fields.what} has no bursts", fields.span("bursts"))
    fields.knows("run", "sleep")
    return tuple(bursts)


def _parse_repeat(fields: Fields) -> int | None:
    node = fields.entries["repeat"].value if fields.has("repeat") else None
    if node is not None and node.value == "forever":
        fields.knows("repeat")
        return None
    if node is not None and isinstance(node.value, str):
        fields.knows("repeat")
        what = f"repeat of {fields.what} must be a whole number or forever"
        fields.complain(what, node.span)
        return 1
    return fields.integer("repeat", 1, 1, MAX_TICKS)


def _parse_period(fields: Fields, clock: Clock) -> tuple[int | None, int | None]:
    if not fields.has("period"):
        fields.knows("period", "deadline")
        if fields.has("deadline"):
            what = f"{fields.what} has a deadline and no period"
            fields.complain(what, fields.span("deadline"), "a deadline counts from the due tick")
        return None, None
    period = clock.ticks(fields, "period", 1)
    deadline = clock.ticks(fields, "deadline", 1, period)
    for key in ("sleep", "bursts"):
        if fields.has(key):
            what = f"{fields.what} has both a period and '{key}'"
            fields.complain(what, fields.span(key), "a period goes with 'run' alone")
    return period, deadline


# -- events -------------------------------------------------------------------

_KINDS = ("usched", "move", "kill", "offline", "online")


def _parse_event(node: Located, problems: list[Problem], clock: Clock) -> Event | None:
    fields = Fields(node, "an event", problems)
    at = clock.ticks(fields, "at", 0)
    fields.knows(*_KINDS, "to")
    kinds = [kind for kind in _KINDS if fields.has(kind)]
    if len(kinds) != 1:
        if fields.entries:
            found = f"has both '{kinds[0]}' and '{kinds[1]}'" if kinds else "does nothing"
            fields.complain(f"an event {found}", node.span, f"it has one of: {', '.join(_KINDS)}")
        return None
    kind = kinds[0]
    if fields.has("to") and kind != "move":
        fields.complain(f"'to' goes with 'move', not with '{kind}'", fields.span("to"))
    text = fields.text(kind)
    event = _PARSERS[kind](fields, at, text, fields.span(kind)) if text else None
    fields.finish()
    return event


def _parse_change(fields: Fields, at: int, text: str, span: Span | None) -> Event | None:
    try:
        statement = parse_line(Line("statement", 1, text))
    except (Misused, Refused) as error:
        fields.problems.extend(relocate(problem, text, span) for problem in error.problems)
        return None
    if isinstance(statement, (Grant, Revoke)):
        fields.complain("an event takes any statement but grant and revoke", span)
        return None
    return StatementEvent(at, statement, span)


def _parse_move(fields: Fields, at: int, text: str, span: Span | None) -> Event | None:
    return Move(at, text, fields.text("to"), span, fields.span("to"))


def _parse_kill(_fields: Fields, at: int, text: str, span: Span | None) -> Event | None:
    return Kill(at, text, span)


def _parse_hotplug(online: bool) -> Callable[[Fields, int, str, Span | None], Event | None]:
    def parse(fields: Fields, at: int, text: str, span: Span | None) -> Event | None:
        terms: tuple[Term, ...]
        try:
            terms = parse_cpu_terms(text, "cpus")
        except Misused as error:
            fields.problems.extend(relocate(problem, text, span) for problem in error.problems)
            return None
        return Hotplug(at, online, terms, span)

    return parse


_PARSERS: dict[str, Callable[[Fields, int, str, Span | None], Event | None]] = {
    "usched": _parse_change,
    "move": _parse_move,
    "kill": _parse_kill,
    "offline": _parse_hotplug(online=False),
    "online": _parse_hotplug(online=True),
}


def relocate(problem: Problem, text: str, span: Span | None) -> Problem:
    """A problem found in a text that stands inside a file: point at its place there."""
    where = problem.where
    if span is not None and where is not None:
        start = span.line.text.find(text, span.start)
        # not found: folded or escaped in the YAML, so the value as a whole
        found = start >= 0
        where = Span(span.line, start + where.start, start + where.end) if found else span
    return Problem(problem.what, where, problem.remedy, problem.rule, problem.name)
