"""What Linux or a tool says of each cpu, brought to one numbering.

Sources disagree in what they call a core: `core_id` repeats in every package, lscpu counts on,
hwloc has objects. Here a core or cache is any key; numbers are given in the order of first cpus,
so that every source of one machine comes to the same topology. What had to be assumed on the way
is said in notes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from usched.text.topology.mapping import DEFAULT_MACHINE, MAX_NAME
from usched.text.topology.reported import Found
from usched.text.topology.unreported import place_unplaced
from usched.words.cpuset import MAX_CPU, CpuSet, format_cpus
from usched.words.machine import Cpu, Topology


def settle(
    machine: str,
    found: Sequence[Found],
    primaries_only: bool = False,
    caches_are_known: bool = True,
    nodes: Sequence[int] = (),
) -> tuple[Topology, list[str]]:
    """The topology of what was found, with notes on all that was assumed. At least one cpu is
    online and no number occurs twice: the reader of the source has seen to that.

    primaries_only: simultaneous multithreading is there and switched off, so that each placed cpu
    is the only one of its core that is online. caches_are_known: not so where the reader has said
    why it gives none. nodes: all that the source names, ascending, some of them without a cpu.
    """
    notes: list[str] = []
    cpus = sorted(found, key=lambda one: one.cpu)
    cpus = _unreported(cpus, notes)
    cpus = [one if one.core is None else one._replace(core=(one.socket, one.core)) for one in cpus]
    if caches_are_known:
        cpus = _complete_caches(cpus, notes)
    cpus = place_unplaced(cpus, primaries_only, nodes, notes)
    cpus = _name_sockets(cpus, notes)
    cpus = _split_cores(cpus, notes)
    cpus = _drop_impossible_caches(cpus, notes)
    cores = _count(one.core for one in cpus)
    llcs = _count(one.llc for one in cpus)
    placed = tuple(
        Cpu(
            one.cpu,
            one.socket or 0,
            one.node or 0,
            None if one.llc is None else llcs[one.llc],
            cores[one.core],
        )
        for one in cpus
    )
    offline = CpuSet.of(one.cpu for one in cpus if not one.online)
    return Topology(printable_name(machine), placed, offline=offline), notes


def printable_name(raw: str) -> str:
    """A machine name as a topology may carry it, from whatever the firmware says."""
    name = "".join(c if c.isprintable() else " " for c in raw)
    return " ".join(name.split())[:MAX_NAME].strip() or DEFAULT_MACHINE


def _count(keys: Iterable[Hashable]) -> dict[Hashable, int]:
    """Number keys in the order of their first occurrence."""
    numbers: dict[Hashable, int] = {}
    for key in keys:
        if key is not None:
            numbers.setdefault(key, len(numbers))
    return numbers


def _unreported(cpus: list[Found], notes: list[str]) -> list[Found]:
    """A level that nobody reports is one: node 0, socket 0."""
    for level in ("socket", "node"):
        placed = [one for one in cpus if one.core is not None]
        missing = [one for one in placed if getattr(one, level) is None]
        if not missing:
            continue
        which = "" if len(missing) == len(placed) else f" for {_list(missing)}"
        notes.append(f"no {level} is reported{which}: taken as {level} 0")
        gone = {one.cpu for one in missing}
        cpus = [_at_zero(one, level) if one.cpu in gone else one for one in cpus]
    return cpus


def _at_zero(one: Found, level: str) -> Found:
    return one._replace(socket=0) if level == "socket" else one._replace(node=0)


def _name_sockets(cpus: list[Found], notes: list[str]) -> list[Found]:
    """Count sockets from 0: some firmware numbers them by addresses, some says -1."""
    given = sorted({one.socket for one in cpus if one.socket is not None})
    if given == list(range(len(given))):
        return cpus
    number = {socket: index for index, socket in enumerate(given)}
    shown = ", ".join(str(socket) for socket in given[:8]) + (", ..." if len(given) > 8 else "")
    notes.append(f"the sockets are numbered {shown} by the firmware: counted from 0 here")
    return [one if one.socket is None else one._replace(socket=number[one.socket]) for one in cpus]


def _complete_caches(cpus: list[Found], notes: list[str]) -> list[Found]:
    """Caches for all or for none: a cpu that reports none shares none."""
    placed = [one for one in cpus if one.core is not None]
    without = [one for one in placed if one.llc is None]
    if not without:
        return cpus
    if len(without) == len(placed):
        notes.append("no caches are reported: the topology has no llc")
        return cpus
    notes.append(f"no cache is reported for {_list(without)}: each core an llc of its own")
    gone = {one.cpu for one in without}
    return [one._replace(llc=("own", one.core)) if one.cpu in gone else one for one in cpus]


def _split_cores(cpus: list[Found], notes: list[str]) -> list[Found]:
    """Linux does not treat siblings on different nodes as siblings; nor can a topology."""
    first: dict[Hashable, int | None] = {}
    split = []
    for one in cpus:
        if first.setdefault(one.core, one.node) != one.node:
            split.append(one)
    if split:
        notes.append(f"{_list(split)}: on another node than the rest of the core, made a core each")
    apart = {one.cpu for one in split}
    return [one._replace(core=("split", one.cpu)) if one.cpu in apart else one for one in cpus]


def _drop_impossible_caches(cpus: list[Found], notes: list[str]) -> list[Found]:
    """Some virtual machines report caches that cut through a core: then they mean nothing."""
    first: dict[Hashable, Hashable | None] = {}
    if all(first.setdefault(one.core, one.llc) == one.llc for one in cpus):
        return cpus
    notes.append("the caches reported cut through a core: left out, the topology has no llc")
    return [one._replace(llc=None) for one in cpus]


def _list(found: Sequence[Found]) -> str:
    return format_cpus(CpuSet.of(one.cpu for one in found if one.cpu <= MAX_CPU))
