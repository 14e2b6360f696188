"""English that messages share: counts, lists, what is too long, what is nearly right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'X'?` for the nearest known word, or ""."""
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else ""


def count(number: int, noun: str) -> str:
    """`1 cpu`, `2 cpus`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


#: So many names of a list are said.
NAMED = 8


def join_names(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; a list of more than NAMED ends in `and more`."""
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def with_fallen(remedy: str, names: Sequence[str]) -> str:
    """A remedy, and behind it those that fall with what is wrong."""
    fallen = f"with it: {join_names(names)}" if names else ""
    return "\n".join(filter(None, (remedy, fallen)))


def clip(text: str, width: int = 48) -> str:
    """A word as a message repeats it, cut where it is too long to read."""
    return text if len(text) <= width else text[: width - 3] + "..."


def as_typed(path: str) -> str:
    """A path as a word of a command to type, whoever chose its letters."""
    import shlex

    return shlex.quote(path)
