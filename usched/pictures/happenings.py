"""What happens during a run, in a few words for a picture."""

from __future__ import annotations

from typing import assert_never

from usched.text.language.canonical import format_statement, format_terms
from usched.words.workload import Event, Hotplug, Kill, Move, StatementEvent


def describe_event(event: Event) -> str:
    match event:
        case StatementEvent(statement=statement):
            return f"usched {format_statement(statement)}"
        case Move(target=target, to=to):
            return f"move {target} to {to}"
        case Kill(target=target):
            return f"kill {target}"
        case Hotplug(online=online, terms=terms):
            return f"{'online' if online else 'offline'} {format_terms(terms)}"
        case _:
            assert_never(event)
