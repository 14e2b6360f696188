"""Statements from text."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass
from fractions import Fraction

from tests.reference.errors import RESERVED, Refused
from tests.reference.machine import _int

SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}")
PROGRAM = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}")
TERM = re.compile(r"cpu\*|cpu(\d+)|cpu(\d+)-(?:cpu)?(\d+)|(core|thread|llc|node|socket)(\d+)")
TIME = re.compile(r"(\d+)(us|ms|s)?")
CLAUSES = ("lwktpri", "vcpus", "quantum", "locked", "exclusive")


@dataclass(frozen=True)
class Cpus:
    """term... [ "except" term... ]"""

    terms: tuple[str, ...]
    excepted: tuple[str, ...]


@dataclass(frozen=True)
class Declaration:
    """One scheduler as written."""

    name: str
    cpus: Cpus
    lwktpri: int
    vcpus: int | None
    quantum: str
    locked: bool
    exclusive: bool


@dataclass(frozen=True)
class Destroy:
    """destroy NAME [into NAME] [recursive]"""

    name: str
    into: str | None
    recursive: bool


@dataclass(frozen=True)
class Grant:
    """A grant or a revoke; neither changes a run."""

    name: str


Statement = Declaration | Destroy | Grant


def parse(line: str) -> Statement | None:
    """One statement a line; None for an empty line or a comment."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise Refused(f"{line!r}: {error}") from error
    if words and words[0] == "usched":
        words = words[1:]
        if not words:
            raise Refused("an empty statement")
    if not words:
        return None
    if words[0] == "destroy":
        return _parse_destroy(words[1:])
    if words[0] == "grant":
        return _parse_grant(words[1:])
    if words[0] == "revoke":
        if len(words) != 2:
            raise Refused("revoke NAME")
        return Grant(_name(words[1]))
    return _parse_declare(words)


def _name(word: str) -> str:
    """A segment is a letter or underscore followed by up to 30 letters, digits, `_`, `.` or `-`."""
    segments = word.split("/")
    for segment in segments:
        if not SEGMENT.fullmatch(segment):
            raise Refused(f"not a name: {word!r}")
    if segments[0] in RESERVED:
        raise Refused(f"reserved: {segments[0]!r}")
    return word


def _number(word: str, what: str, low: int) -> int:
    if not re.fullmatch(r"\d+", word):
        raise Refused(f"{what}: not a number: {word!r}")
    return _int(int(word), what, low)


def _parse_destroy(words: list[str]) -> Destroy:
    """destroy = "destroy" NAME [ "into" NAME ] [ "recursive" ]"""
    if not words:
        raise Refused("destroy what?")
    name, rest = _name(words[0]), words[1:]
    into: str | None = None
    recursive = False
    if len(rest) >= 2 and rest[0] == "into":
        into, rest = _name(rest[1]), rest[2:]
    if rest and rest[0] == "recursive":
        recursive, rest = True, rest[1:]
    if rest:
        raise Refused(f"destroy: {rest}")
    return Destroy(name, into, recursive)


def _parse_grant(words: list[str]) -> Grant:
    """grant = "grant" NAME "to" USER [ "lwktpri" MAX ] [ "depth" MAX ] [ "until" TIME ]"""
    if len(words) < 3 or words[1] != "to":
        raise Refused("grant NAME to USER")
    rest = words[3:]
    while rest:
        if len(rest) < 2 or rest[0] not in ("lwktpri", "depth", "until"):
            raise Refused(f"grant: {rest}")
        rest = rest[2:]
    return Grant(_name(words[0]))


def parse_cpus(words: list[str]) -> Cpus:
    """cpus = term... [ "except" term... ]"""
    terms, excepted = words, []
    if "except" in words:
        at = words.index("except")
        terms, excepted = words[:at], words[at + 1 :]
        if not excepted:
            raise Refused("except what?")
    if not terms:
        raise Refused("no cpus")
    for term in terms + excepted:
        found = TERM.fullmatch(term)
        if not found:
            raise Refused(f"not a cpu term: {term!r}")
        if found[2] is not None and int(found[2]) > int(found[3]):
            raise Refused(f"a reversed range: {term}")
    return Cpus(tuple(terms), tuple(excepted))


def _parse_declare(words: list[str]) -> Declaration:
    """declare = NAME "on" cpus clause...; any order, each at most once, lwktpri required."""
    name = _name(words[0])
    if len(words) < 2 or words[1] != "on":
        raise Refused(f"{name}: expected 'on'")
    rest = words[2:]
    at = 0
    while at < len(rest) and rest[at] not in CLAUSES:
        at += 1
    cpus, rest = parse_cpus(rest[:at]), rest[at:]
    seen: dict[str, str] = {}
    while rest:
        clause = rest[0]
        if clause not in CLAUSES or clause in seen:
            raise Refused(f"{name}: {clause!r}")
        if clause in ("locked", "exclusive"):
            seen[clause], rest = "", rest[1:]
        elif len(rest) < 2:
            raise Refused(f"{name}: {clause} what?")
        else:
            seen[clause], rest = rest[1], rest[2:]
    if "lwktpri" not in seen:
        raise Refused(f"{name}: no lwktpri")
    lwktpri = _number(seen["lwktpri"], "lwktpri", 1)
    # "On the machine, userland schedulers take 1 to 9 [...] Inside a scheduler [...] 1 to 31"
    if lwktpri > (31 if "/" in name else 9):
        raise Refused(f"{name}: lwktpri {lwktpri}")
    vcpus = _number(seen["vcpus"], "vcpus", 1) if "vcpus" in seen else None
    quantum = seen.get("quantum", "100ms")
    time = TIME.fullmatch(quantum)
    if not time or int(time[1]) < 1:
        raise Refused(f"{name}: quantum {quantum!r}")
    return Declaration(name, cpus, lwktpri, vcpus, quantum, "locked" in seen, "exclusive" in seen)


def quantum_ticks(text: str, hz: int) -> int:
    """A quantum in time follows the run's hz (nearest tick, at least 1); a half goes up."""
    found = TIME.fullmatch(text)
    assert found
    count = int(found[1])
    if found[2] is None:
        return count
    ticks = Fraction(count * hz, {"us": 1_000_000, "ms": 1000, "s": 1}[found[2]])
    return max(1, math.floor(ticks + Fraction(1, 2)))
