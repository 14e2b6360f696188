"""The laws of the model, checked on a finished outcome of the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from tests.reference import MACHINE, Outcome, Spec, Tick, beneath, parent_of


class Broken(AssertionError):
    """A law that does not hold."""


def _require(holds: bool, record: Tick | None, text: str) -> None:
    if not holds:
        raise Broken(text if record is None else f"tick {record.tick}: {text}")


# --- What the laws share --------------------------------------------------------------------


def children(record: Tick, domain: str) -> list[Spec]:
    """The child schedulers of a domain, in declaration order."""
    return [spec for spec in record.tree.values() if spec.parent == domain]


def ancestors(name: str) -> list[str]:
    """A scheduler and what is above it, without the machine."""
    found = []
    while name != MACHINE:
        found.append(name)
        name = parent_of(name)
    return found


def _own_cpus(record: Tick, lwp: str) -> set[int]:
    """Those of its scheduler that an lwp may run on: its home, or what no exclusive child holds."""
    at = record.lwps[lwp]
    spec = record.tree[at.scheduler]
    cpus = set(range(spec.width))
    if spec.locked:
        cpus &= {at.home}
    held = [set(child.pool) for child in children(record, spec.name) if child.exclusive]
    return cpus.difference(*held)


def could(record: Tick, lwp: str) -> dict[str, set[int]]:
    """By domain, its cpus that an lwp could run on.

    "Could: by its pools and home, and through vcpus that are not placed in this tick."
    """
    spec = record.tree[record.lwps[lwp].scheduler]
    cpus = _own_cpus(record, lwp)
    found = {spec.name: cpus}
    while True:
        cpus = set(_upwards(record, spec, cpus, placed=False))
        found[spec.parent] = cpus
        if spec.parent == MACHINE:
            return found
        spec = record.tree[spec.parent]


def _upwards(record: Tick, spec: Spec, cpus: set[int], placed: bool) -> Iterator[int]:
    """The parent's cpus that a scheduler's cpus can be on; `placed`: placed vcpus too."""
    for cpu in cpus:
        if spec.vcpus is None:
            yield spec.pool[cpu]
        elif placed or cpu not in record.placed[spec.name]:
            if spec.locked:
                yield spec.fixed(cpu)
            else:
                yield from spec.pool


def reachable(record: Tick, name: str) -> set[int]:
    """The real cpus that a scheduler's pool, and every ancestor's, can reach."""
    spec = record.tree[name]
    cpus = set(range(spec.width))
    while True:
        cpus = set(_upwards(record, spec, cpus, placed=True))
        if spec.parent == MACHINE:
            return cpus
        spec = record.tree[spec.parent]


def waiting(record: Tick) -> dict[str, dict[str, set[int]]]:
    """The waiting lwps, each with what it could run on."""
    return {name: could(record, name) for name, at in record.lwps.items() if at.state == "waiting"}


def used(record: Tick) -> dict[str, dict[int, str]]:
    """By domain: its cpus that were used, each with the lwp that ran through it."""
    found: dict[str, dict[int, str]] = {MACHINE: dict(record.cpus)}
    for name, at in record.lwps.items():
        for scheduler, cpu in at.chain:
            found.setdefault(scheduler, {})[cpu] = name
    return found


def through(record: Tick, domain: str, lwp: str) -> str | None:
    """The child of a domain through which an lwp is scheduled; None for the domain's own."""
    for name in ancestors(record.lwps[lwp].scheduler):
        if parent_of(name) == domain and name != domain:
            return name
    return None


# --- The laws -------------------------------------------------------------------------------


def one_lwp_one_cpu(outcome: Outcome) -> None:
    """A real cpu runs at most one lwp in a tick, and an lwp runs on at most one cpu. Offline cpus
    run none.
    """
    for record in outcome.ticks:
        names = list(record.cpus.values())
        _require(len(names) == len(set(names)), record, "an lwp runs on two cpus")
        _require(set(record.cpus) <= record.online, record, "an offline cpu runs an lwp")
        running = {name: at.cpu for name, at in record.lwps.items() if at.state == "running"}
        here = {name: cpu for cpu, name in record.cpus.items()}
        _require(running == here, record, "who runs is not who is on the cpus")
    taken: set[tuple[int, int]] = set()
    for segment in outcome.run["segments"]:
        for tick in range(segment["from"], segment["to"]):
            _require((segment["cpu"], tick) not in taken, None, f"segments overlap: {segment}")
            taken.add((segment["cpu"], tick))


