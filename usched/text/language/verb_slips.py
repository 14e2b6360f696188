"""The first words of a statement, and `destroy`, as other tools have them.

Each function looks from where the parser stands and gives the failure with the words to type, or
None when it is not that habit.
"""

from __future__ import annotations

import shlex

from usched.text.language.cpu_slips import mend_level
from usched.text.language.cursor import CLAUSES, Cursor, Slip
from usched.text.language.hints import guess_term
from usched.text.language.tokens import TERM
from usched.words.phrases import clip
from usched.words.problems import Misused

DECLARING = (
    "create", "add", "new", "declare", "define", "make", "mk", "set", "change", "modify",
    "redeclare", "update", "edit",
)  # fmt: skip
_DESTROYING = ("rm", "remove", "delete", "del", "drop", "unset", "undeclare")
_ON = (
    "at",
    "in",
    "@",
    "=",
    ":",
    "on:",
    "uses",
    "using",
    "over",
    "for",
    "with",
    "onto",
    "to",
    "run",
)
_RECURSIVE = ("-r", "-R", "-rf", "-fr", "--recursive", "--recursively")


def mend_verb(cursor: Cursor, first: str) -> Misused | None:
    """`create NORM on ...`, `rm NORM`. The parser stands behind the first word."""
    at = cursor.position - 1
    rest = cursor.words[cursor.position :]
    if not rest:
        return None
    if first.lower() in _DESTROYING:
        what = f"'{clip(first)}' is neither a subcommand nor the start of a statement"
        span = cursor.words[at].span
        return cursor.slip(what, "destroy", span, whole=True)
    if first.lower() not in DECLARING:
        return None
    what = f"'{clip(first)}' is not needed: a declaration begins with the scheduler's name"
    if len(rest) == 1:
        typed = f"{shlex.quote(rest[0].text)} on 'cpu*' lwktpri 6"
        return cursor.slip(what, typed, cursor.words[at].span, cursor.over(at, at + 1))
    return cursor.slip(what, "", cursor.words[at].span)


def mend_on(cursor: Cursor, name: str) -> Misused | None:
    """`NORM --cpus 0-3 ...`, `NORM cpu0 ...`, `NORM lwktpri 6 on cpu0`: no `on` behind the name."""
    at = cursor.position
    texts = [word.text for word in cursor.words]
    word = texts[at]
    what = cursor.missed(f"'on' after the name '{name}'")
    if word in CLAUSES and "on" in texts[at:]:
        on = texts.index("on", at)
        end = next((i for i in range(on, len(texts)) if texts[i] in CLAUSES), len(texts))
        ordered = [*texts[on:end], *texts[at:on], *texts[end:]]
        whole = cursor.over(at, len(texts) - 1)
        return cursor.slip(what, shlex.join(ordered), None, whole, whole=True)
    if word.lower() == "on" or word.lower() in _ON:
        return cursor.slip(what, "on", whole=True)
    cpus = mend_level(cursor)
    if isinstance(cpus, Slip):
        typed = f"on {cpus.typed}"
        return cursor.slip(what, typed, replaced=cpus.replaced, whole=True)
    guess = guess_term(word)
    if TERM.fullmatch(word) or (guess and guess.typed):
        terms = guess.typed if guess and guess.typed else shlex.quote(word)
        return cursor.slip(what, f"on {terms}", whole=True)
    return None


def mend_destroy(cursor: Cursor) -> Misused | None:
    """`destroy NORM -r`, `destroy NORM to OTHER`."""
    word = cursor.peek() or ""
    if word in _RECURSIVE:
        return cursor.slip(f"destroy takes no {word}", "recursive")
    if word.lower() in ("to", "onto", "in", "--into", "into:") and "into" not in cursor.spans:
        return cursor.slip(cursor.missed("a clause"), "into")
    return None


def mend_destroyed(cursor: Cursor) -> Misused | None:
    """`destroy -r NORM`: the option before the name. The parser stands behind the option."""
    at = cursor.position - 1
    if cursor.words[at].text not in _RECURSIVE or at + 1 >= len(cursor.words):
        return None
    typed = f"{shlex.quote(cursor.words[at + 1].text)} recursive"
    what = f"destroy takes no {cursor.words[at].text}"
    return cursor.slip(what, typed, cursor.words[at].span, cursor.over(at, at + 1))
