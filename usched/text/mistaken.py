"""One of our own files given in place of another: which it is, and where it goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from usched.words.located import Located
from usched.words.problems import Line, Problem, Span

#: Of a workload and of a topology, each a key that the other does not have.
_KINDS = {"programs": "workload", "machine": "topology", "sockets": "topology", "cpus": "topology"}
_GOES = {
    "workload": "a workload goes to usched simulate, compare or conform",
    "topology": "a topology goes to --topology, or usched topology load",
    "script of statements": "a script goes to --script, or usched batch",
}

_YAML_KEY = re.compile(r"([a-z]+)[ \t]*:(?=[ \t]|$)", re.MULTILINE)
_STATEMENT = re.compile(r"(usched[ \t]+)?([^\s:]+[ \t]+on[ \t]+[^\s:]+[ \t]|destroy[ \t]+\S)")


def name_kind(keys: Collection[str]) -> str:
    """`workload` or `topology`, as the keys of a mapping say; "" where none of them tells."""
    return next((_KINDS[key] for key in _KINDS if key in keys), "")


def note_other_kind(node: Located, wanted: str) -> Problem | None:
    """What to say of YAML that was to be a `workload` or a `topology` and is the other one, or a
    script."""
    kind = ""
    if isinstance(node.value, Mapping):
        kind = name_kind(node.value)
    elif isinstance(node.value, str) and _STATEMENT.match(node.value):
        kind = "script of statements"
    if kind in ("", wanted):
        return None
    return Problem(f"this is a {kind}, not a {wanted}", node.span, _GOES[kind], "kind")


def note_yaml(line: Line, text: str) -> Problem | None:
    """What to say of a script of which the first line that is no comment is one of YAML."""
    if line.text.strip() != "---" and not _YAML_KEY.match(line.text):
        return None
    kind = name_kind({found[1] for found in _YAML_KEY.finditer(text)})
    what = f"this is {f'a {kind}' if kind else 'YAML'}, not a script of statements"
    remedy = _GOES.get(kind, "")
    return Problem(what, Span(line, 0, len(line.text.rstrip())), remedy, "kind")
