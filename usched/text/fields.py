"""Checked access to a mapping from the outside: types, bounds, missing and unknown keys.

Every reader takes what is asked for or notes a `Problem` and returns a stand-in, so that one
reading finds all that is wrong; the caller raises at the end when `problems` is not empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usched.words.located import Entry, Located
from usched.words.phrases import suggest
from usched.words.problems import Problem, Refused, Span

#: A file with as many mistakes is the wrong file.
MAX_PROBLEMS = 50


class Fields:
    """The entries of one mapping. what: how messages call it, `program 'web'` or `topology`."""

    def __init__(self, node: Located, what: str, problems: list[Problem]) -> None:
        self.what = what
        self.problems = problems
        self.node = node
        self._known: list[str] = []
        self.entries: Mapping[str, Entry] = {}
        if isinstance(node.value, Mapping):
            self.entries = node.value
        else:
            self.complain(
                f"{what} must be a mapping of keys to values, not {describe(node)}", node.span
            )

    def complain(self, what: str, where: Span | None, remedy: str = "") -> None:
        """Note a problem. Raises Refused with all of them when they are too many to read."""
        self.problems.append(Problem(what, where, remedy, rule="field"))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Refused(self.problems)

    def knows(self, *keys: str) -> None:
        """These keys exist, though nobody asks for them here."""
        self._known += keys

    def has(self, key: str) -> bool:
        return key in self.entries

    def span(self, key: str) -> Span | None:
        """The place of a key's value, or of the mapping where the key is absent."""
        entry = self.entries.get(key)
        return entry.value.span if entry else self.node.span

    def take(self, key: str, required: bool = False) -> Located | None:
        """The value of a key as it stands. Every key that is asked for counts as known."""
        self._known.append(key)
        entry = self.entries.get(key)
        if entry is None and required and isinstance(self.node.value, Mapping):
            self.complain(f"{self.what} has no '{key}'", self.node.span)
        return entry.value if entry else None

    def integer(
        self, key: str, default: int | None = None, low: int = 0, high: int = 10**15
    ) -> int:
        """A whole number in [low, high]; without a default the key is required."""
        node = self.take(key, required=default is None)
        fallback = low if default is None else default
        if node is None:
            return fallback
        number = self.whole(node, f"{key} of {self.what}", low, high)
        return fallback if number is None else number

    def whole(self, node: Located, what: str, low: int, high: int) -> int | None:
        """Check one value to be a whole number in [low, high]."""
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain(f"{what} must be a whole number, not {describe(node)}", node.span)
            return None
        if not low <= value <= high:
            shown = value if abs(value) < 10**20 else "a number of over 20 digits"
            self.complain(f"{what} must be {low} to {high}, not {shown}", node.span)
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Text; without a default the key is required."""
        node = self.take(key, required=default is None)
        if node is None:
            return default or ""
        if not isinstance(node.value, str):
            self.complain(
                f"{key} of {self.what} must be text, not {describe(node)}", node.span, "quote it"
            )
            return default or ""
        if not node.value and default is None:
            self.complain(f"{key} of {self.what} is empty", node.span)
        return node.value

    def items(self, key: str) -> Sequence[Located]:
        """A sequence; () where the key is absent."""
        node = self.take(key)
        if node is None:
            return ()
        return self.sequence(node, f"{key} of {self.what}")

    def sequence(self, node: Located, what: str) -> Sequence[Located]:
        """Check one value to be a sequence."""
        value = node.value
        if isinstance(value, (list, tuple)):
            return value
        self.complain(f"{what} must be a list, not {describe(node)}", node.span)
        return ()

    def finish(self) -> None:
        """Complain of every key that nobody asked for."""
        known = list(dict.fromkeys(self._known))
        for key, entry in self.entries.items():
            if key not in known:
                near = suggest(key, known)
                allowed = f"its keys are: {', '.join(known)}"
                self.complain(
                    f"{self.what} has an unknown key '{_shorten(key)}'",
                    entry.key,
                    "\n".join(filter(None, (near, allowed))),
                )


def describe(node: Located) -> str:
    """A value as messages repeat it: its kind, and the value where it is short."""
    value = node.value
    if isinstance(value, str):
        return f"the text '{_shorten(value)}'"
    if isinstance(value, (Mapping, Sequence)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of over 20 digits"
    return "nothing" if value is None else str(value).lower()


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
