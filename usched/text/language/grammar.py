"""The usched language: recursive descent over the words of one line.

Each `_parse_*` docstring is its production (usched.5, "The language"). The same parser serves a
shell's words, a script and standard input; a line gives one statement or one `Misused`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from usched.text.language.hints import TERM, clip, guess_term
from usched.text.language.tokens import Word, join_words, split_words
from usched.words.problems import Line, Misused, Problem, Span, suggest
from usched.words.statement import (
    MAX_TICKS,
    RESERVED,
    SEGMENT,
    SUBCOMMANDS,
    Cpus,
    Declare,
    Destroy,
    Grant,
    Quantum,
    Revoke,
    Statement,
    Term,
)

CLAUSES = ("lwktpri", "vcpus", "quantum", "locked", "exclusive")
TERMS = ("cpu*", "cpuN", "cpuN-M", "coreN", "threadN", "llcN", "nodeN", "socketN")

_NAME = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
_USER = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_TIME = re.compile(r"([0-9]{1,40})(us|ms|s)?")
_INT = re.compile(r"[0-9]{1,40}")


#: What is allowed, for those who typed something else than a number.
_RANGES = {
    "lwktpri": "on the machine lwktpri is 1 to 9, in a scheduler 1 to 31",
    "vcpus": "vcpus is 1 to 4096",
}

#: What other tools call it.
_SYNONYMS = {
    "rm": "destroy", "remove": "destroy", "delete": "destroy", "del": "destroy",
    "ls": "list", "help": "--help", "version": "--version", "status": "tree", "history": "log",
    "undo": "rollback", "apply": "batch", "run": "simulate",
    "load": "topology load", "detect": "topology detect",
}  # fmt: skip


class Unreadable(NamedTuple):
    """A line that is no statement. name: the scheduler it was about, "" if that is unclear."""

    problem: Problem
    name: str


def parse_words(words: Sequence[str]) -> Statement:
    """The statement that a shell's words make. Raises Misused."""
    return parse_line(join_words(words))


def parse_line(line: Line, stored: bool = False) -> Statement:
    """One statement, the leading `usched` optional. Raises Misused, also for an empty line.

    stored: out of a registry, whose names stay what they are when a word is reserved later.
    """
    statement = _Parser(line, stored).statement()
    if statement is None:
        raise Misused(Problem("no statement here", Span(line, 0, 1), usage(), "empty"))
    return statement


def parse_script(text: str, source: str) -> Iterator[tuple[Line, Statement | Unreadable]]:
    """Each line that is not blank or a comment, in order, with what it says."""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = Line(source, number, raw.removesuffix("\r"))
        parser = None
        try:
            parser = _Parser(line)
            statement = parser.statement()
        except Misused as error:
            yield line, Unreadable(error.problems[0], parser.name if parser else "")
        else:
            if statement is not None:
                yield line, statement


def parse_cpu_terms(text: str, source: str) -> tuple[Term, ...]:
    """`offline` and `online` of a workload: cpu terms and nothing else. Raises Misused."""
    parser = _Parser(Line(source, 1, text))
    return parser.terms(("the end",))


def usage() -> str:
    """The grammar, for errors that have nothing nearer to say."""
    return (
        "usched NAME on CPUS lwktpri N [vcpus N] [quantum TIME] [exclusive] [locked]\n"
        "usched destroy NAME [into NAME] [recursive]"
    )


def _leads(words: Sequence[str]) -> bool:
    """Whether the first word is the optional `usched`, and not meant as a name: `usched on cpu0`
    would be a scheduler of that (reserved) name, `usched on on cpu0` one that is called `on`."""
    return words[:1] == ["usched"] and (words[1:2] != ["on"] or words[2:] == ["on"])


