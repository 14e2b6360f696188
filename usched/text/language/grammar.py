"""The usched language: recursive descent over the words of one line.

Each `_parse_*` docstring is its production (usched.5, "The language"). The same parser serves a
shell's words, a script and standard input; a line gives one statement or one `Misused`, and one
`Refused` where only its name is reserved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

from usched.text.language.cursor import CLAUSES, Cursor, Slip
from usched.text.language.tokens import TERM, Word, join_words
from usched.words.problems import Line, Misused, Problem, Refused, Span, UschedError
from usched.words.statement import (
    RESERVED,
    SEGMENT,
    Cpus,
    Declare,
    Destroy,
    Grant,
    Quantum,
    Revoke,
    Statement,
    Term,
)

#: A scheduler's name, with those that it stands in.
NAME = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
_USER = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_TIME = re.compile(r"([0-9]{1,40})(us|ms|s)?")
_INT = re.compile(r"[0-9]{1,40}")


class Unreadable(NamedTuple):
    """A line that is no statement. name: the scheduler it was about, "" if that is unclear.
    kind: of error that it is."""

    problem: Problem
    name: str
    kind: type[UschedError] = Misused


def parse_words(words: Sequence[str]) -> Statement:
    """The statement that a shell's words make. Raises Misused, Refused for a reserved name."""
    return parse_line(join_words(words))


def parse_line(line: Line, stored: bool = False) -> Statement:
    """One statement, the leading `usched` optional. Raises Misused, also for an empty line, and
    Refused for a reserved name.

    stored: out of a registry, whose names stay what they are when a word is reserved later.
    """
    try:
        statement = read_statement(line, stored)
    except Slip as slip:
        raise _advised(slip) from slip
    if statement is None:
        from usched.text.language.complaints import usage

        raise Misused(Problem("no statement here", Span(line, 0, 1), usage(), "empty"))
    return statement


def read_statement(line: Line, stored: bool = False) -> Statement | None:
    """What a line says, None if that is nothing. Raises as `parse_line`, a Slip for a near
    miss."""
    return _Parser(line, stored).statement()


def _advised(error: Misused | Refused) -> Misused | Refused:
    """The failure with the words to type, the whole statement where that is needed."""
    if not isinstance(error, Slip):
        return error
    from usched.text.language.advice import advise

    return advise(error)


def parse_script(text: str, source: str) -> Iterator[tuple[Line, Statement | Unreadable]]:
    """Each line that is not blank or a comment, in order, with what it says; of a file that is YAML
    only its first one."""
    begun = False
    for number, raw in enumerate(text.split("\n"), start=1):
        line = Line(source, number, raw.removesuffix("\r"))
        parser = None
        try:
            parser = _Parser(line)
            statement = parser.statement()
        except (Misused, Refused) as error:
            if not begun and (other := _note_yaml(line, text)):
                yield line, Unreadable(other, "")
                return
            begun = True
            problem = _advised(error).problems[0]
            kind = Refused if isinstance(error, Refused) else Misused
            yield line, Unreadable(problem, parser.name if parser else "", kind)
        else:
            if statement is not None:
                begun = True
                yield line, statement


def _note_yaml(line: Line, text: str) -> Problem | None:
    from usched.text.mistaken import note_yaml

    return note_yaml(line, text)


def parse_cpu_terms(text: str, source: str) -> tuple[Term, ...]:
    """`offline` and `online` of a workload: cpu terms and nothing else. Raises Misused."""
    parser = _Parser(Line(source, 1, text))
    return parser.terms(("the end",))


def _complaints() -> ModuleType:
    """What to say when it does not parse, which a statement that does has no use for."""
    from usched.text.language import complaints

    return complaints


def _leads(words: Sequence[str]) -> bool:
    """Whether the first word is the optional `usched`, and not meant as a name: `usched on cpu0`
    would be a scheduler of that (reserved) name, `usched on on cpu0` one that is called `on`."""
    return words[:1] == ["usched"] and (words[1:2] != ["on"] or words[2:] == ["on"])


def read_term(match: re.Match[str], span: Span | None = None) -> Term:
    """What a word says that is a TERM; a range may still run backwards."""
    first, last, level, number = match.groups()
    if level:
        return Term(level, int(number), int(number), span)
    if first is None:
        return Term("cpu*", span=span)
    return Term("cpu", int(first), int(last or first), span)


