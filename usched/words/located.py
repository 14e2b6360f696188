"""Plain data that remembers where it stood, so that a wrong value can be pointed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from usched.words.problems import Span

Scalar = str | int | float | bool | None


class Located(NamedTuple):
    """A scalar, a sequence or a mapping. `span` is None for data that came from no file."""

    value: Scalar | Sequence[Located] | Mapping[str, Entry]
    span: Span | None = None


class Entry(NamedTuple):
    """A value of a mapping, with the place of its key."""

    key: Span | None
    value: Located


def locate(raw: object) -> Located:
    """Wrap plain dicts, lists and scalars, without places. Raises TypeError for anything else."""
    if isinstance(raw, Mapping):
        return Located({str(key): Entry(None, locate(raw[key])) for key in raw})
    if isinstance(raw, (list, tuple)):
        return Located([locate(item) for item in raw])
    if raw is None or isinstance(raw, (str, int, float, bool)):
        return Located(raw)
    raise TypeError(f"not plain data: {type(raw).__name__}")
