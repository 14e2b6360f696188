"""YAML from a file."""

from __future__ import annotations

from usched.words.located import Located
from usched.world.files import read_text


def load_yaml(path: str, what: str) -> Located:
    """Read one YAML document. Raises Refused with the place, EnvironmentFailed if unreadable."""
    from usched.text.yaml import parse_yaml

    label, text = read_text(path, what)
    return parse_yaml(text, label)
