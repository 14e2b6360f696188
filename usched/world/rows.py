"""What the rows of a registry say. They may hold anything where the file was damaged, or written
to by something else; each is looked at alone, so that one costs the others nothing."""

from __future__ import annotations

from typing import TypeGuard

from usched.meaning.reach import Moved
from usched.meaning.registry import Damaged, Placed, Registry
from usched.meaning.rules import check_declaration, check_depth
from usched.text.language.grammar import parse_line
from usched.words.cpuset import parse_cpu_list
from usched.words.machine import Topology
from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Refused
from usched.words.statement import Declare, parent_of


def is_text(value: object) -> TypeGuard[str]:
    """Whether a column holds text, and that is UTF-8."""
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def read_scheduler(
    name: object, parent: object, place: object, exclusive: object, text: object
) -> Placed | Damaged:
    """A row of the schedulers. Its columns repeat the statement, for the indexes."""
    row = read_declaration(name, place, text)
    if isinstance(row, Placed):
        repeated = (parent_of(row.name), int(row.declare.exclusive))
        if (parent, exclusive) != repeated:
            return Damaged(row.name, str(text), "its columns contradict its statement")
    return row


def read_declaration(name: object, place: object, text: object) -> Placed | Damaged:
    """A declaration, as it is and as the log has it. The name is that of the row, not of what
    stands in it."""
    known = name if is_text(name) else ""
    if not is_text(text):
        return Damaged(known, "", "its statement is no text")
    if not isinstance(place, int):
        return Damaged(known, text, "its place among the others is no number")
    declare = _parse(text)
    if declare is None:
        return Damaged(known, text, f"{clip(text, 60)!r} is no declaration")
    if declare.name != name:
        return Damaged(known, text, f"{clip(text, 60)!r} declares another one")
    broken = check_depth(declare) or check_declaration(declare)
    return Damaged(known, text, broken[0].what) if broken else Placed(declare, place)


def _parse(text: str) -> Declare | None:
    try:
        statement = parse_line(Line("registry", 1, text), stored=True)
    except Misused:
        return None
    return statement if isinstance(statement, Declare) else None


def read_moved(name: object, had: object, has: object) -> Moved | None:
    """A row of what moved; None where it says nothing."""
    if not (is_text(name) and is_text(had) and is_text(has)):
        return None
    try:
        return Moved(name, parse_cpu_list(had), parse_cpu_list(has))
    except ValueError:
        return None


def read_topology(record: str) -> Topology | None:
    """A topology as a revision has it; None where that says nothing."""
    import json

    from usched.text.topology.mapping import parse_topology
    from usched.words.located import locate

    try:
        raw = json.loads(record)
        if not isinstance(raw, dict) or "machine" not in raw:
            return None
        return parse_topology(locate(raw))
    except (ValueError, RecursionError, Refused):
        return None


def write_topology(topology: Topology | None) -> str | None:
    """One line of JSON, the same for the same machine; None for none."""
    import json

    from usched.text.topology.mapping import topology_record

    if topology is None:
        return None
    return json.dumps(topology_record(topology), separators=(",", ":"))


def gather(rows: list[Placed | Damaged]) -> Registry:
    """A registry of all rows that there are."""
    placed = [row for row in rows if isinstance(row, Placed)]
    return Registry(placed, [row for row in rows if isinstance(row, Damaged)])
