"""What the rows of a registry say. They may hold anything where the file was damaged, or written
to by something else; each is looked at alone, so that one costs the others nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeGuard

from usched.meaning.reach import Moved
from usched.meaning.registry import Damaged, Placed, Registry
from usched.meaning.rules import MAX_DEPTH, check_declaration, check_depth
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import read_statement
from usched.text.language.stored import read_stored
from usched.words.cpuset import parse_cpu_list
from usched.words.machine import Topology
from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Refused
from usched.words.statement import Declare, Grant, Statement, parent_of

if TYPE_CHECKING:
    from usched.meaning.grants import Granted

#: No grant that this program writes is so long, in characters.
_LONGEST_GRANT = 1000

#: So much of somebody else's store is parsed that is not written as this program writes it, in
#: characters: that takes ten times as long to read, and usched leaves nothing of the kind there.
_MOST_ODD = 8192

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")


def is_text(value: object) -> TypeGuard[str]:
    """Whether a column holds text, and that is UTF-8."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # what could not be decoded stands in it as surrogates
        return False
    return True


def is_moment(text: object) -> bool:
    """Whether a column holds a time, as ISO 8601."""
    return isinstance(text, str) and _MOMENT.fullmatch(text) is not None


def as_printed(text: str) -> str:
    """A text that does nothing to a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class Leeway:
    """How much that is not canonical is parsed of one store, all of its rows together."""

    def __init__(self) -> None:
        self._left = _MOST_ODD

    def allows(self, text: str) -> bool:
        self._left -= len(text)
        return self._left >= 0


def read_scheduler(
    name: object,
    parent: object,
    position: object,
    exclusive: object,
    text: object,
    *,
    leeway: Leeway | None = None,
) -> Placed | Damaged:
    """A row of the schedulers. Its columns repeat the statement, for the indexes. leeway: of a
    store of somebody else's."""
    row = read_declaration(name, position, text, leeway)
    if isinstance(row, Placed):
        repeated = (parent_of(row.name), int(row.declare.exclusive))
        if (parent, exclusive) != repeated:
            return Damaged(row.name, str(text), "its columns contradict its statement")
    return row


def read_declaration(
    name: object, position: object, text: object, leeway: Leeway | None = None
) -> Placed | Damaged:
    """A declaration, as it is and as the log has it. The name is that of the row, not of what
    stands in it."""
    known = name if is_text(name) else ""
    if not is_text(text):
        return Damaged(known, "", "its statement is no text")
    if not isinstance(position, int):
        return Damaged(known, text, "its place among the others is no number")
    declare: Statement | None = read_stored(known, text)
    if declare is None:
        if leeway is not None and not leeway.allows(text):
            return Damaged(known, text, f"{clip(text, 60)!r} is not as usched writes it")
        declare = _parse(text)
    if not isinstance(declare, Declare):
        return Damaged(known, text, f"{clip(text, 60)!r} is no declaration")
    if declare.name != name:
        return Damaged(known, text, f"{clip(text, 60)!r} declares another one")
    broken = check_depth(declare) or check_declaration(declare)
    return Damaged(known, text, broken[0].what) if broken else Placed(declare, position)


def _parse(text: str) -> Statement | None:
    """What a text says; None where that is nothing, and then no advice is thought of: that takes
    long where somebody wrote it who means harm."""
    try:
        return read_statement(Line("registry", 1, text), stored=True)
    except Misused:
        return None


def read_moved(name: object, had: object, has: object) -> Moved | None:
    """A row of what moved; None where it says nothing."""
    if not (is_text(name) and is_text(had) and is_text(has)):
        return None
    try:
        return Moved(name, parse_cpu_list(had), parse_cpu_list(has))
    except ValueError:
        return None


def read_granted(name: object, record: object) -> Granted | None:
    """A grant as the registry and its log have it; None where that says nothing."""
    import json

    from usched.meaning.grants import Granted

    try:
        fields = json.loads(record) if is_text(record) and len(record) <= _LONGEST_GRANT else None
        statement, number, giver, ends = fields if isinstance(fields, list) else ("", 0, 0, None)
    except (ValueError, RecursionError):
        return None
    grant = _parse(str(statement))
    numbers = all(type(each) is int and 0 <= each < 1 << 32 for each in (number, giver))
    if not (isinstance(grant, Grant) and grant.name == name and numbers):
        return None
    if grant.name.count("/") >= MAX_DEPTH or not (ends is None or is_moment(ends)):
        return None
    return Granted(grant, number, giver, ends)


def write_granted(granted: Granted | None) -> str | None:
    """One line of JSON; None for none."""
    import json

    if granted is None:
        return None
    record = (format_statement(granted.grant), granted.number, granted.giver, granted.ends)
    return json.dumps(record, separators=(",", ":"))


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
