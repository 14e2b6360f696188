"""Random scenarios: a machine, a script, a workload with events, and so many ticks.

Most are valid by construction; the others are refused before the run or fail in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.reference import (
    MACHINE,
    Declaration,
    Destroy,
    Outcome,
    RealCpu,
    Refused,
    Registry,
    RunFailed,
    Topology,
    apply,
    beneath,
    doomed,
    parent_of,
    parse,
    read_topology,
    read_workload,
    resolve,
    simulate,
    validate,
)

MAX_TICKS = 60


@dataclass(frozen=True)
class Scenario:
    """The inputs of one run."""

    topology: dict[str, Any]
    script: list[str]
    workload: dict[str, Any]
    ticks: int

    def run(self) -> Outcome:
        """What the reference makes of it."""
        return simulate(self.topology, self.script, self.workload, self.ticks)

    def kind(self) -> str:
        """valid, refused or failed."""
        try:
            self.run()
        except Refused:
            return "refused"
        except RunFailed:
            return "failed"
        return "valid"

    def __str__(self) -> str:
        parts = {
            "topology": self.topology,
            "script": self.script,
            "workload": self.workload,
            "ticks": self.ticks,
        }
        return yaml.safe_dump(parts, sort_keys=False, width=200)


# --- Topologies -----------------------------------------------------------------------------


def _topology(rng: random.Random) -> dict[str, Any]:
    return _compact(rng) if rng.random() < 0.55 else _per_cpu(rng)


def _compact(rng: random.Random) -> dict[str, Any]:
    while True:
        data: dict[str, Any] = {"machine": "m"}
        total = 1
        for key, values, weights in (
            ("sockets", (1, 2), (7, 3)),
            ("nodes", (1, 2), (7, 3)),
            ("llcs", (0, 1, 2), (6, 2, 2)),
            ("cores", (1, 2, 3, 4), (2, 4, 2, 2)),
            ("threads", (1, 2), (6, 4)),
        ):
            value = rng.choices(values, weights)[0]
            if value:
                data[key] = value
                total *= value
        if rng.random() < 0.5:
            data["numbering"] = rng.choice(("linux", "compact"))
        if rng.random() < 0.2:
            data["hz"] = rng.choice((50, 128, 1000))
        if total <= 8 and (total > 1 or rng.random() < 0.3):
            return data


def _per_cpu(rng: random.Random) -> dict[str, Any]:
    count = rng.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 8))
    numbers = sorted(rng.sample(range(count + rng.choice((0, 0, 2, 4))), count))
    with_llc = rng.random() < 0.5
    socket = node = llc = core = rng.choice((0, 0, 0, 1))
    cpus: list[dict[str, int]] = []
    for index, number in enumerate(numbers):
        if index:
            step = rng.random()
            core += step < 0.6
            llc += step < 0.35
            node += step < 0.2
            socket += step < 0.1
        entry = {"cpu": number, "socket": socket, "node": node, "llc": llc, "core": core}
        if not with_llc:
            del entry["llc"]
        cpus.append(entry)
    if rng.random() < 0.2:
        # The places of two cpus change hands, so that numbers and neighbours do not go together.
        one, other = rng.choice(cpus), rng.choice(cpus)
        one["cpu"], other["cpu"] = other["cpu"], one["cpu"]
    data: dict[str, Any] = {"machine": "odd", "cpus": cpus}
    if rng.random() < 0.3:
        data["offline"] = sorted(rng.sample(numbers, rng.randint(0, count - 1)))
    if rng.random() < 0.1:
        data["hz"] = 50
    return data


# --- Statements -----------------------------------------------------------------------------

SEGMENTS = ("A", "B", "C", "web", "db-1", "x.y", "N_2", "IDLE")


class _Maker:
    """Makes one scenario; keeps the registry as the statements so far leave it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.topology = _topology(rng)
        self.machine: Topology = read_topology(self.topology)
        self.hz = self.machine.hz if rng.random() < 0.9 else rng.choice((20, 100, 250))
        self.registry: Registry = {}
        self.start: Registry = {}
        # How many statements and events may be refused: mostly none.
        self.careless = 0.3 if rng.random() < 0.25 else 0.0
        # A storm is deeply nested, contended and eventful.
        self.storm = rng.random() < 0.4
        self.deep = 0.8 if self.storm else rng.choice((0.2, 0.6, 0.85))
        self.flat_lwktpri = rng.random() < 0.4
        self.ticks = rng.choice((12, 20, 30, 40, 50, MAX_TICKS))

    def make(self) -> Scenario:
        rng = self.rng
        script: list[str] = []
        counts = (4, 5, 6, 7, 8) if self.storm else (1, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8)
        for _ in range(rng.choice(counts)):
            statement = self._try(self._declare_new)
            if statement is not None:
                script.append(self._say(statement, "script"))
        if rng.random() < 0.1:
            statement = self._try(self._redeclare)
            if statement is not None:
                script.append(self._say(statement, "script"))
        if rng.random() < 0.1:
            script.insert(rng.randint(0, len(script)), rng.choice(("", "# a comment")))
        self.start = self.registry
        programs = self._programs()
        events = self._events(programs)
        workload: dict[str, Any] = {"workload": "w"}
        if self.hz != self.machine.hz:
            workload["hz"] = self.hz
        workload["programs"] = programs
        if events:
            workload["events"] = events
        return Scenario(self.topology, script, workload, self.ticks)

    def _try(self, draw: Callable[[], str | None]) -> str | None:
        """A statement that is valid here, if one is found soon; a careless one may not be."""
        for _ in range(12):
            text = draw()
            if text is None:
                return None
            try:
                statement = parse(text)
                assert statement is not None
                self.registry = apply(self.registry, statement, self.machine, self.hz)
            except Refused:
                if self.rng.random() < self.careless:
                    return text
                continue
            return text
        return None

    def _say(self, text: str, where: str) -> str:
        if self.rng.random() < (0.5 if where == "script" else 0.1):
            text = "usched " + text
        if where == "script" and self.rng.random() < 0.05:
            text += "  # so"
        return text.replace("cpu*", "'cpu*'") if self.rng.random() < 0.05 else text

    def _numbers(self, domain: str) -> tuple[list[int], dict[int, RealCpu] | None]:
        """A domain's cpus, and what is behind them where they are real."""
        if domain == MACHINE:
            return sorted(self.machine.cpus), dict(self.machine.cpus)
        specs = resolve(self.registry, self.machine, self.hz)
        spec = specs[domain]
        if spec.vcpus is not None:
            return list(range(spec.width)), None
        _, behind = self._numbers(spec.parent)
        if behind is None:
            return list(range(spec.width)), None
        return list(range(spec.width)), {own: behind[cpu] for own, cpu in enumerate(spec.pool)}

    def _cpus(self, domain: str) -> str:
        rng = self.rng
        numbers, behind = self._numbers(domain)
        words: list[str] = []
        kind = rng.random()
        if kind < 0.45:
            words = ["cpu*"]
        elif kind < 0.75 or behind is None:
            count = rng.randint(1, len(numbers))
            words = [f"cpu{cpu}" for cpu in rng.sample(numbers, count)]
            if rng.random() < 0.4:
                low, high = sorted(rng.choices(numbers, k=2))
                words = [f"cpu{low}-{rng.choice(('', 'cpu'))}{high}"]
                if rng.random() < 0.3:
                    words.append(f"cpu{rng.choice(numbers)}")
        else:
            words = [self._selector(behind)]
            if rng.random() < 0.3:
                words.append(rng.choice((self._selector(behind), f"cpu{rng.choice(numbers)}")))
        if rng.random() < 0.15:
            words.append("except")
            if behind is not None and rng.random() < 0.3:
                words.append(self._selector(behind))
            else:
                words += [f"cpu{cpu}" for cpu in rng.sample(numbers, 2 if len(numbers) > 3 else 1)]
        if rng.random() < self.careless:
            words.append(rng.choice((f"cpu{max(numbers) + 1}", "node7", "core0", "cpu3-1")))
        return " ".join(words)

    def _selector(self, behind: dict[int, RealCpu]) -> str:
        cpu = behind[self.rng.choice(sorted(behind))]
        level = self.rng.choice(("node", "socket", "core", "llc", "thread"))
        if level == "llc" and cpu.llc is None:
            level = "core"
        return f"{level}{getattr(cpu, level)}"

    def _lwktpri(self) -> str:
        if self.flat_lwktpri or self.rng.random() < 0.3:
            return "4"
        return str(self.rng.choice((3, 4, 4, 5, 6, 9)))

    def _vcpus(self, domain: str) -> str | None:
        rng = self.rng
        numbers, _ = self._numbers(domain)
        kind = rng.random()
        if kind < 0.5:
            return None
        if kind < 0.75:
            return str(rng.randint(1, max(1, len(numbers) - 1)))
        return str(min(8, len(numbers) + rng.randint(0, 3)))

    def _quantum(self) -> str | None:
        kind = self.rng.random()
        if kind < 0.82:
            return str(self.rng.randint(1, 4))
        if kind < 0.94:
            return self.rng.choice(("20ms", "30ms", "10ms", "25ms", "40000us", "1s", "1ms"))
        return None

    def _statement(self, name: str, parts: dict[str, str | None]) -> str:
        """A declaration, its clauses in any order; a clause of None is left out."""
        cpus = parts["on"]
        clauses = [f"{k} {v}".strip() for k, v in parts.items() if k != "on" and v is not None]
        self.rng.shuffle(clauses)
        return " ".join([f"{name} on {cpus}", *clauses])

    def _declare_new(self) -> str | None:
        rng = self.rng
        domain = MACHINE
        if self.registry and rng.random() < self.deep:
            domain = rng.choice(
                [name for name in self.registry if name.count("/") < 3] or [MACHINE]
            )
        names = [f"{domain}/{s}" if domain else s for s in SEGMENTS]
        free = [name for name in names if name not in self.registry]
        if not free or len(self.registry) >= 8:
            return None
        parts: dict[str, str | None] = {
            "on": self._cpus(domain),
            "lwktpri": self._lwktpri(),
            "vcpus": self._vcpus(domain),
            "quantum": self._quantum(),
            "locked": "" if rng.random() < 0.3 else None,
            "exclusive": "" if rng.random() < 0.12 else None,
        }
        return self._statement(rng.choice(free[:4]), parts)

    def _redeclare(self) -> str | None:
        """A scheduler declared again, with something changed or nothing."""
        rng = self.rng
        if not self.registry:
            return None
        names = list(self.registry)
        if rng.random() < 0.5:
            names = [n for n in names if any(parent_of(name) == n for name in names)] or names
        old = self.registry[rng.choice(names)]
        parts = _parts(old)
        domain = parent_of(old.name)
        for what in rng.choices(
            ("on", "lwktpri", "vcpus", "quantum", "locked", "exclusive", ""), k=2
        ):
            if what == "on":
                parts["on"] = self._cpus(domain)
            elif what == "lwktpri":
                parts["lwktpri"] = self._lwktpri()
            elif what == "vcpus":
                parts["vcpus"] = self._vcpus(domain)
            elif what == "quantum":
                parts["quantum"] = self._quantum()
            elif what:
                parts[what] = "" if parts[what] is None else None
            if rng.random() < 0.6:
                break
        return self._statement(old.name, parts)

    # --- Programs ---------------------------------------------------------------------------

    def _programs(self) -> list[dict[str, Any]]:
        rng = self.rng
        crowd = rng.choice((1.5, 2.0, 3.0) if self.storm else (0.5, 1.0, 2.0, 3.0))
        wanted = max(1, round(crowd * len(self.machine.cpus)))
        programs: list[dict[str, Any]] = []
        lwps = 0
        while lwps < min(wanted, 14) and len(programs) < 7:
            name = ("p", "q", "r", "s", "t", "u", "v")[len(programs)]
            scheduler = rng.choice(list(self.registry)) if self.registry else "A"
            program = self._program(name, scheduler, 0)
            programs.append(program)
            lwps += program.get("rforks", 1)
        return programs

    def _program(self, name: str, scheduler: str, earliest: int) -> dict[str, Any]:
        rng = self.rng
        program: dict[str, Any] = {"name": name, "scheduler": scheduler}
        rforks = rng.choice((1, 1, 2, 2, 3, 4))
        if rforks > 1 or rng.random() < 0.3:
            program["rforks"] = rforks
        at = earliest + (0 if rng.random() < 0.6 else rng.randint(0, 12))
        if at or rng.random() < 0.2:
            program["at"] = at
        if rforks > 1 and rng.random() < 0.3:
            program["every"] = rng.randint(0, 4)
        kind = rng.random()
        if kind < 0.3:
            program["run"] = rng.choice((5, 10, 20, 90))
            if rng.random() < 0.2:
                program["repeat"] = rng.choice((1, 2))
            return program
        if kind < 0.6:
            program["run"] = rng.randint(1, 6)
            if rng.random() < 0.8:
                program["sleep"] = rng.randint(0, 5)
        elif kind < 0.8:
            pairs = rng.randint(1, 3)
            program["bursts"] = [[rng.randint(1, 5), rng.randint(0, 4)] for _ in range(pairs)]
        else:
            program["run"] = rng.randint(1, 4)
            program["period"] = rng.randint(1, 9)
            if rng.random() < 0.6:
                program["deadline"] = rng.randint(1, 10)
        if rng.random() < 0.9:
            program["repeat"] = rng.choice(("forever", "forever", 1, 2, 3, 5, 8))
        return program

    # --- Events -----------------------------------------------------------------------------

    def _events(self, programs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rng = self.rng
        count = rng.choice((6, 8, 10, 12) if self.storm else (0, 1, 2, 3, 4, 6, 8, 10))
        moments = [rng.randint(0, self.ticks) for _ in range(rng.randint(1, 6))]
        if rng.random() < 0.1:
            moments.append(self.ticks + 5)
        events: list[dict[str, Any]] = []
        for at in sorted(rng.choice(moments) for _ in range(count)):
            event = self._event(at, programs, events)
            if event is not None:
                events.append({"at": at, **event})
        if len(events) > 1 and rng.random() < 0.1:
            # Written out of order, those of one tick in theirs.
            events = sorted(events, key=lambda event: -int(event["at"]))
        return events

    def _event(  # noqa: PLR0911
        self, at: int, programs: list[dict[str, Any]], events: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        rng = self.rng
        kind = rng.choices(
            ("declare", "redeclare", "destroy", "move", "kill", "offline", "online"),
            (2, 6, 2.5, 4, 1, 3, 3),
        )[0]
        if kind == "declare":
            text = self._try(self._declare_new)
            if text is None:
                return None
            name = text.split()[0]
            if rng.random() < 0.4 and len(programs) < 8 and name in self.registry:
                late = ("w", "x", "y", "z")[len(events) % 4]
                if late not in [program["name"] for program in programs]:
                    programs.append(self._program(late, name, at))
            return {"usched": self._say(text, "event")}
        if kind == "redeclare":
            text = self._try(self._redeclare)
            return None if text is None else {"usched": self._say(text, "event")}
        if kind == "destroy":
            return self._destroy(at, programs, events)
        if kind in ("offline", "online"):
            return {kind: self._real_cpus()}
        who = self._who(programs)
        if kind == "kill":
            return {"kill": who}
        if not self.registry:
            return None
        to = rng.choice(list(self.registry))
        if rng.random() < self.careless:
            to = "NOWHERE"
        return {"move": who, "to": to}

    def _who(self, programs: list[dict[str, Any]]) -> str:
        program = self.rng.choice(programs)
        name = str(program["name"])
        if self.rng.random() < self.careless:
            return name + ".9"
        if self.rng.random() < 0.5:
            return name
        return f"{name}.{self.rng.randrange(program.get('rforks', 1))}"

    def _real_cpus(self) -> str:
        rng = self.rng
        numbers = sorted(self.machine.cpus)
        kind = rng.random()
        if kind < 0.1:
            return "cpu*"
        if kind < 0.3:
            return self._selector(dict(self.machine.cpus))
        if kind < 0.4:
            low, high = sorted(rng.choices(numbers, k=2))
            return f"cpu{low}-{high}"
        return " ".join(f"cpu{cpu}" for cpu in rng.sample(numbers, min(len(numbers), 2))[:2])

    def _destroy(
        self, at: int, programs: list[dict[str, Any]], events: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Mostly one that no program forks into later."""
        rng = self.rng
        for _ in range(12):
            if len(self.registry) < 2:
                return None
            names = list(self.registry)
            if rng.random() < 0.4:
                names = [n for n in names if any(parent_of(name) == n for name in names)] or names
            name = rng.choice(names)
            words = ["destroy", name]
            others = [other for other in self.registry if not beneath(other, name)]
            occupied = any(beneath(str(program["scheduler"]), name) for program in programs)
            if others and rng.random() < (0.9 if occupied else 0.7):
                words += ["into", rng.choice(others)]
            many = len(doomed(self.registry, Destroy(name, None, True))) > 1
            if many or rng.random() < 0.1:
                words.append("recursive")
            text = " ".join(words)
            event = {"usched": self._say(text, "event")}
            workload = {"hz": self.hz, "programs": programs}
            workload["events"] = [*events, {"at": at, **event}]
            try:
                statement = parse(text)
                assert statement is not None
                after = apply(self.registry, statement, self.machine, self.hz)
                validate(self.start, self.machine, read_workload(workload, self.machine))
            except Refused:
                if rng.random() < self.careless:
                    return event
                continue
            self.registry = after
            return event
        return None


def _parts(old: Declaration) -> dict[str, str | None]:
    cpus = " ".join(old.cpus.terms)
    if old.cpus.excepted:
        cpus += " except " + " ".join(old.cpus.excepted)
    return {
        "on": cpus,
        "lwktpri": str(old.lwktpri),
        "vcpus": None if old.vcpus is None else str(old.vcpus),
        "quantum": old.quantum,
        "locked": "" if old.locked else None,
        "exclusive": "" if old.exclusive else None,
    }


def random_scenario(rng: random.Random) -> Scenario:
    """One scenario; the same generator gives the same one."""
    return _Maker(rng).make()


def seeded(seed: int) -> Scenario:
    """The scenario of a seed."""
    return random_scenario(random.Random(seed))


def scenarios() -> st.SearchStrategy[Scenario]:
    """Hypothesis's own draws of the same, valid and refused ones."""
    return st.randoms(use_true_random=False).map(random_scenario)


def valid_scenarios() -> st.SearchStrategy[Scenario]:
    """Those that run to their end."""
    return scenarios().filter(lambda scenario: scenario.kind() == "valid")


def share_valid(seeds: range) -> float:
    """How many of the scenarios of these seeds are valid."""
    return sum(seeded(seed).kind() == "valid" for seed in seeds) / len(seeds)


# --- Making one smaller ---------------------------------------------------------------------


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with a little less in them."""
    for ticks in (scenario.ticks // 2, scenario.ticks - 1):
        if ticks > 0:
            yield replace(scenario, ticks=ticks)
    programs = scenario.workload["programs"]
    events = scenario.workload.get("events", [])
    for index in range(len(events)):
        rest = events[:index] + events[index + 1 :]
        yield replace(scenario, workload={**scenario.workload, "events": rest})
    for index, program in enumerate(programs):
        rest = programs[:index] + programs[index + 1 :]
        yield replace(scenario, workload={**scenario.workload, "programs": rest})
        for key in sorted(set(program) - {"name", "scheduler", "run", "bursts"}):
            less = [dict(entry) for entry in programs]
            del less[index][key]
            yield replace(scenario, workload={**scenario.workload, "programs": less})
        if program.get("rforks", 1) > 2:
            less = [dict(entry) for entry in programs]
            less[index]["rforks"] -= 1
            yield replace(scenario, workload={**scenario.workload, "programs": less})
    for index, line in enumerate(scenario.script):
        rest_of = scenario.script
        yield replace(scenario, script=rest_of[:index] + rest_of[index + 1 :])
        for word in ("locked", "exclusive"):
            if f" {word}" in line:
                without = line.replace(f" {word}", "")
                yield replace(scenario, script=[*rest_of[:index], without, *rest_of[index + 1 :]])


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """The smallest scenario that still fails, as far as single steps lead."""
    found = True
    while found:
        found = False
        for candidate in smaller(scenario):
            if fails(candidate):
                scenario, found = candidate, True
                break
    return scenario
