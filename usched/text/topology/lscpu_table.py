"""The rows of an lscpu table, and what they mean together.

lscpu numbers cores and sockets anew for each type of cpu (util-linux, lscpu-topology.c), so on
Arm one core number may stand for two cores; leaves out the caches that a cpu lacks; and with -y
prints the firmware's numbers, which repeat.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from usched.text.topology.reported import Found
from usched.words.cpuset import MAX_CPU, CpuSet, format_cpus

CACHE = re.compile(r"l([1-9])([a-z]?)")
_YES = ("y", "yes", "true")
_NO = ("n", "no", "false")

#: What a cell may hold: text in `lscpu -p` and in the JSON of older versions.
Cell = str | int | bool | None


class Row(NamedTuple):
    """One cpu. physical: its socket is printed as unknown, which only -y does beside a core.

    caches: (level, number) of its data and unified caches, None where some are left out; given:
    how many the row has. online: None where there is no such column. type: its model name and
    largest frequency, "" where not known.
    """

    cpu: int
    socket: int | None
    node: int | None
    core: int | None
    online: bool | None
    physical: bool
    caches: tuple[tuple[int, int], ...] | None
    given: int
    type: tuple[str, ...]


def read_row(cells: Mapping[str, Cell]) -> Row | None:
    """A row by the names of its columns; None for one of a cpu that lscpu knows nothing of.

    Raises ValueError with the sentence for the user.
    """
    cpu = _number(cells, "cpu")
    if cpu is None and all(cell in (None, "", "-") for cell in cells.values()):
        return None
    if cpu is None:
        raise ValueError("the row has no CPU number")
    if cpu > MAX_CPU:
        raise ValueError(f"cpu {cpu} is beyond the largest number, {MAX_CPU}")
    caches, given = _caches(cells)
    return Row(
        cpu,
        _number(cells, "socket"),
        _number(cells, "node"),
        _number(cells, "core"),
        _truth(cells.get("online")),
        "socket" in cells and cells["socket"] in (None, "-"),
        caches,
        given,
        tuple(_word(cells.get(column)) for column in ("modelname", "maxmhz")),
    )


def _word(cell: Cell) -> str:
    return "" if cell in (None, "-") else str(cell).strip()


def _number(cells: Mapping[str, Cell], column: str) -> int | None:
    cell = cells.get(column)
    if cell is None or cell in ("", "-"):
        return None
    if isinstance(cell, str) and re.fullmatch(r"[0-9]{1,9}", cell.strip()):
        return int(cell)
    if isinstance(cell, bool) or not isinstance(cell, int) or not 0 <= cell < 10**9:
        raise ValueError(f"column {column.upper()} holds {str(cell)[:40]!r}, not a number")
    return cell


def _truth(cell: Cell) -> bool | None:
    if cell is None or cell in ("", "-"):
        return None
    word = str(cell).strip().lower()
    if word not in (*_YES, *_NO):
        raise ValueError(f"column ONLINE holds {word[:40]!r}, not yes or no")
    return word in _YES


def _caches(cells: Mapping[str, Cell]) -> tuple[tuple[tuple[int, int], ...] | None, int]:
    """The data and unified caches, and how many caches the row has, L1i included."""
    caches: list[tuple[int, int]] = []
    given = 0
    complete = True
    for column, cell in cells.items():
        if not CACHE.match(column):
            continue
        levels = [level.strip() for level in column.split(":")]
        numbers = [] if cell in (None, "", "-") else str(cell).split(":")
        if len(numbers) > len(levels):
            raise ValueError(f"column {column.upper()} holds {str(cell)[:40]!r}, too many caches")
        given += len(numbers)
        complete = complete and len(numbers) in (0, len(levels))
        for level, number in zip(levels, numbers, strict=False):
            match = CACHE.fullmatch(level)
            if match and match[2] != "i" and number.strip().isdecimal():
                caches.append((int(match[1]), int(number[:9])))
    return (tuple(caches) if complete else None), given


def place_rows(
    rows: Sequence[Row], columns: Sequence[str], notes: list[str]
) -> tuple[list[Found], bool]:
    """What the rows, at least one, say together; and whether their caches are known."""
    cores_are_known = any(row.core is not None for row in rows)
    cores = _name_cores(rows, columns, notes)
    online = CpuSet.of(row.cpu for row in rows if _is_online(row, cores_are_known))
    short = CpuSet.of(row.cpu for row in rows if row.caches is None and row.cpu in online)
    if short:
        notes.append(
            f"{format_cpus(short)}: fewer caches than lscpu has columns, and it leaves out which: "
            "the topology has no llc (usched topology detect, or lstopo --of xml, know them)"
        )
    clusters = _find_clusters(rows)
    found = []
    for row in rows:
        here = row.cpu in online
        llc = None if short or not row.caches else max(row.caches, key=lambda one: one[0])
        core = cores.get(row.cpu, ("alone", row.cpu) if here else None)
        second = next((cache for cache in row.caches or () if cache[0] == 2), None)
        kind = (row.given, second in clusters) if row.given else None
        found.append(Found(row.cpu, row.socket, row.node, llc, core, here, kind))
    alone = online - CpuSet.of(cores)
    if alone and "core" in columns:
        which = "" if len(alone) == len(found) else f" for {format_cpus(alone)}"
        notes.append(f"no core is reported{which}: each cpu a core of its own")
    return found, not short


def _find_clusters(rows: Sequence[Row]) -> set[tuple[int, int]]:
    """The L2 caches that several cores share, as the small cores of a hybrid machine do."""
    cores: dict[tuple[int, int], set[int | None]] = {}
    for row in rows:
        for cache in row.caches or ():
            if cache[0] == 2 and row.core is not None:
                cores.setdefault(cache, set()).add(row.core)
    return {cache for cache, several in cores.items() if len(several) > 1}


def _is_online(row: Row, cores_are_known: bool) -> bool:
    """Without a column of it, the cpus whose cores are known; all if no core is."""
    return row.online if row.online is not None else row.core is not None or not cores_are_known


def _name_cores(
    rows: Sequence[Row], columns: Sequence[str], notes: list[str]
) -> dict[int, Hashable]:
    """cpu -> key of its core, for the cpus whose core is reported."""
    if "core" not in columns:
        notes.append("there is no column CORE: each cpu a core of its own")
        return {}
    # Of an offline cpu some kernels keep the core, but no siblings.
    rows = [row for row in rows if row.core is not None and (row.online is not False)]
    physical = CpuSet.of(row.cpu for row in rows if row.physical)
    cores: dict[int, Hashable] = {cpu: ("physical", cpu) for cpu in physical}
    if physical:
        notes.append(
            f"{format_cpus(physical)}: a core number beside an unknown socket is the firmware's "
            "(lscpu -y) and may repeat, made a core each"
        )
    known = [all(words) for words in zip(*(row.type for row in rows), strict=True)]
    kinds: dict[tuple[int | None, int | None], dict[Hashable, None]] = {}
    for row in rows:
        if row.cpu not in physical:
            kind = _kind(row, known)
            cores[row.cpu] = (row.core, kind)
            kinds.setdefault((row.socket, row.core), {})[kind] = None
    repeated = sorted({core or 0 for (_, core), several in kinds.items() if len(several) > 1})
    if repeated:
        numbers = ", ".join(map(str, repeated[:8])) + (", ..." if len(repeated) > 8 else "")
        notes.append(
            f"core {numbers}: one number for cpus with different L2 caches or types, so for "
            "several cores (lscpu begins anew for each type of cpu)"
        )
    return cores


def _kind(row: Row, known: Sequence[bool]) -> Hashable:
    """Equal for the cpus of one core: its first cache after L1, and what is known of its type.

    L1d does not tell: the halves of a Bulldozer module, one core to Linux, have one each.
    """
    words = tuple(word for word, is_known in zip(row.type, known, strict=True) if is_known)
    if row.caches is None:
        return row.given, words
    return min((cache for cache in row.caches if cache[0] > 1), default=None), words
