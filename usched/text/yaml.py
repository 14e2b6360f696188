"""YAML to located plain data.

Built from the parser's events rather than by `yaml.load`, because a user's file needs more than
values: the place of each one, duplicate keys refused, and bounds that hold before anything is
built (depth, and what aliases multiply to).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from usched.text.fields import MAX_PROBLEMS
from usched.words.located import Entry, Located, Scalar
from usched.words.problems import Line, Problem, Refused, Span

MAX_DEPTH = 32

#: Values that one file may stand for once its aliases are followed.
MAX_VALUES = 5_000_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_resolver: Any = yaml.resolver.Resolver()
_PREFIX = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]{0,40})")


def parse_yaml(text: str, label: str) -> Located:
    """One document as located data; keys are text. Raises Refused with line and column."""
    return _Reader(text, label, _Loader).document()


class _Reader:
    def __init__(self, text: str, label: str, loader: Any) -> None:
        self.loader = loader
        self.label = label
        self.text = text
        self.lines = text.splitlines() or [""]
        self.events: Iterator[Any] = yaml.parse(text, Loader=loader)
        self.anchors: dict[str, tuple[Located, int]] = {}
        self.open: set[str] = set()
        self.count = 0
        self.reached = (0, 0)
        self.problems: list[Problem] = []  # beside which one can read on

    def document(self) -> Located:
        try:
            event = self.next()
            while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
                event = self.next()
            if isinstance(event, yaml.StreamEndEvent):
                raise Refused(Problem("the file is empty", self.span_at(0, 0), rule="yaml"))
            root = self.value(event, 0)
            self.next()  # the end of the document
            event = self.next()
            if not isinstance(event, yaml.StreamEndEvent):
                self.refuse("a second YAML document; one file holds one", event)
            if self.problems:
                raise Refused(self.problems)
        except yaml.reader.ReaderError as error:
            what = f"YAML cannot be read: {error.reason}"
            broken = Problem(what, self.unprintable(), rule="yaml")
            raise Refused([*self.problems, broken]) from error
        except yaml.MarkedYAMLError as error:
            if self.loader is not yaml.SafeLoader and self.opens_ahead() > MAX_DEPTH:
                return _Reader(self.text, self.label, yaml.SafeLoader).document()
            mark = error.problem_mark or error.context_mark
            span = self.span_at(mark.line, mark.column) if mark else self.span_at(0, 0)
            what = error.problem or error.context or "it cannot be read"
            broken = Problem(f"broken YAML: {what}", span, rule="yaml")
            raise Refused([*self.problems, broken]) from error
        return root

    def next(self) -> Any:
        event = next(self.events)
        self.reached = (event.end_mark.line, event.end_mark.column)
        return event

    def opens_ahead(self) -> int:
        """How many brackets lie between the last event and the end of its line, at the most.

        A bracket may begin a key, so the parser reads on to the end of its line before it hands
        out the event; libyaml has had a limit of its own there since 0.2.6, and its own words.
        """
        line, column = self.reached
        ahead = "".join(self.lines[line : line + 1])[column:]
        return ahead.count("[") + ahead.count("{")

    def value(self, event: Any, depth: int) -> Located:
        if depth > MAX_DEPTH:
            self.refuse(f"nested deeper than {MAX_DEPTH} levels", event)
        if isinstance(event, yaml.AliasEvent):
            return self.follow(event)
        if event.tag and event.tag != "!" and not event.tag.startswith(_PREFIX):
            self.complain(f"the tag {event.tag[:40]} means nothing here", event)
        before = self.spend(1, event)
        if event.anchor:
            self.open.add(event.anchor)
        span = self.span(event)
        if isinstance(event, yaml.ScalarEvent):
            node = Located(self.scalar(event), span)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Located(self.sequence(depth), span)
        else:
            node = Located(self.mapping(depth), span)
        if event.anchor:
            self.open.discard(event.anchor)
            self.anchors[event.anchor] = (node, self.count - before + 1)
        return node

    def spend(self, amount: int, event: Any) -> int:
        self.count += amount
        if self.count > MAX_VALUES:
            self.refuse(f"more than {MAX_VALUES} values (aliases multiply)", event)
        return self.count

    def follow(self, event: Any) -> Located:
        if event.anchor in self.open or event.anchor not in self.anchors:
            inside = event.anchor in self.open
            self.refuse(
                f"alias '*{event.anchor}' "
                + ("stands inside what it names" if inside else "names no anchor above it"),
                event,
            )
        node, weight = self.anchors[event.anchor]
        self.spend(weight, event)
        return node

    def sequence(self, depth: int) -> list[Located]:
        items = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.value(event, depth + 1))
        return items

    def mapping(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self.refuse("a key must be a plain word", event)
            self.spend(1, event)
            if event.value in entries:
                self.complain(f"the key '{event.value[:40]}' is given twice", event)
            entries[event.value] = Entry(self.span(event), self.value(self.next(), depth + 1))
        return entries

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        tag = event.tag or _resolver.resolve(yaml.ScalarNode, text, event.implicit)
        match tag.removeprefix(_PREFIX):
            case "null":
                return None
            case "bool":
                return text.lower() in ("yes", "true", "on")
            case "int":
                return self.whole_number(text, event)
            case "float":
                try:
                    return float(text.replace("_", ""))
                except ValueError:
                    return text
            case _:
                return text

    def whole_number(self, text: str, event: Any) -> int:
        """0 stands in for what is written otherwise."""
        if _DECIMAL.fullmatch(text):
            return int(text.replace("_", ""))
        self.complain(f"write the number '{text[:40]}' in plain decimal digits", event)
        return 0

    def unprintable(self) -> Span:
        """The first character that YAML does not allow; the parser's own count is in bytes."""
        match = yaml.reader.Reader.NON_PRINTABLE.search(self.text)
        before = self.text[: match.start()] if match else ""
        lines = before.split("\n")
        return self.span_at(len(lines) - 1, len(lines[-1]))

    def refuse(self, what: str, event: Any) -> None:
        raise Refused([*self.problems, Problem(what, self.span(event), rule="yaml")])

    def complain(self, what: str, event: Any) -> None:
        """Note what is wrong and read on. Raises Refused where it is too much to read."""
        self.problems.append(Problem(what, self.span(event), rule="yaml"))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Refused(self.problems)

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        return self.span_at(start.line, start.column, max(1, width))

    def span_at(self, line: int, column: int, width: int = 1) -> Span:
        if line >= len(self.lines):  # the end of the file: behind its last line
            line, column = len(self.lines) - 1, len(self.lines[-1])
        text = self.lines[line]
        return Span(Line(self.label, line + 1, text), column, column + width)
