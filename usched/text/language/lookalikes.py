"""Characters that only look like those of the language: dashes, quotes and blanks of web pages."""

from __future__ import annotations

import shlex
import unicodedata

_ALIKE = {
    **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"),
    **dict.fromkeys("“”„‟«»″＂", '"'),
    **dict.fromkeys("‘’‚‛‹›′´＇", "'"),
    **dict.fromkeys("∗⁎✱", "*"),
}


def plain(character: str) -> str:
    """What a character is taken for: itself if it is fine, or foreign altogether."""
    if character.isascii():
        return character
    if character in _ALIKE:
        return _ALIKE[character]
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cf":  # of no width
        return ""
    folded = unicodedata.normalize("NFKC", character)
    return folded if folded.isascii() and folded.isprintable() else character


def retype(word: str) -> str:
    """A word as a keyboard gives it, its typographic quotes left out; itself where it is fine."""
    if word.isascii():
        return word
    typed = "".join(c if c.isascii() else plain(c).strip("'\"") for c in word)
    return " ".join(map(shlex.quote, typed.split())) if typed.isascii() else word


def describe(character: str) -> str:
    """`U+2013 (en dash) is not '-'`."""
    name = unicodedata.name(character, "").lower()
    shown = f"U+{ord(character):04X}" + (f" ({name})" if name else "")
    meant = plain(character)
    if not meant:
        return f"{shown} does not show, and does not belong there"
    if meant == " ":
        return f"{shown} is not a blank"
    return f"{shown} is not {meant}"
