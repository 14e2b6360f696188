"""What was probably meant by a word that is no cpu term: one small guess per habit.

Each guess takes the word and gives (what is wrong, the cpu terms to type), or None when it does
not apply; the first that applies is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from usched.text.language.tokens import TERM
from usched.words.cpuset import MAX_CPU, CpuSet
from usched.words.phrases import clip


class Guess(NamedTuple):
    """typed: the terms to type, "" where nobody can say. remedy: what to say besides."""

    what: str
    typed: str
    remedy: str = ""


#: As many terms are written out; beyond, an example says how.
_SHOWN = 64

_LEVELS = {
    "core": "core", "thread": "thread", "llc": "llc", "node": "node", "socket": "socket",
    "smt": "thread", "l3": "llc", "numa": "node", "numanode": "node", "numa_node": "node",
    "package": "socket", "pkg": "socket", "pack": "socket", "physical": "socket",
}  # fmt: skip

_JOINT = r"(?:-|\.\.+|:|_)"
_RUN = re.compile(
    rf"(?:cpus?[-_:#=.]?)?([0-9]{{1,18}})"
    rf"(?:{_JOINT}(?:cpus?)?([0-9]{{1,18}})(?::([0-9]{{1,5}})(?:/([0-9]{{1,5}}))?)?)?"
)
_LEVEL = re.compile(rf"({'|'.join(sorted(_LEVELS, key=len, reverse=True))})s?([-_:#=]?)([0-9].*)")


def guess_term(word: str) -> Guess | None:
    """The likeliest slip behind a word among the cpus, with its remedy."""
    for guess in _GUESSES:
        if found := guess(word):
            return found
    return None


def unquoted_pattern(word: str) -> str:
    """What a shell could have made this file's name of: `cpu*` if it goes on in letters, `*` if it
    has a name's ending; "" if it is not like one."""
    if re.fullmatch(r"cpu(?!s?[^A-Za-z]*$)[A-Za-z0-9_.+~@%-]+", word):
        return "cpu*"
    return "*" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.+-]*\.[A-Za-z][A-Za-z0-9]*", word) else ""


def level_of(word: str) -> str:
    """What other tools call a level: `cpu` for `cpus`, `node` for `numa`; "" if it is none."""
    bare = re.sub(r"s?[:=]?$", "", word.lower())
    return "cpu" if bare == "cpu" else _LEVELS.get(bare, "")


def spell_list(text: str, level: str = "cpu") -> str:
    """The terms for a list of numbers as other tools write it: `0-3,8`, `cpu0-cpu3,5`, `0-7:2`.

    "" if it is none, or its numbers are beyond any machine.
    """
    text = text.lower().strip("[](){},; ")
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    words: list[str] = []
    for part in parts:
        match = _RUN.fullmatch(part)
        spelled = _spell_run(match, level) if match else None
        if spelled is None:
            return ""
        words += spelled
    if level == "cpu" and len(words) > _SHOWN and all(map(_RUN.fullmatch, words)):
        words = _join_runs(words)
    return " ".join(words) if len(words) <= _SHOWN else ""


def _spell_run(match: re.Match[str], level: str) -> list[str] | None:
    """`0-7:2` to its terms; the kernel's `0-15:2/8` is the first 2 of each 8."""
    first = int(match[1])
    last = int(match[2] or first)
    low, high = min(first, last), max(first, last)
    if high > MAX_CPU:
        return None
    used, of = (1, int(match[3])) if match[3] and not match[4] else (int(match[3] or 1), 1)
    if match[4]:
        of = int(match[4])
    if not 0 < used <= of:
        return None
    if of == 1 and level == "cpu":
        return [f"cpu{low}" if low == high else f"cpu{low}-{high}"]
    return [f"{level}{n}" for n in range(low, high + 1) if (n - low) % of < used]


def _join_runs(words: Iterable[str]) -> list[str]:
    mask = 0
    for word in words:
        match = _RUN.fullmatch(word)
        assert match is not None  # asked for by the caller
        mask |= CpuSet.span(int(match[1]), int(match[2] or match[1])).mask
    return [f"cpu{a}" if a == b else f"cpu{a}-{b}" for a, b in CpuSet(mask).runs()]


# -- the guesses --------------------------------------------------------------


def _capitals(word: str) -> Guess | None:
    low = word.lower()
    if low != word and TERM.fullmatch(low):
        return Guess("cpu terms are in lower case", "'cpu*'" if low == "cpu*" else low)
    return None


def _every_cpu(word: str) -> Guess | None:
    known = (
        r"all|any|every|each|\*|machine|(?:cpus?|core|node|socket|pu)[-_:=]?(?:all|\*)|all-?cpus"
    )
    if re.fullmatch(known, word.lower()):
        return Guess(f"'{word}' is not a cpu term", "'cpu*'")
    return None


