"""The text that Prometheus reads (format 0.0.4), held to its rules to the letter."""

from __future__ import annotations

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? (\S+)")
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}

#: By metric and by the values of its labels.
Samples = dict[str, dict[tuple[str, ...], float]]


def parse(text: str) -> Samples:
    """Raises AssertionError where a rule is broken: what is said of a metric stands before its
    samples, once, and these stand together, each once."""
    assert not text or text.endswith("\n")
    kinds: dict[str, str] = {}
    helped: set[str] = set()
    samples: Samples = {}
    last = ""
    for line in text.splitlines():
        match line.split(" ", 3):
            case ["#", "HELP", name, _]:
                assert re.fullmatch(_NAME, name), line
                assert name not in helped, line
                assert name not in samples, line
                helped.add(name)
                last = name
            case ["#", "TYPE", name, kind]:
                assert kind in _TYPES, line
                assert name not in kinds, line
                assert name not in samples, line
                assert last in ("", name) or name not in helped, line
                assert kind != "counter" or name.endswith("_total"), line
                kinds[name] = kind
                last = name
            case ["#", *_]:
                pass  # a comment
            case _:
                name, labels, value = _parse_sample(line)
                assert name == last, line
                assert name in kinds, line
                assert name in helped, line
                number = float(value)
                assert kinds[name] != "counter" or number >= 0, line
                assert labels not in samples.setdefault(name, {}), line
                samples[name][labels] = number
    assert kinds.keys() == samples.keys()
    return samples


def _parse_sample(line: str) -> tuple[str, tuple[str, ...], str]:
    match = _SAMPLE.fullmatch(line)
    assert match, line
    pairs = re.findall(_LABEL, match[2] or "")
    assert len({name for name, _ in pairs}) == len(pairs), line
    values = tuple(re.sub(r"\\.", lambda each: _ESCAPES[each[0]], value) for _, value in pairs)
    return match[1], values, match[match.lastindex or 0]
