"""Clauses as other tools call and spell them, and in another order.

Each function looks from where the parser stands and gives the failure with the words to type, or
None when it is not that habit.
"""

from __future__ import annotations

import re
import shlex

from usched.text.language.cursor import CLAUSES, Cursor
from usched.text.language.tokens import TERM
from usched.words.phrases import clip
from usched.words.problems import Misused

#: What stands for `except`, and what stands for it in front of a word.
LEFT_OUT = ("except", "not", "without", "but", "minus", "exclude", "excluding", "unless", "no")
MARKS = ("!", "^", "~")

_FLAGS = ("locked", "exclusive")
_NICE = ("nice", "niceness")
_FALSE = ("no", "false", "off", "0")

#: What other tools call a clause.
_CLAUSE_WORDS = {
    "prio": "lwktpri", "priority": "lwktpri", "pri": "lwktpri", "lwkt": "lwktpri",
    "lwkpri": "lwktpri", "importance": "lwktpri", "rank": "lwktpri", "level": "lwktpri",
    "vcpu": "vcpus", "virtual": "vcpus", "slice": "quantum", "timeslice": "quantum",
    "quanta": "quantum", "pin": "locked", "pinned": "locked", "bind": "locked", "bound": "locked",
    "fixed": "locked", "dedicated": "exclusive", "isolated": "exclusive", "isolate": "exclusive",
    "private": "exclusive", "exclusively": "exclusive", "cpu_exclusive": "exclusive",
}  # fmt: skip

#: What is so unless the clause says otherwise.
_DEFAULTS = {
    "unlocked": "locked", "unpinned": "locked", "unbound": "locked", "floating": "locked",
    "nonlocked": "locked", "nolocked": "locked", "shared": "exclusive", "inclusive": "exclusive",
    "nonexclusive": "exclusive", "noexclusive": "exclusive",
}  # fmt: skip


def is_clause(word: str) -> bool:
    """Whether a word among the cpus is meant to end them."""
    key = re.match(r"-*([a-z_]*)", word.lower())
    assert key is not None  # it matches the empty string
    return key[1] in (*CLAUSES, *_CLAUSE_WORDS, *_DEFAULTS, *_NICE)


_CLAUSE = re.compile(
    r"-{0,2}([a-z_][a-z_-]*?)-?(?:[=:]?([0-9]+(?:us|ms|s)?)|[=:]([a-z0-9.]+))?[,;]?", re.IGNORECASE
)
_VALUE = re.compile(r"([0-9]+(?:us|ms|s)?)[,;]?")


def leaves_out(word: str) -> bool:
    """Whether a word stands for `except`, or has a mark that does: `not`, `^cpu1`, `-node0`."""
    low = word.lower()
    return low in LEFT_OUT or low[:1] in MARKS or re.match(r"-[a-z]+[0-9*]", low) is not None


def mend_clause(cursor: Cursor) -> Misused | None:
    """A clause by another name, or in another tool's spelling, with its number if it has one."""
    word = cursor.peek() or ""
    if default := _mend_default(cursor, word):
        return default
    match = _CLAUSE.fullmatch(word)
    key = match[1].lower() if match else ""
    clause = "lwktpri" if key in _NICE else _CLAUSE_WORDS.get(key, key)
    if match is None or clause not in CLAUSES:
        return None
    if clause in cursor.spans:
        what = f"'{clip(word)}' would be a second '{clause}'"
        return cursor.fail(what, "each clause at most once")
    if clause in _FLAGS:
        return cursor.slip(_blame(word, key, clause), clause)
    return _mend_number(cursor, key, clause, match[2] or match[3] or "")