def _stride(word: str) -> Guess | None:
    """`0-7:2` of taskset and `0-15:2/8` of the kernel."""
    if not re.search(r"-(?:cpu)?[0-9]+:[0-9]", word) or re.search(
        r"[a-z]", word.replace("cpu", "")
    ):
        return None
    what = "a range has no stride: a cpu term names all of its numbers"
    if typed := spell_list(word):
        return Guess(what, typed)
    match = re.fullmatch(r"(?:cpus?)?([0-9]{1,5})-(?:cpus?)?([0-9]{1,5}):([1-9][0-9]{0,4})", word)
    first, last, stride = match.groups() if match else ("FIRST", "LAST", "STRIDE")
    return Guess(what, "", f"type each, or in a shell: $(seq -f cpu%g {first} {stride} {last})")


def _list(word: str) -> Guess | None:
    """`0-3,8`, `cpu0-cpu3,5` and `cpu0,cpu2`: the lists of taskset and of the kernel."""
    inner = word.strip(",;")
    listed = re.search(r"[,;]", inner) is not None
    typed = spell_list(word)
    if listed and typed:
        return Guess("cpu terms are separate words", typed)
    if listed and re.fullmatch(r"[\[({]?(?:cpus?)?[0-9][0-9,;:/-]*[\])}]?", word):
        return Guess("cpu terms are separate words", "", "type a word a cpu: cpu0 cpu2 cpu5")
    return Guess(f"'{clip(word)}' is not a cpu term", typed) if typed else None


def _mask(word: str) -> Guess | None:
    """`0x0f`: the masks of taskset."""
    match = re.fullmatch(r"0[xX]([0-9a-fA-F,]{1,20000})", word)
    if match is None:
        return None
    mask = int(match[1].replace(",", "") or "0", 16)
    what = f"'{clip(word)}' is a mask, not a cpu term"
    if not mask or mask.bit_length() > MAX_CPU + 1:
        return Guess(what, "", "name the cpus: cpu0 cpu4-7")
    return Guess(what, spell_list(",".join(f"{a}-{b}" for a, b in CpuSet(mask).runs())))


def _no_number(word: str) -> Guess | None:
    if re.fullmatch(r"(cpu|core|thread|llc|node|socket)s?", word):
        return Guess(f"'{word}' without a number", "", f"type: {word.rstrip('s')}0, in one word")
    return None


def _of_level(word: str) -> Guess | None:
    """`nodes0`, `node0-2`, `core:3`, `numa1`, `package0,1`: levels as other tools write them."""
    match = _LEVEL.fullmatch(word.lower())
    if match is None:
        return None
    level = _LEVELS[match[1]]
    typed = spell_list(re.sub(rf"{match[1]}s?[-_:#=]?", "", match[3]), level)
    if match[1] == level and re.fullmatch(rf"[0-9]+-(?:{level})?[0-9]+", match[3]):
        what = f"only cpu numbers make ranges, not {level} numbers"
    elif "," in match[3]:
        what = "cpu terms are separate words"
    else:
        what = f"'{clip(word)}' is not a cpu term"
    if not typed:
        return Guess(what, "", f"type: {level}0 {level}1 ..., a word each")
    aside = "numbers are those of usched topology show" if match[2] == ":" else ""
    return Guess(what, typed, aside)


def _logical_cpu(word: str) -> Guess | None:
    """hwloc's `pu:3`."""
    match = re.fullmatch(r"pu[:#=]?([0-9].*)", word.lower())
    typed = spell_list(match[1]) if match else ""
    if not typed:
        return None
    what = f"'{clip(word)}' is not a cpu term"
    return Guess(what, typed, "numbers are those of usched topology show")


def _other_range(word: str) -> Guess | None:
    """`cpu0-`, `cpu[0-3]`, `cpu{0..3}`: ranges of other languages, and unfinished ones."""
    match = re.fullmatch(r"(?:cpus?)?[\[({]([^\[\](){}]*)[\])}]", word)
    if match and (typed := spell_list(match[1])):
        return Guess(f"'{clip(word)}' is not a cpu term", typed)
    if not re.fullmatch(r"cpus?[0-9.:\[\]_-]*[0-9.:\[\]_-]", word):
        return None
    numbers = re.findall(r"[0-9]+", word)[:3]
    if any(len(number) > 18 for number in numbers):
        what = f"'{clip(word)}' is no cpu that there could be"
        return Guess(what, "", f"the largest number is {MAX_CPU}")
    what = f"'{clip(word)}' is not a cpu term"
    if len(numbers) == 1:
        return Guess(what, f"cpu{numbers[0]}")
    return Guess(what, "", "a range is cpu0-3")


def _several_words(word: str) -> Guess | None:
    parts = word.split()
    if len(parts) > 1 and all(TERM.fullmatch(part) for part in parts):
        return Guess("cpu terms are separate words", " ".join(map(_quote_star, parts)))
    return None


def _quote_star(term: str) -> str:
    return "'cpu*'" if term == "cpu*" else term


_GUESSES: tuple[Callable[[str], Guess | None], ...] = (
    _capitals,
    _every_cpu,
    _stride,
    _several_words,
    _mask,
    _no_number,
    _list,
    _of_level,
    _logical_cpu,
    _other_range,
)
