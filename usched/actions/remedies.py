"""What is to be typed next, as it reaches the registry in question."""

from __future__ import annotations

import os

from usched.actions.context import Context
from usched.words.phrases import as_typed
from usched.world.paths import SYSTEM_REGISTRY


def by_me(context: Context, words: str) -> str:
    """By who typed this command."""
    is_found = context.is_default or os.environ.get("USCHED_REGISTRY") == context.registry
    return _type("" if is_found else context.registry, words)


def by_sudo(registry: str, words: str) -> str:
    """By who may become root: with sudo alone the registry were root's own."""
    return f"sudo {by_root(registry, words)}"


def by_root(registry: str, words: str) -> str:
    """By root, who need not be the one who reads it."""
    return _type("" if registry == SYSTEM_REGISTRY else registry, words)


def _type(registry: str, words: str) -> str:
    named = f"--registry {as_typed(registry)} " if registry else ""
    return f"usched {named}{words}"