class _Parser(Cursor):
    def __init__(self, line: Line, stored: bool = False) -> None:
        super().__init__(line)
        self.stored = stored
        self.position = 1 if _leads([word.text for word in self.words[:3]]) else 0

    # -- the productions ------------------------------------------------------

    def statement(self) -> Statement | None:
        """statement = [ "usched" ] ( declare | destroy | grant | revoke )"""
        parsers: dict[str, Callable[[], Statement]] = {
            "destroy": self._parse_destroy,
            "grant": self._parse_grant,
            "revoke": self._parse_revoke,
        }
        if not self.words:
            return None
        first = self.peek()
        if first is None:
            raise self.expect("a statement after 'usched'", _complaints().usage())
        verb = parsers.get(first)
        if verb is not None and self._looks_declared():
            verb = None
        if verb is not None:
            self.next()
        statement = verb() if verb else self._parse_declare()
        if self.peek() is not None:
            raise _complaints().of_leftover(self, statement)
        return statement

    def _looks_declared(self) -> bool:
        """Whether a verb stands where a name would: `destroy on cpu0 lwktpri 4`."""
        rest = [word.text for word in self.words[self.position + 1 : self.position + 3]]
        return len(rest) == 2 and rest[0] == "on" and TERM.fullmatch(rest[1]) is not None

    def _parse_declare(self) -> Declare:
        """declare = NAME "on" cpus clause..."""
        first = self.next()
        name = self._check_name(first)
        if name.partition("/")[0] in RESERVED and not self.stored and self.peek() == "on":
            raise _complaints().of_reserved(self, first)
        if self.peek() != "on":
            raise _complaints().of_missing_on(self, first)
        self.next()
        start = self.position
        terms = self.terms(("a clause such as 'lwktpri 6'", *CLAUSES, "except"), start)
        excepted: tuple[Term, ...] = ()
        if self.peek() == "except":
            self.next()
            excepted = self.terms(("a clause such as 'lwktpri 6'", *CLAUSES), start)
        return self._parse_clauses(name, Cpus(terms, excepted))

    def _parse_clauses(self, name: str, cpus: Cpus) -> Declare:
        """clause = "lwktpri" INT | "vcpus" INT | "quantum" TIME | "locked" | "exclusive" """
        numbers: dict[str, int] = {}
        quantum: Quantum | None = None
        flags: set[str] = set()
        while (word := self.peek()) in CLAUSES:
            assert word is not None
            if word in self.spans:
                raise self.fail(f"'{word}' is given twice", "each clause at most once")
            span = self.next().span
            self.spans[word] = span
            if word in ("locked", "exclusive"):
                flags.add(word)
                continue
            self.spans[word] = self.here()
            if word == "quantum":
                quantum = self._parse_time("quantum")
            else:
                numbers[word] = self._parse_int(word)
        if self.peek() is None and "lwktpri" not in numbers:
            raise _complaints().of_missing_lwktpri(self)
        return Declare(
            name,
            cpus,
            numbers.get("lwktpri", 0),
            numbers.get("vcpus"),
            quantum,
            "exclusive" in flags,
            "locked" in flags,
            self.spans,
        )

    def _parse_destroy(self) -> Destroy:
        """destroy = "destroy" NAME [ "into" NAME ] [ "recursive" ]"""
        name = self._parse_name("the scheduler to destroy")
        into = None
        recursive = False
        while (word := self.peek()) in ("into", "recursive"):
            if word == "recursive" and not recursive:
                self.next()
                recursive = True
            elif word == "into" and into is None:
                self.next()
                into = self._parse_name("the scheduler that takes over", "into")
            else:
                raise self.fail(f"'{word}' is given twice")
        return Destroy(name, into, recursive, self.spans)

    def _parse_grant(self) -> Grant:
        """grant = "grant" NAME "to" USER [ "lwktpri" MAX ] [ "depth" MAX ] [ "until" TIME ]"""
        name = self._parse_name("the scheduler to grant")
        if self.peek() != "to":
            raise self.expect("'to' and a user", f"usched grant {name} to USER")
        self.next()
        if not _USER.fullmatch(self.peek() or ""):
            raise self.expect("a user name, or @group")
        self.spans["user"] = self.here()
        user = self.next().text
        numbers: dict[str, int] = {}
        until: Quantum | None = None
        while (word := self.peek()) in ("lwktpri", "depth", "until"):
            assert word is not None
            if word in self.spans:
                raise self.fail(f"'{word}' is given twice")
            self.next()
            self.spans[word] = self.here()
            if word == "until":
                until = self._parse_time("until")
            else:
                numbers[word] = self._parse_int(word)
        return Grant(name, user, numbers.get("lwktpri"), numbers.get("depth"), until, self.spans)

    def _parse_revoke(self) -> Revoke:
        """revoke = "revoke" NAME"""
        return Revoke(self._parse_name("the scheduler to revoke"), self.spans)

    def terms(self, then: Sequence[str], start: int | None = None) -> tuple[Term, ...]:
        """cpus = term...; `then`: what may follow, for the error, its first in words;
        start: where the cpus of a declaration begin"""
        found: list[Term] = []
        while (word := self.peek()) is not None:
            match = TERM.fullmatch(word)
            if match is None:
                if word in then[1:] and found:
                    break
                raise _complaints().of_term(self, then, bool(found), start)
            found.append(self._parse_term(match))
        if not found:
            raise _complaints().of_no_cpus(self)
        return tuple(found)

    def _parse_term(self, match: re.Match[str]) -> Term:
        """term = "cpu*" | "cpu" N | "cpu" N "-" [ "cpu" ] M | SELECTOR N

        SELECTOR = "core" | "thread" | "llc" | "node" | "socket"
        """
        term = read_term(match, self.next().span)
        if term.last < term.first:
            what = f"the range {match[0]} runs backwards"
            raise self.slip(what, f"cpu{term.last}-{term.first}", term.span)
        return term

    def _parse_int(self, clause: str) -> int:
        """INT"""
        if not _INT.fullmatch(self.peek() or ""):
            raise _complaints().of_number(self, clause)
        return int(self.next().text)

    def _parse_time(self, clause: str) -> Quantum:
        """TIME = INT | INT "us" | INT "ms" | INT "s" """
        match = _TIME.fullmatch(self.peek() or "")
        if match is None:
            raise _complaints().of_time(self, clause)
        following = self.words[self.position + 1 : self.position + 2]
        if not match[2] and following and following[0].text in ("us", "ms", "s"):
            raise _complaints().of_parted_time(self, clause)
        self.next()
        return Quantum(int(match[1]), match[2] or "")

    def _parse_name(self, wanted: str, slot: str = "name") -> str:
        """NAME = SEGMENT { "/" SEGMENT }"""
        if self.peek() is None:
            raise self.expect(wanted)
        return self._check_name(self.next(), slot)

    def _check_name(self, word: Word, slot: str = "name") -> str:
        text = word.text
        if not NAME.fullmatch(text):
            raise _complaints().of_name(self, word)
        self.spans[slot] = word.span
        if slot == "name":
            self.name = text
        return text
