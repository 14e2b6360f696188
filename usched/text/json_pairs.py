"""JSON to located plain data that keeps every pair: a key may come again, and the order counts.

As tools that are configured in JSON take it: comments, and a comma behind the last value, pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from usched.words.problems import Line, Problem, Refused, Span

MAX_DEPTH = 32

#: Objects are tuples of pairs, arrays tuples of nodes.
Value = str | int | float | bool | tuple["Pair", ...] | tuple["Node", ...] | None


class Node(NamedTuple):
    """kind: `object`, `array`, `text`, `number`, `truth` or `nothing`."""

    kind: str
    value: Value
    span: Span

    def pairs(self) -> tuple[Pair, ...]:
        """Those of an object, in order; of anything else none."""
        if self.kind != "object":
            return ()
        assert isinstance(self.value, tuple)
        return tuple(each for each in self.value if isinstance(each, Pair))

    def items(self) -> tuple[Node, ...]:
        """Those of an array; of anything else none."""
        if self.kind != "array":
            return ()
        assert isinstance(self.value, tuple)
        return tuple(each for each in self.value if isinstance(each, Node))

    def describe(self) -> str:
        """As messages repeat it."""
        match self.kind:
            case "object" | "array":
                return f"an {self.kind}"
            case "text":
                text = str(self.value)
                return f"the text '{text if len(text) <= 40 else text[:37] + '...'}'"
            case "nothing":
                return "null"
            case _:
                return str(self.value).lower()[:40]


class Pair(NamedTuple):
    key: str
    key_span: Span
    node: Node


_BLANK = re.compile(r"(?:\s|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?(?![\w.])")
_WORD = re.compile(r"\w+")
_WORDS: dict[str, tuple[str, bool | None]] = {
    "true": ("truth", True),
    "false": ("truth", False),
    "null": ("nothing", None),
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def parse_json(text: str, label: str, bare: tuple[str, ...] = ()) -> Node:
    """One value. bare: keys that begin so may have no value, and have a text of nothing then.

    Raises Refused with line and column.
    """
    return _Reader(text, label, bare).document()


class _Reader:
    def __init__(self, text: str, label: str, bare: tuple[str, ...]) -> None:
        self.text = text
        self.label = label
        self.bare = bare
        self.at = 0
        self.line = 1  # of the character at `counted`
        self.counted = 0
        self.line_start = 0

    def document(self) -> Node:
        node = self.value(0)
        self.blank()
        if self.at < len(self.text):
            raise self.missed("the end of the file")
        return node

    def value(self, depth: int) -> Node:
        self.blank()
        if depth > MAX_DEPTH:
            what = f"nested deeper than {MAX_DEPTH} levels"
            raise Refused(Problem(what, self.span(1), rule="json"))
        start = self.span(1)
        match self.text[self.at : self.at + 1]:
            case "{":
                return Node("object", tuple(self.members(depth)), start)
            case "[":
                return Node("array", tuple(self.elements(depth)), start)
            case '"':
                return Node("text", *self.quoted())
        if number := _NUMBER.match(self.text, self.at):
            span = self.span(len(number[0]))
            self.at = number.end()
            whole = number[1] is None and number[2] is None
            return Node("number", int(number[0]) if whole else float(number[0]), span)
        word = _WORD.match(self.text, self.at)
        if word is not None and word[0].lower() in _WORDS:
            span = self.span(len(word[0]))
            self.at = word.end()
            return Node(*_WORDS[word[0].lower()], span)
        raise self.missed("a value")

    def members(self, depth: int) -> Iterator[Pair]:
        self.at += 1
        while not self.closes("}"):
            if self.text[self.at : self.at + 1] != '"':
                raise self.missed('a key in double quotes, or "}"')
            key, span = self.quoted()
            self.blank()
            if key.startswith(self.bare) and self.text[self.at : self.at + 1] in (",", "}"):
                yield Pair(key, span, Node("text", "", span))
            else:
                self.take(":", f"':' behind the key '{key[:40]}'")
                yield Pair(key, span, self.value(depth + 1))
            self.separate("}")

    def elements(self, depth: int) -> Iterator[Node]:
        self.at += 1
        while not self.closes("]"):
            yield self.value(depth + 1)
            self.separate("]")

    def closes(self, bracket: str) -> bool:
        self.blank()
        if self.text[self.at : self.at + 1] != bracket:
            return False
        self.at += 1
        return True

    def separate(self, bracket: str) -> None:
        self.blank()
        if self.text[self.at : self.at + 1] != bracket:
            self.take(",", f"',' or '{bracket}'")

    def take(self, sign: str, expected: str) -> None:
        if self.text[self.at : self.at + 1] != sign:
            raise self.missed(expected)
        self.at += 1

    def quoted(self) -> tuple[str, Span]:
        found = _TEXT.match(self.text, self.at)
        if found is None:
            raise self.missed('a text that ends with " on the same line')
        span = self.span(len(found[0]))
        self.at = found.end()
        return _ESCAPE.sub(_unescape, found[1]), span

    def blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def missed(self, expected: str) -> Refused:
        found = self.text[self.at : self.at + 1]
        said = f"'{found}'" if found.isprintable() and found else "a control character"
        if not found:
            said = "the end of the file"
        return Refused(Problem(f"expected {expected}, found {said}", self.span(1), rule="json"))

    def span(self, width: int) -> Span:
        """Of so many characters from here on; lines are counted from the place last asked for."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        self.line_start = self.text.rfind("\n", 0, self.at) + 1
        end = self.text.find("\n", self.at)
        line = self.text[self.line_start : end if end >= 0 else len(self.text)]
        column = self.at - self.line_start
        return Span(Line(self.label, self.line, line), column, column + width)


def _unescape(found: re.Match[str]) -> str:
    written = found[1]
    if written[0] == "u" and len(written) == 5:
        character = chr(int(written[1:], 16))
        return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
    return _ESCAPES.get(written, written)