class _Parser:
    def __init__(self, line: Line, stored: bool = False) -> None:
        self.line = line
        self.stored = stored
        self.words = split_words(line)
        self.position = 1 if _leads([word.text for word in self.words[:3]]) else 0
        self.name = ""
        self.spans: dict[str, Span] = {}

    # -- the words ------------------------------------------------------------

    def peek(self) -> str | None:
        return self.words[self.position].text if self.position < len(self.words) else None

    def next(self) -> Word:
        word = self.words[self.position]
        self.position += 1
        return word

    def here(self) -> Span:
        """The next word, or the place just behind the last one."""
        if self.position < len(self.words):
            return self.words[self.position].span
        end = self.words[-1].span.end if self.words else 0
        return Span(self.line, end, end + 1)

    def fail(
        self, what: str, remedy: str = "", span: Span | None = None, rule: str = ""
    ) -> Misused:
        return Misused(Problem(what, span or self.here(), remedy, rule or "syntax", self.name))

    def expect(self, wanted: str, remedy: str = "") -> Misused:
        found = self.peek()
        what = f"expected {wanted}, found " + ("the end" if found is None else f"'{clip(found)}'")
        return self.fail(what, remedy)

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
            raise self.expect("a statement after 'usched'", usage())
        verb = parsers.get(first)
        if verb is not None and self._looks_declared():
            verb = None
        if verb is not None:
            self.next()
        statement = verb() if verb else self._parse_declare()
        if self.peek() is not None:
            raise self._leftover(statement)
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
            raise self._reserved(first)
        if self.peek() != "on":
            raise self._missing_on(first)
        self.next()
        terms = self.terms(("a clause such as 'lwktpri 6'", *CLAUSES, "except"))
        excepted: tuple[Term, ...] = ()
        if self.peek() == "except":
            self.next()
            excepted = self.terms(("a clause such as 'lwktpri 6'", *CLAUSES))
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
            text = " ".join(
                "'cpu*'" if word.text == "cpu*" else word.text for word in self.words
            )  # the stars quoted, since it may be typed at a shell
            raise self.fail("lwktpri is missing", f"type: {clip(text, 120)} lwktpri 6")
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

    def terms(self, then: Sequence[str]) -> tuple[Term, ...]:
        """cpus = term...; `then`: what may follow, for the error, its first in words"""
        found: list[Term] = []
        while (word := self.peek()) is not None:
            match = TERM.fullmatch(word)
            if match is None:
                if word in then[1:] and found:
                    break
                raise self._no_term(word, then, bool(found))
            found.append(self._parse_term(match))
        if not found:
            raise self.expect("cpus", f"cpus are: {', '.join(TERMS)}")
        return tuple(found)

    def _parse_term(self, match: re.Match[str]) -> Term:
        """term = "cpu*" | "cpu" N | "cpu" N "-" [ "cpu" ] M | SELECTOR N

        SELECTOR = "core" | "thread" | "llc" | "node" | "socket"
        """
        span = self.next().span
        first, last, level, number = match.groups()
        if level:
            return Term(level, int(number), int(number), span)
        if first is None:
            return Term("cpu*", span=span)
        low, high = int(first), int(last or first)
        if high < low:
            what = f"the range {match[0]} runs backwards"
            raise self.fail(what, f"type: cpu{high}-{low}", span)
        return Term("cpu", low, high, span)

    def _parse_int(self, clause: str) -> int:
        """INT"""
        if not _INT.fullmatch(self.peek() or ""):
            raise self.expect(f"a whole number after '{clause}'", _RANGES.get(clause, ""))
        return int(self.next().text)

    def _parse_time(self, clause: str) -> Quantum:
        """TIME = INT | INT "us" | INT "ms" | INT "s" """
        match = _TIME.fullmatch(self.peek() or "")
        if match is None:
            raise self.expect(
                f"a time after '{clause}'", "ticks, or time: 10, 500us, 100ms, 2s (one word)"
            )
        following = self.words[self.position + 1 : self.position + 2]
        if not match[2] and following and following[0].text in ("us", "ms", "s"):
            joined = f"{match[1]}{following[0].text}"
            raise self.fail("a time is one word", f"type: {clause} {joined}", following[0].span)
        amount = int(match[1])
        if not 1 <= amount <= MAX_TICKS:
            raise self.fail(f"{clause} must be 1 to {MAX_TICKS}, not {amount}", rule="range")
        self.next()
        return Quantum(amount, match[2] or "")

    def _parse_name(self, wanted: str, slot: str = "name") -> str:
        """NAME = SEGMENT { "/" SEGMENT }"""
        if self.peek() is None:
            raise self.expect(wanted)
        return self._check_name(self.next(), slot)

    def _check_name(self, word: Word, slot: str = "name") -> str:
        text = word.text
        if not _NAME.fullmatch(text):
            raise self._bad_name(word)
        self.spans[slot] = word.span
        if slot == "name":
            self.name = text
        return text

    # -- what to say when it does not parse -----------------------------------

    def _reserved(self, word: Word) -> Misused:
        import textwrap

        first = word.text.partition("/")[0]
        what = f"'{first}' is a reserved word, not a scheduler's name"
        known = textwrap.fill("reserved: " + " ".join(RESERVED), 78)
        return self.fail(what, known, word.span, "reserved")

    def _bad_name(self, word: Word) -> Misused:
        near = suggest(word.text, (*SUBCOMMANDS, "grant", "revoke")) if len(self.words) < 3 else ""
        rule = (
            "a name is segments joined by '/'; a segment is a letter or underscore, then up to\n"
            "30 letters, digits, '_', '.' or '-'"
        )
        if " " in word.text.strip():
            rule = "the words of a statement are separate words: leave the quotes out"
        what = f"'{clip(word.text)}' is not a scheduler's name"
        return self.fail(what, "\n".join(filter(None, (near, rule))), word.span, "name")

    def _missing_on(self, first: Word) -> Misused:
        if first.text == "on":
            return self.fail("expected a name before 'on'", usage(), first.span)
        other = _SYNONYMS.get(first.text.lower())
        near = f"did you mean '{other}'?" if other else ""
        near = near or suggest(first.text, (*SUBCOMMANDS, "grant", "revoke"))
        if near or self.peek() is None:
            what = f"'{clip(first.text)}' is neither a subcommand nor the start of a statement"
            remedy = "\n".join(filter(None, (near, usage(), "usched --help lists the subcommands")))
            return self.fail(what, remedy, first.span)
        return self.expect(f"'on' after the name '{self.name}'", usage())

    def _no_term(self, word: str, then: Sequence[str], any_found: bool) -> Misused:
        """A word among the cpus that is no cpu term: the likeliest reason first."""
        known = then[1:]
        if not any_found and word in known:
            return self.expect("cpus", f"cpus are: {', '.join(TERMS)}")
        if equals := self._equals(word, known):
            return equals
        if guess := guess_term(word):
            return self.fail(*guess)
        if not any_found:
            return self.expect("a cpu term", f"cpus are: {', '.join(TERMS)}")
        remedy = suggest(word, known) or f"cpus are: {', '.join(TERMS)}"
        if known:
            remedy += f"\nclauses are: {', '.join(CLAUSES)}"
        return self.expect(" or ".join(("a cpu term", then[0])), remedy)

    def _equals(self, word: str, known: Sequence[str]) -> Misused | None:
        clause, equals, value = word.partition("=")
        if equals and clause in known:
            return self.fail("a clause has no '='", f"type: {clause} {clip(value)}")
        return None

    def _leftover(self, statement: Statement) -> Misused:
        word = self.peek() or ""
        match statement:
            case Declare():
                known: tuple[str, ...] = CLAUSES
            case Destroy():
                known = ("into", "recursive")
            case Grant():
                known = ("lwktpri", "depth", "until")
            case Revoke():
                known = ()
        if equals := self._equals(word, known):
            return equals
        if TERM.fullmatch(word) and isinstance(statement, Declare):
            return self.fail("cpus stand before the clauses, right after 'on'", span=self.here())
        if not known:
            return self.expect("the end of the statement")
        near = suggest(word, known)
        return self.expect(
            "a clause", "\n".join(filter(None, (near, f"it may be: {', '.join(known)}")))
        )
