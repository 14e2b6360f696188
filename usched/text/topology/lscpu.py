"""The machine as lscpu tells it: `lscpu -J`, `lscpu -J -e` and `lscpu -p`.

Columns may come in any order. A cpu that is offline has `-`, null or nothing in all of them but
its number. util-linux 2.38 prints `"node": -` for it, which is not JSON; it is read all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from usched.text.topology.lscpu_summary import parse_summary
from usched.text.topology.lscpu_table import CACHE, Cell, Row, place_rows, read_row
from usched.text.topology.mapping import DEFAULT_MACHINE
from usched.text.topology.numbering import settle
from usched.words.cpuset import MAX_CPU, CpuSet, format_cpus
from usched.words.machine import Topology
from usched.words.phrases import count
from usched.words.problems import Line, Problem, Refused, Span

PER_CPU = "use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"

_OTHERS = "use usched topology detect on that machine, or lstopo --of xml FILE.xml"
_MAX_PROBLEMS = 50
_MAX_COLUMNS = 64
_BARE_DASH = re.compile(r'(":[ \t]*)-([ \t]*[,}\r\n])')


class _Table:
    """Rows of cells under named columns, with the place that each row's problems point at."""

    def __init__(self, columns: Sequence[str], label: str) -> None:
        self.columns = [column.strip().lower() for column in columns]
        self.label = label
        self.rows: dict[int, Row] = {}
        self.unnamed = 0
        self.problems: list[Problem] = []

    def complain(self, what: str, where: Span | None, row: str, remedy: str = "") -> None:
        prefix = "" if where else f"{self.label}: {row}: "
        self.problems.append(Problem(f"{prefix}{what}", where, remedy, rule="lscpu"))
        if len(self.problems) >= _MAX_PROBLEMS:
            raise Refused(self.problems)

    def add(self, cells: Mapping[str, Cell], where: Span | None, name: str) -> None:
        """One cpu. where: its line; name: how to call the row where there is no line."""
        try:
            row = read_row(cells)
        except ValueError as error:
            self.complain(str(error), where, name)
            return
        if row is None:
            self.unnamed += 1
        elif row.cpu in self.rows:
            self.complain(f"cpu {row.cpu} is listed twice", where, name)
        else:
            self.rows[row.cpu] = row

    def topology(self) -> tuple[Topology, list[str]]:
        if self.problems:
            raise Refused(self.problems)
        if not self.rows:
            what = f"{self.label}: no row names a cpu: lscpu knew nothing of this machine's cpus"
            raise Refused(Problem(what, remedy=_OTHERS, rule="lscpu"))
        notes: list[str] = []
        found, caches_are_known = place_rows(list(self.rows.values()), self.columns, notes)
        if not any(one.online for one in found):
            raise Refused(Problem(f"{self.label}: no cpu is online", rule="lscpu"))
        gaps = CpuSet.span(0, max(self.rows)) - CpuSet.of(self.rows)
        if self.unnamed:
            notes.append(
                f"{count(self.unnamed, 'row')} without a cpu's number: lscpu knew nothing of it"
            )
        if gaps:
            notes.append(
                f"{format_cpus(gaps)}: not in the list, so not in the topology "
                "(lscpu -p leaves offline cpus out without -a)"
            )
        topology, assumed = settle(DEFAULT_MACHINE, found, caches_are_known=caches_are_known)
        return topology, notes + assumed


