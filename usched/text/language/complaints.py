"""What to say when a line is no statement: the nearest reason first, with what to type.

Each function looks from where the parser stands. Nothing here is imported while all goes well.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from usched.text.language.clause_slips import mend_behind, mend_clause, mend_value
from usched.text.language.cpu_slips import mend_cpus
from usched.text.language.cursor import CLAUSES, Cursor, Slip
from usched.text.language.hints import guess_term, unquoted_pattern
from usched.text.language.tokens import Word
from usched.text.language.verb_slips import (
    DECLARING,
    mend_destroy,
    mend_destroyed,
    mend_on,
    mend_verb,
)
from usched.words.phrases import clip, suggest
from usched.words.problems import Misused, Refused, Span, UschedError
from usched.words.statement import (
    GRAMMAR,
    RESERVED,
    SUBCOMMANDS,
    Declare,
    Destroy,
    Grant,
    Statement,
)

TERMS = ("cpu*", "cpuN", "cpuN-M", "coreN", "threadN", "llcN", "nodeN", "socketN")

#: What is allowed, for those who typed something else than a number.
_RANGES = {
    "lwktpri": "on the machine lwktpri is 1 to 9, in a scheduler 1 to 31",
    "vcpus": "vcpus is 1 to 4096",
}

#: Units that a time does not have, in seconds.
_SECONDS = {
    "m": 60, "min": 60, "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400, "w": 604_800,
}  # fmt: skip
_LONGER = re.compile(rf"([0-9]{{1,9}})({'|'.join(_SECONDS)})")

#: What other tools call it.
_SYNONYMS = {
    "rm": "destroy", "remove": "destroy", "delete": "destroy", "del": "destroy",
    "ls": "list", "help": "--help", "version": "--version", "status": "tree", "history": "log",
    "undo": "rollback", "apply": "batch", "run": "simulate",
    "load": "topology load", "detect": "topology detect",
}  # fmt: skip


def usage() -> str:
    """The grammar, for errors that have nothing nearer to say."""
    return "\n".join(f"usched {usage}" for usage in GRAMMAR.values())


def of_reserved(cursor: Cursor, word: Word) -> UschedError:
    """It can be read, and is refused."""
    import textwrap

    first = word.text.partition("/")[0]
    what = f"'{first}' is a reserved word, not a scheduler's name"
    known = textwrap.fill("reserved: " + " ".join(RESERVED), 78)
    failed = cursor.fail(what, known, word.span, "reserved")
    return failed if isinstance(failed, Slip) else Refused(failed.problems)


def of_name(cursor: Cursor, word: Word) -> Misused:
    """The parser stands behind the word that is no name."""
    if option := mend_destroyed(cursor):
        return option
    near = suggest(word.text, (*SUBCOMMANDS, "grant", "revoke")) if len(cursor.words) < 3 else ""
    rule = (
        "a name is segments joined by '/'; a segment is a letter or underscore, then up to\n"
        "30 letters, digits, '_', '.' or '-'"
    )
    if " " in word.text.strip():
        rule = "the words of a statement are separate words: leave the quotes out"
    what = f"'{clip(word.text)}' is not a scheduler's name"
    return cursor.fail(what, "\n".join(filter(None, (near, rule))), word.span, "name")


def of_missing_on(cursor: Cursor, first: Word) -> Misused:
    """The parser stands behind the first word, and `on` is not what follows."""
    if first.text == "on":
        return cursor.fail("expected a name before 'on'", usage(), first.span)
    if verb := mend_verb(cursor, first.text):
        return verb
    other = _SYNONYMS.get(first.text.lower())
    near = f"did you mean '{other}'?" if other else ""
    # NORM is near `conform`, but what is in capitals, and no command, is a scheduler
    is_name = first.text.isupper() and first.text.lower() not in SUBCOMMANDS
    if first.text.lower() not in DECLARING and not is_name:
        near = near or suggest(first.text, (*SUBCOMMANDS, "grant", "revoke"))
    if near or cursor.peek() is None:
        what = f"'{clip(first.text)}' is neither a subcommand nor the start of a statement"
        remedy = "\n".join(filter(None, (near, usage(), "usched --help lists the subcommands")))
        return cursor.fail(what, remedy, first.span)
    if slip := mend_on(cursor, first.text):
        return slip
    return cursor.expect(f"'on' after the name '{first.text}'", usage())


def of_no_cpus(cursor: Cursor) -> Misused:
    return cursor.expect("cpus", f"cpus are: {', '.join(TERMS)}")


def of_term(cursor: Cursor, then: Sequence[str], any_found: bool, start: int | None) -> Misused:
    """A word among the cpus that is no cpu term: the likeliest reason first.

    start: where the cpus begin, None where only cpus may stand.
    """
    word = cursor.peek() or ""
    known = then[1:]
    if not any_found and word in known and word != "except":
        return of_no_cpus(cursor)
    slip = mend_clause(cursor) if known and any_found else None
    if slip := slip or mend_cpus(cursor, start) or _guessed(cursor, word):
        return slip
    if not any_found:
        return cursor.expect("a cpu term", f"cpus are: {', '.join(TERMS)}")
    remedy = suggest(word, known) or f"cpus are: {', '.join(TERMS)}"
    if known:
        remedy += f"\nclauses are: {', '.join(CLAUSES)}"
    return cursor.expect(" or ".join(("a cpu term", then[0])), remedy)


def _guessed(cursor: Cursor, word: str) -> Misused | None:
    """What one word tells: another tool's cpus, or a file that a shell put there."""
    if guess := guess_term(word):
        if not guess.typed:
            return cursor.fail(guess.what, guess.remedy)
        return cursor.slip(guess.what, guess.typed, aside=guess.remedy)
    if pattern := unquoted_pattern(word):
        what = f"'{clip(word)}' looks like a file name: the shell expanded an unquoted {pattern}"
        return cursor.fail(what, "quote it: 'cpu*'")
    return None


