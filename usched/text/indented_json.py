"""JSON as people read it, two blanks a level: what `json.dumps(value, indent=2)` gives.

That one has no encoder in C as soon as there is an indent, and takes a second for the cpus of ten
thousand schedulers.
"""

from __future__ import annotations

import json
from functools import lru_cache
from json.encoder import encode_basestring_ascii


def format_json(value: object, margin: str = "\n") -> str:
    """margin: what a line of the value begins with, the end of the line before it included."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    inner = f"{margin}  "
    comma = f",{inner}"
    if isinstance(value, dict) and value:
        pairs = [f"{_quote(key)}: {format_json(each, inner)}" for key, each in value.items()]
        return f"{{{inner}{comma.join(pairs)}{margin}}}"
    if isinstance(value, (list, tuple)) and value:
        if set(map(type, value)) == {int}:
            items = _join_whole(tuple(value), comma)
        else:
            items = comma.join([format_json(each, inner) for each in value])
        return f"[{inner}{items}{margin}]"
    return str(value) if kind is int else json.dumps(value)


def _quote(key: object) -> str:
    """A key is text; of a number, that of the number."""
    return encode_basestring_ascii(key if isinstance(key, str) else json.dumps(key))


@lru_cache(maxsize=1 << 10)  # schedulers on all cpus are many, and have the same ones
def _join_whole(numbers: tuple[int, ...], comma: str) -> str:
    return comma.join(map(str, numbers))