def within_its_pools(outcome: Outcome) -> None:
    """An lwp runs only on real cpus that its scheduler's pool, and every ancestor's, can reach."""
    for record in outcome.ticks:
        for name, at in record.lwps.items():
            if at.state != "running":
                continue
            _require(at.cpu in reachable(record, at.scheduler), record, f"{name} is out of reach")
            path = [scheduler for scheduler, _ in at.chain]
            _require(path == ancestors(at.scheduler), record, f"{name}: not its way up: {path}")
            above = [*(cpu for _, cpu in at.chain[1:]), at.cpu]
            for (scheduler, cpu), upper in zip(at.chain, above, strict=True):
                spec = record.tree[scheduler]
                _require(cpu < spec.width, record, f"{scheduler} has no cpu{cpu}")
                legal = upper in set(_upwards(record, spec, {cpu}, placed=True))
                _require(legal, record, f"{name}: cpu{cpu} of {scheduler} is not on cpu{upper}")
                if spec.vcpus is not None:
                    where = record.placed[scheduler].get(cpu)
                    _require(where == upper, record, f"{scheduler}'s vcpu {cpu} is elsewhere")


def exclusive_is_exclusive(outcome: Outcome) -> None:
    """The cpus of its pool are in no sibling's pool, and the parent's own lwps do not run on
    them.
    """
    for record in outcome.ticks:
        for spec in record.tree.values():
            if not spec.exclusive:
                continue
            for sibling in children(record, spec.parent):
                shared = sibling.name != spec.name and set(sibling.pool) & set(spec.pool)
                _require(not shared, record, f"{sibling.name} shares cpus with {spec.name}")
            for cpu, lwp in used(record).get(spec.parent, {}).items():
                if cpu in spec.pool:
                    inside = through(record, spec.parent, lwp) == spec.name
                    _require(inside, record, f"{lwp} runs on a cpu that is {spec.name}'s alone")


def nothing_idles(outcome: Outcome) -> None:
    """No cpu of a domain that was offered idles while a runnable lwp that could run on it waits."""
    for record in outcome.ticks:
        offered = {**record.offered, MACHINE: record.online}
        busy = used(record)
        for name, reach in waiting(record).items():
            for domain, cpus in reach.items():
                idle = (cpus & offered.get(domain, frozenset())) - set(busy.get(domain, {}))
                _require(not idle, record, f"{name} waits, {domain or 'machine'}: {idle} idle")


def higher_first(outcome: Outcome) -> None:
    """On no cpu of a domain does a child run while a sibling of higher lwktpri has a waiting lwp
    that could run on that cpu, in the same sense.
    """
    for record in outcome.ticks:
        waits = waiting(record)
        for domain, cpus in used(record).items():
            for cpu, lwp in cpus.items():
                runs = through(record, domain, lwp)
                if runs is None:
                    continue
                for name, reach in waits.items():
                    waits_in = through(record, domain, name)
                    if waits_in is None or cpu not in reach.get(domain, set()):
                        continue
                    higher = record.tree[waits_in].lwktpri > record.tree[runs].lwktpri
                    _require(not higher, record, f"{lwp} runs on {domain}:{cpu}, {name} waits")


def children_first(outcome: Outcome) -> None:
    """A scheduler's own lwps run on what its children leave."""
    for record in outcome.ticks:
        waits = waiting(record)
        for domain, cpus in used(record).items():
            for cpu, lwp in cpus.items():
                if through(record, domain, lwp) is not None:
                    continue
                for name, reach in waits.items():
                    inside = through(record, domain, name) is not None
                    waits_here = inside and cpu in reach.get(domain, set())
                    _require(not waits_here, record, f"{lwp} of {domain} runs, {name} waits")


def no_wider_than_its_vcpus(outcome: Outcome) -> None:
    """A virtual scheduler of N vcpus never runs more than N lwps at once, its descendants'
    included.
    """
    for record in outcome.ticks:
        for spec in record.tree.values():
            if spec.vcpus is None:
                continue
            running = [
                name
                for name, at in record.lwps.items()
                if at.state == "running" and beneath(at.scheduler, spec.name)
            ]
            _require(len(running) <= spec.vcpus, record, f"{spec.name} runs {running}")
            on = record.placed[spec.name]
            _require(len(set(on.values())) == len(on), record, f"{spec.name}: {dict(on)}")