def parse_lscpu_json(text: str, label: str) -> tuple[Topology, list[str]]:
    """`lscpu -J -e`, with one entry a cpu, or the summary of `lscpu -J`.

    Raises Refused for broken JSON (with its place), for rows that make no sense, and for a summary
    that leaves open which cpus share a core.
    """
    document = _load_json(text, label)
    if not isinstance(document, dict) or not ("cpus" in document or "lscpu" in document):
        raise Refused(
            Problem(f"{label}: neither 'cpus' nor 'lscpu' is in it", remedy=PER_CPU, rule="lscpu")
        )
    if "cpus" not in document:
        return parse_summary(document["lscpu"], label, PER_CPU)
    rows = document["cpus"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_CPU + 1:
        raise Refused(
            Problem(f"{label}: 'cpus' must be a list of 1 to {MAX_CPU + 1} cpus", remedy=PER_CPU)
        )
    columns = list(rows[0]) if isinstance(rows[0], dict) else []
    table = _Table(columns, label)
    for index, row in enumerate(rows):
        name = f"entry {index + 1} of cpus"
        if not isinstance(row, dict):
            table.complain("it is not an object", None, name)
            continue
        table.add({key.strip().lower(): _cell(row[key]) for key in row}, None, name)
    return table.topology()


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, (str, int)):
        return value
    return "a list or an object" if isinstance(value, (list, dict)) else str(value)


def _load_json(text: str, label: str) -> object:
    try:
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError:
            return json.loads(_BARE_DASH.sub(r"\1null\2", text), object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1] if text else ""
        where = Span(Line(label, error.lineno, line), error.colno - 1, error.colno)
        raise Refused(Problem(f"broken JSON: {error.msg}", where, rule="json")) from error
    except RecursionError as error:
        raise Refused(Problem(f"{label}: JSON nested too deep", rule="json")) from error
    except KeyError as error:
        what = f"{label}: the key '{error.args[0][:40]}' is given twice in one object"
        raise Refused(Problem(what, rule="json")) from error
    except ValueError as error:  # a number of thousands of digits
        raise Refused(
            Problem(f"{label}: JSON with a number that is too long", rule="json")
        ) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raises KeyError for a repeated key, of which json would keep the last."""
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise KeyError(key)
            seen.add(key)
    return record


def parse_lscpu_parsable(text: str, label: str) -> tuple[Topology, list[str]]:
    """`lscpu -p`, also with -a, -e's columns and the caches in one column `L1d:L1i:L2:L3`.

    The last comment before the rows names the columns. Raises Refused with the place of every row
    that makes no sense.
    """
    table: _Table | None = None
    header: list[str] = []
    for index, raw in enumerate(text.split("\n")):
        line = raw.strip()
        where = Span(Line(label, index + 1, raw.rstrip("\r")), 0, max(1, len(line)))
        if line.startswith("#"):
            if table is None:
                header = line[1:].strip().split(",")
            continue
        if not line:
            continue
        if table is None:
            table = _Table(header, label)
            if "cpu" not in table.columns or len(header) > _MAX_COLUMNS:
                what = (
                    f"no comment above names the columns, CPU among them (at most {_MAX_COLUMNS})"
                )
                raise Refused(Problem(what, where, PER_CPU, rule="lscpu"))
        _add_line(table, line, where)
    if table is None:
        raise Refused(Problem(f"{label}: it lists no cpu", remedy=PER_CPU, rule="lscpu"))
    return table.topology()


def _add_line(table: _Table, line: str, where: Span) -> None:
    cells = line.split(",")
    columns = table.columns
    caches = [index for index, column in enumerate(columns) if CACHE.fullmatch(column)]
    short = len(columns) - len(cells)
    # lscpu leaves out the caches that a cpu lacks; of one with none, an empty cell is left.
    if 0 < short < len(caches) and caches[-1] - caches[0] == len(caches) - 1:
        first, last = caches[0], caches[-1] + 1
        names = ":".join(columns[first:last])
        numbers = ":".join(cells[first : last - short])
        columns = [*columns[:first], names, *columns[last:]]
        cells = [*cells[:first], numbers, *cells[last - short :]]
    if len(cells) != len(columns):
        what = f"{len(cells)} cells under {len(columns)} columns ({','.join(columns)})"
        table.complain(what, where, "", PER_CPU)
        return
    table.add(dict(zip(columns, cells, strict=True)), where, "")
