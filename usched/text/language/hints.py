"""What was probably meant by a word that is no cpu term: one small guess per habit.

Each guess takes the word and gives (what is wrong, what to type), or None when it does not apply;
the first that applies is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

TERM = re.compile(
    r"cpu\*|cpu([0-9]{1,18})(?:-(?:cpu)?([0-9]{1,18}))?|(core|thread|llc|node|socket)([0-9]{1,18})"
)

Guess = tuple[str, str]

_SHOWN = 16


def guess_term(word: str) -> Guess | None:
    """The likeliest slip behind a word among the cpus, with its remedy."""
    for guess in _GUESSES:
        if found := guess(word):
            return found
    return None


def clip(text: str, width: int = 48) -> str:
    """A word as a message repeats it, cut where it is too long to read."""
    return text if len(text) <= width else text[: width - 3] + "..."


def _list_of_taskset(word: str) -> Guess | None:
    """`0-3,8` and `cpu0,cpu2`: the lists of taskset and of the kernel."""
    parts = [part for part in word.split(",") if part]
    numbers = [re.fullmatch(r"(?:cpus?)?([0-9]+(?:-[0-9]+)?)", part) for part in parts]
    if not parts or not all(numbers):
        return None
    typed = " ".join(f"cpu{match[1]}" for match in numbers[:_SHOWN] if match)
    if len(parts) > 1:
        return "cpu terms are separate words", f"type: {typed}"
    if any(len(match[1]) > 18 for match in numbers if match):
        return None
    return f"'{clip(word)}' is not a cpu term", f"type: {typed}"


def _capitals(word: str) -> Guess | None:
    low = word.lower()
    if low != word and TERM.fullmatch(low):
        return "cpu terms are in lower case", f"type: {low}"
    return None


def _no_number(word: str) -> Guess | None:
    if re.fullmatch(r"(cpu|core|thread|llc|node|socket)s?", word):
        return f"'{word}' without a number", f"type: {word.rstrip('s')}0, in one word"
    return None


def _plural(word: str) -> Guess | None:
    match = re.fullmatch(r"(cpu|core|thread|llc|node|socket)s([0-9]+(?:-[0-9]+)?|\*)", word)
    return (f"'{clip(word)}' is not a cpu term", f"type: {match[1]}{match[2]}") if match else None


def _range_of_level(word: str) -> Guess | None:
    match = re.fullmatch(r"(core|thread|llc|node|socket)([0-9]{1,5})-(?:\1)?([0-9]{1,5})", word)
    if not match:
        return None
    first, last = int(match[2]), int(match[3])
    numbers = range(first, min(last + 1, first + _SHOWN))
    typed = " ".join(f"{match[1]}{number}" for number in numbers)
    return f"only cpu numbers make ranges, not {match[1]} numbers", f"type: {typed}"


def _other_range(word: str) -> Guess | None:
    """`cpu0..3`, `cpu0:3`, `cpu[0-3]`: ranges of other languages."""
    if not re.fullmatch(r"cpu[0-9.:\[\]_-]*[0-9.:\[\]_-]", word):
        return None
    numbers = re.findall(r"[0-9]+", word)[:3]
    if any(len(number) > 18 for number in numbers):
        return f"'{clip(word)}' is no cpu that there could be", "the largest number is 65535"
    what = f"'{clip(word)}' is not a cpu term"
    if len(numbers) == 2:
        low, high = sorted(map(int, numbers))
        return what, f"type: cpu{low}-{high}"
    return what, f"type: cpu{numbers[0]}" if len(numbers) == 1 else "a range is cpu0-3"


def _several_words(word: str) -> Guess | None:
    parts = word.split()
    if len(parts) > 1 and all(TERM.fullmatch(part) for part in parts):
        return "cpu terms are separate words", f"type: {' '.join(parts[:_SHOWN])}"
    return None


def _expanded_by_shell(word: str) -> Guess | None:
    """A glob that matched: the words are the files in the directory that begin with cpu."""
    if "." in word or "/" in word or (word.startswith("cpu") and "=" not in word):
        what = f"'{clip(word)}' looks like a file name: the shell expanded an unquoted cpu*"
        return what, "quote it: 'cpu*'"
    return None


_GUESSES: tuple[Callable[[str], Guess | None], ...] = (
    _list_of_taskset,
    _capitals,
    _no_number,
    _plural,
    _range_of_level,
    _other_range,
    _several_words,
    _expanded_by_shell,
)
