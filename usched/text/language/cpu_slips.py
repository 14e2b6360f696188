"""Cpus over several words as other tools write them: left out, joined, apart from their numbers.

Each function looks from where the parser stands and gives the failure with the words to type, or
None when it is not that habit.
"""

from __future__ import annotations

import re
import shlex

from usched.text.language.clause_slips import LEFT_OUT, is_clause, leaves_out
from usched.text.language.cursor import Cursor
from usched.text.language.hints import level_of, spell_list
from usched.words.phrases import clip
from usched.words.problems import Misused

#: Options of other tools that a list of cpus or nodes follows.
_LISTS = {
    "c": "cpu", "cpu-list": "cpu", "cpu_list": "cpu", "cpulist": "cpu", "cpuset": "cpu",
    "cpuset-cpus": "cpu", "cpuset.cpus": "cpu", "physcpubind": "cpu", "affinity": "cpu",
    "cpunodebind": "node", "n": "node",
}  # fmt: skip

_AND = ("and", "or", "plus", "with", "+", "&", ",", ";")
_FOR = ("for", "of")
_TO = ("to", "through", "thru", "until", "-", "..", "...")


def mend_cpus(cursor: Cursor, start: int | None) -> Misused | None:
    """A word among the cpus that is none. start: where they begin, if `except` may follow."""
    word = (cursor.peek() or "").lower()
    if level := mend_level(cursor):
        return level
    if word in _TO and (joined := _mend_range(cursor)):
        return joined
    if start is None:
        return None
    before = cursor.words[cursor.position - 1].text.lower()
    if leaves_out(word) or (word in _FOR and before in LEFT_OUT):
        return _mend_exclusion(cursor, start)
    if word in _AND:
        what = f"cpus stand side by side, without '{word}'"
        return cursor.slip(what, "")
    return None


def mend_level(cursor: Cursor) -> Misused | None:
    """`cpu 0-3`, `node 0 1`, `--cpus 0-3`, `cpus=0-3`: the numbers apart from what they count."""
    first = cursor.position
    word = cursor.words[first].text
    key, equals, value = word.partition("=")
    bare = key.lstrip("-").rstrip(":")
    level = level_of(bare) or (
        _LISTS.get(bare.lower(), "") if key.startswith("-") or equals else ""
    )
    if not level:
        return None
    numbers = [value] if value else []
    last = first
    while not value and last + 1 < len(cursor.words):
        following = cursor.words[last + 1].text
        if not re.match(r"[0-9*]", following) or (following == "*" and level != "cpu"):
            break
        numbers.append(following)
        last += 1
    terms = ["'cpu*'" if number == "*" else spell_list(number, level) for number in numbers]
    if not terms or not all(terms):
        return None
    apart = bare == level and not equals
    what = f"'{clip(word)}' " + ("without a number" if apart else "is not a cpu term")
    return cursor.slip(what, " ".join(terms), replaced=cursor.over(first, last))


def _mend_range(cursor: Cursor) -> Misused | None:
    """`cpu0 to cpu3`, `cpu0 - 3`."""
    at = cursor.position
    around = [word.text for word in cursor.words[at - 1 : at + 2]]
    if at == 0 or len(around) < 3:
        return None
    low, high = (
        re.fullmatch(r"cpu([0-9]{1,5})", around[0]),
        re.fullmatch(r"(?:cpu)?([0-9]{1,5})", around[2]),
    )
    if not low or not high:
        return None
    ends = sorted((int(low[1]), int(high[1])))
    typed = f"cpu{ends[0]}-{ends[1]}"
    return cursor.slip("a range is one word", typed, replaced=cursor.over(at - 1, at + 1))


def _mend_exclusion(cursor: Cursor, start: int) -> Misused:
    """`cpu* ^cpu1`, `cpu* not cpu1`, `cpu0 !cpu1 cpu2`: the cpus anew, with one `except`."""
    kept: list[str] = []
    left_out: list[str] = []
    behind = False
    end = start
    while end < len(cursor.words) and not is_clause(cursor.words[end].text):
        word = cursor.words[end].text
        bare = word.lstrip("!^~-")
        end += 1
        if word.lower() in LEFT_OUT or not bare:
            behind = True
        elif word.lower() not in (*_AND, *_FOR):
            (left_out if behind or bare != word else kept).append(shlex.quote(bare))
    span = cursor.here()
    earlier = (word.text for word in cursor.words[start : cursor.position])
    twice = cursor.peek() == "except" and "except" in earlier
    what = "'except' is given twice" if twice else "what is left out stands behind 'except'"
    if not left_out:
        cursor.position = end
        return cursor.expect(f"cpus after '{cursor.words[end - 1].text}'")
    typed = " ".join(["on", *(kept or ["'cpu*'"]), "except", *left_out])
    return cursor.slip(what, typed, span, cursor.over(start - 1, end - 1))