def locked_stays(outcome: Outcome) -> None:
    """A locked lwp runs on one cpu of its scheduler for life (section 5 aside)."""
    before: Tick | None = None
    for record in outcome.ticks:
        for name, at in record.lwps.items():
            if not record.tree[at.scheduler].locked:
                _require(at.home is None, record, f"{name} has a home and is not locked")
                continue
            if at.state == "running":
                _require(at.chain[0][1] == at.home, record, f"{name} runs away from home")
            if before is None or record.events or name not in before.lwps:
                continue
            _require(at.home == before.lwps[name].home, record, f"{name} has another home")
        before = record


def waits_for(before: Tick, record: Tick, lwp: str) -> dict[str, set[int]]:
    """By domain, its cpus that an lwp waits for in a tick: it was runnable and did not run in the
    tick before, and could run there: by its pools and home and, where a virtual scheduler of the
    domain is on its way, through one of its vcpus that did not run in the tick before.
    """
    was, at = before.lwps.get(lwp), record.lwps[lwp]
    runnable = at.state in ("running", "waiting")
    if was is None or was.state != "waiting" or not runnable:
        return {}
    spec = record.tree[at.scheduler]
    cpus = _own_cpus(record, lwp)
    found = {spec.name: cpus}
    while spec.parent != MACHINE or MACHINE not in found:
        ran = set() if spec.name in record.afresh else set(before.placed.get(spec.name, {}))
        cpus = set(_upwards(record, spec, cpus - ran if spec.vcpus else cpus, placed=True))
        found[spec.parent] = cpus
        if spec.parent != MACHINE:
            spec = record.tree[spec.parent]
    return found


def equals_take_turns(outcome: Outcome) -> None:
    """Of the children of one lwktpri, one of which an lwp waits for a cpu is offered first, or runs
    on, this cpu or another one for which that lwp waits, within as many of the ticks in which that
    level runs there as the quanta of the others sum to.
    """
    passed: dict[tuple[str, int, str], int] = {}
    for before, record in pairwise(outcome.ticks):
        busy = used(record)
        same = not record.events and before.tree == record.tree
        levels = _levels(record)
        after: dict[tuple[str, int, str], int] = {}
        for lwp in record.lwps:
            for domain, cpus in waits_for(before, record, lwp).items():
                child = through(record, domain, lwp)
                if child is None:
                    continue
                if any(
                    (domain, cpu, child) in record.first
                    or _runs(record, busy, domain, cpu) == child
                    for cpu in cpus
                ):
                    continue
                for cpu in cpus:
                    members = levels[domain, cpu, record.tree[child].lwktpri]
                    names = [spec.name for spec in members]
                    key = (domain, cpu, lwp)
                    count = passed.get(key, 0) if same else 0
                    after[key] = count + (_runs(record, busy, domain, cpu) in names)
                    others = sum(spec.quantum for spec in members if spec.name != child)
                    text = f"{child} has no turn on {domain}:{cpu}"
                    _require(after[key] <= others, record, text)
        passed = after


def _runs(record: Tick, busy: dict[str, dict[int, str]], domain: str, cpu: int) -> str | None:
    """The child of a domain that runs on its cpu."""
    lwp = busy.get(domain, {}).get(cpu)
    return through(record, domain, lwp) if lwp is not None else None


def nothing_moves_for_nothing(outcome: Outcome) -> None:
    """In a tick without events in which every runnable lwp ran in the tick before, each runs on
    the real cpu that it ran on then.
    """
    for before, record in pairwise(outcome.ticks):
        runnable = {n: at for n, at in record.lwps.items() if at.state in ("running", "waiting")}
        if record.events or any(
            n not in before.lwps or before.lwps[n].state != "running" for n in runnable
        ):
            continue
        for name, at in runnable.items():
            stays = at.cpu == before.lwps[name].cpu
            _require(stays, record, f"{name} moves to {at.cpu}, and nobody waits")


def _levels(record: Tick) -> dict[tuple[str, int, int], list[Spec]]:
    """By domain, its cpu and lwktpri: the children of that level on that cpu."""
    found: dict[tuple[str, int, int], list[Spec]] = {}
    for spec in record.tree.values():
        for cpu in spec.pool:
            found.setdefault((spec.parent, cpu, spec.lwktpri), []).append(spec)
    return found


