"""The words to type for a near miss: what a failure advises, followed to the end."""

from __future__ import annotations

import shlex

from usched.text.language.cursor import Cursor, Slip
from usched.text.language.lookalikes import describe, plain, retype
from usched.words.problems import Misused, Problem, Refused, Span

#: More is some other text, and nobody types it anew from a message.
_LONGEST = 400
_STEPS = 24


def advise(slip: Slip) -> Misused:
    """The failure as the user reads it: the words to type, or the whole statement if it is
    needed, which is made by following this advice and the one after it to the end."""
    text = slip.replaced.line.text
    if len(text) > _LONGEST:
        return slip
    statement, followed = follow(slip)
    if not statement or not (followed or slip.whole):
        return slip
    remedy = "\n".join(filter(None, (f"type: {statement}", slip.aside)))
    return Misused(slip.problems[0]._replace(remedy=remedy))


def follow(slip: Slip) -> tuple[str, int]:
    """The statement with every slip mended, "" where that is not all; how many followed."""
    from usched.text.language.grammar import read_statement

    line, typed, replaced = slip.replaced.line, slip.typed, slip.replaced
    for step in range(_STEPS):
        text = line.text[: replaced.start] + typed + line.text[replaced.end :]
        line = line._replace(text=text)
        try:
            read_statement(line)
        except Slip as again:
            typed, replaced = again.typed, again.replaced
        except (Misused, Refused):
            return "", step
        else:
            return shlex.join(word.text for word in Cursor(line).words), step
    return "", _STEPS


def mend_lookalike(cursor: Cursor) -> Slip | None:
    """An en dash, a typographic quote, a no-break space."""
    text = cursor.line.text
    for word in cursor.words:
        typed = retype(word.text)
        if typed == word.text:
            continue
        places = range(word.span.start, word.span.end)
        at = next(place for place in places if plain(text[place]) != text[place])
        where = Span(cursor.line, at, at + 1)
        remedy = f"type: {typed}" if typed else "leave it out"
        problem = Problem(describe(text[at]), where, remedy, "character", cursor.name)
        return Slip(problem, typed, word.span, not typed)
    return None
