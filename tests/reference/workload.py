"""Programs and events from plain data, and whether they may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.errors import Refused
from tests.reference.language import PROGRAM, Declaration, Destroy, Grant, _name, parse, parse_cpus
from tests.reference.machine import PROGRAM_KEYS, Topology, _int, _keys
from tests.reference.registry import Registry, apply, doomed, select


@dataclass(frozen=True)
class Program:
    """One program of a workload."""

    name: str
    scheduler: str
    rforks: int
    at: int
    every: int
    bursts: tuple[tuple[int, int], ...]
    repeat: int | None
    period: int | None
    deadline: int | None

    def burst(self, index: int) -> tuple[int, int] | None:
        """The burst of that index, or None after the last one."""
        if self.repeat is not None and index >= self.repeat * len(self.bursts):
            return None
        return self.bursts[index % len(self.bursts)]


@dataclass(frozen=True)
class Event:
    """One event; `kind` is usched, move, kill, offline or online."""

    at: int
    kind: str
    text: str
    to: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.text}" + (f" to {self.to}" if self.to is not None else "")


@dataclass(frozen=True)
class Workload:
    """The programs and the events, the events in the order in which they take effect."""

    hz: int
    programs: tuple[Program, ...]
    events: tuple[Event, ...]


def read_workload(data: Mapping[str, Any], topology: Topology) -> Workload:
    """The plain mapping of a workload file."""
    _keys(data, ("workload", "hz", "programs", "events"), "workload")
    programs = tuple(_program(entry) for entry in data.get("programs") or [])
    names = [program.name for program in programs]
    if len(set(names)) != len(names):
        raise Refused("program names are unique")
    events = [_event(entry) for entry in data.get("events") or []]
    # "those of one tick in the order written": sorted() is stable.
    events = sorted(events, key=lambda event: event.at)
    return Workload(_int(data.get("hz", topology.hz), "hz", 1), programs, tuple(events))


def _program(entry: Mapping[str, Any]) -> Program:
    _keys(entry, PROGRAM_KEYS, "program")
    name = entry.get("name")
    if not isinstance(name, str) or not PROGRAM.fullmatch(name):
        raise Refused(f"not a program's name: {name!r}")
    if not isinstance(entry.get("scheduler"), str):
        raise Refused(f"{name}: no scheduler")
    period = _int(entry["period"], "period", 1) if "period" in entry else None
    if "bursts" in entry:
        # "instead of run and sleep"; a period goes "with run, instead of sleep"
        if {"run", "sleep", "period"} & set(entry):
            raise Refused(f"{name}: bursts stands instead of run, sleep and period")
        bursts = entry["bursts"]
        shaped = isinstance(bursts, list) and all(
            isinstance(pair, list) and len(pair) == 2 for pair in bursts
        )
        if not shaped or not bursts:
            raise Refused(f"{name}: bursts is a list of [run, sleep] pairs")
        pairs = [(_int(r, "run", 1), _int(s, "sleep", 0)) for r, s in bursts]
    else:
        if period is not None and "sleep" in entry:
            raise Refused(f"{name}: period stands instead of sleep")
        pairs = [(_int(entry.get("run"), "run", 1), _int(entry.get("sleep", 0), "sleep", 0))]
    repeat = entry.get("repeat", 1)
    deadline = period
    if "deadline" in entry:
        if period is None:
            raise Refused(f"{name}: a deadline only with a period")
        deadline = _int(entry["deadline"], "deadline", 1)
    return Program(
        name,
        _name(entry["scheduler"]),
        _int(entry.get("rforks", 1), "rforks", 1),
        _int(entry.get("at", 0), "at", 0),
        _int(entry.get("every", 0), "every", 0),
        tuple(pairs),
        None if repeat == "forever" else _int(repeat, "repeat", 1),
        period,
        deadline,
    )


def _event(entry: Mapping[str, Any]) -> Event:
    at = _int(entry.get("at"), "at", 0)
    kinds = set(entry) - {"at", "to"}
    if len(kinds) != 1 or ("to" in entry) != ("move" in entry):
        raise Refused(f"not an event: {dict(entry)!r}")
    kind = kinds.pop()
    if kind not in ("usched", "move", "kill", "offline", "online"):
        raise Refused(f"not an event: {kind}")
    to = str(entry["to"]) if "to" in entry else None
    return Event(at, kind, str(entry[kind]), to)


def event_statement(event: Event) -> Declaration | Destroy:
    """Any statement but grant and revoke."""
    statement = parse(event.text)
    if statement is None or isinstance(statement, Grant):
        raise Refused(f"not for an event: {event.text!r}")
    return statement


def event_cpus(event: Event, topology: Topology) -> set[int]:
    """`offline` and `online` take any cpu terms."""
    cpus = parse_cpus(event.text.split())
    chosen: set[int] = set()
    for term in cpus.terms:
        chosen |= select(term, topology.cpus, topology.cpus, event.kind)
    for term in cpus.excepted:
        chosen -= select(term, topology.cpus, topology.cpus, event.kind)
    return chosen


def event_lwps(event: Event, workload: Workload) -> list[str]:
    """A program, or one lwp: web.2."""
    for program in workload.programs:
        names = [f"{program.name}.{index}" for index in range(program.rforks)]
        if event.text == program.name:
            return names
        if event.text in names:
            return [event.text]
    raise Refused(f"no program or lwp {event.text}")


def validate(registry: Registry, topology: Topology, workload: Workload) -> None:  # noqa: PLR0912
    """All events are validated, in order, before the run, also those after its last tick.

    "The same holds for a fork into a scheduler that does not exist at that tick."
    """
    forks: list[tuple[int, str]] = []
    target: dict[str, str] = {}
    for program in workload.programs:
        for index in range(program.rforks):
            name = f"{program.name}.{index}"
            forks.append((program.at + index * program.every, name))
            target[name] = program.scheduler
    killed: set[str] = set()
    for tick in sorted({event.at for event in workload.events} | {tick for tick, _ in forks}):
        for event in workload.events:
            if event.at != tick:
                continue
            if event.kind == "usched":
                statement = event_statement(event)
                gone = doomed(registry, statement) if isinstance(statement, Destroy) else []
                registry = apply(registry, statement, topology, workload.hz)
                for name, scheduler in target.items():
                    if scheduler in gone and isinstance(statement, Destroy) and statement.into:
                        target[name] = statement.into
            elif event.kind in ("offline", "online"):
                event_cpus(event, topology)
            elif event.kind == "kill":
                killed.update(event_lwps(event, workload))
            else:
                if event.to not in registry:
                    raise Refused(f"no scheduler {event.to}")
                for name in event_lwps(event, workload):
                    target[name] = event.to
        for at, name in forks:
            if at == tick and name not in killed and target[name] not in registry:
                raise Refused(f"tick {tick}: {name} forks into {target[name]}, which is not there")
