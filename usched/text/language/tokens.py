"""A line of the usched language to words, quoted and commented as in a shell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from usched.words.problems import Line, Misused, Problem, Span

#: No statement comes near it; a line beyond is some other file.
MAX_LINE = 65_536

COMMAND_LINE = "command line"


#: A cpu term as it is written.
TERM = re.compile(
    r"cpu\*|cpu([0-9]{1,18})(?:-(?:cpu)?([0-9]{1,18}))?|(core|thread|llc|node|socket)([0-9]{1,18})"
)


class Word(NamedTuple):
    """A word with its quotes taken off, and where it stood with them on."""

    text: str
    span: Span


#: A line without quotes, comments or control characters: its words are what blanks separate.
_SIMPLE = re.compile(r"[^'\"\\#\x00-\x08\x0a-\x1f\x7f]*")
_WORD = re.compile(r"[^ \t]+")
_PLAIN = re.compile(r"[^ \t'\"\\#\x00-\x1f\x7f]+")
_BLANK = re.compile(r"[ \t]*")
#: One piece of a shell word: bare text, an escaped character, a quoted stretch.
_PIECE = re.compile(
    r"""([^ \t'"\\\x00-\x1f\x7f]+)|\\([^\x00-\x1f\x7f])|'([^'\x00-\x1f\x7f]*)'"""
    r"""|"((?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*)\""""
)
_ESCAPED = re.compile(r'\\([$`"\\])')


def split_words(line: Line) -> list[Word]:
    """The words of a line; a `#` where a word would begin starts a comment.

    Raises Misused for an open quote, a lone backslash, a control character or an absurd line.
    """
    text = line.text
    if len(text) > MAX_LINE:
        where = Span(line, MAX_LINE, MAX_LINE + 1)
        remedy = f"a line has at most {MAX_LINE} characters, this one {len(text)}"
        raise Misused(Problem("the line is too long to be a statement", where, remedy, "line"))
    if _SIMPLE.fullmatch(text):
        return [Word(m[0], Span(line, *m.span())) for m in _WORD.finditer(text)]
    words = []
    position = _skip(text, 0)
    while position < len(text) and text[position] != "#":
        match = _PLAIN.match(text, position)
        if match and (match.end() == len(text) or text[match.end()] in " \t"):
            end, value = match.end(), match[0]
        else:
            end, value = _read_word(line, position)
        words.append(Word(value, Span(line, position, end)))
        position = _skip(text, end)
    return words


def _skip(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    assert match is not None  # it matches the empty string
    return match.end()


def _read_word(line: Line, start: int) -> tuple[int, str]:
    """A word with quotes or escapes in it: where it ends, and what it says."""
    text = line.text
    pieces = []
    position = start
    while position < len(text) and text[position] not in " \t":
        match = _PIECE.match(text, position)
        if match is None:
            raise Misused(_explain_stop(line, position))
        bare, escaped, single, double = match.groups()
        pieces.append(bare or escaped or single or _ESCAPED.sub(r"\1", double or ""))
        position = match.end()
    return position, "".join(pieces)


def _explain_stop(line: Line, position: int) -> Problem:
    character = line.text[position]
    here = Span(line, position, position + 1)
    rest = line.text[position + 1 :]
    if character in "'\"" and not any(ord(c) < 32 or ord(c) == 127 for c in rest):
        return Problem(f"the quote {character} is not closed", here, rule="quote")
    if character == "\\":
        return Problem("a backslash at the end", here, "a statement is one line", rule="quote")
    control = next(c for c in line.text[position:] if ord(c) < 32 or ord(c) == 127)
    at = line.text.index(control, position)
    what = f"control character U+{ord(control):04X}"
    return Problem(what, Span(line, at, at + 1), rule="character")


def join_words(words: Sequence[str]) -> Line:
    """The line that a shell's words stand for, quoted so that it splits into them again."""
    return Line(COMMAND_LINE, 1, " ".join(_quote(word) for word in words))


_SAFE = re.compile(r"[^ \t'\"\\#\x00-\x1f\x7f]+")


def _quote(word: str) -> str:
    if _SAFE.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"