def figures_add_up(outcome: Outcome) -> None:
    """A cpu is busy, idle or offline; an lwp's figures count from its fork to its exit or the end;
    a scheduler's are the lwp-ticks spent in it or beneath it.
    """
    run = outcome.run
    _require(run["ticks"] == len(outcome.ticks), None, "not as many ticks as it says")
    for entry in run["cpus"]:
        total = entry["busy"] + entry["idle"] + entry["offline"]
        _require(total == run["ticks"], None, f"cpu{entry['cpu']} counts {total} ticks")
        busy = sum(entry["cpu"] in record.cpus for record in outcome.ticks)
        _require(busy == entry["busy"], None, f"cpu{entry['cpu']} was busy for {busy}")
    for entry in run["lwps"]:
        states = [r.lwps[entry["name"]].state for r in outcome.ticks if entry["name"] in r.lwps]
        for state, key in (("running", "ran"), ("waiting", "waited"), ("sleeping", "slept")):
            _require(states.count(state) == entry[key], None, f"{entry['name']}: {key}")
        segments = [s for s in run["segments"] if s["lwp"] == entry["name"]]
        _require(len(segments) == entry["dispatches"], None, f"{entry['name']}: dispatches")
        ran = sum(s["to"] - s["from"] for s in segments)
        _require(ran == entry["ran"], None, f"{entry['name']}: its segments come to {ran}")
        _require(entry["migrations"] < max(1, entry["dispatches"]), None, entry["name"])
    for entry in run["schedulers"]:
        for state, key in (("running", "ran"), ("waiting", "waited")):
            spent = sum(
                at.state == state and beneath(at.scheduler, entry["name"])
                for record in outcome.ticks
                for at in record.lwps.values()
            )
            _require(spent == entry[key], None, f"{entry['name']}: {key}")
        own = {
            name
            for record in outcome.ticks
            for name, at in record.lwps.items()
            if at.scheduler == entry["name"]
        }
        _require(len(own) <= entry["lwps"], None, f"{entry['name']}: lwps")


def starvation_is_reported(outcome: Outcome) -> None:
    """starved: at the end some lwp of its own has waited, without a tick, for at least ten of its
    quanta.
    """
    if not outcome.ticks:
        return
    last = outcome.ticks[-1]
    for entry in outcome.run["schedulers"]:
        spec = last.tree.get(entry["name"])
        starved = False
        for name, at in last.lwps.items():
            if spec is not None and at.scheduler == spec.name:
                streak = 0
                for record in reversed(outcome.ticks):
                    if name not in record.lwps or record.lwps[name].state != "waiting":
                        break
                    streak += 1
                starved = starved or streak >= 10 * spec.quantum
        _require(starved == entry["starved"], None, f"{entry['name']}: starved")


Law = Callable[[Outcome], None]

LAWS: tuple[Law, ...] = (
    one_lwp_one_cpu,
    within_its_pools,
    exclusive_is_exclusive,
    nothing_idles,
    higher_first,
    children_first,
    no_wider_than_its_vcpus,
    locked_stays,
    equals_take_turns,
    nothing_moves_for_nothing,
    figures_add_up,
    starvation_is_reported,
)


def check(outcome: Outcome) -> None:
    """Every law that one outcome can show."""
    for law in LAWS:
        law(outcome)


def is_prefix(shorter: Outcome, longer: Outcome) -> None:
    """The run of n ticks is a prefix of the run of n+1."""
    count = len(shorter.ticks)
    _require(count <= len(longer.ticks), None, "the shorter run is the longer one")
    for short, long in zip(shorter.ticks, longer.ticks, strict=False):
        _require(short == long, short, "the longer run differs")
    cut = _cut(longer.run["segments"], count)
    _require(shorter.run["segments"] == cut, None, "the segments of the longer run differ")


def _cut(segments: list[dict[str, Any]], end: int) -> list[dict[str, Any]]:
    return [{**s, "to": min(s["to"], end)} for s in segments if s["from"] < end]


def is_same(one: Outcome, other: Outcome) -> None:
    """The same inputs give the same run, on every machine."""
    _require(one == other, None, "the same inputs gave two runs")