def _mend_number(cursor: Cursor, key: str, clause: str, value: str) -> Misused:
    """A clause that has a number: with it, or in the next word."""
    at = last = cursor.position
    what = _blame(cursor.words[at].text, key, clause)
    following = cursor.words[at + 1].text if at + 1 < len(cursor.words) else ""
    if not value and (found := _VALUE.fullmatch(following)):
        value, last = found[1], at + 1
    aside = ""
    if key in _NICE:
        what = "there is no nice: lwktpri goes the other way, the higher runs first"
        aside = "on the machine lwktpri is 1 to 9, in a scheduler 1 to 31"
        value = value if value.isdecimal() and 1 <= int(value) <= 31 else ""
    if not value:
        wanted = "time" if clause == "quantum" else "number"
        return cursor.fail(what, aside or f"type: {clause} and a {wanted}")
    typed = f"{clause} {value}"
    return cursor.slip(what, typed, replaced=cursor.over(at, last), aside=aside)


def _blame(word: str, key: str, clause: str) -> str:
    if key != clause:
        return f"'{clip(word)}' is no clause: it is '{clause}' here"
    if "=" in word or ":" in word:
        return f"a clause has no '{'=' if '=' in word else ':'}'"
    if word.startswith("-"):
        return "a clause has no dashes"
    if word[-1] in ",;":
        return f"a blank stands between clauses, no '{word[-1]}'"
    return "clauses are in lower case" if word.lower() == clause else f"'{clip(word)}' is two words"


def _mend_default(cursor: Cursor, word: str) -> Misused | None:
    """`unlocked`, `not locked`, `locked=no`: what every scheduler is."""
    at = cursor.position
    key, _, value = word.lower().lstrip("-").rstrip(",;").partition("=")
    flag = _DEFAULTS.get(re.sub("[-_]", "", key), "")
    last = at
    if key in _FLAGS and value in _FALSE:
        flag = key
    elif key[:1] in MARKS and key[1:] in _FLAGS:
        flag = key[1:]
    elif key in ("not", "no", "without") and at + 1 < len(cursor.words):
        following = cursor.words[at + 1].text.lower()
        if following in _FLAGS:
            flag, last = following, at + 1
    if not flag:
        return None
    shown = " ".join(each.text for each in cursor.words[at : last + 1])
    what = f"'{clip(shown)}' is not needed: it is so unless '{flag}' is said"
    where = cursor.over(at, last)
    return cursor.slip(what, "", where, where)


def mend_value(cursor: Cursor, clause: str) -> Misused | None:
    """`lwktpri 6, locked`: a number with a comma."""
    found = re.fullmatch(r"([0-9]+(?:us|ms|s)?),(.*)", cursor.peek() or "")
    if found is None:
        return None
    typed = " ".join(filter(None, (clause, found[1], found[2] and shlex.quote(found[2]))))
    replaced = cursor.over(cursor.position - 1, cursor.position)
    return cursor.slip("a blank stands between clauses, no ','", typed, replaced=replaced)


def mend_behind(cursor: Cursor) -> Misused | None:
    """A word behind a whole declaration: a clause of another tool, or cpus too late."""
    word = cursor.peek() or ""
    if slip := mend_clause(cursor):
        return slip
    return _mend_order(cursor) if TERM.fullmatch(word) or leaves_out(word) else None


def _mend_order(cursor: Cursor) -> Misused | None:
    """Cpus, or what to leave out of them, behind the clauses: the statement in its order."""
    texts = [word.text for word in cursor.words]
    on = texts.index("on", 1)
    first = next((i for i in range(on, len(texts)) if texts[i] in CLAUSES), None)
    at = cursor.position
    if first is None or first > at:
        return None
    end = at
    while end < len(texts) and not is_clause(texts[end]):
        end += 1
    moved = texts[at:end]
    pool = texts[on + 1 : first]
    before = pool.index("except") if "except" in pool and moved[0] != "except" else len(pool)
    ordered = [*pool[:before], *moved, *pool[before:], *texts[first:at], *texts[end:]]
    what = "cpus stand before the clauses, right after 'on'"
    typed = shlex.join(ordered)
    return cursor.slip(what, typed, None, cursor.over(on + 1, len(texts) - 1), whole=True)