def of_number(cursor: Cursor, clause: str) -> Misused:
    if slip := mend_value(cursor, clause):
        return slip
    return cursor.expect(f"a whole number after '{clause}'", _RANGES.get(clause, ""))


def of_time(cursor: Cursor, clause: str) -> Misused:
    if slip := mend_value(cursor, clause):
        return slip
    remedy = "ticks, or time: 10, 500us, 100ms, 2s (one word)"
    if clause == "until":
        if longer := _LONGER.fullmatch(cursor.peek() or ""):
            seconds = int(longer[1]) * _SECONDS[longer[2]]
            return cursor.slip("units of time are us, ms and s", f"{seconds}s")
        remedy += "\ncounted from now: 3600s is an hour"
    return cursor.expect(f"a time after '{clause}'", remedy)


def of_parted_time(cursor: Cursor, clause: str) -> Misused:
    """`quantum 10 ms`; the parser stands at the number."""
    at = cursor.position
    typed = f"{clause} {cursor.words[at].text}{cursor.words[at + 1].text}"
    where, replaced = cursor.words[at + 1].span, cursor.over(at - 1, at + 1)
    return cursor.slip("a time is one word", typed, where, replaced)


def of_missing_lwktpri(cursor: Cursor) -> Misused:
    end = cursor.here().start
    place = Span(cursor.line, end, end)
    return cursor.slip("lwktpri is missing", " lwktpri 6", cursor.here(), place, whole=True)


def of_leftover(cursor: Cursor, statement: Statement) -> Misused:
    """A word behind a statement that was complete."""
    word = cursor.peek() or ""
    known: tuple[str, ...] = ()
    slip = None
    if isinstance(statement, Declare):
        known = CLAUSES
        slip = mend_behind(cursor)
    elif isinstance(statement, Destroy):
        known = ("into", "recursive")
        slip = mend_destroy(cursor)
    elif isinstance(statement, Grant):
        known = ("lwktpri", "depth", "until")
    if slip := slip or _equals(cursor, word, known):
        return slip
    if not known:
        return cursor.expect("the end of the statement")
    near = suggest(word, known)
    return cursor.expect(
        "a clause", "\n".join(filter(None, (near, f"it may be: {', '.join(known)}")))
    )


def _equals(cursor: Cursor, word: str, known: Sequence[str]) -> Misused | None:
    clause, equals, value = word.partition("=")
    if equals and clause in known:
        typed = " ".join(filter(None, (clause, value and shlex.quote(value))))
        return cursor.slip("a clause has no '='", typed)
    return None
